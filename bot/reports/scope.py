"""What figures speak of: a range of weeks, and whose check-ins and flags."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from bot.core.hours import on_wall_clock, week_of
from bot.models import CheckIn, Flag, FlowVersion, Participant, Staff

WEEKS = 12
MOST_WEEKS = 260
MOST_WEEKS_HIDING = 104
YEARS = range(1970, 2200)
A_WEEK = timedelta(weeks=1)


class ScopeProblem(Exception):
    """What was asked for cannot be shown; a sentence says what to change."""


class TooFew(ScopeProblem):
    """It would tell of few people. Nothing is wrong with what was asked."""


@dataclass(frozen=True)
class Scope:
    """The weeks from `first` to `last`, both Mondays and both included, in the programme's zone; None means any.

    A check-in counts in the week in which it began, a flag in that in which it was raised, both with cohort, team and
    caseworker of then. A flag is of the flow whose check-in ran when it was raised.
    """

    first: date
    last: date
    zone: str
    flow: str | None = None
    cohort: str | None = None
    team: str | None = None
    caseworker_id: int | None = None

    @property
    def weeks(self) -> tuple[date, ...]:
        """Every Monday, the oldest first."""
        return tuple(self.first + n * A_WEEK for n in range((self.last - self.first) // A_WEEK + 1))

    @property
    def since(self) -> datetime:
        """The instant (UTC) at which the first week begins."""
        return on_wall_clock(self.first, time(0), self.zone)

    @property
    def until(self) -> datetime:
        """The instant (UTC) at which the last week is over; not in it any more."""
        return on_wall_clock(self.last + A_WEEK, time(0), self.zone)

    @property
    def is_of_some(self) -> bool:
        """Whether it speaks of one cohort, team or caseworker only."""
        return any(each is not None for each in (self.cohort, self.team, self.caseworker_id))

    def of(self, table: type[CheckIn] | type[Flag]) -> ColumnElement[bool]:
        """Which rows count: of these weeks, and whose."""
        return and_(table.week >= self.first, table.week <= self.last, self.whose(table))

    def whose(self, table: type[CheckIn] | type[Flag]) -> ColumnElement[bool]:
        """Which rows count, whatever their week."""
        wanted = (
            (table.cohort, self.cohort), (table.team, self.team), (table.caseworker_id, self.caseworker_id)
        )  # fmt: skip
        found = [column == value for column, value in wanted if value is not None]
        return and_(True, *found, *self._flow_of(table))

    def _flow_of(self, table: type[CheckIn] | type[Flag]) -> list[ColumnElement[bool]]:
        if self.flow is None:
            return []
        if issubclass(table, CheckIn):
            return [table.flow_name == self.flow]
        during = aliased(CheckIn)
        return [exists().where(during.id == table.check_in_id, during.flow_name == self.flow)]

    def people(self) -> ColumnElement[bool]:
        """Which participants it speaks of today; a flow leaves out nobody."""
        found: list[ColumnElement[bool]] = []
        if self.cohort is not None:
            found.append(Participant.cohort == self.cohort)
        if self.caseworker_id is not None:
            found.append(Participant.caseworker_id == self.caseworker_id)
        if self.team is not None:
            found.append(Participant.caseworker_id.in_(select(Staff.id).where(Staff.team == self.team)))
        return and_(True, *found)


def latest(now: datetime, zone: str, weeks: int = WEEKS) -> Scope:
    """So many weeks, this one the last."""
    this_week = week_of(now, zone)
    return Scope(this_week - (weeks - 1) * A_WEEK, this_week, zone)


def parse(asked: Mapping[str, str], now: datetime, zone: str) -> Scope:
    """The scope that an address asks for with `from`, `to` (any day of the week), `flow`, `cohort`, `team` and
    `caseworker` (an id); what it does not name is as usual. Raises ScopeProblem.
    """
    last = _monday(asked.get("to", ""), "last") or week_of(now, zone)
    first = _monday(asked.get("from", ""), "first") or last - (WEEKS - 1) * A_WEEK
    if first > last:
        raise ScopeProblem("The first week comes after the last. Exchange the two.")
    if (last - first) // A_WEEK >= MOST_WEEKS:
        raise ScopeProblem(f"That is too long to show. Choose at most {MOST_WEEKS} weeks.")
    whose = {name: asked.get(name, "").replace("\0", "") or None for name in ("flow", "cohort", "team")}
    return Scope(first, last, zone, **whose, caseworker_id=_id(asked.get("caseworker", "")))


def _monday(told: str, which: str) -> date | None:
    if not told:
        return None
    try:
        day = date.fromisoformat(told)
        if day.year not in YEARS:
            raise ValueError("no calendar reaches as far as that and some weeks more")
    except ValueError as error:
        raise ScopeProblem(f"“{told}” is no day for the {which} week. Write it like 2026-11-23.") from error
    return day - timedelta(days=day.weekday())


def _id(told: str) -> int | None:
    if not told:
        return None
    if not (told.isascii() and told.isdigit() and len(told) < 10):
        raise ScopeProblem("That is no caseworker. Choose one from the list.")
    return int(told)


def address_of(scope: Scope) -> dict[str, str]:
    """What `parse` reads back as this very scope, whenever it is read: a permanent address."""
    told = {
        "from": scope.first.isoformat(),
        "to": scope.last.isoformat(),
        "flow": scope.flow,
        "cohort": scope.cohort,
        "team": scope.team,
        "caseworker": str(scope.caseworker_id) if scope.caseworker_id is not None else None,
    }
    return {name: value for name, value in told.items() if value}


def check_for_outside(session: Session, scope: Scope, smallest: int) -> None:
    """Raises ScopeProblem where these weeks and filters tell of fewer than `smallest` people, however many their
    records, or of one caseworker's people. Of nobody at all may be told.
    """
    check_weeks(scope, smallest)
    if 0 < _up_to(smallest, session, scope, "participant_id") < smallest:
        raise TooFew(
            f"Fewer than {smallest} people are in this, so it is not shown. Choose more weeks, or take away a filter."
        )
    if scope.team is not None and _up_to(2, session, scope, "caseworker_id") == 1:
        raise TooFew("One caseworker alone is in this, so it is not shown. Choose another team, or all.")


def check_weeks(scope: Scope, smallest: int) -> None:
    """Raises ScopeProblem where counts are to be hidden over more weeks than that is done in time for: it takes a time
    that grows with the square of the table (`bot/core/hiding.py`).
    """
    if smallest and len(scope.weeks) > MOST_WEEKS_HIDING:
        raise ScopeProblem(f"Small counts are hidden in this, over {MOST_WEEKS_HIDING} weeks at most. Choose fewer.")


def _up_to(most: int, session: Session, scope: Scope, column: str) -> int:
    """How many different ones check-ins have, counted no further than `most`; where there are none, flags."""
    for table in (CheckIn, Flag):
        different = select(getattr(table, column)).where(scope.of(table)).distinct().limit(most).subquery()
        if count := session.scalar(select(func.count()).select_from(different)):
            return count
    return 0


@dataclass(frozen=True)
class Choices:
    """What there is to filter by, each in order."""

    flows: tuple[str, ...]
    cohorts: tuple[str, ...]
    teams: tuple[str, ...]


def choices(session: Session) -> Choices:
    """The flows that ever ran, the cohorts and teams of today."""
    columns = (FlowVersion.name, Participant.cohort, Staff.team)
    found = [session.scalars(select(column).where(column != "").distinct()) for column in columns]
    return Choices(*(tuple(sorted(each)) for each in found))
