"""Shares, and what may be said of them.

Intervals are 95 % throughout. Wilson and Newcombe are written out: scipy's `binomtest` works out a p-value on the way,
0.2 to 0.5 ms for each share, and a page shows hundreds. The tests hold them against scipy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from heapq import heappop, heappush
from math import ceil, hypot, inf, sqrt
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)
MINIMUM_N = 10  # below it a rate is no news about the programme: one person more or less moves it by ten points


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927). Nothing counted says nothing: from 0 to 1."""
    if not whole:
        return 0.0, 1.0
    share, spread = part / whole, Z * Z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / whole + spread / whole / 4) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True)
class Share:
    """`n` of `of`: how many of those who count did it."""

    n: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.n <= self.of:
            raise ValueError(f"{self.n} of {self.of} is no share")

    @property
    def value(self) -> float | None:
        """From 0 to 1; None where nobody counts."""
        return self.n / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval, from 0 to 1 (Wilson 1927)."""
        return wilson(self.n, self.of)

    @property
    def too_few(self) -> bool:
        """Whether this many are too few to say anything."""
        return self.of < MINIMUM_N

    @property
    def words(self) -> str:
        """What may be said of it in a table or a letter: "80 % (70 to 88, n = 70)"."""
        if self.too_few:
            return f"too few to say (n = {self.of})"
        low, high = self.interval
        return f"{100 * self.n / self.of:.0f} % ({100 * low:.0f} to {100 * high:.0f}, n = {self.of})"


@dataclass(frozen=True)
class Difference:
    """How much larger one share is than another, with its 95 % interval; all from -1 to 1."""

    value: float
    low: float
    high: float

    @property
    def shows_nothing(self) -> bool:
        """Whether there may as well be no difference."""
        return self.low <= 0 <= self.high


def difference(a: Share, b: Share) -> Difference:
    """Share `a` less share `b`, of people who have nothing to do with each other.

    The hybrid score interval: Newcombe 1998, "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17:873-890, method 10. Where nobody counts on a side, that share is taken to be one half,
    of which nothing is known.
    """
    of_a, of_b = (0.5 if each.value is None else each.value for each in (a, b))
    (low_a, high_a), (low_b, high_b) = a.interval, b.interval
    value = of_a - of_b
    low, high = value - hypot(of_a - low_a, high_b - of_b), value + hypot(high_a - of_a, of_b - low_b)
    return Difference(value, max(-1.0, low), min(1.0, high))  # rounding may go past what a difference can be


def planned_n(base: float, smallest_difference: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """How many people each of two groups needs, to find a share that differs from `base` by this much either way.

    A two-sided test at `alpha` finds it with the chance `power`. Two proportions, equal groups, the variance pooled
    under no difference: Fleiss, Levin & Paik 2003, "Statistical Methods for Rates and Proportions", eq. 4.14, without
    continuity correction (what R's power.prop.test gives). Of a rise and a fall the one that needs more people
    counts. Raises ValueError where neither leaves a share between 0 and 1.
    """
    others = [other for other in (base - smallest_difference, base + smallest_difference) if 0 <= other <= 1]
    if not others or not 0 <= base <= 1 or smallest_difference <= 0:
        raise ValueError(f"no share differs from {base} by {smallest_difference}")
    return max(_planned_n(base, other, power, alpha) for other in others)


def _planned_n(a: float, b: float, power: float, alpha: float) -> int:
    by_chance, found = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    middle = (a + b) / 2
    spread = by_chance * sqrt(2 * middle * (1 - middle)) + found * sqrt(a * (1 - a) + b * (1 - b))
    return ceil((spread / (a - b)) ** 2 - 1e-9)


@dataclass(frozen=True)
class ByThen:
    """The share that is over after so long, with its 95 % interval."""

    after: timedelta
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Counts:
    """People counted by row and column, with the sums of both. None: hidden."""

    cells: tuple[tuple[int | None, ...], ...]
    rows: tuple[int | None, ...]
    columns: tuple[int | None, ...]
    total: int | None


def suppressed(table: Sequence[Sequence[int]], smallest: int = MINIMUM_N) -> Counts:
    """The counts of a table and its sums, with everything hidden that tells of fewer than `smallest` people.

    Hidden are cells and sums of 1 to `smallest` - 1, and as many others as it takes (complementary suppression) that
    from all that is shown, and from knowing this rule,

    - no hidden number can be worked out, and
    - no hidden number can be told to be under `smallest`.

    A true zero is always shown: it tells of nobody, and heat maps are full of them. It does tell that what is hidden
    is at least 1, and both promises hold against a reader who knows that. The cheapest cells are hidden, by what they
    count, and sums only where no cells do: Cox 1995, "Network Models for Complementary Cell Suppression", JASA
    90:1453-1462.

    The promise is about one table. Two tables that count the same people in other ways, or over ranges that differ by
    a week, may tell more together.
    """
    network = _Network.of(table)
    hidden = {arc for arc, count in network.counts.items() if 0 < count < smallest}
    for arc in sorted(hidden, key=lambda each: (network.counts[each], each)):
        hidden |= network.shield(arc, hidden, smallest)
    return network.shown(hidden)


_Node = tuple[str, int]
_Arc = tuple[_Node, _Node]
_ROWS, _COLUMNS = ("rows", 0), ("columns", 0)


@dataclass(frozen=True)
class _Network:
    """A table as a flow that goes in a circle: all rows -> a row -> a column -> all columns -> all rows.

    Sums, cells and the total are arcs, and a table adds up where as much flows into every node as out of it. So what
    else may stand at the hidden arcs is what can be pushed around through them.
    """

    height: int
    width: int
    counts: dict[_Arc, int]

    @classmethod
    def of(cls, table: Sequence[Sequence[int]]) -> "_Network":
        height, width = len(table), len(table[0]) if table else 0
        if any(len(row) != width or min(row, default=0) < 0 for row in table):
            raise ValueError("a table of counts has rows of one length and nothing under 0")
        counts = {(("row", i), ("column", j)): table[i][j] for i in range(height) for j in range(width)}
        counts |= {(_ROWS, ("row", i)): sum(table[i]) for i in range(height)}
        counts |= {(("column", j), _COLUMNS): sum(row[j] for row in table) for j in range(width)}
        return cls(height, width, counts | {(_COLUMNS, _ROWS): sum(map(sum, table))})

    def shown(self, hidden: set[_Arc]) -> Counts:
        def at(start: _Node, end: _Node) -> int | None:
            return None if (start, end) in hidden else self.counts[start, end]

        rows, columns = [("row", i) for i in range(self.height)], [("column", j) for j in range(self.width)]
        return Counts(
            tuple(tuple(at(row, column) for column in columns) for row in rows),
            tuple(at(_ROWS, row) for row in rows),
            tuple(at(column, _COLUMNS) for column in columns),
            at(_COLUMNS, _ROWS),
        )

    def shield(self, arc: _Arc, hidden: set[_Arc], smallest: int) -> set[_Arc]:
        """What else to hide so that `smallest` may as well stand at this arc.

        Pushes the missing people around through it, each time by the cheapest way back. There always is one: its
        column's sum, the total and its row's sum may grow without end.
        """
        pushed = dict(self.counts)
        also: set[_Arc] = set()
        while pushed[arc] < smallest:
            way = self._cheapest(arc, pushed, hidden | also)
            room = [pushed[each] - 1 for each, sign in way if sign < 0]
            people = min([smallest - pushed[arc], *room])
            for each, sign in (*way, (arc, 1)):
                pushed[each] += sign * people
            also |= {each for each, _ in way}
        return also - hidden

    def _cheapest(self, arc: _Arc, pushed: dict[_Arc, int], hidden: set[_Arc]) -> list[tuple[_Arc, int]]:
        """The way from the end of this arc back to its start: arcs with 1 where they grow, -1 where they shrink."""
        start, goal = arc[1], arc[0]
        best: dict[_Node, float] = {start: 0}
        came: dict[_Node, tuple[_Node, _Arc, int]] = {}
        queue: list[tuple[float, _Node]] = [(0, start)]
        while queue and queue[0][1] != goal:
            cost, node = heappop(queue)
            for other, step, sign in self._steps(node, pushed):
                longer = cost + (0 if step in hidden else self._price(step))
                if step != arc and longer < best.get(other, inf):
                    best[other], came[other] = longer, (node, step, sign)
                    heappush(queue, (longer, other))
        way: list[tuple[_Arc, int]] = []
        while goal != start:
            goal, step, sign = came[goal]
            way.append((step, sign))
        return way

    def _steps(self, node: _Node, pushed: dict[_Arc, int]) -> Iterator[tuple[_Node, _Arc, int]]:
        """Where the flow may be changed next: true zeros stand, and what is hidden stays at 1 or more."""
        for arc in self.touching[node]:
            if arc[0] == node and self.counts[arc]:
                yield arc[1], arc, 1
            elif arc[1] == node and pushed[arc] > 1:
                yield arc[0], arc, -1

    def _price(self, arc: _Arc) -> int:
        """What hiding it costs: any sum more than all cells together, the total more than any two sums."""
        totals = {_ROWS: 4, _COLUMNS: 1}.get(arc[1], 0) or int(arc[0] == _ROWS)
        return self.counts[arc] + totals * self.counts[_COLUMNS, _ROWS]

    @cached_property
    def touching(self) -> dict[_Node, list[_Arc]]:
        """The arcs that begin or end at a node."""
        found: dict[_Node, list[_Arc]] = {}
        for arc in self.counts:
            for node in arc:
                found.setdefault(node, []).append(arc)
        return found
