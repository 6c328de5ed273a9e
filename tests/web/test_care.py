"""Handing over, another number, two entries that are one person, a check-in out of turn."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.models import Address, CheckIn, Consent, Flag, FlagState, Handover, Message, Participant, Plan, Role, StudyId
from tests.web.conftest import Browser
from tests.world import Colleague, Person, World

Browses = Callable[[Colleague], Browser]


def test_a_handover_is_told_to_the_colleague_and_to_the_person_if_wanted(world: World, browses: Browses) -> None:
    dana, eli = world.colleague("Dana"), world.colleague("Eli Stone")
    ana = world.participant("Ana", dana, language="es")
    browser = browses(dana)
    answer = browser.posts(f"/people/{ana.id}/worker", worker=eli.id, tell="yes")
    assert "They are with Eli Stone now, and a text tells them." in answer.text
    world.settles()
    ana.hears("Desde ahora hable con Eli")
    eli.hears("Dana handed somebody over to you", f"/people/{ana.id}")
    assert browser.opens(f"/people/{ana.id}").status_code == 403  # hers no more
    assert "With Eli Stone from here on, before with Dana." in browses(eli).reads(f"/people/{ana.id}/talk")


def test_open_flags_ring_the_new_caseworker(world: World, browses: Browses) -> None:
    dana, eli = world.colleague("Dana"), world.colleague("Eli")
    ana = world.participant("Ana", dana)
    ana.texts("i need a job")
    ana.hears_all()
    dana.hears("answer")
    browses(dana).posts(f"/people/{ana.id}/worker", worker=eli.id)
    world.settles()
    heard = " ".join(eli.hears_all())
    assert "handed somebody over" in heard and "someone needs an answer" in heard
    ana.hears_nothing()


def test_a_handover_to_nobody_or_to_the_same_changes_nothing(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    for worker in ("", "999", dana.id):
        assert "Nothing was changed." in browser.posts(f"/people/{ana.id}/worker", worker=worker).text
    with world.standby.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Handover)) == 0


def _text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def _changes_number(world: World, browser: Browser, person: Person, number: str, **form: str) -> str:
    with world.standby.db.reading() as session:
        address = session.scalars(select(Address).where(Address.participant_id == person.id)).first()
        assert address is not None
        told = {"address_id": address.id, "number": number, **form}
    return browser.posts(f"/people/{person.id}/number", **told).text


def test_a_new_number_is_texted_and_the_old_one_never_again(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, new = world.participant("Ana", dana), world.stranger()
    browser = browses(dana)
    browser.posts(f"/people/{ana.id}/texts", body="for the old phone", when="later", leave_at="2026-11-25T09:30")
    said = _changes_number(world, browser, ana, new.number, method="spoken", given_on="2026-11-23")
    assert "Nothing goes to the old one any more" in said
    browser.posts(f"/people/{ana.id}/texts", body="Is this you?")
    world.passes(days=3)
    new.hears("Is this you?")
    ana.hears_nothing()
    ana.texts("who is this")  # whoever has it now is a stranger
    assert world.flags()[0].startswith("unknown")
    dana.hears_all()
    with world.standby.db.reading() as session:
        revoked = session.scalars(select(Consent.revoked_how).where(Consent.revoked_at.is_not(None))).all()
        assert revoked == ["number changed"]


def test_a_number_without_consent_is_kept_and_not_texted(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, new = world.participant("Ana", dana), world.stranger()
    browser = browses(dana)
    assert "until you record consent" in _changes_number(world, browser, ana, new.number)
    assert browser.posts(f"/people/{ana.id}/texts", body="hello").status_code == 422
    new.hears_nothing()


def test_an_opt_out_goes_with_the_person(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, new = world.participant("Ana", dana), world.stranger()
    ana.texts("stop")
    ana.hears_all()
    dana.hears_all()
    browser = browses(dana)
    said = _changes_number(world, browser, ana, new.number, method="spoken", given_on="2026-11-23")
    assert "Nothing was changed. They asked for no more texts" in said
    _changes_number(world, browser, ana, new.number)
    assert "Opted out" in browser.reads(f"/people/{ana.id}")


def test_a_strangers_wrong_number_does_not_close_the_right_one(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, new = world.participant("Ana", dana), world.stranger()
    ana.texts("wrong number")  # it was typed in wrongly
    ana.hears_all()
    dana.hears_all()
    browser = browses(dana)
    _changes_number(world, browser, ana, new.number, method="spoken", given_on="2026-11-23")
    browser.posts(f"/people/{ana.id}/texts", body="Is this you?")
    world.settles()
    new.hears("Is this you?")
    ana.hears_nothing()


def test_who_waited_for_an_answer_waits_on_if_it_went_to_the_old_number(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, new = world.participant("Ana", dana), world.stranger()
    ana.texts("i need a place to sleep")
    for phone in (ana, dana):
        phone.hears_all()
    world.passes(hours=12)  # at night a text waits for the morning
    browser = browses(dana)
    browser.posts(f"/people/{ana.id}/texts", body="We have a bed")
    _changes_number(world, browser, ana, new.number, method="spoken", given_on="2026-11-23")
    assert "They wait for an answer" in browser.reads(f"/people/{ana.id}")
    dana.hears_all()


@pytest.mark.parametrize(
    ("number", "why"),
    [("12", "too few or too many digits"), ("abc", "is no phone number"), ("staff", "a member of staff"),
     ("other", "another participant"), ("same", "on record already")],
)  # fmt: skip
def test_a_number_that_cannot_be_is_refused(world: World, browses: Browses, number: str, why: str) -> None:
    dana = world.colleague("Dana")
    ana, bo = world.participant("Ana", dana), world.participant("Bo", dana)
    told = {"staff": dana.number, "other": bo.number, "same": ana.number}.get(number, number)
    assert why in _changes_number(world, browses(dana), ana, told)


def test_what_a_number_texted_before_comes_along(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, new = world.participant("Ana", dana), world.stranger()
    new.texts("its ana i got a new phone")
    dana.hears_all()
    browser = browses(dana)
    _changes_number(world, browser, ana, new.number, method="spoken", given_on="2026-11-23")
    assert "i got a new phone" in browser.reads(f"/people/{ana.id}")
    with world.standby.db.reading() as session:
        assert session.scalars(select(Address.value)).all() == [new.number]


def test_two_entries_become_one_person(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, double = world.participant("Ana", dana), world.participant("Anna", dana)
    world.is_due(ana, "weekly", repeat_days=7, at=world.now.replace(day=27))
    world.is_due(double, "weekly", repeat_days=7, at=world.now.replace(day=26))
    for person in (ana, double):
        world.is_due(person, "welcome", at=world.now.replace(day=26))
    for person, words in ((ana, "i need a job"), (double, "i need a job please"), (double, "he hit me")):
        person.texts(words)
        person.hears_all()
    dana.hears_all()
    browser = browses(dana)
    browser.posts(f"/people/{double.id}/notes", note="Same birthday as Ana")
    assert "tick that they are one person" in browser.posts(f"/people/{ana.id}/merge", double=double.id).text
    assert "The two are one now" in browser.posts(f"/people/{ana.id}/merge", double=double.id, sure="yes").text
    page = _text_of(browser.reads(f"/people/{ana.id}"))
    for said in ("he hit me", "please", "Same birthday as Ana"):
        assert said in page
    assert world.flags(ana) == ["job today open", "safety now open"]
    assert browser.opens(f"/people/{double.id}").status_code == 404
    with world.standby.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Participant)) == 1
        assert session.scalar(select(func.count()).select_from(Plan).where(Plan.repeat_days.is_not(None))) == 1
        assert session.scalar(select(func.count()).select_from(Plan).where(Plan.flow_name == "welcome")) == 1
        assert set(session.scalars(select(Message.participant_id))) <= {ana.id, None}
    double.texts("its still me")
    dana.hears_all()
    double.hears_all()
    assert "its still me" in browser.reads(f"/people/{ana.id}")


def test_the_same_appointment_of_both_entries_is_reminded_of_once(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, double = world.participant("Ana", dana), world.participant("Anna", dana)
    browser = browses(dana)
    for person in (ana, double):
        assert "10:30" in browser.posts(f"/people/{person.id}/appointments", day="2026-11-26", hour="10:30").text
    browser.posts(f"/people/{double.id}/appointments", day="2026-11-27", hour="10:30")
    for person, day in ((ana, 28), (double, 30)):
        world.is_due(person, "weekly", at=world.now.replace(day=day))
    browser.posts(f"/people/{ana.id}/merge", double=double.id, sure="yes")
    with world.standby.db.reading() as session:
        plans = session.scalars(select(Plan).where(Plan.next_check_in_at.is_not(None))).all()
        reminders = [each for each in plans if each.flow_name != "weekly"]
        assert len(plans) - len(reminders) == 2, "two check-ins out of turn on two days stay two"
        assert sorted(each.given["appointment_at"][:10] for each in reminders) == ["2026-11-26", "2026-11-27"]


def test_an_opt_out_of_either_closes_both(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, double = world.participant("Ana", dana), world.participant("Anna", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    double.texts("stop")
    double.hears_all()
    dana.hears_all()
    browser = browses(dana)
    browser.posts(f"/people/{ana.id}/merge", double=double.id, sure="yes")
    assert "Opted out" in browser.reads(f"/people/{ana.id}")
    with world.standby.db.reading() as session:
        assert session.scalars(select(CheckIn.outcome)).all() == ["stopped"]


def test_of_two_that_become_one_the_study_id_of_the_double_goes(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, double = world.participant("Ana", dana), world.participant("Anna", dana)
    with world.standby.db.writing() as session:
        session.add_all(StudyId(participant_id=each.id, study_id=f"p{each.id}", shift_days=3) for each in (ana, double))
    browses(dana).posts(f"/people/{ana.id}/merge", double=double.id, sure="yes")
    with world.standby.db.reading() as session:
        assert session.scalars(select(StudyId.study_id)).all() == [f"p{ana.id}"]


def test_only_who_looks_after_both_merges_them(world: World, browses: Browses) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    ana, other = world.participant("Ana", dana), world.participant("Anna", omar)
    assert browses(dana).posts(f"/people/{ana.id}/merge", double=other.id, sure="yes").status_code == 403
    sam = browses(world.colleague("Sam", Role.SUPERVISOR))
    sam.posts(f"/people/{ana.id}/merge", double=other.id, sure="yes")
    with world.standby.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Participant)) == 1
        assert session.scalar(select(func.count()).select_from(Flag).where(Flag.state == FlagState.OPEN)) == 0


def test_the_next_check_in_is_told_as_it_will_be(world: World, browses: Browses) -> None:
    """Asked for at night, it waits for the morning, and no page shows a time that is over."""
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.passes(hours=12)
    browser = browses(dana)
    assert "unless it is night with them" in browser.posts(f"/people/{ana.id}/check-in", flow="weekly").text
    world.settles()
    ana.hears_nothing()
    assert "Next check-in: Tue Nov 24, 9:00 am" in browser.reads(f"/people/{ana.id}")
    assert "Tue Nov 24" in browser.reads("/")
    world.passes(hours=12)
    ana.hears("How is your week")


def test_what_is_planned_for_the_night_is_told_as_the_morning(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly", at=world.now + timedelta(hours=12))
    assert "Next check-in: Tue Nov 24, 9:00 am" in browses(dana).reads(f"/people/{ana.id}")
    assert "Tue Nov 24" in browses(dana).reads("/")


def test_a_check_in_out_of_turn_begins_now_or_then(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, bo = world.participant("Ana", dana), world.participant("Bo", dana)
    browser = browses(dana)
    assert "begins within a minute" in browser.posts(f"/people/{ana.id}/check-in", flow="weekly").text
    assert "It is not begun twice" in browser.posts(f"/people/{ana.id}/check-in", flow="weekly").text
    world.settles()
    ana.hears("How is your week")
    assert "It is not begun twice" in browser.posts(f"/people/{ana.id}/check-in", flow="weekly").text
    later = browser.posts(f"/people/{bo.id}/check-in", flow="weekly", day="2026-11-24", hour="11:00")
    assert "begins Tue Nov 24, 11:00 am" in later.text
    again = browser.posts(f"/people/{bo.id}/check-in", flow="weekly", day="2026-11-24", hour="11:00")
    assert "It is not begun twice" in again.text
    world.passes(hours=20)
    bo.hears_nothing()
    world.passes(hours=6)
    bo.hears("How is your week")
    for form in ({"flow": "none"}, {"flow": "weekly", "day": "2026-11-01", "hour": "11:00"}):
        assert "Nothing was changed" in browser.posts(f"/people/{bo.id}/check-in", **form).text
    ana.hears_all()
