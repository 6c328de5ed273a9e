"""How a sender slows down, and when staff are told."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.kinds import Purpose
from bot.core.pressure import CALM, FULL, Pressure
from bot.core.sending import UNPACED

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def after(codes: list[int | None]) -> list[float]:
    """How long each trouble holds the sender up, where the next comes just when that is over."""
    pressure, now, waits = CALM, NOW, []
    for code in codes:
        pressure = pressure.after_trouble(code, now)
        assert pressure.held_until is not None
        waits.append((pressure.held_until - now) / SECOND)
        now = pressure.held_until
    return waits


@pytest.mark.parametrize("code", [None, 429, 20429, 20003])
def test_an_outage_is_tried_again_ever_more_slowly_up_to_half_a_minute(code: int | None) -> None:
    assert after([code] * 7) == [0, 1, 3, 7, 15, 30, 30]


@pytest.mark.parametrize("code", sorted(FULL))
def test_what_is_full_drains_by_the_minute(code: int) -> None:
    assert after([code] * 7) == [30, 60, 120, 240, 480, 600, 600]


def test_a_short_trouble_never_shortens_a_long_one() -> None:
    full = CALM.after_trouble(30022, NOW)
    assert full.after_trouble(429, NOW + SECOND).held_until == NOW + 30 * SECOND


def test_it_is_well_again_when_a_text_gets_through_after_the_wait() -> None:
    full = CALM.after_trouble(30022, NOW)
    assert full.after_success(NOW + 29 * SECOND) == full, "an alert that slipped through does not empty the queue"
    assert full.after_success(NOW + 30 * SECOND) == CALM == CALM.after_success(NOW)


def test_in_trouble_one_text_at_a_time_is_tried() -> None:
    assert (CALM.at_once, CALM.after_trouble(None, NOW).at_once) == (None, 1)


@given(st.sampled_from(Purpose), st.integers(0, 20), st.sampled_from([None, 429, 30022]), st.integers(0, 900))
def test_what_rings_people_never_waits_for_the_carrier(purpose, troubles, code, seconds):
    pressure = Pressure(troubles).after_trouble(code, NOW)
    may = pressure.may_leave(purpose, NOW + seconds * SECOND)
    assert may if purpose in UNPACED else may == (NOW + seconds * SECOND >= (pressure.held_until or NOW))


@pytest.mark.parametrize(
    ("troubles", "seconds", "told"), [(2, 600, False), (3, 59, False), (3, 60, True), (9, 600, True), (0, 600, False)]
)
def test_staff_are_told_of_an_outage_and_not_of_a_slow_answer(troubles: int, seconds: int, told: bool) -> None:
    assert Pressure(troubles, None, NOW if troubles else None).is_told(NOW + seconds * SECOND) is told
