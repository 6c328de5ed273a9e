"""Who answers: what became of check-ins, by week and by whatever else they differ in; the funnel; times to reply."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.core.became import Became, Needs, Step, Tally, became, funnel, steps, tally
from bot.core.delivery import Status
from bot.core.hours import minutes_between
from bot.core.kinds import Answer, Language, Need, Outcome
from bot.models import CheckIn, Flag, FlagState, Participant
from bot.reports.scope import Scope
from bot.week_counts import STATE, Part, parts

COUNTED = "check-ins counted"
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


@contextmanager
def counted_once(session: Session) -> Iterator[None]:
    """Figures that are made meanwhile ask the database once for what several of them count. For who only reads."""
    session.info[COUNTED] = {}
    try:
        yield
    finally:
        del session.info[COUNTED]


def _by_channel(session: Session, scope: Scope) -> list[tuple[Part, State]]:
    """What several figures count by: of the columns this one has the fewest values."""
    known: dict[Scope, list[tuple[Part, State]]] = session.info.get(COUNTED, {})
    if scope not in known:
        known[scope] = list(_parts(session, scope, CheckIn.channel))
    return known[scope]


def _parts(session: Session, scope: Scope, by: InstrumentedAttribute[Any]) -> Iterator[tuple[Part, State]]:
    whose = scope.whose(CheckIn) if scope.is_of_some else None
    for part in parts(session, scope.weeks, by, whose):
        if scope.flow is None or part.flow == scope.flow:
            yield part, _state(part.first, part.answer, part.outcome)


def _sums(session: Session, scope: Scope, by: InstrumentedAttribute[Any]) -> dict[State, dict[Any, int]]:
    """How many check-ins of each state have which key, all weeks and flows together."""
    found: defaultdict[State, defaultdict[Any, int]] = defaultdict(lambda: defaultdict(int))
    for part, state in _parts(session, scope, by):
        sums = found[state]
        for key, many in zip(part.keys, part.many, strict=True):
            sums[key] += many
    return dict(found)


def _tallies(session: Session, scope: Scope, key_of: Callable[[Part], Key]) -> dict[Key, Tally]:
    found = _by_channel(session, scope)
    return _added((key_of(part), state.became, sum(part.many)) for part, state in found)


def _tallies_by(session: Session, scope: Scope, by: InstrumentedAttribute[Any]) -> dict[Any, Tally]:
    sums = _sums(session, scope, by)
    return _added((key, state.became, many) for state, keys in sums.items() for key, many in keys.items())


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
    found = _tallies(session, scope, lambda part: part.week)
    return {week: found.get(week, Tally()) for week in scope.weeks}


def by_flow(session: Session, scope: Scope) -> dict[str, Tally]:
    """By the name of the flow."""
    return _tallies(session, scope, lambda part: part.flow)


def by_cohort(session: Session, scope: Scope) -> dict[str, Tally]:
    """By the cohort of the person when it began, "" without one."""
    return _tallies_by(session, scope, CheckIn.cohort)


def by_language(session: Session, scope: Scope) -> dict[Language, Tally]:
    """By the language it was written in."""
    return {Language(word): tally for word, tally in _tallies_by(session, scope, CheckIn.language).items()}


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
    for part, state in _by_channel(session, scope):
        states[state] += sum(part.many)
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
    for state, waited in _sums(session, scope, CheckIn.waited_min).items():
        waited.pop(None, None)
        if state.has_answer:
            replied.update(waited)
        elif state.became in STOPPED_WAITING:
            waiting.update(waited)
    runs = select(CheckIn.asked_at, *STATE).where(scope.of(CheckIn), CheckIn.ended_at.is_(None))
    for row in session.execute(runs.where(CheckIn.asked_at.is_not(None), CheckIn.answer.is_(None))):
        if _state(*row[1:]).became is Became.OPEN:
            waiting[minutes_between(row.asked_at, now) or 0] += 1
    return Waits(_by_length(replied), _by_length(waiting))


def _by_length(minutes: Counter[int]) -> dict[timedelta, int]:
    return {timedelta(minutes=each): many for each, many in sorted(minutes.items())}
