"""The carrier cannot reach our web, and tries no second time: its own record still has every text."""

from bot.carrier.faults import Fault, FaultKind
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
