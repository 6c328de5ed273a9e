"""As much of every participant as tells in which list they stand, and everything of the few that a page shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from bot.core.delivery import Status, what_to_do
from bot.core.escalation import Urgency
from bot.core.kinds import Attention
from bot.models import CheckIn, Direction, Flag, FlagState, Message, Participant, Plan, Staff
from bot.talking import is_talking
from bot.waiting import failed
from bot.web.standing import BEGINS_AT, Standing, standings, unreachable_among, will_begin_at
from bot.web.words import present

Moments = dict[int, datetime]  # of some participants, by id


@dataclass(frozen=True)
class Brief:
    """As much of a participant as tells in which tabs they stand and how they press."""

    id: int
    caseworker_id: int | None
    team: str
    cohort: str
    waits_since: datetime | None
    flags: tuple[Flag, ...]
    is_unreachable: bool

    @property
    def has_gone_quiet(self) -> bool:
        return any(flag.kind is Attention.QUIET for flag in self.flags)

    @property
    def pressing(self) -> tuple[int, float]:
        """A rank, the lowest first, and since when the most pressing waits. Who waits for an answer follows danger."""
        ranks = [(rank(flag), flag.raised_at.timestamp()) for flag in self.flags]
        waits = [(2, self.waits_since.timestamp())] if self.waits_since else []
        return min((*ranks, *waits), default=(5, 0.0))


def rank(flag: Flag) -> int:
    """How much a flag presses, the lowest first: danger that nobody took, danger, today, what can wait."""
    if flag.urgency is not Urgency.NOW:
        return 3 if flag.urgency is Urgency.TODAY else 4
    return 0 if flag.state is FlagState.OPEN else 1


@dataclass(frozen=True)
class Trouble:
    """Why the latest text did not arrive, and what a caseworker does about it."""

    at: datetime
    reason: str
    what_to_do: str


@dataclass(frozen=True)
class Row:
    """One participant as the list shows them."""

    person: Participant
    standing: Standing
    flags: tuple[Flag, ...]
    heard_at: datetime | None
    asked_at: datetime | None
    next_at: datetime | None
    is_talking: bool
    trouble: Trouble | None

    @property
    def is_now(self) -> bool:
        return any(flag.urgency is Urgency.NOW for flag in self.flags)


def briefs(session: Session, whose: ColumnElement[bool], flags: dict[int | None, list[Flag]]) -> list[Brief]:
    """These participants, with those flags of each that the reader sees."""
    known = select(Participant.id, Participant.caseworker_id, Staff.team, Participant.cohort, Participant.waits_since)
    joined = known.outerjoin(Staff, Staff.id == Participant.caseworker_id).where(whose)
    lost = unreachable_among(session, whose) | _with_trouble(session, whose)
    return [
        Brief(key, caseworker_id, team or "", cohort, waits_since, tuple(flags.get(key, ())), key in lost)
        for key, caseworker_id, team, cohort, waits_since in session.execute(joined)
    ]


def rows(session: Session, shown: Sequence[Brief]) -> Iterator[Row]:
    """Everything the list shows of these, in the same order."""
    whose = Participant.id.in_([each.id for each in shown])
    wanted = select(Participant).options(joinedload(Participant.caseworker)).where(whose)
    people = {each.id: each for each in session.scalars(wanted)}
    stand = standings(session, list(people.values()))
    heard, asked, due = (moments(session, whose) for moments in (heard_at, asked_at, next_at))
    troubles = _troubles(session, whose)
    for each in shown:
        key, person = each.id, people[each.id]
        talks, trouble = is_talking(person, present()), troubles.get(key)
        begins = will_begin_at(due.get(key), person)
        yield Row(person, stand[key], each.flags, heard.get(key), asked.get(key), begins, talks, trouble)


def _with_trouble(session: Session, whose: ColumnElement[bool]) -> set[int]:
    asked = select(Message.participant_id).join(Participant, Participant.id == Message.participant_id)
    return {key for key in session.scalars(asked.where(whose, _in_trouble())) if key is not None}


def _troubles(session: Session, whose: ColumnElement[bool]) -> dict[int, Trouble]:
    """Of whom the latest text that left did not arrive: why, in the carrier's meaning, and what to do."""
    asked = select(Message).join(Participant, Participant.id == Message.participant_id).where(whose, _in_trouble())
    return {
        row.participant_id: Trouble(row.at, row.reason or "The carrier gives no reason.", what_to_do(row.error_code))
        for row in session.scalars(asked)
        if row.participant_id is not None
    }


def _in_trouble() -> ColumnElement[bool]:
    """Texts that did not arrive and are the latest that left to their participant."""
    later = aliased(Message)
    overtaken = exists().where(
        later.participant_id == Message.participant_id,
        later.id > Message.id,
        later.direction == Direction.OUT,
        later.status.not_in((Status.QUEUED, Status.SENDING, Status.DROPPED)),
    )
    return failed() & (Message.direction == Direction.OUT) & (Message.status != Status.UNKNOWN) & ~overtaken


def heard_at(session: Session, whose: ColumnElement[bool]) -> Moments:
    """When each of these participants last texted."""
    came_in = Message.direction == Direction.IN
    return _by_person(session, func.max(Message.at), Message.participant_id, whose, came_in)


def asked_at(session: Session, whose: ColumnElement[bool]) -> Moments:
    """Since when each, whom a check-in waits for, did not answer it."""
    waits = CheckIn.ended_at.is_(None) & CheckIn.answered_at.is_(None)
    return _by_person(session, func.max(CheckIn.started_at), CheckIn.participant_id, whose, waits)


def next_at(session: Session, whose: ColumnElement[bool]) -> Moments:
    """When the next check-in of each begins."""
    planned = Plan.next_check_in_at.is_not(None)
    return _by_person(session, func.min(BEGINS_AT), Plan.participant_id, whose, planned)


def _by_person(
    session: Session, figure: Any, person: Any, whose: ColumnElement[bool], which: ColumnElement[bool]
) -> Moments:
    """One instant for each participant, of these, who has any."""
    of_them = person.in_(select(Participant.id).where(whose))
    return dict(session.execute(select(person, figure).where(of_them, which).group_by(person)).all())
