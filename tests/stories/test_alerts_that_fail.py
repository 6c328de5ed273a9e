"""Alerts that do not arrive, phones that answer by themselves, and colleagues who say "no more"."""

import pytest

from bot.carrier.faults import Fault, FaultKind
from bot.cover import cover_gaps
from bot.models import Role
from tests.world import World


def test_where_an_alert_is_refused_the_next_rung_rings_at_once(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar", backup=True)
    ana = world.participant("Ana", dana)
    world.goes_wrong(Fault(FaultKind.REFUSE, handset=dana.number, http_status=400, code=21614), times=9)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears_nothing()
    omar.hears("danger")
    with world.standby.db.reading() as session:
        gaps = cover_gaps(session, world.settings, world.standby.post.rules, world.now)
    assert any("did not arrive" in gap for gap in gaps)


def test_where_nobody_tells_that_an_alert_did_not_arrive_the_carrier_is_asked(world: World) -> None:
    """The callback is lost, as while our web is started anew. Otherwise the backup would be rung after six minutes."""
    dana, omar = world.colleague("Dana"), world.colleague("Omar", backup=True)
    ana = world.participant("Ana", dana)
    world.goes_wrong(Fault(FaultKind.UNDELIVER, handset=dana.number, code=30003))
    world.goes_wrong(Fault(FaultKind.DROP_CALLBACKS, handset=dana.number))
    ana.texts("he hit me")
    ana.hears("911")
    omar.hears_nothing()
    world.passes(minutes=2)
    omar.hears("danger")


def test_an_alert_that_arrived_is_not_asked_about(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.texts(dana.code())
    dana.hears("it is yours")
    monkeypatch.setattr(world.standby.post.carrier, "find", lambda *_: 1 // 0)
    world.passes(minutes=20)


def test_where_somebody_else_heard_it_the_ladder_keeps_its_pace(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar", on_call=True)
    ana = world.participant("Ana", dana)
    world.goes_wrong(Fault(FaultKind.REFUSE, handset=dana.number, http_status=400, code=21614), times=9)
    ana.texts("he hit me")
    ana.hears("911")
    omar.hears("danger")
    omar.hears_nothing()
    world.passes(minutes=3)
    omar.hears("danger")


def test_where_the_only_supervisor_cannot_be_reached_everybody_is_rung(world: World) -> None:
    world.colleague("Sam", Role.SUPERVISOR)
    sam = world.phones[-1]
    cole = world.colleague("Cole")
    ana = world.participant("Ana")
    world.goes_wrong(Fault(FaultKind.UNDELIVER, handset=sam.number, code=30005), times=50)
    ana.texts("he hit me")
    ana.hears("911")
    cole.hears("danger")
    world.passes(minutes=60)
    assert 4 <= len(cole.hears_all()) <= 8


def test_where_no_phone_can_be_reached_the_ladder_keeps_its_pace(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.goes_wrong(Fault(FaultKind.UNDELIVER, handset=dana.number, code=30003), times=50)
    ana.texts("he hit me")
    ana.hears("911")
    world.passes(minutes=60)
    assert 5 <= len(world.texts_to(dana)) <= 10


def test_a_phrase_does_not_end_a_colleagues_alerts(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    dana.texts("no more")
    dana.hears("alerts go on", "STOP")
    ana.texts("he is at my door with a gun")
    ana.hears("911")
    dana.hears("danger")


def test_a_colleague_who_stops_hands_the_alert_on_at_once(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar", backup=True)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("danger")
    dana.texts("STOP")
    dana.hears("unsubscribed")
    omar.hears("danger")


def test_a_phone_that_answers_by_itself_is_answered_twice_and_then_left(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    for _ in range(5):
        dana.texts("I'm driving with Focus on. I'll see your message later.")
    assert len(dana.hears_all()) == 2
    for _ in range(5):
        ana.texts("cant talk, call me later")
    assert len(ana.hears_all()) == 2
    dana.hears_all()


def test_more_words_on_a_taken_flag_open_it_within_the_hour(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("a green lamp and seven spoons")
    dana.texts(dana.code())
    dana.hears("it is yours")
    ana.texts("the purple monkey dishwasher")
    assert world.flags(ana) == ["read today acknowledged"]
    world.passes(minutes=61)
    assert world.flags(ana) == ["read today open"]
    dana.hears("needs an answer")
