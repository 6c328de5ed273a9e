"""Who answers: what became of check-ins, by week and by whatever else they differ in; the funnel; times to reply."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import String, and_, bindparam, case, func, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.core.became import Became, Needs, Step, Tally, became, funnel, steps, tally
from bot.core.delivery import Status
from bot.core.hours import minutes_between
from bot.core.kinds import Answer, Language, Need, Outcome
from bot.models import CheckIn, Flag, FlagState, Participant
from bot.reports.scope import Scope

# Read as the words they are: there are few different ones, and tens of thousands of rows.
STATE = tuple(type_coerce(column, String) for column in (CheckIn.first_status, CheckIn.answer, CheckIn.outcome))
STOPPED_WAITING = frozenset({Became.UNANSWERED, Became.OPTED_OUT, Became.CUT_SHORT})
Key = TypeVar("Key")


@dataclass(frozen=True)
class State:
    """Where its first text stands, whether it had an answer, late or not, and what became of it."""

    first: Status | None
    has_answer: bool
    became: Became


@cache
def _state(first: str | None, answer: str | None, outcome: str | None) -> State:
    """What the raw columns say. A check-in has an outcome once it has ended."""
    status, ended = Status(first) if first else None, Outcome(outcome) if outcome else None
    what = became(status, answer is not None, ended is None, ended, answer == Answer.LATE)
    return State(status, answer is not None, what)


class _Count(NamedTuple):
    """So many check-ins of one week and flow that are alike in one more column and in their state."""

    week: date
    flow: str
    by: Any
    state: State
    many: int


def _counts(session: Session, scope: Scope, by: InstrumentedAttribute[Any]) -> Iterator[_Count]:
    """Grouped week by week in the order of the index that covers this column, so that nothing is sorted.

    Of one cohort, team or caseworker there are few: there an order that no index has keeps SQLite from walking all
    check-ins in order, and lets it find those few (bot/models.py names the indexes).
    """
    flow_name = func.coalesce(CheckIn.flow_name, "") if scope.is_of_some else CheckIn.flow_name
    alike = (flow_name, by, *STATE)
    of_week = select(*alike, func.count()).where(CheckIn.week == bindparam("monday"), scope.whose(CheckIn))
    statement = of_week.group_by(*alike)
    for week in scope.weeks:
        for row in session.execute(statement, {"monday": week}):
            yield _Count(week, row[0], row[1], _state(*row[2:5]), row[5])


def _sums(session: Session, scope: Scope, by: InstrumentedAttribute[Any]) -> Iterator[tuple[Any, State, int]]:
    """The same of all weeks and flows together, added up by the database: of 200 caseworkers and a year, 5,000 rows
    come over and not 90,000. The inner counts are made in the order of the index, so that only they are sorted. Of one
    flow, SQLite would not see that order if it knew that the flow is the same in all rows.
    """
    any_order = func.coalesce(CheckIn.flow_name, "")
    flow_name = any_order if scope.is_of_some else CheckIn.flow_name
    which = scope.of(CheckIn)
    if scope.flow is not None and not scope.is_of_some:
        which = replace(scope, flow=None).of(CheckIn) & (any_order == scope.flow)
    alike, names = (by, *STATE), ("by", "first", "answer", "outcome")
    columns: list[Any] = [column.label(name) for column, name in zip(alike, names, strict=True)]
    counted = select(*columns, func.count().label("many")).where(which)
    inner = counted.group_by(CheckIn.week, flow_name, *alike).subquery()
    keys = [inner.c[name] for name in names]
    for row in session.execute(select(*keys, func.sum(inner.c.many)).group_by(*keys)):
        yield row[0], _state(*row[1:4]), int(row[4])


def _tallies(
    session: Session, scope: Scope, by: InstrumentedAttribute[Any], key_of: Callable[[_Count], Key]
) -> dict[Key, Tally]:
    return _added((key_of(each), each.state.became, each.many) for each in _counts(session, scope, by))


def _tallies_by(session: Session, scope: Scope, by: InstrumentedAttribute[Any]) -> dict[Any, Tally]:
    return _added((key, state.became, many) for key, state, many in _sums(session, scope, by))


def _added(counts: Iterable[tuple[Key, Became, int]]) -> dict[Key, Tally]:
    found: defaultdict[Key, list[tuple[Became, int]]] = defaultdict(list)
    for key, what, many in counts:
        found[key].append((what, many))
    return {key: tally(parts) for key, parts in found.items()}


def total(session: Session, scope: Scope) -> Tally:
    """What became of all of them."""
    return sum(by_week(session, scope).values(), Tally())


def by_week(session: Session, scope: Scope) -> dict[date, Tally]:
    """By the Monday of the week in which they began: every week of the range, the oldest first, also empty ones."""
    found = _tallies(session, scope, CheckIn.channel, lambda each: each.week)
    return {week: found.get(week, Tally()) for week in scope.weeks}


def by_flow(session: Session, scope: Scope) -> dict[str, Tally]:
    """By the name of the flow."""
    return _tallies(session, scope, CheckIn.channel, lambda each: each.flow)


def by_cohort(session: Session, scope: Scope) -> dict[str, Tally]:
    """By the cohort of the person when it began, "" without one."""
    return _tallies_by(session, scope, CheckIn.cohort)


def by_language(session: Session, scope: Scope) -> dict[Language, Tally]:
    """By the language it was written in."""
    return _tallies_by(session, scope, CheckIn.language)


def by_channel(session: Session, scope: Scope) -> dict[str, Tally]:
    """By the channel of its first text, "" where none could be sent."""
    return _tallies_by(session, scope, CheckIn.channel)


def by_hour(session: Session, scope: Scope) -> dict[int, Tally]:
    """By the hour of the week at which its first text left, on the person's own clock: 0 is Monday at midnight, 167
    Sunday at 23. Those whose first text never left are in none.
    """
    hours: dict[int | None, Tally] = _tallies_by(session, scope, CheckIn.local_hour)
    return {hour: counted for hour, counted in sorted((k, v) for k, v in hours.items() if k is not None)}


def people_by(session: Session, scope: Scope, column: InstrumentedAttribute[Key]) -> dict[Key, int]:
    """How many different people have check-ins, by a column of these."""
    people = func.count(CheckIn.participant_id.distinct())
    rows = select(column, people).where(scope.of(CheckIn)).group_by(column)
    return {key: count for key, count in session.execute(rows)}


@dataclass(frozen=True)
class Load:
    """What became of the check-ins of one caseworker's people, and how many people they look after today."""

    tally: Tally
    caseload: int


def by_caseworker(session: Session, scope: Scope) -> dict[int | None, Load]:
    """By the id of who looked after the person when it began; None: nobody did."""
    found: dict[int | None, Tally] = _tallies_by(session, scope, CheckIn.caseworker_id)
    people = select(Participant.caseworker_id, func.count()).group_by(Participant.caseworker_id)
    caseloads = {worker: count for worker, count in session.execute(people)}
    return {worker: Load(counted, caseloads.get(worker, 0)) for worker, counted in found.items()}


def funnel_of(session: Session, scope: Scope) -> dict[Step, int]:
    """How many check-ins took each step: sent, delivered, answered, a need raised, every such need taken, resolved.

    A need that was open already is not raised anew, so it counts in the check-in that raised it.
    """
    states = Counter[State]()
    for _, state, many in _sums(session, scope, CheckIn.channel):
        states[state] += many
    found = []
    for state, needs, count in _needs(session, scope):
        states[state] -= count
        found.append((steps(state.first, state.became, needs), count))
    return funnel([*found, *((steps(state.first, state.became), count) for state, count in states.items())])


def _needs(session: Session, scope: Scope) -> Iterator[tuple[State, Needs, int]]:
    """How many check-ins of each state raised, had taken and had resolved how many needs."""
    taken = or_(Flag.first_taken_at.is_not(None), Flag.state == FlagState.RESOLVED)
    counts = (
        func.count().label("raised"),
        func.sum(case((taken, 1), else_=0)).label("taken"),
        func.sum(case((Flag.state == FlagState.RESOLVED, 1), else_=0)).label("resolved"),
    )
    of_weeks = and_(Flag.check_in_week >= scope.first, Flag.check_in_week <= scope.last, Flag.kind.in_(list(Need)))
    raised = select(Flag.check_in_id, *counts).where(of_weeks).group_by(Flag.check_in_id).subquery()
    alike = (*STATE, raised.c.raised, raised.c.taken, raised.c.resolved)
    rows = select(*alike, func.count()).join_from(CheckIn, raised, raised.c.check_in_id == CheckIn.id)
    for row in session.execute(rows.where(scope.of(CheckIn)).group_by(*alike)):
        yield _state(*row[:3]), Needs(*row[3:6]), row[6]


@dataclass(frozen=True)
class Waits:
    """How long check-ins waited for their first answer since the first text left, in whole minutes: how many so long.

    `replied` had one then. `waiting` had none so far: the wait went on beyond that, unseen, because it still does, or
    because the check-in ended. Those whose text did not arrive did not wait.
    """

    replied: Mapping[timedelta, int] = field(default_factory=dict)
    waiting: Mapping[timedelta, int] = field(default_factory=dict)


def waits(session: Session, scope: Scope, now: datetime) -> Waits:
    """How long first answers took. A late answer took as long as it took."""
    replied, waiting = Counter[int](), Counter[int]()
    for minutes, state, many in _sums(session, scope, CheckIn.waited_min):
        if minutes is None:
            continue
        if state.has_answer:
            replied[minutes] += many
        elif state.became in STOPPED_WAITING:
            waiting[minutes] += many
    runs = select(CheckIn.asked_at, *STATE).where(scope.of(CheckIn), CheckIn.ended_at.is_(None))
    for row in session.execute(runs.where(CheckIn.asked_at.is_not(None), CheckIn.answer.is_(None))):
        if _state(*row[1:]).became is Became.OPEN:
            waiting[minutes_between(row.asked_at, now) or 0] += 1
    return Waits(_by_length(replied), _by_length(waiting))


def _by_length(minutes: Counter[int]) -> dict[timedelta, int]:
    return {timedelta(minutes=each): many for each, many in sorted(minutes.items())}
