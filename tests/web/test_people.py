"""The list of people and the conversation with one of them."""

import re
from collections.abc import Callable
from datetime import timedelta

from bot import people
from bot.core.kinds import Need
from bot.inbox import Incoming
from bot.models import Direction, Event, Flag, Message, Participant, Role
from bot.web.bubbles import PAGE, pieces
from tests.web.conftest import Browser
from tests.world import Colleague, Person, World

Browses = Callable[[Colleague], Browser]


def _text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def _in_danger(world: World, person: Person, *alerted: Colleague) -> None:
    person.texts("he hit me")
    person.hears("911")
    for each in alerted:
        each.hears("danger")


def test_caseworkers_see_their_own_people_and_supervisors_all(world: World, browses: Browses) -> None:
    dana, omar, sam = world.colleague("Dana"), world.colleague("Omar"), world.colleague("Sam", Role.SUPERVISOR)
    world.participant("Ana", dana)
    world.participant("Bo", omar)
    own, everybody = browses(dana).reads("/"), browses(sam).reads("/")
    assert "Ana" in own and "Bo" not in own
    assert "Ana" in everybody and "Bo" in everybody and "with Omar" in everybody


def test_whoever_is_in_danger_stands_first(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    world.participant("Ana", dana)
    _in_danger(world, world.participant("Zoe", dana), dana)
    html = browses(dana).reads("/")
    assert html.index("Zoe") < html.index("Ana")
    assert "somebody may be in danger" in html
    assert "Now Safety" in _text_of(html)


def test_danger_that_nobody_has_taken_stands_before_danger_in_hand(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, zoe, bo = (world.participant(name, dana) for name in ("Ana", "Zoe", "Bo"))
    world.participant("Abe", dana)
    bo.texts("i need a place to sleep")
    bo.hears_all()
    _in_danger(world, ana)
    dana.hears_all()
    browser = browses(dana)
    with world.standby.db.reading() as session:
        danger = session.query(Flag).filter(Flag.participant_id == ana.id, Flag.kind == Need.SAFETY).one().id
    browser.posts(f"/flags/{danger}/take")
    world.now += timedelta(minutes=5)
    _in_danger(world, zoe)
    dana.hears_all()
    html = browser.reads("/people")
    places = [html.index(f"/people/{each.id}") for each in (zoe, ana, bo)]
    assert places == sorted(places) and html.index("Abe") > places[-1]


def test_the_list_says_why_texts_do_not_reach_somebody(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    stopped, paused = world.participant("Ana", dana), world.participant("Bo", dana)
    world.participant("Cy", dana, consent=False)
    stopped.texts("stop")
    stopped.hears_all()
    dana.hears("answer")
    lost = world.participant("Di", dana)
    with world.standby.db.writing() as session:
        people.pause(session, session.get_one(Participant, paused.id), world.now + timedelta(days=3), world.now)
        session.get_one(Participant, lost.id).addresses[0].reachable = False
    text = _text_of(browses(dana).reads("/"))
    for said in ("opted out", "paused until Thu Nov 26", "no consent", "unreachable"):
        assert said in text


def test_searching_finds_part_of_a_name_and_keeps_it_out_of_the_address(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    for name in ("Ana Torres", "Bo Hill"):
        world.participant(name, dana)
    answer = browses(dana).posts("/", name="TORR")
    assert "Ana Torres" in answer.text and "Bo Hill" not in answer.text
    assert answer.request.url.endswith("/")


def test_an_empty_list_says_what_to_do(world: World, browses: Browses) -> None:
    assert "import participants" in browses(world.colleague("Dana")).reads("/")


def test_the_conversation_marks_the_words_that_raised_a_flag(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("my week: he hit me & i ran <b>")
    ana.hears("911")
    dana.hears("danger")
    html = browses(dana).reads(f"/people/{ana.id}")
    marked = r"my week: <mark>he hit me<span[^>]*> \(raised: Safety\)</span></mark> &amp; i ran &lt;b&gt;"
    assert re.search(marked, html)
    assert "Delivered" in html and "10:00 am" in html


def test_times_are_the_participants_own(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana, zone="America/Los_Angeles")
    _in_danger(world, ana, dana)
    assert "8:00 am" in browses(dana).reads(f"/people/{ana.id}")


def test_pictures_come_through_us_and_are_kept_nowhere(world: World, browses: Browses) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    ana = world.participant("Ana", dana)
    ana.texts("", media=(f"{world.carrier.url}/simulated/media/a.png",))
    dana.hears("answer")
    html = browses(dana).reads(f"/people/{ana.id}")
    assert "a.png" not in html and f"/people/{ana.id}/pictures/1/0" in html
    shown = browses(dana).opens(f"/people/{ana.id}/pictures/1/0")
    assert shown.mimetype == "image/png" and shown.data.startswith(b"\x89PNG")
    assert "sandbox" in shown.headers["Content-Security-Policy"] and shown.headers["Cache-Control"] == "no-store"
    assert browses(omar).opens(f"/people/{ana.id}/pictures/1/0").status_code == 403


def test_a_picture_from_elsewhere_is_not_fetched(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("", media=("http://127.0.0.1:1/a.png",))  # not the carrier's address: our credentials stay here
    dana.hears("answer")
    assert browses(dana).opens(f"/people/{ana.id}/pictures/1/0").status_code == 404


def test_what_the_check_in_learned_stands_beside(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.texts("good")
    ana.hears_all()
    text = _text_of(browses(dana).reads(f"/people/{ana.id}"))
    assert "Check-in under way" in text and "How is your week going?" in text


def test_somebody_elses_conversation_is_refused_in_a_sentence(world: World, browses: Browses) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    ana = world.participant("Ana", dana)
    answer = browses(omar).opens(f"/people/{ana.id}")
    assert answer.status_code == 403
    assert "not one of yours" in answer.text and "Ana" not in answer.text


def test_whom_an_alert_climbs_to_may_read_until_it_is_resolved(world: World, browses: Browses) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar", backup=True)
    ana = world.participant("Ana", dana)
    _in_danger(world, ana, dana)
    browser = browses(omar)
    assert browser.opens(f"/people/{ana.id}").status_code == 403
    world.passes(minutes=6)
    dana.hears_all()
    link = omar.hears("danger").split("standby.example")[1].split()[0]
    assert "Ana" in browser.reads("/?tab=mine")
    assert "he hit me" in browser.reads(link)
    answer = browser.posts("/flags/1/resolve", outcome="helped", **{"from": "thread"})
    assert answer.status_code == 200 and "Resolved: helped" in answer.text
    assert browser.opens(f"/people/{ana.id}").status_code == 403
    assert "Ana" not in browser.reads("/?tab=mine")
    assert "Nothing is left to do" in browser.reads(link)


def test_each_look_at_a_conversation_goes_on_record_once(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    browser.reads(f"/people/{ana.id}")
    for part in ("talk", "flags", "facts"):
        browser.reads(f"/people/{ana.id}/{part}")
    with world.standby.db.reading() as session:
        seen = session.query(Event).filter(Event.what == "thread_viewed").all()
        assert [(event.staff_id, event.participant_id) for event in seen] == [(dana.id, ana.id)]


def test_a_part_that_did_not_change_is_answered_in_a_word(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    for path in (f"/people/{ana.id}/talk", f"/people/{ana.id}/flags", "/people", "/flags/list", "/flags/banner"):
        tag = browser.opens(path).headers["ETag"]
        again = browser.opens(path, **{"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b""), path
    tag = browser.opens(f"/people/{ana.id}/flags").headers["ETag"]
    _in_danger(world, ana, dana)
    changed = browser.opens(f"/people/{ana.id}/flags", **{"If-None-Match": tag})
    assert changed.status_code == 200 and "Take it" in changed.text
    again = browser.opens(f"/people/{ana.id}/flags", **{"If-None-Match": changed.headers["ETag"]})
    assert again.status_code == 304, "the form's token must not count as a change"


def _said_before(person: Person, body: str) -> Message:
    """A text of long ago, handled and done with."""
    return Message(
        direction=Direction.IN,
        channel="sms",
        other=person.number,
        other_hash="hash",
        participant_id=person.id,
        body=body,
        at=person.world.now,
        handled_at=person.world.now,
    )


def test_long_conversations_page_back(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    with world.standby.db.writing() as session:
        for number in range(PAGE + 5):
            session.add(_said_before(ana, f"ok number {number} done"))
    browser = browses(dana)
    html = browser.reads(f"/people/{ana.id}")
    assert "number 3 done" not in html
    earlier = re.search(r'href="([^"]+)">Earlier texts', html)
    assert earlier and "number 3 done" in browser.reads(earlier[1])


def test_overlapping_marks_cut_the_text_cleanly() -> None:
    cut = list(pieces("he hit me", [(0, 6, Need.SAFETY), (3, 99, Need.HEALTH)]))
    assert [(piece.text, piece.kinds) for piece in cut] == [
        ("he ", (Need.SAFETY,)),
        ("hit", (Need.SAFETY, Need.HEALTH)),
        (" me", (Need.HEALTH,)),
    ]
    assert [piece.text for piece in pieces("", [])] == []


def test_texts_a_browser_cannot_hold_are_shown_all_the_same(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.standby.take_in(Incoming("sms", "SM1", ana.number, "hello \ud83d there"))
    world.settles()
    dana.hears_all()
    ana.hears_all()
    assert "hello \ufffd there" in browses(dana).reads(f"/people/{ana.id}")


def test_no_name_or_number_is_in_any_address(world: World, browses: Browses) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR, on_call=True)
    ana = world.participant("Anastasia Q", dana)
    _in_danger(world, ana, dana)
    world.stranger().texts("need food")
    sam.hears_all()
    browser = browses(sam)
    for path in ("/", "/people", "/flags", "/flags/list", f"/people/{ana.id}", "/rates", "/phones", "/numbers/2"):
        browser.reads(path)
    for address in browser.asked:
        if not address.startswith("tel:"):
            assert "Anastasia" not in address and not re.search(r"\d{7}", address), address
