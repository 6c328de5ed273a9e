"""The clock of our machines jumps an hour, either way: nothing is lost, nothing comes twice, danger does not wait."""

from collections.abc import Callable

import pytest

from bot.carrier.faults import Fault, FaultKind
from tests.world import Colleague, Person, World

HOURS = pytest.mark.parametrize("hours", [1, -1])


@pytest.fixture
def dana(world: World) -> Colleague:
    return world.colleague("Dana")


@pytest.fixture
def ana(world: World, dana: Colleague) -> Person:
    return world.participant("Ana", dana)


@HOURS
def test_texts_that_no_webhook_brought_are_fetched(world: World, dana: Colleague, ana: Person, hours: int) -> None:
    world.clock_goes_wrong(hours=hours)
    world.passes(minutes=5)
    world.goes_wrong(Fault(FaultKind.DROP_INBOUND))
    ana.texts("he hit me")
    world.passes(minutes=1)
    ana.hears("911")
    dana.hears("danger")


@HOURS
def test_a_text_without_an_outcome_is_heard_once(world: World, ana: Person, hours: int) -> None:
    world.clock_goes_wrong(hours=hours)
    world.passes(minutes=5)
    world.goes_wrong(Fault(FaultKind.TAKE_AND_RESET))
    world.goes_wrong(Fault(FaultKind.DROP_CALLBACKS))
    world.is_due(ana, "weekly")
    world.passes(minutes=30)
    ana.hears("How is your week")
    ana.hears_nothing()
    assert world.texts_to(ana)[0].carrier_id


def test_danger_that_came_just_before_the_clock_was_set_back_rings(world: World, dana: Colleague, ana: Person) -> None:
    ana.sends("he hit me")
    world.carrier.run_due()
    world.dies()
    world.clock_goes_wrong(hours=-1)
    world.passes(minutes=2)
    ana.hears("911")
    dana.hears("danger")


def _dies_at(world: World, monkeypatch: pytest.MonkeyPatch, point: str, ana: Person) -> None:
    """Danger is texted, and the process dies where this is done for the first time."""

    def dies(*_: object, **__: object) -> None:
        raise SystemExit

    ana.sends("he hit me")
    with monkeypatch.context() as killed:
        killed.setattr(point, dies)
        world.carrier.run_due()
        with pytest.raises(SystemExit):
            world.works()
    world.dies()


@pytest.mark.parametrize(
    "point",
    ["bot.inbox._handle", "bot.alerts.escalate", "bot.alerts._escalate_together", "bot.dispatch.send_due",
     "bot.dispatch.make_ready", "bot.dispatch._write_down", "bot.carrier.twilio.TwilioCarrier.send"],
)  # fmt: skip
def test_what_a_dead_process_held_is_free_though_the_clock_was_set_back(
    world: World, dana: Colleague, ana: Person, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    _dies_at(world, monkeypatch, point, ana)
    world.clock_goes_wrong(hours=-1)
    for _ in range(4):  # the auditor's rounds
        world.passes(minutes=2)
    assert any("danger" in each for each in dana.hears_all())
    world.passes(minutes=12)
    ana.hears("911")
    ana.hears_nothing()
    dana.hears_all()


@pytest.mark.parametrize("passes", [lambda world: None, lambda world: world.passes(minutes=4)])
def test_phones_ring_on_when_the_clock_is_set_back(
    world: World, dana: Colleague, ana: Person, passes: Callable[[World], None]
) -> None:
    ana.texts("he hit me")
    ana.hears("911")
    passes(world)
    dana.hears_all()
    world.clock_goes_wrong(hours=-1)
    for _ in range(6):
        world.passes(minutes=2)
    assert 1 <= len(dana.hears_all()) <= 3
