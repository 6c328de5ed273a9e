"""A conversation between people: who waits, who has the word, notes, texts for later and for the night."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.core.delivery import Status
from bot.models import Event, Message, Participant, Role
from tests.web.conftest import Browser
from tests.world import Colleague, Person, World

Browses = Callable[[Colleague], Browser]
NIGHT = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)  # 22:00 in Kansas City


def _waits(world: World, person: Person) -> bool:
    with world.standby.db.reading() as session:
        return session.get_one(Participant, person.id).waits_since is not None


def _asks_for_a_bed(world: World, browses: Browses) -> tuple[Colleague, Person, Browser]:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("i need a place to sleep")
    ana.hears("passed this on")
    dana.hears("answer")
    return dana, ana, browses(dana)


def test_who_waits_for_an_answer_waits_until_somebody_answers(world: World, browses: Browses) -> None:
    _, ana, browser = _asks_for_a_bed(world, browses)
    for path in (f"/people/{ana.id}", f"/people/{ana.id}/talk", "/"):
        browser.reads(path)
    assert _waits(world, ana) and "They wait for an answer" in browser.reads(f"/people/{ana.id}")
    browser.posts(f"/people/{ana.id}/texts", body="I am on it")
    world.settles()
    ana.hears("I am on it")
    assert not _waits(world, ana)


def test_what_came_in_while_the_answer_was_typed_waits_on(world: World, browses: Browses) -> None:
    _, ana, browser = _asks_for_a_bed(world, browses)
    read = _read(browser, ana)
    world.passes(minutes=1)
    ana.texts("and he took my keys")
    said_at = world.now
    page = browser.posts(f"/people/{ana.id}/texts", body="I am on it", read=read).text
    assert "They have written since you looked" in page
    with world.standby.db.reading() as session:
        assert session.get_one(Participant, ana.id).waits_since == said_at
    assert "since you looked" not in browser.posts(f"/people/{ana.id}/texts", body="ok", read=_read(browser, ana)).text
    assert not _waits(world, ana)
    for phone in (ana, world.phones[0]):
        phone.hears_all()


@pytest.mark.parametrize("path", ["/people/{}", "/flags/{}", "/numbers/{}", "/people/1/pictures/{}/0"])
def test_a_number_that_no_row_can_have_is_not_found(world: World, browses: Browses, path: str) -> None:
    _, _, browser = _asks_for_a_bed(world, browses)
    assert browser.opens(path.format(10**30)).status_code == 404


def test_a_field_that_no_row_can_have_counts_as_empty(world: World, browses: Browses) -> None:
    _, ana, browser = _asks_for_a_bed(world, browses)
    for path in (f"/people/{ana.id}?before={10**30}", f"/?page={10**30}"):
        assert browser.opens(path).status_code == 200
    assert browser.posts(f"/people/{ana.id}/no-answer-needed", read=str(10**30)).status_code == 200


def test_a_text_that_has_not_left_is_no_answer(world: World, browses: Browses) -> None:
    dana, ana, browser = _asks_for_a_bed(world, browses)
    browser.posts(f"/people/{ana.id}/texts", body="Good luck", when="later", leave_at="2026-11-25T09:30")
    assert _waits(world, ana)
    world.passes(hours=12)  # at night a text waits for the morning
    browser.posts(f"/people/{ana.id}/texts", body="We have a bed")
    assert not _waits(world, ana)
    with world.standby.db.reading() as session:
        text = session.query(Message).filter_by(purpose="written").order_by(Message.id.desc()).first()
        assert text is not None and text.body == "We have a bed"
    assert "Taken back" in browser.posts(f"/people/{ana.id}/texts/{text.id}/back").text
    assert _waits(world, ana)
    dana.hears_all()


def test_no_answer_needed_clears_the_mark(world: World, browses: Browses) -> None:
    _, ana, browser = _asks_for_a_bed(world, browses)
    read = _read(browser, ana)
    ana.texts("and diapers, i ran out of diapers")
    ana.hears_all()
    world.phones[0].hears_all()
    assert "written since" in browser.posts(f"/people/{ana.id}/no-answer-needed", read=read).text
    assert _waits(world, ana)
    assert "no answer needed" in browser.posts(f"/people/{ana.id}/no-answer-needed", read=_read(browser, ana)).text
    assert not _waits(world, ana)


def _read(browser: Browser, person: Person) -> str:
    """The last text that stands on the page."""
    found = re.search(r'name="read" value="(\d+)"', browser.reads(f"/people/{person.id}"))
    assert found
    return found[1]


def test_an_outcome_clears_the_mark_where_staff_say_so(world: World, browses: Browses) -> None:
    _, ana, browser = _asks_for_a_bed(world, browses)
    browser.posts("/flags/1/resolve", outcome="helped")
    assert _waits(world, ana)
    ana.texts("and diapers, i ran out of diapers")
    ana.hears_all()
    world.phones[0].hears_all()
    browser.posts("/flags/2/resolve", outcome="helped", answered="yes")
    assert not _waits(world, ana)


def test_nothing_needed_waits_for_nobody(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    ana.texts("im good thanks")
    assert not _waits(world, ana)


def test_the_machine_is_silent_while_a_person_talks(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("How is your week")
    browser = browses(dana)
    browser.posts(f"/people/{ana.id}/texts", body="Did the office call you back?")
    world.settles()
    ana.hears("Did the office call")
    assert world.check_ins(ana) == ["weekly handed_over"]
    ana.texts("no and i need a ride")
    ana.hears_nothing()  # no "we passed this on" between two people
    dana.hears("answer")
    world.is_due(ana, "weekly")
    world.passes(hours=5)
    ana.hears_nothing()
    assert "People talk with them now" in browser.reads(f"/people/{ana.id}")
    browser.posts(f"/people/{ana.id}/hand-back")
    world.passes(hours=2)
    ana.hears("How is your week")
    dana.hears_all()


def test_danger_is_heard_while_a_person_talks(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    browses(dana).posts(f"/people/{ana.id}/texts", body="How are you?")
    world.settles()
    ana.hears("How are you?")
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("in danger")


def test_a_talk_that_nobody_hands_back_ends_by_itself(world: World, browses: Browses) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    browses(world.phones[0]).posts(f"/people/{ana.id}/texts", body="How are you?")
    world.settles()
    ana.hears("How are you?")
    world.is_due(ana, "weekly")
    world.passes(days=2, hours=2)
    ana.hears("How is your week")


def test_a_note_is_shown_and_never_sent(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    browser.posts(f"/people/{ana.id}/notes", note="Met her mother <b>today</b>")
    page = browser.reads(f"/people/{ana.id}/talk")
    assert "Note by Dana" in page and "Met her mother &lt;b&gt;today" in page
    assert "the box is empty" in browser.posts(f"/people/{ana.id}/notes", note="  ").text
    world.passes(hours=1)
    ana.hears_nothing()


def test_a_text_for_later_leaves_then_and_holds_up_nothing(world: World, browses: Browses) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    browser = browses(world.phones[0])
    said = browser.posts(f"/people/{ana.id}/texts", body="Good luck today", when="later", leave_at="2026-11-25T09:30")
    assert "It leaves Wed Nov 25, 9:30 am" in said.text
    browser.posts(f"/people/{ana.id}/texts", body="See you tomorrow")
    world.settles()
    ana.hears("See you tomorrow")
    world.passes(days=1, hours=23)
    ana.hears_nothing()
    world.passes(minutes=31)
    ana.hears("Good luck today")


def test_a_text_that_waits_can_be_taken_back(world: World, browses: Browses) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    browser = browses(world.phones[0])
    browser.posts(f"/people/{ana.id}/texts", body="Good luck", when="later", leave_at="2026-11-25T09:30")
    text = world.texts_to(ana)[0]
    assert "Taken back" in browser.posts(f"/people/{ana.id}/texts/{text.id}/back").text
    assert "Too late" in browser.posts(f"/people/{ana.id}/texts/{text.id}/back").text
    world.passes(days=3)
    ana.hears_nothing()


def test_a_time_that_cannot_be_is_refused_and_the_words_stay(world: World, browses: Browses) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    browser = browses(world.phones[0])
    for leave_at in ("", "soon", "2026-11-20T09:00", "2028-01-01T09:00", "9999-12-31T23:00"):
        answer = browser.posts(f"/people/{ana.id}/texts", body="Good luck", when="later", leave_at=leave_at)
        assert answer.status_code == 422 and "Not sent. Choose" in answer.text and "Good luck</textarea>" in answer.text
    assert not world.texts_to(ana)


def test_who_opts_out_meanwhile_gets_nothing_of_it(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    browses(dana).posts(f"/people/{ana.id}/texts", body="Good luck", when="later", leave_at="2026-11-25T09:30")
    ana.texts("stop")
    ana.hears_all()
    dana.hears_all()
    world.passes(days=3)
    assert world.texts_to(ana)[0].status is Status.DROPPED


def test_at_night_a_reason_sends_it_now_and_goes_on_record(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.now = NIGHT
    browser = browses(dana)
    assert "Send it now all the same" in browser.reads(f"/people/{ana.id}")
    said = browser.posts(f"/people/{ana.id}/texts", body="I am outside", anyway="she asked me to text when I arrive")
    assert "It leaves at once" in said.text
    world.settles()
    ana.hears("I am outside")
    assert "she asked me to text" in browser.reads(f"/people/{ana.id}/talk")
    with world.standby.db.reading() as session:
        assert session.scalar(select(Event.staff_id).where(Event.what == "sent_outside_hours")) == dana.id
        assert session.scalars(select(Event.detail)).all().count("she asked me to text when I arrive") == 0


def test_what_was_asked_and_understood_stands_in_the_conversation(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.texts("good")
    ana.texts("3")
    ana.hears_all()
    dana.hears_all()
    page = browses(dana).reads(f"/people/{ana.id}/talk")
    assert "Weekly check-in begins." in page
    assert "How is your place to stay?" in page and "<b>3: no place</b>" in page


def test_quick_answers_are_offered_in_the_persons_language(world: World, browses: Browses) -> None:
    ana = world.participant("Ana", world.colleague("Dana"), language="es")
    page = browses(world.phones[0]).reads(f"/people/{ana.id}")
    assert 'data-quick="Gracias por contarme. Le llamo hoy."' in page and "Thanks for telling me" not in page


def test_somebody_elses_person_is_opened_for_a_reason(world: World, browses: Browses) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    ana.texts("its loud over here today")
    ana.hears_all()
    dana.hears_all()
    browser = browses(sam)
    page = browser.reads(f"/people/{ana.id}")
    assert "Why do you open this conversation?" in page and "loud over here" not in page
    assert "write a reason" in browser.posts(f"/people/{ana.id}/open", reason=" ").text
    assert "loud over here" in browser.posts(f"/people/{ana.id}/open", reason="Dana is sick").text
    assert "Sam, just now: “Dana is sick”" in browses(dana).reads(f"/people/{ana.id}")
    world.now += timedelta(hours=9)
    assert "Why do you open" in browses(sam).reads(f"/people/{ana.id}")
    with world.standby.db.reading() as session:
        assert session.scalar(select(Event.staff_id).where(Event.what == "thread_opened")) == sam.id


def test_a_colleague_of_the_team_may_ask_and_others_may_not(world: World, browses: Browses) -> None:
    dana, eli = world.colleague("Dana", team="north"), world.colleague("Eli", team="north")
    omar = world.colleague("Omar", team="south")
    ana = world.participant("Ana", dana)
    assert "Why do you open" in browses(eli).reads(f"/people/{ana.id}")
    assert browses(omar).opens(f"/people/{ana.id}").status_code == 403
    assert browses(omar).posts(f"/people/{ana.id}/open", reason="just looking").status_code == 403
    assert "Ana" in browses(eli).reads("/?tab=team") and "Ana" not in browses(omar).reads("/?tab=team")


def test_nothing_of_a_text_that_was_written_is_on_record_in_words(world: World, browses: Browses) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    browses(world.phones[0]).posts(f"/people/{ana.id}/texts", body="Bring the papers")
    world.settles()
    ana.hears_all()
    with world.standby.db.reading() as session:
        message = session.scalars(select(Message)).one()
        written = session.scalars(select(Event.detail).where(Event.what == "text_written")).one()
        assert written == f"message {message.id}"
