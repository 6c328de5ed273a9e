"""Which texts may leave after a backup was put back."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.restored import ASKS_FIRST_FOR, Leave, Restored, Waiting, may_leave

MADE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RESTORED = MADE + timedelta(hours=14)
SOON, LATER = RESTORED + timedelta(minutes=1), RESTORED + ASKS_FIRST_FOR + timedelta(minutes=1)
HOUR = timedelta(hours=1)


def waiting(
    queued_at: datetime = MADE, answers_at: datetime | None = None, to_staff: bool = False, written: bool = False,
    asked: bool = False,
) -> Waiting:  # fmt: skip
    return Waiting(to_staff, queued_at, answers_at, written, asked)


@pytest.mark.parametrize(
    ("text", "before_caught_up", "afterwards"),
    [
        (waiting(), Leave.HOLD, Leave.ASK_FIRST),
        (waiting(asked=True), Leave.HOLD, Leave.GO),
        (waiting(SOON), Leave.HOLD, Leave.ASK_FIRST),
        (waiting(LATER), Leave.HOLD, Leave.GO),
        (waiting(to_staff=True), Leave.GO, Leave.GO),
        (waiting(SOON, to_staff=True), Leave.GO, Leave.GO),
        (waiting(SOON, answers_at=RESTORED - HOUR), Leave.HOLD, Leave.ASK_FIRST),
        (waiting(SOON, answers_at=SOON), Leave.GO, Leave.GO),
        (waiting(written=True), Leave.HOLD, Leave.ASK_FIRST),
        (waiting(SOON, written=True), Leave.HOLD, Leave.GO),
    ],
    ids=[
        "waited in the backup", "the carrier does not have it", "made since", "made a day later", "alert",
        "alert made since", "answer to what was answered before", "answer to a new text", "written before",
        "written since",
    ],
)  # fmt: skip
def test_what_may_leave(text: Waiting, before_caught_up: Leave, afterwards: Leave) -> None:
    assert may_leave(text, Restored(MADE, RESTORED, caught_up=False)) is before_caught_up
    assert may_leave(text, Restored(MADE, RESTORED, caught_up=True)) is afterwards
