"""What is hidden of counts so that nobody can be told from them, for readers who are not of the house."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from heapq import heappop, heappush
from math import inf
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)


def folded(people: Mapping[Value, int], smallest: int) -> frozenset[Value]:
    """Of values with how many people have each: those that too few have, and the next smallest where these are too few
    even together. They are told of as one: fewer people than that are single persons, however many their records.
    """
    rare = {value for value, count in people.items() if count < smallest}
    left = sorted(set(people) - rare, key=lambda value: (people[value], str(value)))
    if rare and left and sum(people[value] for value in rare) < smallest:
        rare.add(left[0])
    return frozenset(rare)


@dataclass(frozen=True)
class Counts:
    """People counted by row and column, with the sums of both. None: hidden."""

    cells: tuple[tuple[int | None, ...], ...]
    rows: tuple[int | None, ...]
    columns: tuple[int | None, ...]
    total: int | None


def suppressed(table: Sequence[Sequence[int]], smallest: int) -> Counts:
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
    return _suppressed(tuple(map(tuple, table)), smallest)


@lru_cache(256)
def _suppressed(table: tuple[tuple[int, ...], ...], smallest: int) -> Counts:
    """Kept by what went in: the time grows with the square of the table, 0.7 s for two years by ten kinds."""
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
