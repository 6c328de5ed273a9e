"""What becomes of check-ins, step by step, and how long answers take."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import chain

from sqlalchemy.orm import Session

from bot.core.became import Step
from bot.core.figure import HIDDEN, Cell, Curve, Figure, Funnel, Table
from bot.core.lengths import DAY, HOUR, MINUTE, lasted, within
from bot.core.rates import ByThen, Share
from bot.core.times import Times, times
from bot.figures.view import RATE, TOO_FEW, View, count_cell, many, rate_cells, span, told
from bot.reports import checkins
from bot.reports.checkins import Waits
from bot.reports.scope import Scope

STEPS = {
    Step.SENT: "Sent",
    Step.DELIVERED: "Delivered",
    Step.ANSWERED: "Answered",
    Step.NEED_RAISED: "Need raised",
    Step.TAKEN: "Taken by a person",
    Step.RESOLVED: "Resolved",
}
# Moments that a table tells of. A picture that hides nothing has every minute of the first hour, and every hour.
TOLD_AT = (15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY)
DRAWN_AT = tuple(sorted({*(minute * MINUTE for minute in range(60)), *(hour * HOUR for hour in range(1, 169))}))
NOT_REACHED = "not reached yet"


def funnel(session: Session, scope: Scope, view: View) -> Figure:
    """How many check-ins took each step, from the text to help."""
    steps = checkins.funnel_of(session, scope)
    known = _known(tuple(steps.values()), view)
    upto = known.index(None) if None in known else len(known)  # a step after one that is hidden would seem to follow it
    drawn = tuple((STEPS[step], count) for step, count in list(steps.items())[:upto])
    return Figure(
        "funnel",
        "From text to help",
        f"{span(scope)}: {_story(dict(zip(steps, known, strict=True)))}",
        Table(("Step", "Check-ins", "of the step before: %", *RATE[1:]), tuple(_rows(steps, known))),
        Funnel(drawn),
    )


def _known(counts: Sequence[int], view: View) -> list[int | None]:
    """What may be known of each step: it is the sum of those who got no further than it or a later one.

    Where one of those is hidden, the sum is known all the same if it follows from the whole and from those before.
    """
    stayed = [[count - after for count, after in zip(counts, (*counts[1:], 0), strict=True)]]
    shown = view.shown(stayed)
    cells, total = shown.cells[0], shown.total
    found: list[int | None] = []
    for place in range(len(counts)):
        is_known = None not in cells[place:] or (total is not None and None not in cells[:place])
        found.append(counts[place] if is_known else None)
    return found


def _rows(steps: Iterable[Step], known: Sequence[int | None]) -> Iterator[tuple[Cell, ...]]:
    before: int | None = 0
    for step, count in zip(steps, known, strict=True):
        share = None if count is None or before is None else Share(count if before else 0, before)
        yield STEPS[step], count_cell(count), *rate_cells(share)
        before = count


def _story(known: Mapping[Step, int | None]) -> str:
    if known[Step.SENT] == 0:
        return "no check-in was sent."
    delivered, answered, raised, taken, resolved = map(told, tuple(known.values())[1:])
    return (
        f"of {many(known[Step.SENT], 'check-in', 'check-ins')} sent, {delivered} arrived and {answered} "
        f"{'was' if answered == '1' else 'were'} answered. {raised} raised a new need; of those, {taken} had every "
        f"need taken by a person, and {resolved} had every need resolved."
    )


def time_to_reply(session: Session, scope: Scope, view: View) -> Figure:
    """How long first answers take; whoever has not answered still waits, and is not left out."""
    replies = _Replies.of(checkins.waits(session, scope, view.now), view)
    return Figure(
        "time-to-reply",
        "How soon people answer",
        f"{span(scope)}: {replies.sentence}",
        Table(("Measure", "Value", "from", "to"), tuple(replies.rows)),
        Curve(replies.curve) if replies.told else None,
    )


@dataclass(frozen=True)
class _Replies:
    """How soon people answer, as far as this reader may know: `n` of how many, how many have answered and have not, and
    the curve and its moments up to `known`. What is hidden is None. A curve tells the counts of which it is made.
    """

    found: Times
    n: int | None
    replied: int | None
    waiting: int | None
    curve: tuple[ByThen, ...]
    known: timedelta = timedelta.max

    @classmethod
    def of(cls, waits: Waits, view: View) -> "_Replies":
        found = _times(tuple(waits.replied.items()), tuple(waits.waiting.items()))
        replied, waiting = (sum(each.values()) for each in (waits.replied, waits.waiting))
        if view.smallest:
            parts = zip(_by_moment(waits.replied), _by_moment(waits.waiting), strict=True)
            return cls._outside(found, list(parts), view)
        return cls(found, found.n, replied, waiting, _while_it_rises(found.curve, max(waits.replied, default=MINUTE)))

    @classmethod
    def _outside(cls, found: Times, parts: Sequence[tuple[int, int]], view: View) -> "_Replies":
        """From counts between one told moment and the next: the curve up to where it would tell of few."""

        def few(*counts: int) -> bool:
            return any(0 < count < view.smallest for count in counts)

        def told(upto: int) -> bool:
            return not few(*chain(*parts[:upto])) and not few(sum(chain(*parts[upto:])))

        upto = next(upto for upto in range(len(parts), -1, -1) if told(upto) or not upto)
        known = (timedelta(), *TOLD_AT, timedelta.max)[upto]
        rest, whole = ([sum(column) for column in zip((0, 0), *each, strict=True)] for each in (parts[upto:], parts))
        replied, waiting = (None, None) if few(*rest, *whole) else whole
        curve = (each for each in found.curve if each.after in TOLD_AT and each.after <= known)
        return cls(found, None if few(found.n) else found.n, replied, waiting, tuple(curve), known)

    @property
    def told(self) -> tuple[ByThen, ...]:
        """What the table says of the curve."""
        is_said = self.n is not None and not self.found.too_few
        return tuple(each for each in self.curve if is_said and each.after in TOLD_AT)

    @property
    def rows(self) -> Iterator[tuple[Cell, ...]]:
        low, high = (None, None) if self.found.median is None else map(self._minutes, self.found.interval)
        yield "Check-ins that asked", count_cell(self.n), None, None
        yield "Answered", count_cell(self.replied), None, None
        yield "No answer so far", count_cell(self.waiting), None, None
        yield "Half have answered after (minutes)", self._minutes(self.found.median), low, high
        yield "Nine in ten have answered after (minutes)", self._minutes(self.found.p90), None, None
        for each in self.told:
            percents = (round(100 * it, 1) for it in (each.share, each.low, each.high))
            yield f"Answered {within(each.after)} (%)", *percents

    def _minutes(self, at: timedelta | None) -> Cell:
        said = self._said(at)
        return said if at is None or said in (HIDDEN, TOO_FEW) else round(at / MINUTE)

    def _said(self, at: timedelta | None) -> str:
        """A moment of the curve in words. That one is not reached is told where all of the curve is."""
        if self.n is None or (timedelta.max if at is None else at) > self.known:
            return HIDDEN
        if self.found.too_few:
            return TOO_FEW
        return NOT_REACHED if at is None else lasted(at)

    @property
    def sentence(self) -> str:
        found = self.found
        if not found.n:
            return "no check-in asked anything yet."
        if self.n is None or found.too_few:
            return f"too few check-ins to say how soon people answer{'' if self.n is None else f' (n = {found.n})'}."
        half, nine, low, high = map(self._said, (found.median, found.p90, *found.interval))
        around = "" if half in (HIDDEN, NOT_REACHED) else f" ({low} to {high})"
        return (
            f"half have answered after: {half}{around}; nine in ten after: {nine} (n = {found.n:,}; those without an "
            "answer count as still waiting)."
        )


@lru_cache(64)
def _times(replied: tuple[tuple[timedelta, int], ...], waiting: tuple[tuple[timedelta, int], ...]) -> Times:
    """Kept by what went in: of a large programme a curve takes a tenth of a second."""
    over, so_far = ([length for length, many in each for _ in range(many)] for each in (replied, waiting))
    return times(over, so_far, DRAWN_AT)


def _while_it_rises(curve: Sequence[ByThen], longest: timedelta) -> tuple[ByThen, ...]:
    """Up to the first told moment by which the last answer has come."""
    end = next((at for at in TOLD_AT if at >= longest), TOLD_AT[-1])
    return tuple(each for each in curve if each.after <= end)


def _by_moment(lengths: Mapping[timedelta, int]) -> list[int]:
    """How many lie between one told moment and the next, and how many beyond the last."""
    counts = [0] * (len(TOLD_AT) + 1)
    for length, count in lengths.items():
        counts[bisect_left(TOLD_AT, length)] += count
    return counts
