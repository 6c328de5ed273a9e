"""For whom and in which words a figure is made, and what of it this reader may know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.escalation import Policy, Urgency
from bot.core.figure import HIDDEN, Cell
from bot.core.flow import Flow
from bot.core.hiding import Counts, suppressed
from bot.core.lengths import MINUTE
from bot.core.rates import Share
from bot.reports.scope import A_WEEK, Scope

RATE = ("%", "from %", "to %")
TOO_FEW = "too few to say"


@dataclass(frozen=True)
class View:
    """When and by whom a figure is looked at, and what the programme has: its flows in use and its policy of alerts.

    Counts that tell of fewer than `smallest` people are hidden, and so is all that would tell them; 0 hides nothing.
    `names`: single people and single colleagues may be told apart.
    """

    now: datetime
    flows: Mapping[str, Flow]
    policy: Policy
    smallest: int = 0
    names: bool = True

    @property
    def promise(self) -> timedelta:
        """Within which a person takes danger: before the alert goes on from those whom it rings first."""
        return max(self.policy.ladders[Urgency.NOW].promise, MINUTE)

    def title(self, flow: str) -> str:
        """What people call a flow; one that is gone keeps its name."""
        return self.flows[flow].title if flow in self.flows else flow

    def shown(self, table: Sequence[Sequence[int]]) -> Counts:
        """The counts and sums of a table that this reader may know."""
        if self.smallest:
            return suppressed(table, self.smallest)
        columns = tuple(sum(column) for column in zip(*table, strict=True))
        return Counts(tuple(map(tuple, table)), tuple(map(sum, table)), columns, sum(columns))


def share_of(n: int | None, others: int | None) -> Share | None:
    """So many who did and so many who did not; None where either is hidden."""
    return None if n is None or others is None else Share(n, n + others)


def count_cell(count: int | None) -> Cell:
    """A count as a table has it."""
    return HIDDEN if count is None else count


def rate_cells(share: Share | None) -> tuple[Cell, Cell, Cell]:
    """Percent and its interval, for the columns `RATE`: nothing where nobody counts, no number where too few do."""
    if share is None:
        return HIDDEN, HIDDEN, HIDDEN
    if share.value is None:
        return None, None, None
    if share.too_few:
        return TOO_FEW, None, None
    return tuple(round(100 * each, 1) for each in (share.value, *share.interval))  # type: ignore[return-value]


def said(share: Share | None) -> str:
    """The share in a sentence."""
    return "hidden, as it would tell of too few people" if share is None else share.words


def told(count: int | None) -> str:
    """The count in a sentence."""
    return "a hidden number" if count is None else f"{count:,}"


def many(count: int | None, one: str, more: str) -> str:
    """A count with its noun."""
    if count is None:
        return f"a hidden number of {more}"
    return f"{count:,} {one if count == 1 else more}"


def day(at: date, year: bool = True) -> str:
    """"Nov 23, 2026"."""
    return f"{at:%b} {at.day}, {at.year}" if year else f"{at:%b} {at.day}"


def span(scope: Scope) -> str:
    """The days of a range, first and last included: "Sep 7 to Nov 29, 2026"."""
    last = scope.last + A_WEEK - timedelta(days=1)
    return f"{day(scope.first, scope.first.year != last.year)} to {day(last)}"


def on_the_clock(at: datetime, scope: Scope) -> datetime:
    """The instant on the programme's wall clock."""
    return at.astimezone(ZoneInfo(scope.zone))
