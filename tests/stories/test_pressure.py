"""The carrier is in trouble: the sender slows down in every process, danger does not wait, nothing is said twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.carrier.faults import Fault, FaultKind
from bot.core.delivery import Status
from bot.models import Message, Sender
from scheduler import tick
from tests.conftest import FLOWS, Log
from tests.world import OUR_NUMBER, World

TOO_MANY = Fault(FaultKind.REFUSE, code=20429, http_status=429)
CODES = {"overload": TOO_MANY, "outage": Fault(FaultKind.REFUSE, http_status=429, code=429)}


def attempts(world: World) -> int:
    with world.standby.db.reading() as session:
        return session.scalar(select(func.sum(Message.attempts))) or 0


def troubles(world: World) -> int:
    with world.standby.db.reading() as session:
        return session.get_one(Sender, OUR_NUMBER).troubles


@pytest.mark.parametrize("fault", CODES.values(), ids=CODES)
def test_a_carrier_in_trouble_is_tried_with_one_text_at_a_time(world: World, fault: Fault) -> None:
    dana = world.colleague("Dana")
    people = [world.participant(name, dana) for name in ("Ana", "Ben", "Cal", "Dee", "Eli")]
    world.goes_wrong(fault, times=6)
    for each in people:
        world.is_due(each, "weekly")
    world.passes(seconds=20)
    assert 3 <= attempts(world) <= 5, "at 0, 0, 1, 3 and 7 seconds, at the next tick each"
    for each in people:
        each.hears_nothing()
    world.passes(minutes=2)
    assert attempts(world) == 6 + len(people) and not troubles(world), "as soon as it is back, all leave"
    for each in people:
        each.hears("How is your week")
    world.passes(hours=1)


def test_danger_does_not_wait_for_the_carrier(world: World) -> None:
    dana = world.colleague("Dana")
    ana, others = world.participant("Ana", dana), [world.participant(f"Ben {place}", dana) for place in range(9)]
    world.goes_wrong(TOO_MANY, times=6)
    for each in others:
        world.is_due(each, "weekly")
    world.passes(seconds=40)
    assert troubles(world) == 6
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("someone may be in danger")
    for each in others:
        each.hears_nothing()
    world.passes(seconds=40)
    for each in others:
        each.hears("How is your week")
    dana.hears_all()


def test_another_process_is_held_up_too(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.goes_wrong(Fault(FaultKind.REFUSE, code=21611, http_status=400))
    world.is_due(ana, "weekly")
    world.settles()
    ben = world.participant("Ben")
    world.is_due(ben, "weekly")
    world.starts_process()
    tick(world.standby, world.now)
    ben.hears_nothing()
    assert attempts(world) == 1
    world.passes(seconds=35)
    ben.hears("How is your week")
    ana.hears("How is your week")


def test_a_rate_that_is_exceeded_slows_the_sender(world: World) -> None:
    dana = world.colleague("Dana")
    ana, ben = world.participant("Ana", dana), world.participant("Ben", dana)
    world.goes_wrong(Fault(FaultKind.FAIL, ana.number, code=30022))
    world.is_due(ana, "weekly")
    world.settles()
    world.is_due(ben, "weekly")
    world.passes(seconds=25)
    ben.hears_nothing()
    world.passes(seconds=10)
    ben.hears("How is your week")
    dana.hears_all()


@pytest.fixture
def busy(database_url: str, tmp_path: Path, log: Log) -> Iterator[World]:
    """A programme that hands over eight texts at once."""
    world = World(database_url, FLOWS, settings_over={"calls_at_once": 8})
    yield world
    world.expects_figures_in_step()
    world.ends()


def test_many_at_once_are_each_heard_once_whatever_the_carrier_does(busy: World) -> None:
    dana = busy.colleague("Dana")
    people = [busy.participant(f"Ana {place}", dana) for place in range(40)]
    for kind in (FaultKind.RESET, FaultKind.TAKE_AND_RESET, FaultKind.TAKE_AND_REFUSE, FaultKind.REFUSE):
        busy.goes_wrong(Fault(kind), times=3)
    busy.goes_wrong(Fault(FaultKind.REFUSE, people[0].number, code=21211, http_status=400))
    for each in people:
        busy.is_due(each, "weekly")
    busy.passes(minutes=40)
    heard = [len(each.hears_all()) for each in people]
    assert heard == [0] + [1] * 39
    assert busy.texts_to(people[0])[0].status is Status.REFUSED
    assert {busy.texts_to(each)[0].status for each in people[1:]} == {Status.DELIVERED}
    dana.hears_all()


def test_the_pace_holds_however_many_go_at_once(database_url: str, tmp_path: Path, log: Log) -> None:
    world = World(database_url, FLOWS, settings_over={"calls_at_once": 8, "segments_per_second": 0.2})
    dana = world.colleague("Dana")
    people = [world.participant(f"Ana {place}", dana) for place in range(20)]
    for each in people:
        world.is_due(each, "weekly")
    heard = []
    for _ in range(12):
        world.passes(seconds=5)
        heard.append(sum(len(each.hears_all()) for each in people))
    assert sum(heard) in (12, 13) and max(heard) <= 2, f"a segment in five seconds, and {heard} in five seconds each"
    world.ends()


def test_a_process_that_ends_makes_the_calls_it_has_written_down(world: World) -> None:
    """An interpreter on its way out takes no new work: without that, the answer to danger would wait ten minutes."""
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.standby.post.hands.shutdown()
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("someone may be in danger")
    world.starts_process()
