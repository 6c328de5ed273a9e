"""What is said of a broken promise, and how often."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.promises import Fault, Promise, is_told

NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)


@pytest.mark.parametrize("promise", Promise)
def test_each_says_how_many_and_what_to_do(promise: Promise) -> None:
    one, three = Fault(promise, 1).sentence, Fault(promise, 3).sentence
    assert "3" in three and "3" not in one
    assert all(len(said) < 130 and said.endswith((".", "?")) for said in (one, three))


@pytest.mark.parametrize(
    ("told_ago", "told"),
    [(None, False), (timedelta(0), True), (timedelta(minutes=59), True), (timedelta(hours=1), False)],
)
def test_supervisors_are_told_again_every_hour(told_ago: timedelta | None, told: bool) -> None:
    assert is_told(None if told_ago is None else NOW - told_ago, NOW) is told
