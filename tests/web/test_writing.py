"""Writing to a participant: what leaves, when, and what does not leave at all."""

from collections.abc import Callable
from datetime import UTC, datetime

from bot.core.kinds import Purpose
from bot.models import Participant
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]


def test_a_text_written_in_the_day_arrives_at_once(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    answer = browses(dana).posts(f"/people/{ana.id}/texts", body="Can you come by at 3?")
    assert "It leaves at once" in answer.text and answer.request.path == f"/people/{ana.id}"
    world.settles()
    ana.hears("Can you come by at 3?")
    text = world.texts_to(ana)[0]
    assert (text.purpose, text.written_by) == (Purpose.WRITTEN, dana.id)


def test_a_text_written_at_night_waits_for_the_morning_and_says_so(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.now = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)  # 22:00 in Kansas City
    browser = browses(dana)
    assert "leaves Tue Nov 24, 9:00 am" in browser.posts(f"/people/{ana.id}/texts", body="Good night").text
    world.settles()
    ana.hears_nothing()
    assert "Leaves Tue Nov 24, 9:00 am" in browser.reads(f"/people/{ana.id}/talk")
    world.passes(hours=11)
    ana.hears("Good night")


def test_nothing_is_queued_for_whom_no_text_may_reach(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    stopped, silent = world.participant("Ana", dana), world.participant("Bo", dana, consent=False)
    lost = world.participant("Cy", dana)
    stopped.texts("stop")
    stopped.hears_all()
    dana.hears("answer")
    with world.standby.db.writing() as session:
        session.get_one(Participant, lost.id).addresses[0].reachable = False
    browser, before = browses(dana), len(world.texts_to(stopped))
    for person, why in ((stopped, "Opted out"), (silent, "No consent"), (lost, "No working number")):
        page = browser.reads(f"/people/{person.id}")
        assert why in page and "disabled>Send" in page
        answer = browser.posts(f"/people/{person.id}/texts", body="hello")
        assert answer.status_code == 422 and f"Not sent. {why}" in answer.text and "hello</textarea>" in answer.text
    world.settles()
    assert len(world.texts_to(stopped)) == before
    assert not world.texts_to(silent) and not world.texts_to(lost)


def test_words_that_tell_too_much_are_asked_about_once(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana Torres", dana)
    browser, path, body = browses(dana), f"/people/{ana.id}/texts", "Torres, your probation officer called"
    answer = browser.posts(path, body=body)
    assert "<b>probation, torres</b>" in answer.text and f"{body}</textarea>" in answer.text
    world.settles()
    ana.hears_nothing()
    browser.posts(path, body=body, sure="yes")
    world.settles()
    ana.hears("probation")


def test_an_empty_or_endless_text_is_not_sent(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    assert "The box is empty" in browser.posts(f"/people/{ana.id}/texts", body="  ").text
    assert "Shorten it" in browser.posts(f"/people/{ana.id}/texts", body="x" * 801).text
    assert not world.texts_to(ana)


def test_nobody_writes_to_somebody_elses_person(world: World, browses: Browses) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    ana = world.participant("Ana", dana)
    assert browses(omar).posts(f"/people/{ana.id}/texts", body="hello").status_code == 403
    assert not world.texts_to(ana)
