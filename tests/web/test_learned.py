"""What staff corrected, on one page and as a file."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import true

from bot.cli import main
from bot.core.kinds import Need
from bot.core.needs import find
from bot.inbox import Incoming
from bot.learning import Mistakes, mistakes, take_out
from bot.models import Event, Message, Role
from tests.web.conftest import Browser
from tests.world import Colleague, Person, Phone, World

Browses = Callable[[Colleague], Browser]


@pytest.fixture
def sam(world: World) -> Colleague:
    return world.colleague("Sam Reed", Role.SUPERVISOR)


@pytest.fixture
def ana(world: World, sam: Colleague) -> Person:
    return world.participant("Ana Torres", sam)


def says(world: World, phone: Phone, text: str) -> int:
    """The phone texts, everybody hears what they hear; the id of the text."""
    phone.texts(text)
    hushes(world)
    return world.texts_from(phone)[-1].id


def hushes(world: World) -> None:
    for each in world.phones:
        each.hears_all()


def judges(world: World, browser: Browser, text_id: int, *given: str, **form: str) -> None:
    for verdict in given:
        assert "Noted" in browser.posts(f"/texts/{text_id}/verdicts", verdict=verdict, **form).text
    world.settles()
    hushes(world)


def taken_out(world: World) -> list[dict[str, object]]:
    with world.standby.db.writing() as session:
        return [json.loads(line) for line in take_out(session, true(), world.now).split("\n") if line]


def test_the_page_shows_text_finding_and_who_said_what(
    world: World, browses: Browses, sam: Colleague, ana: Person
) -> None:
    text_id = says(world, ana, "i need a place to sleep <b>")
    browser = browses(sam)
    judges(world, browser, text_id, "not_a_need housing", "missed health")
    world.now += timedelta(hours=2)
    page = browser.reads("/learned")
    assert "i need a place to sleep &lt;b&gt;" in page
    assert "<b>Not a need: Housing</b>, says Sam Reed 2 hours ago" in page and "Found: Housing." in page
    assert page.index("Missed: Health") < page.index("Not a need: Housing"), "newest first"
    assert f"/people/{ana.id}?before={text_id + 1}#m{text_id}" in page
    with world.standby.db.reading() as session:
        assert [each.staff_id for each in session.query(Event).filter(Event.what == "learned_viewed")] == [sam.id]


def test_supervisors_and_admins_find_it_and_others_do_not(world: World, browses: Browses, sam: Colleague) -> None:
    for colleague in (sam, world.colleague("Ad", Role.ADMIN)):
        browser = browses(colleague)
        assert 'href="/learned"' in browser.reads("/rates") and browser.reads("/learned")
    for colleague in (world.colleague("Dana"), world.colleague("Rey", Role.RESEARCHER)):
        browser = browses(colleague)
        assert 'href="/learned"' not in browser.reads("/rates")
        assert browser.opens("/learned").status_code == browser.posts("/learned/texts.jsonl").status_code == 403


def test_an_empty_page_says_what_to_do(world: World, browses: Browses, sam: Colleague) -> None:
    page = browses(sam).reads("/learned")
    assert "unfold “Read wrongly?”" in page and "Download" not in page.split("What becomes of it")[0]


def test_an_admin_reads_only_what_an_alert_put_before_them(
    world: World, browses: Browses, sam: Colleague, ana: Person
) -> None:
    own, stranger = says(world, ana, "i need a place to sleep"), world.stranger()
    unknown = says(world, stranger, "need food for my kids")
    judges(world, browses(sam), own, "missed health")
    judges(world, browses(sam), unknown, "missed health")
    admin = browses(world.colleague("Ad", Role.ADMIN))
    page = admin.reads("/learned")
    assert "place to sleep" not in page and "for my kids" not in page and "Nothing that you may read" in page
    assert "<td>2</td>" in page, "counts hold no words"
    assert admin.posts("/learned/texts.jsonl").text == ""
    assert browses(sam).posts("/learned/texts.jsonl").text.count("\n") == 2


def test_mistakes_are_counted_by_need_for_ninety_days(
    world: World, browses: Browses, sam: Colleague, ana: Person
) -> None:
    browser = browses(sam)
    judges(world, browser, says(world, ana, "i need a place to sleep"), "not_a_need housing", "missed health")
    world.now += timedelta(days=60)
    judges(world, browser, says(world, ana, "still need a place to sleep"), "not_a_need housing")
    with world.standby.db.reading() as session:
        assert mistakes(session, world.now) == {Need.HOUSING: Mistakes(false_alarms=2), Need.HEALTH: Mistakes(missed=1)}
        later = world.now + timedelta(days=30)
        assert mistakes(session, later) == {Need.HOUSING: Mistakes(false_alarms=1)}
        assert mistakes(session, later + timedelta(days=60)) == {}
    hushes(world)


def test_the_download_is_masked_and_on_record(world: World, browses: Browses, sam: Colleague, ana: Person) -> None:
    world.colleague("José Peña")
    text = "its TORRES, i need a place to sleep, like sam said. pena has 816-555-0999, a@b.org, www.x.org"
    browser = browses(sam)
    judges(world, browser, says(world, ana, text), "missed health")
    answer = browser.posts("/learned/texts.jsonl")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="standby-learned-2026-11-23.jsonl"'
    assert json.loads(answer.text) == {
        "text": "its [name], i need a place to sleep, like [name] said. [name] has [number], [email], [link]",
        "lang": "en",
        "needs": ["housing", "health"],
        "urgent": False,
        "intent": find(text).intent.value,
    }
    with world.standby.db.reading() as session:
        event = session.query(Event).filter(Event.what == "learned_taken_out").one()
        assert (event.staff_id, event.detail) == (sam.id, "1 texts")


@pytest.mark.parametrize(
    ("text", "given", "urgent", "needs", "is_urgent"),
    [
        ("i need a place to sleep", ["not_a_need housing"], "", [], False),
        ("purple monkey dishwasher situation", ["missed health"], "", ["health"], False),
        ("purple monkey dishwasher situation", ["missed health", "missed safety"], "yes", ["safety", "health"], True),
        ("he hit me. i need a place to sleep", ["not_a_need housing"], "", ["safety"], True),
        ("he hit me. i need a place to sleep", ["not_a_need safety"], "", ["housing"], False),
        ("he hit me", ["not_a_need safety"], "yes", [], False),
        ("i want to kill myself", ["not_a_need safety"], "", ["counseling"], False),
        ("i want to kill myself", ["not_a_need counseling"], "", ["safety"], True),
        ("i need a place to sleep", ["missed housing"], "yes", ["housing"], True),
    ],
)
def test_labels_are_corrected(
    world: World, browses: Browses, sam: Colleague, ana: Person,
    text: str, given: list[str], urgent: str, needs: list[str], is_urgent: bool,
) -> None:  # fmt: skip
    judges(world, browses(sam), says(world, ana, text), *given, urgent=urgent)
    (row,) = taken_out(world)
    assert (row["needs"], row["urgent"]) == (needs, is_urgent)


def test_language_and_intent_are_kept(world: World, browses: Browses, sam: Colleague) -> None:
    lola, new = world.participant("Lola", sam, language="es"), world.stranger()
    browser = browses(sam)
    judges(world, browser, says(world, lola, "quiero hablar con una persona"), "missed counseling")
    judges(world, browser, says(world, new, "call me please i want to talk to a person"), "missed counseling")
    assert [(row["lang"], row["intent"]) for row in taken_out(world)] == [("es", "human"), ("en", "human")]


def test_an_answer_to_a_question_is_no_need_of_its_words(
    world: World, browses: Browses, sam: Colleague, ana: Person
) -> None:
    world.is_due(ana, "weekly")
    world.settles()
    says(world, ana, "im good")
    judges(world, browses(sam), says(world, ana, "3"), "missed health")
    assert [(row["text"], row["needs"]) for row in taken_out(world)] == [("3", ["health"])]


def test_a_text_without_words_teaches_nothing(world: World, browses: Browses, sam: Colleague, ana: Person) -> None:
    ana.texts("", media=("http://127.0.0.1/a.png",))
    hushes(world)
    judges(world, browses(sam), world.texts_from(ana)[-1].id, "missed health")
    assert taken_out(world) == []
    assert "(no words)" in browses(sam).reads("/learned")


def test_what_is_taken_out_can_be_evaluated(
    world: World, browses: Browses, sam: Colleague, ana: Person, tmp_path: Path
) -> None:
    browser = browses(sam)
    judges(world, browser, says(world, ana, "i need a place to sleep"), "missed health")
    world.standby.take_in(Incoming("sms", "SM1", ana.number, "¿dónde? \u2028 a \ud83d half 😀"))
    world.settles()
    hushes(world)
    judges(world, browser, world.texts_from(ana)[-1].id, "missed health")
    with world.standby.db.writing() as session:
        session.query(Message).filter(Message.id == world.texts_from(ana)[-1].id).update({"intent": None})
    path = tmp_path / "learned.jsonl"
    path.write_text(browser.posts("/learned/texts.jsonl").text, encoding="utf-8")
    result = CliRunner().invoke(main, ["needs", "evaluate", str(path), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["n"] == 2 and found["needs"]["health"] == {"tp": 0, "fp": 0, "fn": 2}
    assert found["needs"]["housing"] == {"tp": 1, "fp": 0, "fn": 0}
