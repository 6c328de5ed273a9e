"""The carrier cannot reach our web, and tries no second time: its own record still has every text."""

from datetime import datetime, timedelta

import pytest

from bot.carrier import CarrierError, OutgoingText, Taken
from bot.carrier.faults import Fault, FaultKind
from bot.core.delivery import Status
from bot.core.kinds import Lane
from bot.deliveries import learn_ends
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


def test_where_the_carrier_cannot_be_asked_for_ends_the_rest_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question may cost ten seconds, and the clock could not be stopped meanwhile."""
    people = [world.participant(f"Ana {place}") for place in range(30)]
    world.goes_wrong(Fault(FaultKind.DROP_CALLBACKS), times=30)
    for each in people:
        world.is_due(each, "weekly")
    world.passes(hours=4)
    asked = []

    def away(_text: OutgoingText, _since: datetime) -> list[Taken]:
        asked.append(1)
        raise CarrierError("nobody there")

    with monkeypatch.context() as broken:
        broken.setattr(world.standby.post.carrier, "find", away)
        world.now += timedelta(hours=2)
        assert learn_ends(world.standby.post, world.now) == 0
    assert len(asked) == 1
    world.passes(minutes=5)
    assert {world.texts_to(each)[0].status for each in people} == {Status.DELIVERED}
    for each in people:
        each.hears("How is your week")
