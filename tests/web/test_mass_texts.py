"""One text to many: a preview, a send at the sender's pace, and a stop."""

import re
from collections.abc import Callable

from bot.models import Event, Participant, Role
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]


def _key(html: str) -> str:
    found = re.search(r'name="key" value="(\w{32})"', html)
    assert found
    return found[1]


def test_the_preview_says_who_gets_it_and_who_not_and_why(world: World, browses: Browses) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    ana, bo = world.participant("Ana", dana), world.participant("Bo", dana, language="es")
    world.participant("Cy", dana, consent=False)
    out, hurt = world.participant("Di", dana), world.participant("Ed", dana)
    out.texts("stop")
    hurt.texts("he hit me")
    for phone in (out, hurt, dana):
        phone.hears_all()
    browser = browses(sam)
    page = browser.posts("/many", body_en="We meet at the park on Friday").text
    assert "1 person gets it" in page
    for name, why in (("Bo", "no text in their language"), ("Cy", "no consent"), ("Di", "opted out"), ("Ed", "danger")):
        assert re.search(rf"{name} <span class=\"aside\">[^<]*{why}", page), name
    ana.hears_nothing()
    browser.posts("/many/send", body_en="We meet at the park on Friday", key=_key(page))
    world.settles()
    ana.hears("We meet at the park")
    bo.hears_nothing()


def test_each_reads_it_in_their_language_and_posted_twice_it_is_sent_once(world: World, browses: Browses) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    ana, bo = world.participant("Ana", dana), world.participant("Bo", dana, language="es")
    browser = browses(sam)
    form = {"body_en": "See you Friday", "body_es": "Nos vemos el viernes"}
    key = _key(browser.posts("/many", **form).text)
    for _ in range(2):
        browser.posts("/many/send", key=key, **form)
    world.settles()
    ana.hears("See you Friday")
    bo.hears("Nos vemos el viernes")
    with world.standby.db.reading() as session:
        assert session.query(Event).filter(Event.what == "mass_text").count() == 2


def test_it_leaves_at_the_senders_pace_and_can_be_stopped(world: World, browses: Browses) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    people = [world.participant(f"Person {number}", dana) for number in range(6)]
    slow = world.standby.settings.model_copy(update={"segments_per_second": 0.05})
    world.settings = slow
    world.starts_process()
    browser = browses(sam)
    key = _key(browser.posts("/many", body_en="See you Friday").text)
    page = browser.posts("/many/send", body_en="See you Friday", key=key).text
    assert "still wait" in page
    world.passes(seconds=45)
    said = browser.posts("/many/1/stop").text
    world.passes(minutes=10)
    heard = [person for person in people if person.heard_now()]
    assert 0 < len(heard) < 6 and f"Stopped: {6 - len(heard)} texts do not leave." in said
    for person in heard:
        person.hears("See you Friday")
    assert f"{len(heard)} of 6 sent" in browser.reads("/many/1/progress")


def test_it_leaves_out_who_is_in_danger_or_paused_by_then(world: World, browses: Browses) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    ana, bo, cy = (world.participant(name, dana) for name in ("Ana", "Bo", "Cy"))
    world.passes(hours=12)  # at night it waits for the morning
    browser = browses(sam)
    key = _key(browser.posts("/many", body_en="See you Friday").text)
    browser.posts("/many/send", body_en="See you Friday", key=key)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("in danger")
    browses(dana).posts(f"/people/{bo.id}/pause", until="2026-11-30")
    world.passes(hours=12)
    cy.hears("See you Friday")
    for person in (ana, bo):
        person.hears_nothing()
    for phone in (sam, dana):
        phone.hears_all()


def test_a_caseworker_texts_their_own_people_only(world: World, browses: Browses) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    ana, bo = world.participant("Ana", dana), world.participant("Bo", omar)
    browser = browses(dana)
    page = browser.posts("/many", body_en="See you Friday", caseworker=omar.id).text
    assert "0 people get it" in page
    page = browser.posts("/many", body_en="See you Friday").text
    browser.posts("/many/send", body_en="See you Friday", key=_key(page))
    world.settles()
    ana.hears("See you Friday")
    bo.hears_nothing()
    assert browses(omar).opens("/many/1").status_code == 404


def test_filters_choose_and_telling_words_are_pointed_at(world: World, browses: Browses) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.participant("Bo", dana)
    with world.standby.db.writing() as session:
        session.get_one(Participant, ana.id).cohort = "spring"
    browser = browses(sam)
    page = browser.posts("/many", body_en="Your probation class is on Friday", cohort="spring").text
    assert "1 person gets it" in page and "<b>probation</b>" in page
    assert "write the text first" in browser.posts("/many", body_en=" ").text
    assert browser.posts("/many/send", body_en="x", key="short").status_code == 400
