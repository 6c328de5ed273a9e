"""What is hidden so that nobody can be told from counts, held against a reader who solves the table."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bot.core.hiding import Counts, folded, suppressed


@pytest.mark.parametrize(
    ("people", "rare"),
    [
        ({}, ""),
        ({"a": 10}, ""),
        ({"a": 10, "b": 9}, "ab"),  # nine "other" among ten would be known to be b
        ({"a": 30, "b": 9, "c": 12}, "bc"),
        ({"a": 30, "b": 5, "c": 5}, "bc"),
        ({"a": 3}, "a"),
    ],
)
def test_what_too_few_have_is_told_of_as_one(people, rare):
    assert folded(people, 10) == frozenset(rare)


def test_what_is_large_is_all_shown():
    assert suppressed([[20, 30], [40, 0]], 10) == Counts(((20, 30), (40, 0)), (50, 40), (60, 30), 90)


def test_a_small_cell_takes_three_others_with_it():
    shown = suppressed([[3, 30, 50], [40, 20, 60], [70, 80, 90]], 10)
    assert shown.cells == ((None, None, 50), (None, None, 60), (70, 80, 90))
    assert (shown.rows, shown.columns, shown.total) == ((83, 120, 240), (113, 130, 200), 443)


def test_two_small_cells_do_not_shield_each_other():
    """1 and 2 in one row: who sees their sum of 3 knows that both are small."""
    shown = suppressed([[1, 2, 50], [40, 20, 60]], 10)
    assert shown.cells == ((None, None, None), (None, None, None))


def test_nobody_at_all_is_shown_as_that():
    assert suppressed([[0, 0], [0, 0]], 10) == Counts(((0, 0), (0, 0)), (0, 0), (0, 0), 0)
    assert suppressed([], 10) == Counts((), (), (), 0)


def test_a_handful_of_people_hides_everything_but_zeros():
    assert suppressed([[3, 0]], 10) == Counts(((None, 0),), (None,), (None, 0), None)


@pytest.mark.parametrize("table", [[[1, 2], [3]], [[-1]]])
def test_what_is_no_table_of_counts_is_refused(table):
    with pytest.raises(ValueError, match="a table of counts"):
        suppressed(table, 10)


CELLS = st.one_of(st.integers(0, 3), st.integers(0, 14), st.integers(0, 60))
TABLES = st.tuples(st.integers(1, 4), st.integers(1, 5)).flatmap(
    lambda size: st.lists(st.lists(CELLS, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0])
)


class Reader:
    """Somebody who knows the rule and solves the table: every number as far as it can be told.

    All shown numbers are as shown, hidden ones at least 1, and every row, every column and the sums add up. Such
    systems have whole solutions wherever they have any (they are flows), so linear programming tells all there is.
    """

    def __init__(self, shown: Counts) -> None:
        height, width = len(shown.rows), len(shown.columns)
        self.grid = [[*row, total] for row, total in zip(shown.cells, shown.rows, strict=True)]
        self.grid.append([*shown.columns, shown.total])
        places = np.arange((height + 1) * (width + 1)).reshape(height + 1, width + 1)
        lines = [*places, *places.T]
        self.sums = np.zeros((len(lines), places.size))
        for line, each in enumerate(lines):
            self.sums[line, each] = 1
            self.sums[line, each[-1]] = -1
        self.bounds = [(1, None) if number is None else (number, number) for row in self.grid for number in row]

    def hidden(self) -> list[int]:
        return [place for place, (low, high) in enumerate(self.bounds) if high is None]

    def range_of(self, place: int) -> tuple[float, float]:
        """The least and the most that may stand there."""
        ends = []
        for sign in (1, -1):
            aim = np.zeros(len(self.bounds))
            aim[place] = sign
            solved = linprog(aim, A_eq=self.sums, b_eq=np.zeros(len(self.sums)), bounds=self.bounds)
            assert solved.status in (0, 3), solved.message
            ends.append(sign * solved.fun if solved.status == 0 else inf)
        return ends[0], ends[1]


@settings(max_examples=150, deadline=None)
@given(TABLES, st.sampled_from([2, 5, 10]))
def test_nothing_hidden_can_be_worked_out_or_told_to_be_small(table, smallest):
    reader = Reader(suppressed(table, smallest))
    for place in reader.hidden():
        low, high = reader.range_of(place)
        assert low <= high - 1 + 1e-6, f"{place} of {reader.grid} can be worked out"
        assert high >= smallest - 1e-6, f"{place} of {reader.grid} is under {smallest}"


@given(TABLES, st.sampled_from([2, 5, 10]))
def test_what_is_shown_is_true_and_nothing_small(table, smallest):
    shown = suppressed(table, smallest)
    numbers = [*((a, b) for row, true in zip(shown.cells, table, strict=True) for a, b in zip(row, true, strict=True))]
    numbers += zip(shown.rows, map(sum, table), strict=True)
    numbers += zip(shown.columns, map(sum, zip(*table, strict=True)), strict=True)
    numbers.append((shown.total, sum(map(sum, table))))
    for number, true in numbers:
        assert number in (None, true)
        assert number is None or number == 0 or number >= smallest
        assert number == 0 or true != 0, "a true zero is always shown"
