"""Whom alerts would not reach, in sentences."""

from datetime import timedelta

from bot.cover import cover_gaps
from bot.models import OptOut, Role, Staff, WeeklyShift
from tests.world import World


def _gaps(world: World) -> list[str]:
    with world.standby.db.reading() as session:
        return list(cover_gaps(session, world.settings, world.standby.post.rules, world.now))


def _full(world: World) -> None:
    world.colleague("Omar", on_call=True)
    world.colleague("Lena", backup=True)
    world.colleague("Sam", Role.SUPERVISOR)


def test_full_cover_says_nothing(world: World) -> None:
    _full(world)
    assert _gaps(world) == []


def test_who_is_missing_is_named_before_it_hurts(world: World) -> None:
    world.colleague("Dana")
    assert [gap[:60] for gap in _gaps(world)] == [
        "Nobody who can be alerted is on call in the next two weeks: ",
        "Nobody who can be alerted is on call as backup in the next t",
        "No supervisor can be alerted: when a caseworker does not ans",
    ]


def test_a_gap_in_the_rota_is_told_with_its_hours(world: World) -> None:
    _full(world)
    with world.standby.db.writing() as session:
        tuesday = session.query(WeeklyShift).filter_by(weekday=1, staff_id=1).one()
        session.delete(tuesday)
    assert _gaps(world) == [
        "Nobody who can be alerted is on call from Tuesday, November 24 at 12:00 am until "
        "Wednesday, November 25 at 12:00 am.",
        "Nobody who can be alerted is on call from Tuesday, December 1 at 12:00 am until "
        "Wednesday, December 2 at 12:00 am.",
    ]


def test_an_absence_without_a_stand_in_is_a_gap(world: World) -> None:
    _full(world)
    world.is_away(world.phones[0], days=1)  # type: ignore[arg-type]
    assert [gap[:40] for gap in _gaps(world)] == ["Nobody who can be alerted is on call fro"]


def test_phones_that_hear_nothing_are_named(world: World) -> None:
    _full(world)
    sam, kim = world.phones[-1], world.colleague("Kim", verified=False)
    cole = world.colleague("Cole")
    with world.standby.db.writing() as session:
        hash_of_sam = session.get_one(Staff, sam.id).phone_hash or ""  # type: ignore[attr-defined]
        session.add(OptOut(address_hash=hash_of_sam, since=world.now, how="staff keyword"))
        session.get_one(Staff, cole.id).alert_failed_at = world.now - timedelta(hours=2)
    assert kim.id
    assert _gaps(world) == [
        "No supervisor can be alerted: when a caseworker does not answer, alerts go to everybody.",
        "Kim's phone gets no alerts: its code was not texted back yet.",
        "Sam texted STOP and hears no alerts. They must text START.",
        "An alert to Cole did not arrive. Check their number and phone.",
    ]
