"""Whom a flag alerts, and when."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.escalation import (
    Climb,
    Edge,
    Ladder,
    Means,
    Policy,
    Reach,
    Rules,
    Rung,
    Urgency,
    Whom,
    asked_at,
    climb,
    first_look,
    new_words_look_at,
    opens_again_at,
    same_episode,
)
from bot.core.hours import Window, is_open

KC = "America/Chicago"
HOURS = Window(time(9), time(17), frozenset(range(5)))
DANA, OMAR, LENA, SAM, SUE = range(1, 6)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In Kansas City in November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(KC))


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


NOW = Ladder(
    rungs=(
        Rung((Whom.CASEWORKER, Whom.ON_CALL), minutes(3)),
        Rung((Whom.CASEWORKER, Whom.ON_CALL), minutes(3)),
        Rung((Whom.BACKUP,), minutes(6)),
        Rung((Whom.SUPERVISORS,), minutes(10)),
    ),
    again=(Rung((Whom.SUPERVISORS,), minutes(10)),),
    outcome_within=timedelta(hours=2),
    grace=minutes(15),
    working_hours=False,
)
TODAY = Ladder(
    rungs=(
        Rung((Whom.CASEWORKER,), Edge.END_OF_DAY),
        Rung((Whom.SUPERVISORS,), Edge.NEXT_MORNING),
    ),
    again=(
        Rung((Whom.CASEWORKER,), Edge.END_OF_DAY),
        Rung((Whom.SUPERVISORS,), Edge.NEXT_MORNING),
    ),
    outcome_within=timedelta(hours=24),
    grace=timedelta(hours=8),
    working_hours=True,
)
LADDERS = {Urgency.NOW: NOW, Urgency.TODAY: TODAY, Urgency.SILENCE: TODAY}
RULES = Rules(Policy(LADDERS, HOURS, 20, 3), KC)


EACH = {
    Whom.CASEWORKER: (DANA,),
    Whom.ON_CALL: (OMAR,),
    Whom.BACKUP: (LENA,),
    Whom.SUPERVISORS: (SAM, SUE),
    Whom.EVERYONE: (DANA, OMAR, LENA, SAM, SUE),
}
ALL = {Means.TEXT: EACH}


def by_text(*staff: int) -> tuple[tuple[int, Means], ...]:
    return tuple((each, Means.TEXT) for each in staff)


@pytest.mark.parametrize(
    ("rung", "alerted", "wait", "then"),
    [
        (0, (DANA, OMAR), 3, 1),
        (1, (DANA, OMAR), 3, 2),
        (2, (LENA,), 6, 3),
        (3, (SAM, SUE), 10, 4),
        (4, (SAM, SUE), 10, 4),
        (99, (SAM, SUE), 10, 4),
    ],
    ids=["first", "again", "backup", "supervisors", "over and over", "a ladder that was longer once"],
)
def test_the_ladder_of_now(rung: int, alerted: tuple[int, ...], wait: int, then: int) -> None:
    step = climb(Urgency.NOW, rung, ALL, at(27, 23), RULES)
    assert step == Climb(by_text(*alerted), then, at(27, 23) + minutes(wait))


def without(*gone: Whom) -> Reach:
    return {Means.TEXT: {whom: people for whom, people in EACH.items() if whom not in gone}}


@pytest.mark.parametrize(
    ("gone", "alerted", "skipped"),
    [
        ((Whom.CASEWORKER,), (OMAR,), ()),
        ((Whom.CASEWORKER, Whom.ON_CALL), (LENA,), (0, 1)),
        (
            (Whom.CASEWORKER, Whom.ON_CALL, Whom.BACKUP, Whom.SUPERVISORS),
            (DANA, OMAR, LENA, SAM, SUE),
            (0, 1, 2, 3, 4),
        ),
        (tuple(Whom), (), (0, 1, 2, 3, 4)),
    ],
    ids=["no caseworker", "nobody near", "nobody on the ladder: everyone", "nobody at all"],
)
def test_a_rung_that_reaches_nobody_is_skipped_at_once_and_said(
    gone: tuple[Whom, ...], alerted: tuple[int, ...], skipped: tuple[int, ...]
) -> None:
    step = climb(Urgency.NOW, 0, without(*gone), at(27, 23), RULES)
    assert (step.staff, step.skipped) == (alerted, skipped)
    assert step.next_at > at(27, 23)


def test_who_is_meant_twice_is_rung_once() -> None:
    reach = {Means.TEXT: {Whom.CASEWORKER: (DANA,), Whom.ON_CALL: (DANA,)}}
    assert climb(Urgency.NOW, 0, reach, at(23, 10), RULES).staff == (DANA,)


def test_a_rung_rings_by_its_means_whom_those_reach() -> None:
    twice = Ladder(
        rungs=(Rung((Whom.CASEWORKER, Whom.ON_CALL), minutes(3), (Means.TEXT, Means.CALL)),),
        again=(Rung((Whom.SUPERVISORS,), minutes(10), (Means.EMAIL,)),),
        outcome_within=timedelta(hours=2),
        grace=minutes(15),
        working_hours=False,
    )
    rules = Rules(Policy({**LADDERS, Urgency.NOW: twice}, HOURS, 20, 3), KC)
    reach = {Means.TEXT: EACH, Means.CALL: {Whom.ON_CALL: (OMAR,), Whom.EVERYONE: (OMAR,)}, Means.EMAIL: {}}
    step = climb(Urgency.NOW, 0, reach, at(23, 10), rules)
    assert step.rings == ((DANA, Means.TEXT), (OMAR, Means.TEXT), (OMAR, Means.CALL))
    mute = climb(Urgency.NOW, 1, {**reach, Means.TEXT: {}}, at(23, 10), rules)
    assert (mute.rings, mute.skipped) == (((OMAR, Means.CALL),), (1,))  # nobody reads mail here: on to the next step
    assert climb(Urgency.NOW, 0, {Means.EMAIL: {Whom.EVERYONE: (SAM,)}}, at(23, 10), rules).rings == (
        (SAM, Means.EMAIL),
    )


@pytest.mark.parametrize(
    ("rung", "when", "who", "next_at"),
    [
        (0, at(23, 10), (DANA,), at(23, 16, 30)),
        (0, at(23, 15, 20), (DANA,), at(23, 16, 30)),
        (0, at(23, 15, 40), (DANA,), at(24, 16, 30)),
        (1, at(23, 16, 30), (SAM, SUE), at(24, 9)),
        (2, at(24, 9), (DANA,), at(24, 16, 30)),
        (3, at(24, 16, 30), (SAM, SUE), at(25, 9)),
        (3, at(27, 16, 30), (SAM, SUE), at(30, 9)),
    ],
)
def test_the_ladder_of_today(rung: int, when: datetime, who: tuple[int, ...], next_at: datetime) -> None:
    step = climb(Urgency.TODAY, rung, ALL, when, RULES)
    assert (step.staff, step.next_at) == (who, next_at)


def test_after_the_last_rung_the_turns_begin_anew() -> None:
    assert [climb(Urgency.TODAY, rung, ALL, at(23, 10), RULES).rung for rung in range(5)] == [1, 2, 3, 2, 3]


def test_holidays_are_no_working_days() -> None:
    closed = Window(time(9), time(17), frozenset(range(5)), frozenset({at(26, 0).date(), at(27, 0).date()}))
    rules = Rules(Policy(LADDERS, closed, 20, 3), KC)
    assert climb(Urgency.TODAY, 1, ALL, at(25, 16, 30), rules).next_at == at(30, 9)
    assert first_look(Urgency.TODAY, at(26, 11), rules) == at(30, 9)


def test_the_first_look() -> None:
    assert first_look(Urgency.NOW, at(27, 18), RULES) == at(27, 18)
    assert first_look(Urgency.TODAY, at(27, 18), RULES) == at(30, 9)
    assert first_look(Urgency.TODAY, at(27, 11), RULES) == at(27, 11)


def test_who_took_it_is_asked_and_then_it_opens_again() -> None:
    assert asked_at(Urgency.NOW, at(27, 23), RULES) == at(28, 1)
    assert opens_again_at(Urgency.NOW, at(28, 1), RULES) == at(28, 1, 15)
    assert asked_at(Urgency.TODAY, at(23, 10), RULES) == at(26, 10)
    assert opens_again_at(Urgency.TODAY, at(26, 10), RULES) == at(27, 10)
    assert new_words_look_at(Urgency.NOW, at(27, 23), RULES) == at(28, 0)


@given(
    rung=st.integers(0, 9),
    urgency=st.sampled_from(Urgency),
    here=st.sets(st.sampled_from(Whom)),
    after=st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_it_never_ends_in_silence(rung: int, urgency: Urgency, here: set[Whom], after: timedelta) -> None:
    now = at(23, 10) + after
    step = climb(urgency, rung, {Means.TEXT: {whom: EACH[whom] for whom in here if whom in EACH}}, now, RULES)
    assert step.next_at > now
    assert step.staff or Whom.EVERYONE not in here
    assert urgency is Urgency.NOW or is_open(HOURS, step.next_at, KC)


@pytest.mark.parametrize(
    ("said_hours_ago", "danger_open", "same"),
    [(None, True, False), (1, False, True), (11, False, True), (13, False, False), (200, True, True)],
)
def test_an_episode(said_hours_ago: int | None, danger_open: bool, same: bool) -> None:
    said_at = None if said_hours_ago is None else at(23, 10) - timedelta(hours=said_hours_ago)
    assert same_episode(said_at, danger_open, at(23, 10)) is same


def test_the_promise_is_the_time_before_others_are_alerted() -> None:
    assert NOW.promise == minutes(6)
    assert replace(NOW, rungs=NOW.rungs[2:]).promise == minutes(6)
    at_once = (Rung((Whom.CASEWORKER,), minutes(0)), Rung((Whom.BACKUP,), minutes(4)))
    assert replace(NOW, rungs=at_once).promise == minutes(4), "the first time that anybody has"
    assert TODAY.promise == minutes(0), "an hour of the day is no length"
