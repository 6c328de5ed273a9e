"""Every text that staff hear about flags, word for word, and when. Codes read CODE, the ends of links LINK."""

import re
from email import message_from_bytes

from bot.arrangements import Desk
from bot.casework import Result, resolve
from bot.handovers import hand_over
from bot.models import Resolution, Role, Staff
from bot.people import hold
from tests.post_office import PostOffice
from tests.world import Colleague, Phone, World

AT = "http://standby.example"
NOW = f"Standby: NOW: someone may be in danger. Open {AT}/alerts/LINK or text back CODE to take it."
TODAY = f"Standby: someone needs an answer. Open {AT}/alerts/LINK or text back CODE to take it."
YOURS = f"Standby: it is yours. Write down what became of it, or it rings again: {AT}/alerts/LINK"
UNKNOWN_CODE = f"Standby: I do not know that code. Text back the number from the alert, or open {AT}"


def said(phone: Phone) -> list[str]:
    """What the phone heard since it was looked at last."""
    return [_plain(body) for body in phone.hears_all()]


def _plain(body: str) -> str:
    return re.sub(r"text back \d{4,6}", "text back CODE", re.sub(r"/alerts/[\w-]+", "/alerts/LINK", body))


def heard_over(world: World, phones: list[Colleague], minutes: int) -> list[tuple[int, int, str]]:
    """Which phone heard what, minute by minute: (minutes from now, place of the phone, text)."""
    found = [(0, at, text) for at, phone in enumerate(phones) for text in said(phone)]
    for minute in range(1, minutes + 1):
        world.passes(minutes=1)
        found += [(minute, at, text) for at, phone in enumerate(phones) for text in said(phone)]
    return found


def test_danger_climbs(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar", on_call=True)
    lena, sam = world.colleague("Lena", backup=True), world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    heard = heard_over(world, [dana, omar, lena, sam], minutes=33)
    when = [(minute, at) for minute, at, _ in heard]
    assert when == [(0, 0), (0, 1), (3, 0), (3, 1), (6, 2), (12, 3), (22, 3), (32, 3)]
    assert {text for _, _, text in heard} == {NOW}


def _helped(world: World, colleague: Colleague) -> None:
    with world.standby.db.writing() as session:
        staff, helped = session.get_one(Staff, colleague.id), Result(Resolution.HELPED, "")
        resolve(session, 1, staff, helped, world.now)


def test_two_take_at_once(world: World) -> None:
    dana, omar = world.colleague("Dana Ruiz"), world.colleague("Omar", on_call=True)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    codes = dana.code(), omar.code()
    for phone, code in zip((dana, omar), codes, strict=True):
        phone.sends(code)
    world.settles()
    assert said(dana) == [YOURS]
    assert said(omar) == ["Standby: Dana already has it."]
    dana.texts(codes[0])
    assert said(dana) == ["Standby: you already have it."]
    omar.texts("0000" if "0000" not in codes else "0001")
    assert said(omar) == [UNKNOWN_CODE]
    omar.texts("on my way")
    assert said(omar) == [UNKNOWN_CODE]


def test_a_late_code_and_another_ones(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    code = dana.code()
    omar.texts(code)
    assert said(omar) == [UNKNOWN_CODE]
    stranger = world.stranger()
    stranger.texts(code)
    stranger.hears_nothing()
    assert world.flags(ana) == ["safety now open"]
    dana.texts(code)
    assert said(dana)[-1] == YOURS
    _helped(world, dana)
    dana.texts(code)
    assert said(dana) == ["Standby: that one is closed. Nothing left to do."]
    world.passes(days=31)
    for phone in (dana, omar, ana):
        phone.hears_all()
    dana.texts(code)
    assert said(dana) == [UNKNOWN_CODE]


def test_taken_without_an_outcome(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.texts(dana.code())
    assert said(dana) == [YOURS]
    world.passes(minutes=119)
    dana.hears_nothing()
    world.passes(minutes=1)
    assert said(dana) == [
        "Standby: what became of the one you took? Write it down by Monday, November 23 at 12:15 pm, or it rings "
        f"again: {AT}/flags/1"
    ]
    world.passes(minutes=15)
    assert said(dana) == [NOW]
    assert world.flags(ana) == ["safety now open"]


def test_several_needs_of_one_person(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("i need a place to sleep and a job")
    assert said(dana) == [TODAY.replace("answer.", "answer (2 items).")]
    ana.hears_all()


def test_the_morning_after(world: World) -> None:
    dana = world.colleague("Dana")
    ana, bo = world.participant("Ana", dana), world.participant("Bo", dana)
    world.passes(hours=12)
    for person in (ana, bo):
        person.texts("i have no food")
        person.hears_all()
    assert said(dana) == []
    world.passes(hours=11)  # to nine in the morning
    assert said(dana)[0] == (
        f"Standby: 2 people need an answer. Open {AT}/alerts/LINK or text back CODE to take them all."
    )
    ana.hears_all()


def test_what_nobody_answered_by_the_end_of_the_day(world: World) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    ana.texts("i need a place to sleep")
    ana.hears_all()
    assert said(dana) == [TODAY]
    heard = heard_over(world, [dana, sam], minutes=8 * 60)
    assert heard == [(390, 1, TODAY)], "16:30, half an hour before closing"


def test_somebody_went_quiet(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly", repeat_days=7)
    world.passes(days=24)
    ana.hears_all()
    heard = said(dana)
    quiet = f"Standby: someone has gone quiet. Open {AT}/alerts/LINK or text back CODE to take it."
    assert heard and set(heard) == {quiet}


def test_a_phone_is_confirmed_and_stopped(world: World) -> None:
    sam, lou = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Lou", Role.SUPERVISOR)
    dana = world.colleague("Dana Ruiz")
    dana.texts("STOP")
    told = f"Standby: Dana texted STOP and hears no alerts, until they text START. The rota: {AT}/rota"
    assert said(sam) == said(lou) == [told]
    dana.texts("STOP")
    assert said(sam) == said(lou) == [], "told once"
    dana.texts("START")
    dana.hears_all()
    dana.texts("no more")
    assert said(dana) == ["Standby: alerts go on. Text STOP to end alerts to this phone."]
    sam.hears_nothing()


def test_a_person_is_handed_over(world: World) -> None:
    dana, eli = world.colleague("Dana Ruiz"), world.colleague("Eli")
    ana = world.participant("Ana", dana)
    with world.standby.db.writing() as session:
        person, staff, shelf = hold(session, ana.id), session.get_one(Staff, dana.id), world.standby.shelf
        desk = Desk(session, world.settings, world.standby.post.rules, shelf, person, staff, world.now)
        hand_over(desk, eli.id, tell=False)
    world.settles()
    assert said(eli) == [f"Standby: Dana handed somebody over to you: {AT}/people/{ana.id}"]


def test_a_call_and_a_letter(world: World) -> None:
    with PostOffice() as office:
        path = world.flows / "escalation.toml"
        step = 'whom = ["caseworker", "on_call"]'
        path.write_text(path.read_text().replace(step, f'{step}\nby = ["text", "call", "email"]', 1))
        world.settings = world.settings.model_copy(update={"mail_url": office.url, "mail_from": "standby@example.org"})
        world.starts_process()
        dana = world.colleague("Dana")
        ana = world.participant("Ana", dana)
        ana.texts("he hit me")
        ana.hears("911")
        assert said(dana) == [NOW]
        assert dana.picks_up("1").startswith("This is Standby. Someone may be in danger. Press 1 to take it.")
        letter = message_from_bytes(office.letters[0])
        assert letter["Subject"] == "Standby: NOW: someone may be in danger"
        body = f"Standby: NOW: someone may be in danger. Open {AT}/alerts/LINK to take it."
        assert _plain(letter.get_payload(decode=True).decode().strip()) == body
        dana.hears_all()


def test_more_than_a_number_may_ring(world: World) -> None:
    """From the twenty-first alert of an hour on, the next step rings at once."""
    dana, lena = world.colleague("Dana"), world.colleague("Lena", backup=True)
    people = [world.participant(f"Person {at}", dana) for at in range(22)]
    for person in people:
        person.texts("he hit me")
        person.hears("911")
    heard = said(dana)
    assert len(heard) == 20 and set(heard) == {NOW}
    assert said(lena) == [NOW, NOW]
