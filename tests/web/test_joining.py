"""A number that nobody was known at turns out to be a participant's."""

from collections.abc import Callable

import pytest

from bot.inbox import Incoming
from bot.models import Danger, Event, Flag, FlagState, Mark, Message, OptOut, Participant, Role
from tests.web.conftest import Browser
from tests.world import Colleague, Person, Phone, World

Browses = Callable[[Colleague], Browser]


@pytest.fixture
def dana(world: World) -> Colleague:
    """Ana's caseworker, on call: she hears of unknown numbers too."""
    return world.colleague("Dana", on_call=True)


def asks(dana: Colleague, phone: Phone, text: str) -> None:
    phone.texts(text)
    dana.hears_all()


def unknown_flag(world: World) -> int:
    with world.standby.db.reading() as session:
        return session.query(Flag).filter(Flag.kind == "unknown").one().id


def joins(world: World, browser: Browser, person: Person) -> str:
    return browser.posts(f"/numbers/{unknown_flag(world)}/join", participant_id=str(person.id)).text


def test_texts_and_flags_go_to_the_person(world: World, browses: Browses, dana: Colleague) -> None:
    ana, new = world.participant("Ana", dana), world.stranger()
    asks(dana, new, "need food for my kids")
    browser = browses(dana)
    assert f'<option value="{ana.id}">Ana</option>' in browser.reads(f"/numbers/{unknown_flag(world)}")
    page = joins(world, browser, ana)
    assert "The number is theirs now" in page and "for my kids" in page and "not texted: no consent for it" in page
    assert world.flags(ana) == ["basics today open"] and not world.flags()
    with world.standby.db.reading() as session:
        assert {each.participant_id for each in session.query(Message).filter(Message.direction == "in")} == {ana.id}
        events = session.query(Event).filter(Event.what == "number_joined")
        assert [(each.staff_id, each.participant_id) for each in events] == [(dana.id, ana.id)]
    dana.hears_all()
    asks(dana, new, "thanks so much for the food")
    assert world.texts_from(new)[-1].participant_id == ana.id and not world.flags()


def test_new_words_reach_who_has_the_flag_already(world: World, browses: Browses, dana: Colleague) -> None:
    """Taken for what the person said: of what the joined number said, its taker is told."""
    ana, new = world.participant("Ana", dana), world.stranger()
    ana.texts("i need a place to sleep")
    dana.texts(dana.code())
    dana.hears_all()
    ana.hears_all()
    asks(dana, new, "they put us out, i need a place to sleep")
    joins(world, browses(dana), ana)
    assert world.flags(ana) == ["housing today acknowledged"]
    world.passes(hours=1)
    assert world.flags(ana) == ["housing today open"]
    dana.hears("needs an answer")
    dana.hears_all()


def test_nothing_is_texted_there_until_they_agree(world: World, browses: Browses, dana: Colleague) -> None:
    ana, new = world.participant("Ana", dana, consent=False), world.stranger()
    asks(dana, new, "new phone who dis")
    browser = browses(dana)
    joins(world, browser, ana)
    world.is_due(ana, "weekly")
    world.settles()
    new.hears_nothing()
    assert "At which number?" in browser.reads(f"/people/{ana.id}")
    with world.standby.db.reading() as session:
        second = session.get_one(Participant, ana.id).addresses[1].id
    form = {"address_id": str(second), "method": "spoken", "given_on": "2026-11-23", "flow": ""}
    browser.posts(f"/people/{ana.id}/consent", **form)
    world.settles()
    new.hears("STOP")
    new.hears("911")
    ana.hears_nothing()
    dana.hears_all()


def test_danger_from_the_number_rings_in_the_persons_own_flag(world: World, browses: Browses, dana: Colleague) -> None:
    ana, new = world.participant("Ana", dana), world.stranger()
    asks(dana, ana, "he hit me")
    ana.hears("911")
    browser = browses(dana)
    with world.standby.db.reading() as session:
        own = session.query(Flag).one().id
    browser.posts(f"/flags/{own}/take")
    asks(dana, new, "he hit me")
    joins(world, browser, ana)
    world.settles()
    assert dana.hears_all(), "danger that nobody had taken rings on"
    assert world.flags(ana) == ["safety now open"] and not world.flags()
    with world.standby.db.reading() as session:
        said = session.query(Mark).filter(Mark.flag_id == own).all()
        assert len({each.message_id for each in said}) == 2
        absorbed = session.query(Flag).filter(Flag.kind == "safety", Flag.id != own).one()
        assert (absorbed.state, absorbed.participant_id) == (FlagState.RESOLVED, ana.id)


def test_danger_that_both_told_of_waits_once(world: World, browses: Browses, dana: Colleague) -> None:
    ana, new = world.participant("Ana", dana), world.stranger()
    asks(dana, ana, "he hit me")
    ana.hears("911")
    since = world.now
    world.passes(minutes=1)
    asks(dana, new, "he hit me")
    joins(world, browses(dana), ana)
    with world.standby.db.reading() as session:
        assert [each.since for each in session.query(Danger).filter(Danger.taken_at.is_(None))] == [since]
    world.settles()
    dana.hears_all()


def test_an_alert_about_the_number_leads_to_the_person(world: World, browses: Browses, dana: Colleague) -> None:
    ana, new = world.participant("Ana", dana), world.stranger()
    asks(dana, ana, "i need a place to sleep")
    ana.hears_all()
    new.texts("i need a place to sleep")
    link = dana.hears("answer").split("standby.example")[1].split()[0]
    browser = browses(dana)
    joins(world, browser, ana)
    assert browser.opens(link).request.path == f"/people/{ana.id}"
    assert world.flags(ana) == ["housing today open"]
    dana.hears_all()


def test_a_new_number_of_who_opted_out_is_closed_too(world: World, browses: Browses, dana: Colleague) -> None:
    ana, new = world.participant("Ana", dana), world.stranger()
    asks(dana, ana, "stop")
    ana.hears_all()
    asks(dana, new, "its ana on my sisters phone")
    page = joins(world, browses(dana), ana)
    assert "an opt-out is on record" in page and "Opted out" in page
    with world.standby.db.reading() as session:
        assert session.query(OptOut).filter(OptOut.until.is_(None)).count() == 2
    dana.hears_all()


def test_a_stop_from_the_number_is_the_persons_own(world: World, browses: Browses, dana: Colleague) -> None:
    ana, new = world.participant("Ana", dana), world.stranger()
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears_all()
    asks(dana, new, "stop")
    new.hears_all()
    browser = browses(dana)
    assert "This number asked for no more texts" in browser.reads(f"/numbers/{unknown_flag(world)}")
    assert "Opted out" in joins(world, browser, ana)
    assert world.check_ins(ana) == ["weekly stopped"]
    world.passes(days=8)
    ana.hears_nothing()
    dana.hears_all()


def test_caseworkers_join_to_own_people_supervisors_to_all(world: World, browses: Browses, dana: Colleague) -> None:
    omar, sam = world.colleague("Omar"), world.colleague("Sam", Role.SUPERVISOR)
    bo, new = world.participant("Bo", omar), world.stranger()
    asks(dana, new, "hello who is this")
    browser, path = browses(dana), f"/numbers/{unknown_flag(world)}"
    assert "Bo</option>" not in browser.reads(path)
    assert browser.posts(f"{path}/join", participant_id=str(bo.id)).status_code == 403
    assert browses(omar).posts(f"{path}/join", participant_id=str(bo.id)).status_code == 403
    assert browses(world.colleague("Ad", Role.ADMIN)).posts(f"{path}/join").status_code == 403
    assert not world.flags(bo)
    assert "Bo</option>" in browses(sam).reads(path)
    assert "The number is theirs now" in joins(world, browses(sam), bo)
    for each in (dana, omar, sam):
        each.hears_all()


def test_what_cannot_be_joined_is_said(world: World, browses: Browses, dana: Colleague) -> None:
    ana, browser = world.participant("Ana", dana), browses(dana)
    world.standby.take_in(Incoming("sms", "SM1", "BANK", "your code"))
    world.settles()
    dana.hears_all()
    assert "no phone number" in joins(world, browser, ana)
    path = f"/numbers/{unknown_flag(world)}/join"
    assert "Choose whose number it is" in browser.posts(path, participant_id="").text
    assert browser.posts(path, participant_id="99").status_code == 404
    assert browser.posts("/numbers/99/join", participant_id=str(ana.id)).status_code == 404
    assert world.flags() == ["unknown today open"]


def test_a_number_is_joined_once(world: World, browses: Browses, dana: Colleague) -> None:
    ana, bo, new = world.participant("Ana", dana), world.participant("Bo", dana), world.stranger()
    asks(dana, new, "new phone, its me")
    browser, path = browses(dana), f"/numbers/{unknown_flag(world)}/join"
    joins(world, browser, ana)
    assert "belongs to a participant already" in browser.posts(path, participant_id=str(bo.id)).text
    assert world.texts_from(new)[0].participant_id == ana.id
    dana.hears_all()
