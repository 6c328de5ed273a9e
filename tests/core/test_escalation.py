"""Whom a flag alerts, and when."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.escalation import Urgency, Whom, climb, first_look, opens_again_at, same_episode
from bot.core.hours import WORKING_HOURS, is_open

KC = "America/Chicago"
MONDAY = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo(KC))
FRIDAY_EVENING = datetime(2026, 11, 27, 18, tzinfo=ZoneInfo(KC))
ALL = {Whom.CASEWORKER: (1,), Whom.ON_CALL: (2,), Whom.SUPERVISORS: (3, 4), Whom.EVERYONE: (1, 2, 3, 4, 5)}


@pytest.mark.parametrize(
    ("rung", "missing", "alerted", "next_rung", "minutes"),
    [
        (0, (), (1,), 1, 3),
        (1, (), (2,), 2, 4),
        (2, (), (3, 4), 3, 5),
        (3, (), (3, 4), 3, 10),
        (0, (Whom.CASEWORKER,), (2,), 2, 4),
        (0, (Whom.CASEWORKER, Whom.ON_CALL), (3, 4), 3, 5),
        (0, (Whom.CASEWORKER, Whom.ON_CALL, Whom.SUPERVISORS), (1, 2, 3, 4, 5), 3, 10),
        (0, tuple(Whom), (), 3, 10),
    ],
)
def test_the_ladder_of_now(
    rung: int, missing: tuple[Whom, ...], alerted: tuple[int, ...], next_rung: int, minutes: int
) -> None:
    reach = {whom: () if whom in missing else staff for whom, staff in ALL.items()}
    step = climb(Urgency.NOW, rung, reach, FRIDAY_EVENING, KC, WORKING_HOURS)
    assert (step.staff, step.rung) == (alerted, next_rung)
    assert step.next_at == FRIDAY_EVENING + timedelta(minutes=minutes)


def test_the_ladder_of_today_waits_in_working_hours() -> None:
    step = climb(Urgency.TODAY, 0, ALL, MONDAY, KC, WORKING_HOURS)
    assert (step.staff, step.rung, step.next_at) == ((1,), 1, MONDAY + timedelta(hours=4))
    step = climb(Urgency.TODAY, 2, ALL, MONDAY, KC, WORKING_HOURS)
    assert (step.staff, step.rung, step.next_at) == ((3, 4), 2, MONDAY + timedelta(days=1))


def test_the_first_look() -> None:
    assert first_look(Urgency.NOW, FRIDAY_EVENING, KC, WORKING_HOURS) == FRIDAY_EVENING
    assert first_look(Urgency.TODAY, FRIDAY_EVENING, KC, WORKING_HOURS) == datetime(
        2026, 11, 30, 9, tzinfo=ZoneInfo(KC)
    )


def test_what_is_taken_opens_again() -> None:
    assert opens_again_at(Urgency.NOW, MONDAY, KC, WORKING_HOURS) == MONDAY + timedelta(hours=2)
    assert opens_again_at(Urgency.TODAY, MONDAY, KC, WORKING_HOURS) > MONDAY + timedelta(days=2)


@given(
    rung=st.integers(0, 5),
    urgency=st.sampled_from(Urgency),
    here=st.sets(st.sampled_from(Whom)),
    after=st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_it_never_ends_in_silence(rung: int, urgency: Urgency, here: set[Whom], after: timedelta) -> None:
    now = MONDAY + after
    step = climb(urgency, rung, {whom: ALL[whom] for whom in here}, now, KC, WORKING_HOURS)
    assert step.next_at > now
    assert step.staff or Whom.EVERYONE not in here
    assert urgency is Urgency.NOW or is_open(WORKING_HOURS, step.next_at, KC)


@pytest.mark.parametrize(
    ("said_hours_ago", "danger_open", "same"),
    [(None, True, False), (1, False, True), (11, False, True), (13, False, False), (200, True, True)],
)
def test_an_episode(said_hours_ago: int | None, danger_open: bool, same: bool) -> None:
    said_at = None if said_hours_ago is None else MONDAY - timedelta(hours=said_hours_ago)
    assert same_episode(said_at, danger_open, MONDAY) is same
