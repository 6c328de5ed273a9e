"""Nobody is texted at night, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.core.hours import on_wall_clock
from bot.core.kinds import Purpose
from bot.models import Participant
from bot.outbox import Draft, queue
from bot.people import recipient
from tests.world import Person, World

KC = "America/Chicago"
TUESDAY = date(2026, 11, 24)
SPRING, AUTUMN = date(2027, 3, 14), date(2027, 11, 7)  # the Sundays on which the clocks change


def _is_due_at(world: World, day: date, hour: time, zone: str = KC) -> Person:
    """Ana is due at this hour of her own clock, and our clock is a minute before it."""
    ana = world.participant("Ana", zone=zone)
    world.is_due(ana, "weekly", at=on_wall_clock(day, hour, zone))
    world.now = on_wall_clock(day, hour, zone) - timedelta(minutes=1)
    return ana


def _left_at(world: World, ana: Person) -> datetime | None:
    """When the question left, on Ana's clock in Kansas City."""
    return next((each.sent_at for each in world.texts_to(ana)), None)


@pytest.mark.parametrize(
    ("hour", "day_off", "leaves"),
    [(time(19, 59), 0, time(19, 59)), (time(20), 1, time(9)), (time(20, 1), 1, time(9)), (time(8, 59), 0, time(9)),
     (time(9), 0, time(9))],
)  # fmt: skip
def test_a_question_leaves_in_sending_hours(world: World, hour: time, day_off: int, leaves: time) -> None:
    _leaves(world, TUESDAY, hour, TUESDAY + timedelta(days=day_off), leaves)


@pytest.mark.parametrize("sunday", [SPRING, AUTUMN])
def test_also_when_the_clocks_change(world: World, sunday: date) -> None:
    _leaves(world, sunday - timedelta(days=1), time(20), sunday, time(9))


def _leaves(world: World, day: date, hour: time, leaves_on: date, leaves: time) -> None:
    ana = _is_due_at(world, day, hour)
    world.passes(hours=16)
    ana.hears("How is your week")
    assert _left_at(world, ana) == on_wall_clock(leaves_on, leaves, KC)


def test_everyone_has_hours_of_their_own(world: World) -> None:
    far, near = world.participant("Leilani", zone="Pacific/Honolulu"), world.participant("Ben", zone="America/New_York")
    for person in (far, near):
        world.is_due(person, "weekly")
    world.settles()  # 10:00 in Kansas City, 6:00 in Honolulu
    near.hears("How is your week")
    far.hears_nothing()
    assert world.check_ins(far) == []
    world.passes(hours=3)
    far.hears("How is your week")


def test_a_text_that_waited_overnight_leaves_in_the_morning(world: World) -> None:
    ana = world.participant("Ana")
    world.passes(hours=11)
    with world.standby.db.writing() as session:
        to = recipient(session, session.get_one(Participant, ana.id))
        assert to is not None
        queue(session, Draft(to, "See you at noon", Purpose.WRITTEN), world.now)
    world.passes(hours=11, minutes=59)
    ana.hears_nothing()
    world.passes(minutes=1)
    ana.hears("See you at noon")


def test_an_answer_comes_at_night_where_one_is_expected(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    world.passes(hours=13)
    ana.texts("im good")
    ana.hears("place to stay")


def test_an_answer_that_comes_late_waits_for_the_morning(world: World) -> None:
    ana = world.participant("Ana")
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    world.passes(hours=13)
    ana.sends("im good")
    world.carrier.run_due()
    world.dies()
    world.sleeps(minutes=30)
    world.settles()
    ana.hears_nothing()
    world.passes(hours=10)
    ana.hears("place to stay")


def test_a_week_without_a_clock_is_one_check_in_each(world: World) -> None:
    people = [world.participant(name) for name in ("Ana", "Ben", "Cleo", "Dee", "Eli", "Fay")]
    for person in people:
        world.is_due(person, "weekly", repeat_days=1)
    world.standby.post.settings.__dict__["segments_per_second"] = 0.002  # one segment in eight minutes
    world.sleeps(days=7, hours=9, minutes=30)  # 19:30
    world.passes(minutes=40)
    assert 2 <= sum(bool(each.heard_now()) for each in people) <= 5
    world.passes(hours=12, minutes=49)
    assert any(not each.heard_now() for each in people)
    world.passes(hours=2)
    for person in people:
        person.hears("How is your week")
        sent_at = world.texts_to(person)[0].sent_at
        assert sent_at is not None and sent_at.astimezone(UTC).hour >= 15 or sent_at.astimezone(UTC).hour < 2
    assert world.check_ins(people[0]) == ["weekly None"]


def test_silence_counts_from_when_the_question_left(world: World) -> None:
    ana = world.participant("Ana")
    world.passes(hours=9, minutes=59, seconds=50)  # 19:59:50
    world.standby.post.settings.__dict__["segments_per_second"] = 0.02
    ben = world.participant("Ben")
    for person in (ben, ana):
        world.is_due(person, "weekly")
    world.passes(hours=14)
    ben.hears("week")
    ana.hears("week")
    left_at = _left_at(world, ana)
    assert left_at is not None and left_at.astimezone(UTC).hour == 15
    world.now = left_at + timedelta(hours=23)
    world.settles()
    ana.hears_nothing()
    world.passes(hours=2)
    ana.hears("No rush")
    world.now = left_at + timedelta(days=2, hours=23)
    world.settles()
    assert world.check_ins(ana) == ["weekly None"]
    world.passes(hours=2)
    assert world.check_ins(ana) == ["weekly silent"]
    ben.hears_all()
