"""Sending hours and due times, on the days the clocks change too."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hours import (
    SENDING_HOURS,
    Window,
    add_open_time,
    is_open,
    next_open,
    next_repeat,
    on_wall_clock,
)

KC = "America/Chicago"
WORKING_HOURS = Window(time(9), time(17), frozenset(range(5)))
ZONES = (KC, "America/New_York", "America/Denver", "America/Phoenix", "Pacific/Honolulu", "America/St_Johns")
SPRING, AUTUMN = date(2027, 3, 14), date(2027, 11, 7)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda after: datetime(2026, 1, 1, tzinfo=UTC) + after)


def _kc(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZoneInfo(KC))


@pytest.mark.parametrize("day", [date(2026, 11, 24), SPRING, AUTUMN])
@pytest.mark.parametrize(
    ("hour", "minute", "second", "opened"),
    [(8, 59, 59, False), (9, 0, 0, True), (19, 59, 59, True), (20, 0, 0, False), (20, 1, 0, False), (0, 0, 0, False)],
)
def test_sending_hours(day: date, hour: int, minute: int, second: int, opened: bool) -> None:
    assert is_open(SENDING_HOURS, _kc(day, hour, minute, second), KC) is opened


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        (_kc(SPRING - timedelta(days=1), 20), _kc(SPRING, 9)),
        (_kc(AUTUMN - timedelta(days=1), 20), _kc(AUTUMN, 9)),
        (_kc(date(2026, 11, 24), 3), _kc(date(2026, 11, 24), 9)),
        (_kc(date(2026, 11, 24), 12), _kc(date(2026, 11, 24), 12)),
    ],
)
def test_the_next_opening(at: datetime, opening: datetime) -> None:
    assert next_open(SENDING_HOURS, at, KC) == opening


def test_the_same_instant_is_day_here_and_night_there() -> None:
    at = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # 19:30 in Kansas City, 20:30 in New York
    assert is_open(SENDING_HOURS, at, KC) and not is_open(SENDING_HOURS, at, "America/New_York")


def test_work_rests_from_friday_to_monday() -> None:
    assert next_open(WORKING_HOURS, _kc(date(2026, 11, 27), 17), KC) == _kc(date(2026, 11, 30), 9)


def test_an_hour_that_spring_skips_is_the_one_after() -> None:
    assert on_wall_clock(SPRING, time(2, 30), KC) == _kc(SPRING, 3, 30)


@given(at=INSTANTS, zone=st.sampled_from(ZONES), window=st.sampled_from((SENDING_HOURS, WORKING_HOURS)))
def test_the_next_opening_is_open_and_nothing_before_it_is(at: datetime, zone: str, window: Window) -> None:
    opening = next_open(window, at, zone)
    assert opening >= at and is_open(window, opening, zone)
    assert opening == at or not is_open(window, opening - timedelta(seconds=1), zone)


@given(due=INSTANTS, days=st.integers(1, 28), late=st.timedeltas(timedelta(0), timedelta(days=60)))
def test_a_repeat_keeps_rhythm_and_hour_and_makes_up_for_nothing(due: datetime, days: int, late: timedelta) -> None:
    again = next_repeat(due, days, due + late, KC)
    local, before = again.astimezone(ZoneInfo(KC)), due.astimezone(ZoneInfo(KC))
    assert again > due + late and again - (due + late) <= timedelta(days=days, hours=2)
    assert (local.date() - before.date()).days % days == 0
    assert local.time() == before.time() or before.hour == 2  # the hour that spring skips


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (_kc(date(2026, 11, 27), 16), 4, _kc(date(2026, 11, 30), 12)),
        (_kc(date(2026, 11, 23), 9), 4, _kc(date(2026, 11, 23), 13)),
        (_kc(date(2026, 11, 27), 13), 4, _kc(date(2026, 11, 30), 9)),  # not at closing time
        (_kc(date(2026, 11, 28), 12), 1, _kc(date(2026, 11, 30), 10)),
        (_kc(date(2026, 11, 23), 16), 24, _kc(date(2026, 11, 26), 16)),
    ],
)
def test_working_time(start: datetime, hours: int, end: datetime) -> None:
    assert add_open_time(WORKING_HOURS, start, timedelta(hours=hours), KC) == end


@given(start=INSTANTS, span=st.timedeltas(timedelta(minutes=1), timedelta(hours=60)))
def test_working_time_ends_while_it_is_open_and_never_early(start: datetime, span: timedelta) -> None:
    end = add_open_time(WORKING_HOURS, start, span, KC)
    assert is_open(WORKING_HOURS, end, KC) and end - start >= span
