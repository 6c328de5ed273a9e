"""Check-ins counted for the figures, week by week: of weeks that are over for good the counts are kept.

Nothing of such a week runs any more, and what the carrier still says of its first texts is rare: who writes that down
takes the week's counts away, and the clock makes them anew. So they are never wrong, only missing, and then the
check-ins themselves are counted.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.core.hours import week_of
from bot.db import Database
from bot.models import FIGURES_BY, CheckIn, WeekCount

A_WEEK = timedelta(weeks=1)
STRETCH = 4  # weeks by one question, of few people: more would be sorted for longer than it takes to ask again
RESTS_FOR = timedelta(weeks=2)  # after its end, until what the carrier says of its texts has come in
# Read as the words they are: there are few different ones, and tens of thousands of rows.
STATE = tuple(type_coerce(column, String) for column in (CheckIn.first_status, CheckIn.answer, CheckIn.outcome))
FIRST, DONE_OR_RUNS = "first", "done or runs"
WEEKS = union_all(
    select(literal(FIRST), func.min(CheckIn.week)),
    select(literal(DONE_OR_RUNS), WeekCount.week).distinct(),
    select(literal(DONE_OR_RUNS), CheckIn.week).where(CheckIn.ended_at.is_(None)).distinct(),
)


class Part(NamedTuple):
    """Check-ins of one week and flow whose state is the same: `many[i]` of them have `keys[i]` in one more column.

    Words of the columns as they are stored.
    """

    week: date
    flow: str
    first: str | None
    answer: str | None
    outcome: str | None
    keys: list[Any]
    many: list[int]


def parts(
    session: Session, weeks: Sequence[date], by: InstrumentedAttribute[Any], whose: ColumnElement[bool] | None = None
) -> Iterator[Part]:
    """The check-ins that began in these weeks, which follow each other, by this column, one of FIGURES_BY: all, or
    `whose`, of whom there are few.
    """
    if not weeks:
        return
    if whose is not None:
        for start in range(0, len(weeks), STRETCH):
            some = weeks[start : start + STRETCH]
            yield from _count(session, some[0], some[-1], by, whose)
        return
    kept = _kept(session, weeks, by)
    for week in weeks:
        yield from kept[week] if week in kept else _count(session, week, week, by)


def _kept(session: Session, weeks: Collection[date], by: InstrumentedAttribute[Any]) -> dict[date, list[Part]]:
    of_range = (WeekCount.by == by.key) & (WeekCount.week >= min(weeks)) & (WeekCount.week <= max(weeks))
    rows = session.execute(select(WeekCount.week, WeekCount.flow_name, WeekCount.parts).where(of_range))
    found: dict[date, list[Part]] = {}
    for week, flow, kept in rows:
        found.setdefault(week, []).extend(Part(week, flow, *each) for each in kept)
    return found


def _count(
    session: Session, first: date, last: date, by: InstrumentedAttribute[Any], whose: ColumnElement[bool] | None = None
) -> list[Part]:
    key = type_coerce(by, String) if by.key == CheckIn.language.key else by
    alike: list[Any] = [CheckIn.week, CheckIn.flow_name, key, *STATE]
    in_range = CheckIn.week == first if first == last else CheckIn.week.between(first, last)
    counted = select(*alike, func.count()).where(in_range, true() if whose is None else whose).group_by(*alike)
    found: dict[tuple[Any, ...], Part] = {}
    rows: Iterable[tuple[Any, ...]] = session.execute(counted).all()
    for week, flow, value, status, answer, outcome, many in rows:
        one = week, flow, status, answer, outcome
        part = found.setdefault(one, Part(*one, [], []))
        part.keys.append(value)
        part.many.append(many)
    return list(found.values())


def forget(session: Session, check_in_ids: Collection[int]) -> None:
    """Something of these check-ins was changed, before this was called: what was counted of their weeks does not hold.

    In this order: whoever keeps counts holds the week's check-ins meanwhile, so the change waits for them, and then
    they are here to be taken away.
    """
    weeks = select(CheckIn.week).where(CheckIn.id.in_(check_in_ids))
    session.execute(delete(WeekCount).where(WeekCount.week.in_(weeks)))


def forget_week(session: Session, week: date) -> None:
    """Something begins in this week: what was counted of it, if anything was, does not hold."""
    session.execute(delete(WeekCount).where(WeekCount.week == week))


def keep_settled(db: Database, zone: str, now: datetime) -> int:
    """Count the weeks that are over for good and are not counted yet; how many."""
    last = week_of(now - RESTS_FOR, zone) - A_WEEK
    wanted = _of_these(db, _uncounted(db, last))
    kept = 0
    for week in wanted:
        kept += _keep(db, week)
        db.let_others_write()
    return kept


def _uncounted(db: Database, last: date) -> list[date]:
    """The weeks up to this one of which nothing is kept, and nothing runs."""
    with db.asking() as asking:
        found = asking.execute(WEEKS).all()
    first = next(week for which, week in found if which == FIRST)
    done_or_run = {week for which, week in found if which == DONE_OR_RUNS}
    weeks = [first + n * A_WEEK for n in range((last - first) // A_WEEK + 1)] if first else []
    return [week for week in weeks if week not in done_or_run]


def _of_these(db: Database, weeks: Collection[date]) -> Sequence[date]:
    """Those of these weeks in which check-ins began."""
    if not weeks:
        return []
    with db.reading() as session:
        return session.scalars(select(CheckIn.week).where(CheckIn.week.in_(weeks)).distinct()).all()


def _keep(db: Database, week: date) -> bool:
    """False where something of it runs by now, and where another clock was quicker."""
    with db.writing() as session:
        of_week = select(CheckIn.ended_at).where(CheckIn.week == week).order_by(CheckIn.id)
        ends = session.scalars(of_week.with_for_update(key_share=True)).all()
        if None in ends or session.scalar(select(exists().where(WeekCount.week == week))):
            return False
        for name in FIGURES_BY:
            by_flow: dict[str, list[tuple[Any, ...]]] = {}
            for part in _count(session, week, week, getattr(CheckIn, name)):
                by_flow.setdefault(part.flow, []).append(part[2:])
            rows = [{"week": week, "by": name, "flow_name": flow, "parts": kept} for flow, kept in by_flow.items()]
            session.execute(insert(WeekCount), rows)
        return True
