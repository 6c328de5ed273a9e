"""Somebody is in danger and says so."""

from bot.models import Role
from tests.world import World


def test_danger_reaches_the_caseworker_at_once(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911", "988")
    dana.hears("someone may be in danger", "text back")
    assert world.flags(ana) == ["safety now open"]


def test_texting_the_code_back_takes_it(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.texts(dana.code())
    dana.hears("it is yours")
    assert world.flags(ana) == ["safety now acknowledged"]
    world.passes(hours=1)


def test_an_unanswered_alert_climbs_and_keeps_ringing(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar", on_call=True)
    sam = world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("danger")
    omar.hears_nothing()
    world.passes(minutes=3)
    omar.hears("danger")
    sam.hears_nothing()
    world.passes(minutes=4)
    sam.hears("danger")
    world.passes(minutes=5)
    sam.hears("danger")
    world.passes(minutes=30)
    assert len(sam.hears_all()) == 3
