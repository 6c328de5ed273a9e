"""Waiting times, held against published figures."""

import math
import warnings
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from bot.core.times import times


def days(*counts: float) -> list[timedelta]:
    return [timedelta(days=count) for count in counts]


# Freireich et al. 1963, remission in weeks, as in Gehan 1965; the figures are those SAS's LIFETEST prints (log-log).
TREATED = days(6, 6, 6, 7, 10, 13, 16, 22, 23)
TREATED_STILL = days(6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
PLACEBO = days(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)


def test_those_who_still_wait_are_not_left_out():
    found = times(TREATED, TREATED_STILL)
    assert (found.n, found.waiting) == (21, 12)
    assert found.median == timedelta(days=23)
    assert found.interval == (timedelta(days=13), None)
    assert found.p90 is None, "the curve does not get there"


def test_with_nobody_waiting_it_is_the_plain_median():
    found = times(PLACEBO)
    assert (found.median, found.interval) == (timedelta(days=8), (timedelta(days=4), timedelta(days=11)))
    assert found.p90 == timedelta(days=17), "nineteen of twenty-one"


def test_the_curve_is_kaplan_meiers():
    curve = times(TREATED, TREATED_STILL, days(23, 1, 6, 10)).curve
    assert [each.after.days for each in curve] == [1, 6, 10, 23]
    assert [each.share for each in curve] == pytest.approx([0, 1 - 0.8571, 1 - 0.7529, 1 - 0.4482], abs=5e-5)
    assert [(each.low, each.high) for each in curve][:1] == [(0, 1)], "nothing was over, so nothing is known"
    assert [(curve[1].low, curve[1].high)] == [pytest.approx((1 - 0.9516, 1 - 0.6197), abs=5e-5)]


def test_the_curve_ends_where_nobody_was_watched_any_longer():
    assert [each.after.days for each in times(TREATED, TREATED_STILL, days(35, 36)).curve] == [35]
    assert [each.share for each in times(PLACEBO, [], days(23, 99)).curve] == [1, 1]


@pytest.mark.parametrize(
    "over, waiting, median",
    [
        ([], [], None),
        ([], days(1, 2), None),
        (days(3), [], timedelta(days=3)),
        (days(1, 2), [], timedelta(days=1)),
        (days(2), days(1), timedelta(days=2)),
        (days(1), days(2, 2), None),
        (days(0, 0, 5), [], timedelta(0)),
    ],
)
def test_the_median_of_few(over, waiting, median):
    found = times(over, waiting)
    assert found.median == median
    assert found.too_few


LENGTHS = st.lists(st.integers(0, 5_000).map(lambda minutes: timedelta(minutes=minutes)), max_size=40)


@given(LENGTHS, LENGTHS)
def test_waiting_longer_never_shortens_the_median(over, waiting):
    soon, late = times(over, waiting), times(over, [each + timedelta(days=9) for each in waiting])
    assert (soon.median or timedelta.max) <= (late.median or timedelta.max) or len(waiting) == 0
    for found in (soon, late):
        low, high = found.interval
        if found.median is not None:
            assert low is not None and low <= found.median <= (high or timedelta.max)
            assert found.median <= (found.p90 or timedelta.max)


@given(LENGTHS.filter(bool), LENGTHS)
def test_scipy_says_the_same(over, waiting):
    ended, so_far = ([each.total_seconds() for each in lengths] for lengths in (over, waiting))
    with warnings.catch_warnings():  # at the very start and end scipy's interval is not defined
        warnings.simplefilter("ignore", RuntimeWarning)
        curve = ecdf(CensoredData(uncensored=ended, right=so_far)).sf
        around = curve.confidence_interval(0.95, method="log-log")
    moments = [timedelta(seconds=each) for each in curve.quantiles]
    theirs = zip(curve.probabilities, around.low.probabilities, around.high.probabilities, strict=True)
    for mine, (left, low, high) in zip(times(over, waiting, moments).curve, theirs, strict=True):
        assert mine.share == pytest.approx(1 - left, abs=1e-9)
        if not math.isnan(low) and 0 < mine.share < 1:
            assert (mine.low, mine.high) == pytest.approx((1 - high, 1 - low), abs=1e-9)
