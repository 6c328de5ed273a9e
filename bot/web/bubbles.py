"""The bubbles of a conversation: who said what, with the words that raised flags marked."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.core.kinds import FlagKind
from bot.models import Direction, Flag, Mark, Message, Staff
from bot.web.words import legible

PAGE = 60


@dataclass(frozen=True)
class Piece:
    """A stretch of a text, and the kinds of flags that it raised."""

    text: str
    kinds: tuple[FlagKind, ...] = ()


@dataclass(frozen=True)
class Bubble:
    """One text as the page shows it. `whole` are the kinds that the message raised as a whole."""

    message: Message
    pieces: tuple[Piece, ...]
    whole: tuple[FlagKind, ...]
    writer: str

    @property
    def is_in(self) -> bool:
        return self.message.direction is Direction.IN

    @property
    def pictures(self) -> int:
        return len(self.message.media or ())

    @property
    def kinds(self) -> tuple[FlagKind, ...]:
        """Every kind this text raised, once."""
        marked = (kind for piece in self.pieces for kind in piece.kinds)
        return tuple(dict.fromkeys((*marked, *self.whole)))


@dataclass(frozen=True)
class Talk:
    """The latest bubbles of a conversation, oldest first; `earlier` is the id to page back from."""

    bubbles: tuple[Bubble, ...]
    earlier: int | None


def conversation(session: Session, whose: ColumnElement[bool], before: int | None = None) -> Talk:
    """The latest texts, or those before the message with this id."""
    wanted = select(Message).where(whose, Message.id < before) if before else select(Message).where(whose)
    newest_first = list(session.scalars(wanted.order_by(Message.id.desc()).limit(PAGE + 1)))
    messages = newest_first[:PAGE][::-1]
    marks = _marks(session, [message.id for message in messages])
    writers = _writers(session, messages)
    bubbles = tuple(_bubble(message, marks[message.id], writers) for message in messages)
    return Talk(bubbles, messages[0].id if len(newest_first) > PAGE else None)


def _marks(session: Session, ids: list[int]) -> defaultdict[int, list[tuple[int, int, FlagKind]]]:
    found: defaultdict[int, list[tuple[int, int, FlagKind]]] = defaultdict(list)
    rows = select(Mark.message_id, Mark.start, Mark.end, Flag.kind).join(Flag).where(Mark.message_id.in_(ids))
    for message_id, start, end, kind in session.execute(rows.order_by(Mark.id)):
        found[message_id].append((start, end, kind))
    return found


def _writers(session: Session, messages: Iterable[Message]) -> dict[int, str]:
    ids = {message.written_by for message in messages if message.written_by}
    return {staff.id: staff.name for staff in session.scalars(select(Staff).where(Staff.id.in_(ids)))}


def _bubble(message: Message, marks: list[tuple[int, int, FlagKind]], writers: dict[int, str]) -> Bubble:
    spans = [(start, end, kind) for start, end, kind in marks if start < end]
    whole = dict.fromkeys(kind for start, end, kind in marks if start >= end)
    writer = writers.get(message.written_by or 0, "Automatic")
    return Bubble(message, tuple(pieces(legible(message.body), spans)), tuple(whole), writer)


def pieces(text: str, spans: list[tuple[int, int, FlagKind]]) -> Iterator[Piece]:
    """The text cut where marks begin and end; where they overlap, a piece has the kinds of all."""
    cuts = sorted({0, len(text), *(min(edge, len(text)) for start, end, _ in spans for edge in (start, end))})
    for start, end in zip(cuts, cuts[1:], strict=False):
        over = (kind for first, last, kind in spans if first <= start and end <= last)
        yield Piece(text[start:end], tuple(dict.fromkeys(over)))
