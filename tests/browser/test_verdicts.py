"""Saying on a phone, or by keyboard alone, where the reading was wrong, while the page goes on."""

import pytest
from playwright.sync_api import Locator, expect

from bot.models import Flag, Role, Verdict
from tests.browser.conftest import PHONE, Live
from tests.browser.test_pages import SMALL, UNNAMED, _tab_to
from tests.world import Colleague, Person


@pytest.fixture
def dana(live: Live) -> Colleague:
    return live.world.colleague("Dana")


@pytest.fixture
def ana(live: Live, dana: Colleague) -> Person:
    """She has said enough for the conversation to scroll; last comes a text that is read right and wrong."""
    ana = live.world.participant("Ana Torres", dana)
    for number in range(8):
        ana.sends(f"purple monkey dishwasher number {number}")
    ana.sends("i need a place to sleep, purple monkey")
    return ana


def _opens(live: Live, staff: Colleague, ana: Person, reason: str = "") -> Locator:
    """The last bubble of the conversation, as this colleague sees it; for others than Dana it opens for a reason."""
    live.signs_in(staff)
    live.opens(f"/people/{ana.id}")
    if reason:
        live.page.get_by_label("Reason").fill(reason)
        live.page.get_by_role("button", name="Open it").click()
    bubble = live.page.locator(".bubble.in").last
    expect(bubble).to_contain_text("place to sleep")
    return bubble


def _verdicts(live: Live) -> set[str]:
    with live.world.standby.db.reading() as session:
        return {f"{each.kind} {each.need}" for each in session.query(Verdict)}


def test_a_thumb_says_what_was_wrong_and_sees_it(live: Live, dana: Colleague, ana: Person) -> None:
    live.page.set_viewport_size(PHONE)
    bubble = _opens(live, dana, ana)
    bubble.get_by_text("Read wrongly?").click()
    raise_it = bubble.get_by_role("button", name="Raise it")
    expect(raise_it).to_be_in_viewport(ratio=1)
    bubble.get_by_label("A need was missed").select_option("Health")
    raise_it.click()
    expect(bubble).to_contain_text("Missed: Health (Dana)")
    expect(bubble.get_by_text("Missed: Health", exact=True)).to_be_in_viewport()
    expect(live.page.get_by_role("heading", name="Health")).to_be_visible()
    bubble.get_by_text("Read wrongly?").click()
    bubble.get_by_role("button", name="Not a need: Housing").click()
    expect(bubble).to_contain_text("Not a need: Housing (Dana)")
    assert _verdicts(live) == {"missed health", "not_a_need housing"}
    live.hushes()


def test_the_page_comes_back_to_an_earlier_text(live: Live, dana: Colleague, ana: Person) -> None:
    _opens(live, dana, ana)
    first = live.page.locator(".bubble.in").first
    first.get_by_text("Read wrongly?").click()
    first.get_by_label("A need was missed").select_option("Health")
    first.get_by_role("button", name="Raise it").click()
    expect(first.get_by_text("Missed: Health", exact=True)).to_be_in_viewport()
    live.hushes()


def test_the_keyboard_alone_says_it(live: Live, dana: Colleague, ana: Person) -> None:
    bubble = _opens(live, dana, ana)
    bubble.locator("summary").focus()
    keys = live.page.keyboard
    keys.press("Enter")
    _tab_to(live, "Not a need: Housing")
    keys.press("Tab")
    keys.type("Health")
    keys.press("Tab")
    keys.press("Space")
    keys.press("Enter")
    expect(bubble).to_contain_text("Missed: Health, urgent (Dana)")
    assert _verdicts(live) == {"missed health"}
    with live.world.standby.db.reading() as session:
        assert session.query(Flag).filter(Flag.kind == "health").one().urgency == "now"
    live.hushes()


def test_what_is_unfolded_and_chosen_stays_while_the_bubble_changes(live: Live, dana: Colleague, ana: Person) -> None:
    bubble = _opens(live, dana, ana)
    bubble.get_by_text("Read wrongly?").click()
    bubble.get_by_label("A need was missed").select_option("Health")
    bubble.get_by_label("Somebody could be badly hurt").check()
    button = bubble.get_by_role("button", name="Raise it")
    button.focus()
    with live.world.standby.db.writing() as session:
        text_id = live.world.texts_from(ana)[-1].id
        session.add(
            Verdict(message_id=text_id, need="legal", kind="missed", staff_id=dana.id, at=live.world.now, urgent=False)
        )
    expect(bubble).to_contain_text("Missed: Legal help (Dana)", timeout=10_000)
    expect(bubble.get_by_label("A need was missed")).to_have_value("missed health")
    expect(bubble.get_by_label("Somebody could be badly hurt")).to_be_checked()
    expect(button).to_be_focused()
    live.hushes()


def test_every_control_has_a_name_room_and_stays_on_the_screen(live: Live, dana: Colleague, ana: Person) -> None:
    sam = live.world.colleague("Sam", Role.SUPERVISOR)
    live.page.set_viewport_size(PHONE)
    bubble = _opens(live, sam, ana, "Dana is on leave")
    bubble.get_by_text("Read wrongly?").click()
    bubble.get_by_role("button", name="Not a need: Housing").click()
    expect(bubble).to_contain_text("Not a need: Housing (Sam)")
    for path in (f"/people/{ana.id}", "/learned"):
        live.opens(path)
        for fold in live.page.locator(".verdicts summary").all():
            fold.click()
        assert live.page.evaluate(UNNAMED) == [], path
        assert live.page.evaluate(SMALL) == [], path
        assert live.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
    live.page.get_by_role("link", name="Open the conversation with Ana Torres").click()
    expect(live.page.get_by_text("Not a need: Housing (Sam)")).to_be_in_viewport()
    live.hushes()
