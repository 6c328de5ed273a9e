"""How long something took, in words."""

from datetime import timedelta

import pytest

from bot.core.lengths import lasted, lasting, marked, within

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("length", "told", "limit", "roughly"),
    [
        (timedelta(0), "under a minute", "within a minute", "less than a minute"),
        (timedelta(seconds=59), "under a minute", "within a minute", "less than a minute"),
        (MINUTE, "1 min", "within 1 min", "1 minute"),
        (59 * MINUTE, "59 min", "within 59 min", "59 minutes"),
        (HOUR, "1 h", "within 1 h", "1 hour"),
        (80 * MINUTE, "1 h 20 min", "within 1 h 20 min", "1 hour"),
        (DAY, "1 day", "within 1 day", "1 day"),
        (52 * HOUR + 30 * MINUTE, "2 days 4 h", "within 2 days 4 h", "2 days"),
    ],
)
def test_lengths_are_said_in_two_units_at_most(length: timedelta, told: str, limit: str, roughly: str) -> None:
    assert (lasted(length), within(length), lasting(length)) == (told, limit, roughly)


@pytest.mark.parametrize(
    ("length", "mark"), [(90 * MINUTE, "90 min"), (2 * HOUR, "2 h"), (DAY, "1 day"), (3 * DAY, "3 days")]
)
def test_a_mark_on_an_axis_has_no_fraction(length: timedelta, mark: str) -> None:
    assert marked(length) == mark
