"""What becomes of a plan that is due: by a table, and whatever the state of things."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.flow import Flow, parse
from bot.core.hours import Window
from bot.core.starting import (
    FRESH_FOR,
    TRY_AGAIN,
    Due,
    IsLeftOut,
    Running,
    Starts,
    Waits,
    becomes_of,
    due_next,
    may_begin_at,
)

HOURS = Window(time(9), time(20))
ZONE = "America/Chicago"
NOON = datetime(2026, 11, 24, 18, tzinfo=UTC)  # 12:00 in the zone
EVENING = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)  # 20:30 there
NEXT_MORNING = datetime(2026, 11, 25, 15, tzinfo=UTC)
WEEKLY = parse("weekly", 'title = "Weekly"\nstart = "a"\nanswer_within = "2 days"\n[states.a]\nsay.en = "Hi"\n')
REMINDER = parse(
    "reminder",
    'title = "Reminder"\nstart = "a"\nanswer_within = "2 days"\ngiven = ["when"]\nexpires = "when"\n'
    '[states.a]\nsay.en = "See you {when}"\n',
)
DUE = Due(NOON, 7, {}, ZONE, reached=True)
SOON, OVER = {"when": "2026-11-24T15:00"}, {"when": "2026-11-24T11:59"}
AT_THREE = datetime(2026, 11, 24, 21, tzinfo=UTC)
TO_REMIND = replace(DUE, values=SOON, repeat_days=None)
HOUR = timedelta(hours=1)
ASKED_LATELY = Running("after_help", NOON - 9 * HOUR, NOON + 9 * HOUR, NOON - HOUR)
ASKED_BEFORE = Running("after_help", NOON - 9 * HOUR, NOON + 9 * HOUR, NOON - FRESH_FOR)
ASKED_LATER = Running("after_help", NOON - 9 * HOUR, NOON + 9 * HOUR, NOON + 20 * HOUR)  # by a clock that was ahead
SAME = replace(ASKED_LATELY, flow="weekly")
A_MOMENT_LEFT = Running("after_help", NOON - 9 * HOUR, NOON + timedelta(minutes=1), NOON - HOUR)
STARTS, AGAIN = Starts(), Waits(NOON + TRY_AGAIN)

CASES = {
    "nothing holds it up": (DUE, WEEKLY, NOON, STARTS),
    "no text would leave": (replace(DUE, reached=False), WEEKLY, NOON, IsLeftOut(lapsed=False)),
    "a pause": (replace(DUE, paused_until=NOON + HOUR), WEEKLY, NOON, Waits(NOON + HOUR)),
    "a pause that ends now": (replace(DUE, paused_until=NOON), WEEKLY, NOON, STARTS),
    "danger": (replace(DUE, in_danger=True), WEEKLY, NOON, AGAIN),
    "people talk": (replace(DUE, talk_until=NOON + 5 * HOUR), WEEKLY, NOON, AGAIN),
    "people talked": (replace(DUE, talk_until=NOON), WEEKLY, NOON, STARTS),
    "the evening": (DUE, WEEKLY, EVENING, Waits(NEXT_MORNING)),
    "another runs": (replace(DUE, running=ASKED_LATELY), WEEKLY, NOON, Waits(NOON + 9 * HOUR)),
    "another runs for a moment": (replace(DUE, running=A_MOMENT_LEFT), WEEKLY, NOON, AGAIN),
    "another runs without end": (replace(DUE, running=Running("after_help", NOON, None, NOON)), WEEKLY, NOON, AGAIN),
    "the same runs": (replace(DUE, running=SAME), WEEKLY, NOON, IsLeftOut(lapsed=False)),
    "the same runs from the time before": (
        replace(DUE, repeat_days=1, running=replace(SAME, began_at=NOON - 24 * HOUR)), WEEKLY, NOON,
        Waits(NOON + 9 * HOUR),
    ),
    "the same runs, and this one comes once": (
        replace(DUE, repeat_days=None, running=SAME), WEEKLY, NOON, Waits(NOON + 9 * HOUR)
    ),
    "a reminder beside another": (
        replace(TO_REMIND, running=replace(ASKED_BEFORE, flow="reminder")), REMINDER, NOON, Starts(AT_THREE)
    ),
    "a reminder": (TO_REMIND, REMINDER, NOON, Starts(AT_THREE)),
    "a reminder too late": (replace(TO_REMIND, values=OVER), REMINDER, NOON, IsLeftOut(lapsed=True)),
    "a reminder too late for nobody": (
        replace(TO_REMIND, values=OVER, reached=False), REMINDER, NOON, IsLeftOut(lapsed=True)
    ),
    "a reminder without its date": (replace(TO_REMIND, values={}), REMINDER, NOON, STARTS),
    "a reminder in danger": (replace(TO_REMIND, in_danger=True), REMINDER, NOON, Starts(AT_THREE)),
    "a reminder while people talk": (replace(TO_REMIND, talk_until=NOON + HOUR), REMINDER, NOON, Starts(AT_THREE)),
    "a reminder in a pause": (replace(TO_REMIND, paused_until=NOON + HOUR), REMINDER, NOON, Waits(NOON + HOUR)),
    "a reminder cuts in": (replace(TO_REMIND, running=ASKED_BEFORE), REMINDER, NOON, Starts(AT_THREE)),
    "a reminder beside a fresh question": (
        replace(TO_REMIND, running=ASKED_LATELY), REMINDER, NOON, Waits(NOON - HOUR + FRESH_FOR)
    ),
    "a reminder beside a question of a clock that was ahead": (
        replace(TO_REMIND, running=ASKED_LATER), REMINDER, NOON, Waits(NOON + FRESH_FOR)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_a_plan(name: str) -> None:
    due, flow, now, expected = CASES[name]
    assert becomes_of(due, flow, HOURS, now) == expected


INSTANTS = st.integers(-400 * 24 * 60, 400 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
LATER = st.none() | INSTANTS
RUNNING = st.none() | st.builds(Running, st.sampled_from(["weekly", "after_help"]), INSTANTS, LATER, INSTANTS)
VALUES = st.sampled_from([{}, SOON, OVER, {"when": "someday"}])
DUES = st.builds(Due, INSTANTS, st.sampled_from([None, 1, 7]), VALUES, st.just(ZONE), *2 * [st.booleans()], LATER,
                 LATER, RUNNING)  # fmt: skip


@given(DUES, st.sampled_from([WEEKLY, REMINDER]), INSTANTS)
def test_what_starts_may_be_sent_and_what_waits_comes_up_again(due: Due, flow: Flow, now: datetime) -> None:
    match becomes_of(due, flow, HOURS, now):
        case Waits(until):
            assert until > now and due.reached
        case Starts(before):
            assert due.reached and (due.paused_until is None or due.paused_until <= now)
            assert 9 <= now.astimezone(ZoneInfo(ZONE)).hour < 20
            assert before is None or before > now
            assert flow is REMINDER or not (due.in_danger or due.running)
        case IsLeftOut(lapsed):
            assert lapsed or not due.reached or (due.running and due.running.flow == flow.name and due.repeat_days)


@given(INSTANTS, LATER)
def test_what_is_shown_as_the_next_check_in_is_a_time_at_which_it_may_begin(
    planned: datetime, paused_until: datetime | None
) -> None:
    at = may_begin_at(planned, paused_until, HOURS, ZONE)
    due = Due(planned, 7, {}, ZONE, reached=True, paused_until=paused_until)
    assert at >= planned and becomes_of(due, WEEKLY, HOURS, at) == Starts()


@given(DUES, INSTANTS)
def test_what_repeats_is_due_again_later_and_once(due: Due, now: datetime) -> None:
    again = due_next(due, now)
    assert (again is None) == (due.repeat_days is None)
    assert again is None or again > now
