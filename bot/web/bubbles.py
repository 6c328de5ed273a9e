"""The bubbles of a conversation: who said what, the words that raised flags, and what staff may say of the reading."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.core.kinds import FlagKind, Need
from bot.models import Direction, Flag, Mark, Message, Participant, Staff, Verdict, VerdictKind
from bot.verdicts import MARKED_BY_STAFF, raised_by, verdicts_on
from bot.web.asides import Aside, asides, understood
from bot.web.words import legible

PAGE = 60


@dataclass(frozen=True)
class Piece:
    """A stretch of a text, and the kinds of flags that it raised."""

    text: str
    kinds: tuple[FlagKind, ...] = ()


@dataclass(frozen=True)
class Offer:
    """A verdict that a button gives: what the button says, and of which need."""

    says: str
    need: Need
    kind: VerdictKind


@dataclass(frozen=True)
class Bubble:
    """One text as the page shows it. `whole` are the kinds that the message raised as a whole, `understood` are the
    questions that it answered, each with the answer.
    """

    message: Message
    pieces: tuple[Piece, ...]
    whole: tuple[FlagKind, ...]
    writer: str
    verdicts: tuple[Verdict, ...]
    offers: tuple[Offer, ...]
    understood: tuple[tuple[str, str], ...]
    is_text = True

    @property
    def is_in(self) -> bool:
        return self.message.direction is Direction.IN

    @property
    def pictures(self) -> list[list[str]]:
        """The address and the type of each picture."""
        return self.message.media or []

    @property
    def kinds(self) -> tuple[FlagKind, ...]:
        """Every kind this text raised, once."""
        marked = (kind for piece in self.pieces for kind in piece.kinds)
        return tuple(dict.fromkeys((*marked, *self.whole)))


@dataclass(frozen=True)
class Talk:
    """The latest bubbles of a conversation and what stands between them, oldest first; `earlier` is the id to page back
    from.
    """

    lines: tuple[Bubble | Aside, ...]
    earlier: int | None

    @property
    def bubbles(self) -> tuple[Bubble, ...]:
        return tuple(each for each in self.lines if isinstance(each, Bubble))


def conversation(
    session: Session, whose: ColumnElement[bool], before: int | None = None, person: Participant | None = None
) -> Talk:
    """The latest texts, or those before the message with this id; of a participant with what stands between them."""
    wanted = select(Message).where(whose, Message.id < before) if before else select(Message).where(whose)
    newest_first = list(session.scalars(wanted.order_by(Message.id.desc()).limit(PAGE + 1)))
    messages = newest_first[:PAGE][::-1]
    ids = [message.id for message in messages]
    marks, writers = _marks(session, ids), _writers(session, messages)
    raised, verdicts = raised_by(session, Message.id.in_(ids)), verdicts_on(session, Message.id.in_(ids))
    answered = understood(session, ids)
    bubbles = [
        _bubble(each, marks[each.id], writers, tuple(raised[each.id]), verdicts[each.id], answered[each.id])
        for each in messages
    ]
    earlier = messages[0].id if len(newest_first) > PAGE else None
    between = asides(session, person) if person is not None else []
    return Talk(tuple(_in_order(bubbles, between, goes_on=earlier is not None, is_latest=before is None)), earlier)


def _in_order(
    bubbles: Sequence[Bubble], between: Sequence[Aside], goes_on: bool, is_latest: bool
) -> Iterator[Bubble | Aside]:
    """Each aside before the first text that is younger; those of other pages stay there."""
    waiting = [each for each in between if not goes_on or each.at >= bubbles[0].message.at]
    for bubble in bubbles:
        while waiting and waiting[0].at < bubble.message.at:
            yield waiting.pop(0)
        yield bubble
    if is_latest:
        yield from waiting


def _marks(session: Session, ids: list[int]) -> defaultdict[int, list[tuple[int, int, FlagKind]]]:
    found: defaultdict[int, list[tuple[int, int, FlagKind]]] = defaultdict(list)
    rows = select(Mark, Flag.kind).join(Flag).where(Mark.message_id.in_(ids))
    for mark, kind in session.execute(rows.order_by(Mark.id)):
        whole = mark.rule == MARKED_BY_STAFF  # else it would cover the words that raised other flags
        found[mark.message_id].append((0, 0, kind) if whole else (mark.start, mark.end, kind))
    return found


def _writers(session: Session, messages: Iterable[Message]) -> dict[int, str]:
    ids = {message.written_by for message in messages if message.written_by}
    return {staff.id: staff.name for staff in session.scalars(select(Staff).where(Staff.id.in_(ids)))}


def _bubble(
    message: Message,
    marks: list[tuple[int, int, FlagKind]],
    writers: dict[int, str],
    raised: tuple[Need, ...],
    verdicts: dict[Need, Verdict],
    answered: Sequence[tuple[str, str]],
) -> Bubble:
    spans = [(start, end, kind) for start, end, kind in marks if start < end]
    whole = dict.fromkeys(kind for start, end, kind in marks if start >= end)
    writer = writers.get(message.written_by or 0, "Automatic")
    cut = tuple(pieces(legible(message.body), spans))
    offered = tuple(offers(raised, verdicts))
    return Bubble(message, cut, tuple(whole), writer, tuple(verdicts.values()), offered, tuple(answered))


def offers(raised: tuple[Need, ...], verdicts: dict[Need, Verdict]) -> Iterator[Offer]:
    """What may be said of each need that the text raised, or that staff missed in it: each verdict has its undoing."""
    for need in dict.fromkeys((*raised, *verdicts)):
        given = verdicts[need].kind if need in verdicts else None
        if need not in raised:
            yield Offer("Not missed", need, VerdictKind.NOT_A_NEED)
        elif given is VerdictKind.NOT_A_NEED:
            yield Offer("It is a need", need, VerdictKind.MISSED)
        else:
            yield Offer("Not a need", need, VerdictKind.NOT_A_NEED)
        if need in raised and given is VerdictKind.MISSED:
            yield Offer("Not urgent", need, VerdictKind.MISSED)


def pieces(text: str, spans: list[tuple[int, int, FlagKind]]) -> Iterator[Piece]:
    """The text cut where marks begin and end; where they overlap, a piece has the kinds of all."""
    cuts = sorted({0, len(text), *(min(edge, len(text)) for start, end, _ in spans for edge in (start, end))})
    for start, end in zip(cuts, cuts[1:], strict=False):
        over = (kind for first, last, kind in spans if first <= start and end <= last)
        yield Piece(text[start:end], tuple(dict.fromkeys(over)))
