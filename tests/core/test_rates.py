"""Shares and their intervals, held against published and hand-computed figures; and what is hidden."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import binomtest

from bot.core.rates import Counts, Share, difference, planned_n, suppressed, wilson

SHARES = st.integers(0, 3_000).flatmap(lambda of: st.builds(Share, st.integers(0, of), st.just(of)))


@pytest.mark.parametrize(
    "part, whole, low, high",
    [  # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(part, whole, low, high):
    assert wilson(part, whole) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_of_nothing_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)
    assert Share(0, 0).value is None


@given(SHARES)
def test_the_share_lies_within_and_the_interval_within_one(share):
    low, high = share.interval
    middle = share.value or 0.0
    assert 0 <= low <= middle + 1e-12 and middle - 1e-12 <= high <= 1


@given(SHARES.filter(lambda share: share.of))
def test_scipy_says_the_same(share):
    theirs = binomtest(share.n, share.of).proportion_ci(0.95, method="wilson")
    assert share.interval == (pytest.approx(theirs.low, abs=1e-12), pytest.approx(theirs.high, abs=1e-12))


@pytest.mark.parametrize("n, of", [(-1, 5), (6, 5)])
def test_more_than_all_is_refused(n, of):
    with pytest.raises(ValueError, match="is no share"):
        Share(n, of)


@pytest.mark.parametrize(
    "share, words",
    [
        (Share(56, 70), "80 % (69 to 88, n = 70)"),
        (Share(9, 9), "too few to say (n = 9)"),
        (Share(0, 10), "0 % (0 to 28, n = 10)"),
        (Share(0, 0), "too few to say (n = 0)"),
    ],
)
def test_a_share_is_said_with_its_n_and_interval_or_not_at_all(share, words):
    assert share.words == words


@pytest.mark.parametrize(
    "a, b, low, high",
    [  # Newcombe 1998, "Interval estimation for the difference between independent proportions", table II, method 10
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(6, 7), Share(2, 7), 0.0582, 0.8062),
        (Share(5, 56), Share(0, 29), -0.0381, 0.1926),
        (Share(0, 10), Share(0, 20), -0.1611, 0.2775),
        (Share(0, 10), Share(0, 10), -0.2775, 0.2775),
        (Share(10, 10), Share(0, 20), 0.6791, 1.0000),
        (Share(10, 10), Share(0, 10), 0.6075, 1.0000),
    ],
)
def test_the_difference_is_newcombes(a, b, low, high):
    found = difference(a, b)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(SHARES, SHARES)
def test_a_difference_turns_round_with_its_sides(a, b):
    one, other = difference(a, b), difference(b, a)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))
    assert -1 <= one.low <= one.value <= one.high <= 1


def test_a_difference_says_plainly_when_it_shows_nothing():
    assert difference(Share(5, 56), Share(0, 29)).shows_nothing
    assert not difference(Share(56, 70), Share(48, 80)).shows_nothing
    assert difference(Share(0, 0), Share(300, 300)).shows_nothing


@pytest.mark.parametrize(
    "base, smallest, power, n",
    [
        (0.50, 0.25, 0.9, 77),  # R, help of power.prop.test: n = 76.7
        (0.50, 0.10, 0.8, 388),  # by hand: (1.95996 √(2 · .55 · .45) + 0.84162 √(.5 · .5 + .6 · .4))² / .01 = 387.3
        (0.60, 0.10, 0.8, 388),  # a fall to one half needs more people than a rise to .7 (356)
        (0.95, 0.10, 0.8, 141),  # only a fall is possible: .95 and .85 need 140.4
    ],
)
def test_the_planned_n_is_that_of_two_proportions(base, smallest, power, n):
    assert planned_n(base, smallest, power) == n


@pytest.mark.parametrize("base, smallest", [(0.5, 0.6), (0.5, 0.0), (1.2, 0.3)])
def test_no_n_is_planned_for_what_cannot_be(base, smallest):
    with pytest.raises(ValueError, match="no share differs"):
        planned_n(base, smallest)


def test_what_is_large_is_all_shown():
    assert suppressed([[20, 30], [40, 0]]) == Counts(((20, 30), (40, 0)), (50, 40), (60, 30), 90)


def test_a_small_cell_takes_three_others_with_it():
    shown = suppressed([[3, 30, 50], [40, 20, 60], [70, 80, 90]])
    assert shown.cells == ((None, None, 50), (None, None, 60), (70, 80, 90))
    assert (shown.rows, shown.columns, shown.total) == ((83, 120, 240), (113, 130, 200), 443)


def test_two_small_cells_do_not_shield_each_other():
    """1 and 2 in one row: who sees their sum of 3 knows that both are small."""
    shown = suppressed([[1, 2, 50], [40, 20, 60]])
    assert shown.cells == ((None, None, None), (None, None, None))


def test_nobody_at_all_is_shown_as_that():
    assert suppressed([[0, 0], [0, 0]]) == Counts(((0, 0), (0, 0)), (0, 0), (0, 0), 0)
    assert suppressed([]) == Counts((), (), (), 0)


def test_a_handful_of_people_hides_everything_but_zeros():
    assert suppressed([[3, 0]]) == Counts(((None, 0),), (None,), (None, 0), None)


@pytest.mark.parametrize("table", [[[1, 2], [3]], [[-1]]])
def test_what_is_no_table_of_counts_is_refused(table):
    with pytest.raises(ValueError, match="a table of counts"):
        suppressed(table)


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
