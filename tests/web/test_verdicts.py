"""Staff say where the reading was wrong: under a text, and by resolving a flag."""

import threading
from collections.abc import Callable

import pytest

from bot.core.kinds import Need
from bot.learning import judge
from bot.models import Event, Flag, Mark, Message, Role, VerdictKind
from bot.models import Verdict as Row
from bot.verdicts import a_verdict
from tests.web.conftest import Browser
from tests.world import Colleague, Person, Phone, World

Browses = Callable[[Colleague], Browser]


@pytest.fixture
def dana(world: World) -> Colleague:
    """Ana's caseworker, on call: she hears of unknown numbers too."""
    return world.colleague("Dana", on_call=True)


@pytest.fixture
def ana(world: World, dana: Colleague) -> Person:
    return world.participant("Ana", dana)


def says(world: World, phone: Phone, text: str) -> int:
    """The phone texts, everybody hears what they hear; the id of the text."""
    phone.texts(text)
    hushes(world)
    return world.texts_from(phone)[-1].id


def hushes(world: World) -> None:
    for each in world.phones:
        each.hears_all()


def gives(browser: Browser, text_id: int, verdict: str, **form: str) -> str:
    return browser.posts(f"/texts/{text_id}/verdicts", verdict=verdict, **form).text


def verdicts(world: World) -> list[str]:
    with world.standby.db.reading() as session:
        rows = session.query(Row).order_by(Row.id).all()
        return [f"{row.message_id} {row.kind} {row.need}{' urgent' if row.urgent else ''}" for row in rows]


def resolves(world: World, browser: Browser, kind: str, outcome: str) -> None:
    with world.standby.db.reading() as session:
        flag = session.query(Flag).filter(Flag.kind == kind, Flag.state != "resolved").one()
    browser.posts(f"/flags/{flag.id}/resolve", outcome=outcome)
    hushes(world)


def test_a_false_alarm_is_noted_with_who_and_when(world: World, browses: Browses, dana: Colleague, ana: Person) -> None:
    text_id = says(world, ana, "i need a place to sleep")
    browser = browses(dana)
    assert "Not a need: Housing" in browser.reads(f"/people/{ana.id}")
    page = gives(browser, text_id, "not_a_need housing")
    assert "Noted: Housing, not a need. Its flag stays" in page and "<b>Not a need: Housing</b>" in page
    assert verdicts(world) == [f"{text_id} not_a_need housing"] and world.flags(ana) == ["housing today open"]
    with world.standby.db.reading() as session:
        row = session.query(Row).one()
        assert (row.staff_id, row.at) == (dana.id, world.now)
        event = session.query(Event).filter(Event.what == "verdict_given").one()
        assert (event.staff_id, event.participant_id, event.detail) == (dana.id, ana.id, "housing: not_a_need")


def test_it_is_undone_by_the_other_way(world: World, browses: Browses, dana: Colleague, ana: Person) -> None:
    text_id = says(world, ana, "i need a place to sleep")
    browser = browses(dana)
    page = gives(browser, text_id, "not_a_need housing")
    assert "It is a need: Housing" in page and "Not a need: Housing</button>" not in page
    page = gives(browser, text_id, "missed housing")
    assert "Not a need: Housing</button>" in page and verdicts(world) == []
    assert world.flags(ana) == ["housing today open"]
    with world.standby.db.reading() as session:
        assert session.query(Mark).count() == 1, "the flag goes on as it was"
    hushes(world)


def test_a_missed_need_raises_a_flag(world: World, browses: Browses, dana: Colleague, ana: Person) -> None:
    text_id = says(world, ana, "purple monkey dishwasher situation")
    browser = browses(dana)
    page = gives(browser, text_id, "missed health")
    assert "Noted: Health, missed. It has a flag" in page and "Not missed: Health" in page
    assert "<mark>" not in page, "the words that a phrase found stand out, and no others"
    assert verdicts(world) == [f"{text_id} missed health"]
    assert world.flags(ana) == ["read today open", "health today open"]
    with world.standby.db.reading() as session:
        mark = session.query(Mark).join(Flag).filter(Flag.kind == "health").one()
        assert (mark.start, mark.end, mark.rule) == (0, len("purple monkey dishwasher situation"), "marked by staff")
    hushes(world)


def test_missed_danger_rings_at_once(world: World, browses: Browses, dana: Colleague, ana: Person) -> None:
    text_id = says(world, ana, "purple monkey dishwasher situation")
    assert "Missed: Safety</b>, urgent" in gives(browses(dana), text_id, "missed safety", urgent="yes")
    world.works()
    world.carrier.run_due()
    dana.hears("someone may be in danger")
    assert world.flags(ana)[-1] == "safety now open"


def test_danger_is_missed_in_a_need_that_was_found(
    world: World, browses: Browses, dana: Colleague, ana: Person
) -> None:
    text_id = says(world, ana, "i need a place to sleep")
    browser = browses(dana)
    page = gives(browser, text_id, "missed housing", urgent="yes")
    assert "Not urgent: Housing" in page and world.flags(ana) == ["housing now open"]
    assert verdicts(world) == [f"{text_id} missed housing urgent"]
    hushes(world)
    gives(browser, text_id, "missed housing")
    assert verdicts(world) == []
    hushes(world)


def test_a_repeat_changes_nothing(world: World, browses: Browses, dana: Colleague, ana: Person) -> None:
    text_id = says(world, ana, "purple monkey dishwasher situation")
    browser = browses(dana)
    gives(browser, text_id, "missed safety", urgent="yes")
    world.settles()
    hushes(world)
    resolves(world, browser, "safety", "helped")
    assert "Nothing changed" in gives(browser, text_id, "missed safety", urgent="yes")
    world.settles()
    assert world.flags(ana) == ["read today open"], "what was worked on is not raised again"
    assert len(verdicts(world)) == 1


def test_the_last_word_counts(world: World, browses: Browses, dana: Colleague, ana: Person) -> None:
    sam = world.colleague("Sam", Role.SUPERVISOR)
    text_id = says(world, ana, "purple monkey dishwasher situation")
    gives(browses(dana), text_id, "missed health", urgent="yes")
    browses(sam).posts(f"/people/{ana.id}/open", reason="Dana asked me to look")
    page = gives(browses(sam), text_id, "missed health")
    assert verdicts(world) == [f"{text_id} missed health"] and "(Sam)" in page
    assert "Nothing changed" not in page and world.flags(ana)[-1] == "health now open"
    gives(browses(dana), text_id, "not_a_need health")
    assert verdicts(world) == []
    hushes(world)


def test_a_need_after_all_is_worked_on_again(world: World, browses: Browses, dana: Colleague, ana: Person) -> None:
    text_id = says(world, ana, "i need a place to sleep")
    browser = browses(dana)
    resolves(world, browser, "housing", "not_a_need")
    assert verdicts(world) == [f"{text_id} not_a_need housing"] and not world.flags(ana)
    gives(browser, text_id, "missed housing")
    assert verdicts(world) == [] and world.flags(ana) == ["housing today open"]
    hushes(world)


def test_nothing_needed_strikes_out_every_text_of_the_flag(
    world: World, browses: Browses, dana: Colleague, ana: Person
) -> None:
    first = says(world, ana, "i need a place to sleep. need food for my kids")
    second = says(world, ana, "still need a place to sleep")
    resolves(world, browses(dana), "housing", "not_a_need")
    assert verdicts(world) == [f"{first} not_a_need housing", f"{second} not_a_need housing"]
    assert world.flags(ana) == ["basics today open"]


@pytest.mark.parametrize("outcome", ["helped", "referred", "not_reached"])
def test_other_outcomes_say_nothing_of_the_reading(
    world: World, browses: Browses, dana: Colleague, ana: Person, outcome: str
) -> None:
    says(world, ana, "i need a place to sleep")
    resolves(world, browses(dana), "housing", outcome)
    assert verdicts(world) == []


def test_reading_what_nobody_understood_is_no_verdict(
    world: World, browses: Browses, dana: Colleague, ana: Person
) -> None:
    says(world, ana, "purple monkey dishwasher situation")
    resolves(world, browses(dana), "read", "not_a_need")
    assert verdicts(world) == []


def test_the_answer_to_a_question_is_no_reading_of_words(
    world: World, browses: Browses, dana: Colleague, ana: Person
) -> None:
    world.is_due(ana, "weekly")
    world.settles()
    for answer in ("im good", "3"):
        says(world, ana, answer)
    assert "housing today open" in world.flags(ana)
    resolves(world, browses(dana), "housing", "not_a_need")
    assert verdicts(world) == []


def test_a_miss_that_was_none_is_taken_back_with_its_flag(
    world: World, browses: Browses, dana: Colleague, ana: Person
) -> None:
    text_id = says(world, ana, "purple monkey dishwasher situation")
    browser = browses(dana)
    gives(browser, text_id, "missed health")
    resolves(world, browser, "health", "not_a_need")
    assert verdicts(world) == []


def test_what_had_its_outcome_is_not_struck_out_later(
    world: World, browses: Browses, dana: Colleague, ana: Person
) -> None:
    says(world, ana, "i need a place to sleep")
    browser = browses(dana)
    resolves(world, browser, "housing", "helped")
    world.passes(days=5)
    hushes(world)
    assert world.check_ins(ana) == ["after_help None"]
    says(world, ana, "2")
    assert "housing today open" in world.flags(ana), "the help did not come: the flag is open again"
    later = says(world, ana, "im in my place now. but i need a place to sleep haha")
    resolves(world, browser, "housing", "not_a_need")
    assert verdicts(world) == [f"{later} not_a_need housing"]


def test_a_flag_that_goes_on_in_another_says_nothing_of_the_reading(
    world: World, browses: Browses, dana: Colleague, ana: Person
) -> None:
    new = world.stranger()
    says(world, ana, "i need a place to sleep")
    says(world, new, "i need a place to sleep")
    with world.standby.db.reading() as session:
        unknown = session.query(Flag).filter(Flag.kind == "unknown").one().id
    browses(dana).posts(f"/numbers/{unknown}/join", participant_id=str(ana.id))
    hushes(world)
    assert world.flags(ana) == ["housing today open"] and verdicts(world) == []


def test_an_unknown_numbers_text_gets_its_verdict_too(world: World, browses: Browses, dana: Colleague) -> None:
    new = world.stranger()
    text_id = says(world, new, "need food for my kids")
    with world.standby.db.reading() as session:
        flag_id = session.query(Flag).filter(Flag.kind == "unknown").one().id
    browser = browses(dana)
    page = browser.reads(f"/numbers/{flag_id}")
    assert f"/texts/{text_id}/verdicts?flag_id={flag_id}" in page and "Not a need: Food" in page
    answer = browser.posts(f"/texts/{text_id}/verdicts?flag_id={flag_id}", verdict="missed health")
    assert answer.request.path == f"/numbers/{flag_id}" and "Missed: Health" in answer.text
    assert "health today open" in world.flags() and verdicts(world) == [f"{text_id} missed health"]
    hushes(world)


def test_only_who_may_read_a_text_may_judge_it(world: World, browses: Browses, dana: Colleague, ana: Person) -> None:
    others = [world.colleague("Omar"), world.colleague("Ad", Role.ADMIN), world.colleague("Rey", Role.RESEARCHER)]
    world.colleague("Sue", Role.SUPERVISOR)  # else what nobody looks after goes to everybody
    text_id = says(world, ana, "i need a place to sleep")
    strangers_id = says(world, world.stranger(), "i need a place to sleep")
    for colleague in others:
        browser = browses(colleague)
        for each in (text_id, strangers_id):
            assert browser.posts(f"/texts/{each}/verdicts", verdict="not_a_need housing").status_code == 403
    assert verdicts(world) == []
    for each in (text_id, strangers_id):
        gives(browses(world.colleague(f"Sam {each}", Role.SUPERVISOR)), each, "not_a_need housing")
    assert len(verdicts(world)) == 2


def test_whom_an_alert_reached_may_judge_what_it_was_about(world: World, browses: Browses) -> None:
    admin = world.colleague("Ad", Role.ADMIN)
    ana = world.participant("Ana")
    text_id = says(world, ana, "he hit me")
    assert "Noted: Safety, not a need" in gives(browses(admin), text_id, "not_a_need safety")


def test_a_number_that_was_unknown_once_opens_nothing_of_its_owners(
    world: World, browses: Browses, dana: Colleague
) -> None:
    new, browser = world.stranger(), browses(dana)
    before = says(world, new, "new phone who dis")
    resolves(world, browser, "unknown", "helped")
    bo = world.participant("Bo", world.colleague("Omar"), number=new.number)
    later = says(world, bo, "i need a place to sleep")
    assert browser.posts(f"/texts/{later}/verdicts", verdict="not_a_need housing").status_code == 403
    assert verdicts(world) == []
    assert "Noted: Health" in gives(browser, before, "missed health")
    hushes(world)


def test_only_texts_that_were_read_get_verdicts(world: World, browses: Browses, dana: Colleague, ana: Person) -> None:
    says(world, ana, "he hit me")
    sent = world.texts_to(ana)[0].id
    ana.sends("i need a place to sleep")
    world.carrier.run_due()
    waits = world.texts_from(ana)[-1].id
    browser = browses(dana)
    for each in (sent, waits, 99):
        assert browser.posts(f"/texts/{each}/verdicts", verdict="missed health").status_code == 404
    world.settles()
    colleagues = says(world, dana, "thanks")
    supervisor = browses(world.colleague("Sam", Role.SUPERVISOR))
    assert supervisor.posts(f"/texts/{colleagues}/verdicts", verdict="missed health").status_code == 404
    hushes(world)


@pytest.mark.parametrize("verdict", ["", "missed", "missed gold", "missed read", "gold housing"])
def test_what_is_no_verdict_is_said(
    world: World, browses: Browses, dana: Colleague, ana: Person, verdict: str
) -> None:
    text_id = says(world, ana, "i need a place to sleep")
    assert "choose what was missed" in gives(browses(dana), text_id, verdict)
    assert verdicts(world) == []


@pytest.mark.parametrize("_again", range(3))
def test_many_at_once_leave_one_verdict_and_one_flag(
    world: World, dana: Colleague, ana: Person, _again: int
) -> None:
    text_id = says(world, ana, "purple monkey dishwasher situation")
    changed: list[bool] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        with world.standby.db.writing() as session:
            message = session.get_one(Message, text_id)
            verdict = a_verdict(message, Need.HEALTH, VerdictKind.MISSED, dana.id, world.now, urgent=True)
            changed.append(judge(session, verdict, world.standby.post.rules))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(changed) == [False, False, False, True]
    assert verdicts(world) == [f"{text_id} missed health urgent"]
    with world.standby.db.reading() as session:
        assert session.query(Flag).filter(Flag.kind == "health").count() == 1
        assert session.query(Mark).join(Flag).filter(Flag.kind == "health").count() == 1


def test_the_page_comes_back_to_the_text(world: World, browses: Browses, dana: Colleague, ana: Person) -> None:
    text_id = says(world, ana, "i need a place to sleep")
    browser = browses(dana)
    page = browser.reads(f"/people/{ana.id}?before={text_id + 1}")
    assert f"/texts/{text_id}/verdicts?before={text_id + 1}" in page
    answer = browser.posts(f"/texts/{text_id}/verdicts?before=77", follow=False, verdict="not_a_need housing")
    assert answer.location == f"/people/{ana.id}?before=77#m{text_id}"
