"""Shares and their intervals, held against published and hand-computed figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from bot.core.rates import Share, difference, planned_n, wilson

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
