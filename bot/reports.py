"""How many check-ins were answered, and what is missing. Reads only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session

from bot.core.delivery import Status
from bot.core.hours import on_wall_clock
from bot.core.kinds import Outcome
from bot.models import Beat, CheckIn, Direction, Message, Participant

CLOCK_MAY_REST = timedelta(minutes=2)
WEEKS = 8
ARRIVED = (Status.TAKEN, Status.SENT, Status.DELIVERED, Status.READ)
ON_ITS_WAY = (Status.QUEUED, Status.SENDING)
ENDED_EARLY = (Outcome.STOPPED, Outcome.REPLACED, Outcome.BROKEN, Outcome.HANDED_OVER)
ANSWERED, UNANSWERED, OPEN, CUT_SHORT, NOT_REACHED = "answered", "unanswered", "open", "cut_short", "not_reached"


@dataclass(frozen=True)
class Rate:
    """The check-ins of one flow that began in one week.

    `counted` and `percent` speak of those whose first text was sent and whose outcome is known. The others stand apart:
    `open` may still be answered, `cut_short` ended early (STOP, replaced, or a person wrote), `not_reached` never had a
    text sent.
    """

    answered: int = 0
    unanswered: int = 0
    open: int = 0
    cut_short: int = 0
    not_reached: int = 0

    @property
    def counted(self) -> int:
        return self.answered + self.unanswered

    @property
    def percent(self) -> int | None:
        """Whole percent; None where nothing counts yet."""
        return round(100 * self.answered / self.counted) if self.counted else None

    @property
    def started(self) -> int:
        return self.counted + self.open + self.cut_short + self.not_reached


@dataclass(frozen=True)
class Rates:
    """Response rates of each week and flow: weeks by the instant they begin, newest first; the busiest flow first."""

    weeks: tuple[datetime, ...]
    flows: tuple[str, ...]
    of: dict[tuple[datetime, str], Rate] = field(default_factory=dict)

    def at(self, week: datetime, flow: str) -> Rate:
        return self.of.get((week, flow), Rate())

    def total(self, flow: str) -> Rate:
        """The rate of a flow over all the weeks."""
        return _sum([self.at(week, flow) for week in self.weeks])


def _sum(rates: Sequence[Rate]) -> Rate:
    return Rate(
        answered=sum(each.answered for each in rates),
        unanswered=sum(each.unanswered for each in rates),
        open=sum(each.open for each in rates),
        cut_short=sum(each.cut_short for each in rates),
        not_reached=sum(each.not_reached for each in rates),
    )


def response_rates(session: Session, now: datetime, zone: str, caseworker_id: int | None = None) -> Rates:
    """Response rates of the last eight weeks, this one included; of one caseworker's people where one is named.

    A check-in belongs to the week in which it began; weeks begin on Monday in `zone`. Answered: any reply in its
    window. A reply proves that the text arrived, whatever the carrier said of it.
    """
    weeks = week_starts(now, zone)
    began = [(CheckIn.started_at >= start, literal(index)) for index, start in enumerate(weeks)]
    week, became = case(*began).label("week"), _became().label("became")
    rows = select(week, CheckIn.flow_name, became, func.count()).where(CheckIn.started_at >= weeks[-1])
    if caseworker_id is not None:
        rows = rows.join(Participant).where(Participant.caseworker_id == caseworker_id)
    counts: dict[tuple[datetime, str], dict[str, int]] = {}
    for index, flow, word, count in session.execute(rows.group_by(week, CheckIn.flow_name, became)):
        counts.setdefault((weeks[index], flow), {})[word] = count
    rates = {key: Rate(**found) for key, found in counts.items()}
    began_of = Counter[str]()
    for (_, flow), rate in rates.items():
        began_of[flow] += rate.started
    return Rates(weeks, tuple(sorted(began_of, key=lambda flow: (-began_of[flow], flow))), rates)


def week_starts(now: datetime, zone: str, weeks: int = WEEKS) -> tuple[datetime, ...]:
    """The Mondays, midnight in the zone, at which the last weeks began; newest first, as UTC instants."""
    today = now.astimezone(ZoneInfo(zone)).date()
    monday = today - timedelta(days=today.weekday())
    return tuple(on_wall_clock(monday - timedelta(weeks=back), time(0), zone) for back in range(weeks))


def _became() -> ColumnElement[str]:
    """What became of a check-in, in one word; the first that fits."""
    first = (
        select(Message.status)
        .where(Message.check_in_id == CheckIn.id, Message.direction == Direction.OUT)
        .order_by(Message.id)
        .limit(1)
        .scalar_subquery()
    )
    running = CheckIn.ended_at.is_(None)
    return case(
        (CheckIn.answered_at.is_not(None), ANSWERED),
        (running & first.in_((*ARRIVED, *ON_ITS_WAY)), OPEN),
        (first.in_(ARRIVED) & CheckIn.outcome.in_(ENDED_EARLY), CUT_SHORT),
        (first.in_(ARRIVED), UNANSWERED),
        else_=NOT_REACHED,
    )


def late_jobs(session: Session, now: datetime) -> tuple[str, ...]:
    """The jobs of the clock that have not run to their end for longer than they may; all where none ever ran."""
    beats = session.scalars(select(Beat).order_by(Beat.job)).all()
    return tuple(beat.job for beat in beats if _is_late(beat, now)) if beats else ("every job",)


def _is_late(beat: Beat, now: datetime) -> bool:
    return beat.at is None or now - beat.at > max(CLOCK_MAY_REST, 3 * timedelta(seconds=beat.every_s))
