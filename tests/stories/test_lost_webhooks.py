"""The carrier cannot reach our web, and tries no second time: its own record still has every text."""

import pytest

from bot.carrier.faults import Fault, FaultKind
from bot.core.delivery import Status
from bot.core.kinds import Lane
from tests.world import World


def test_a_text_that_no_webhook_brought_is_fetched(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.passes(minutes=1)
    world.goes_wrong(Fault(FaultKind.DROP_INBOUND))
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("someone may be in danger")
    assert [message.lane for message in world.texts_from(ana)] == [Lane.NOW]


def test_a_fetched_text_is_not_taken_twice(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    ana.texts("im good")
    world.passes(minutes=30)
    assert len(world.texts_from(ana)) == 1


def test_after_a_long_outage_everything_that_came_in_is_fetched(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.passes(minutes=1)
    world.goes_wrong(Fault(FaultKind.DROP_INBOUND), times=2)
    ana.sends("i need a ride to work")
    world.carrier.run_due()
    world.sleeps(hours=5)
    ana.sends("he hit me")
    world.carrier.run_due()
    world.sleeps(hours=30)
    world.settles()
    assert len(world.texts_from(ana)) == 2
    ana.hears_all()
    dana.hears_all()


@pytest.mark.parametrize(
    ("fate", "status"),
    [(None, Status.DELIVERED), (Fault(FaultKind.UNDELIVER, code=30005), Status.UNDELIVERED)],
)
def test_an_end_that_no_callback_told_is_asked_for(world: World, fate: Fault | None, status: Status) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.goes_wrong(Fault(FaultKind.DROP_CALLBACKS))
    if fate:
        world.goes_wrong(fate)
    world.is_due(ana, "weekly")
    world.passes(hours=4)
    assert world.texts_to(ana)[0].status is Status.TAKEN
    world.passes(hours=2)
    text = world.texts_to(ana)[0]
    assert (text.status, text.error_code) == (status, fate.code if fate else None)
    assert world.flags(ana) == (["unreachable today open"] if fate else [])
    if not fate:
        ana.hears("How is your week")
    dana.hears_all()
