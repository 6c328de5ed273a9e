"""How people answer people: from danger to a person, who waits now, and what staff said was read wrongly."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from bot.core.hours import week_of
from bot.core.kinds import Need
from bot.models import Danger, Flag, Mark, Participant, Verdict, VerdictKind
from bot.reports.scope import Scope

LONGEST = 20


@dataclass(frozen=True)
class Case:
    """Danger stood open from `since` until a person took it at `taken_at`; None: nobody has."""

    flag_id: int
    participant_id: int | None
    caseworker_id: int | None
    since: datetime
    taken_at: datetime | None

    def waited(self, now: datetime) -> timedelta:
        """Until a person took it, or until now."""
        return (self.taken_at or now) - self.since


def cases(session: Session, scope: Scope) -> tuple[Case, ...]:
    """Every opening of a *now* flag in these weeks, the oldest first: one that was opened again is one more case."""
    return _cases(session, scope, (Danger.since >= scope.since) & (Danger.since < scope.until))


def waiting_cases(session: Session, scope: Scope) -> tuple[Case, ...]:
    """Danger that nobody has taken yet, from whatever week, the longest first."""
    return _cases(session, scope, Danger.taken_at.is_(None))


def _cases(session: Session, scope: Scope, which: ColumnElement[bool]) -> tuple[Case, ...]:
    columns = (Danger.flag_id, Flag.participant_id, Flag.caseworker_id, Danger.since, Danger.taken_at)
    rows = select(*columns).join(Flag, Flag.id == Danger.flag_id).where(which, scope.whose(Flag))
    return tuple(Case(*row) for row in session.execute(rows.order_by(Danger.since, Danger.id)))


@dataclass(frozen=True)
class Waiting:
    """How many participants wait for a person's answer now, and who does the longest, with since when."""

    count: int
    longest: tuple[tuple[int, datetime], ...]


def waiting_now(session: Session, scope: Scope, most: int = LONGEST) -> Waiting:
    """Who wrote something that a person should answer, and nobody has; whoever they are with today."""
    waits = Participant.waits_since.is_not(None) & scope.people()
    count = session.scalar(select(func.count()).select_from(Participant).where(waits)) or 0
    order = (Participant.waits_since, Participant.id)
    rows = select(Participant.id, Participant.waits_since).where(waits).order_by(*order).limit(most)
    return Waiting(count, tuple((participant_id, since) for participant_id, since in session.execute(rows) if since))


def mistakes(session: Session, scope: Scope) -> dict[tuple[date, Need, VerdictKind], int]:
    """How often staff said that a need was none, or was missed; by the Monday of the week in which they said so."""
    said = select(Verdict.at, Verdict.need, Verdict.kind).where(Verdict.at >= scope.since, Verdict.at < scope.until)
    if scope.is_of_some or scope.flow is not None:
        its_flag = (Mark.message_id == Verdict.message_id) & (Mark.flag_id == Flag.id) & (Flag.kind == Verdict.need)
        said = said.where(exists().where(its_flag, scope.whose(Flag)))
    return Counter((week_of(at, scope.zone), need, kind) for at, need, kind in session.execute(said))
