"""Flags by page: take, resolve, and the way in from an alert."""

from collections.abc import Callable

from bot.models import Flag, FlagState, Resolution, Role
from tests.web.conftest import Browser
from tests.world import Colleague, Person, World

Browses = Callable[[Colleague], Browser]


def _flag(world: World, flag_id: int = 1) -> Flag:
    with world.standby.db.reading() as session:
        return session.get_one(Flag, flag_id)


def _danger(world: World, dana: Colleague) -> Person:
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("danger")
    return ana


def test_taking_by_page_stops_the_alerts(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = _danger(world, dana)
    answer = browses(dana).posts("/flags/1/take", **{"from": "thread"})
    assert "It is yours" in answer.text and answer.request.path == f"/people/{ana.id}"
    assert (_flag(world).state, _flag(world).taken_by) == (FlagState.ACKNOWLEDGED, dana.id)
    world.passes(hours=1)
    dana.hears_nothing()


def test_only_the_first_to_take_it_has_it(world: World, browses: Browses) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    _danger(world, dana)
    browser = browses(sam)
    browses(dana).posts("/flags/1/take")
    assert "Dana has it already" in browser.posts("/flags/1/take").text
    assert _flag(world).taken_by == dana.id


def test_resolving_needs_an_outcome_and_keeps_the_note(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    _danger(world, dana)
    browser = browses(dana)
    assert "say what became of it" in browser.posts("/flags/1/resolve", outcome="").text
    assert _flag(world).state is FlagState.OPEN
    assert "Resolved: helped" in browser.posts("/flags/1/resolve", outcome="helped", note="At her sister's.").text
    flag = _flag(world)
    assert (flag.state, flag.resolution, flag.note) == (FlagState.RESOLVED, Resolution.HELPED, "At her sister's.")
    assert "At her sister&#39;s." in browser.reads("/flags?show=resolved")


def test_please_read_is_cleared_in_one_step(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("purple monkey dishwasher situation over there")
    dana.hears("answer")
    browser = browses(dana)
    assert "Nothing needed" in browser.reads("/flags")
    browser.posts("/flags/1/resolve", outcome="not_a_need")
    assert _flag(world).resolution is Resolution.NOT_A_NEED


def test_somebody_elses_flag_is_out_of_reach(world: World, browses: Browses) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    _danger(world, dana)
    browser = browses(omar)
    assert browser.posts("/flags/1/take").status_code == 403
    assert browser.posts("/flags/1/resolve", outcome="helped").status_code == 403
    assert browser.posts("/flags/77/take").status_code == 404
    assert "Ana" not in browser.reads("/flags") and "danger" not in browser.reads("/flags")
    assert _flag(world).state is FlagState.OPEN


def test_an_alert_leads_through_the_door_to_the_conversation(world: World, browser: Browser, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    link = dana.hears("danger").split("standby.example")[1].split()[0]
    assert "Sign in" in browser.reads(link)
    browses(dana)
    answer = browser.signs_in("dana@example.org", next=link)
    assert answer.request.path == f"/people/{ana.id}" and "he hit me" in answer.text
    assert browser.opens("/alerts/none-such").status_code == 404


def test_an_unknown_number_is_seen_by_supervisors_and_on_call(world: World, browses: Browses) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar", on_call=True)
    sam = world.colleague("Sam", Role.SUPERVISOR)
    stranger = world.stranger()
    stranger.texts("need food for my kids")
    link = sam.hears("answer").split("standby.example")[1].split()[0]
    for colleague in (omar, sam):
        browser = browses(colleague)
        assert "Numbers we do not know" in browser.reads("/")
        page = browser.reads("/numbers/1")
        assert "<mark>" in page and "(816) 555-" in page
    assert "Numbers we do not know" not in browses(dana).reads("/")
    assert browses(dana).opens("/numbers/1").status_code == 403
    browser = browses(omar)
    assert "for my kids" in browser.reads(link)
    answer = browser.posts("/flags/1/take", **{"from": "number"})
    assert answer.request.path == "/numbers/1"


def test_the_banner_is_for_those_who_may_see_the_flag(world: World, browses: Browses) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    _danger(world, dana)
    browser = browses(dana)
    assert "somebody may be in danger" in browser.reads("/rates")
    assert "may be in danger" not in browses(omar).reads("/rates")
    browser.posts("/flags/1/take")
    assert not browser.reads("/flags/banner").strip()
