"""The caseworker's desk in a real browser: answering, sending later, handing over, opening for a reason."""

from playwright.sync_api import expect
from sqlalchemy import select

from bot.models import Message, Participant, Role
from tests.browser.conftest import PHONE, Live
from tests.world import Colleague, Person


def _asks(live: Live) -> tuple[Colleague, Person]:
    dana = live.world.colleague("Dana")
    ana = live.world.participant("Ana Torres", dana)
    ana.sends("i need a ride to work tomorrow")
    return dana, ana


def test_a_quick_answer_is_sent_and_the_wait_is_over(live: Live) -> None:
    dana, ana = _asks(live)
    live.signs_in(dana)
    live.page.set_viewport_size(PHONE)
    live.opens("/")
    expect(live.page.get_by_role("row", name="Ana Torres")).to_contain_text("less than a minute", timeout=15_000)
    live.page.get_by_role("link", name="Ana Torres").click()
    expect(live.page.get_by_text("They wait for an answer")).to_be_visible()
    live.page.get_by_role("button", name="I will call").click()
    box = live.page.get_by_label("Write to Ana Torres")
    expect(box).to_have_value("Thanks for telling me. I will call you today.")
    expect(box).to_be_focused()
    live.page.get_by_role("button", name="Send", exact=True).click()
    expect(live.page.get_by_text("Your text is written down. It leaves at once.")).to_be_visible()
    expect(live.page.get_by_text("They wait for an answer")).not_to_be_visible()
    expect(live.page.get_by_text("People talk with them now")).to_be_visible()
    expect(live.page.get_by_label("Texts", exact=True)).to_contain_text("Delivered", timeout=10_000)
    live.page.get_by_role("button", name="Hand back to Standby").click()
    expect(live.page.get_by_text("People talk with them now")).not_to_be_visible()
    live.hushes()


def test_a_text_for_later_waits_in_the_conversation_and_is_taken_back(live: Live) -> None:
    dana, ana = _asks(live)
    live.signs_in(dana)
    live.opens(f"/people/{ana.id}")
    live.page.get_by_label("Write to Ana Torres").fill("Good luck today")
    live.page.get_by_text("Send it later").click()
    live.page.get_by_label("Not now, but at this time:").check()
    live.page.get_by_label("Day and time, on their clock").fill("2026-11-25T09:30")
    live.page.get_by_role("button", name="Send", exact=True).click()
    talk = live.page.get_by_label("Texts", exact=True)
    expect(talk).to_contain_text("Leaves Wed Nov 25, 9:30 am")
    live.page.get_by_role("button", name="Take it back").click()
    expect(talk).to_contain_text("Not sent: taken back")
    with live.world.standby.db.reading() as session:
        texts = [each for each in session.scalars(select(Message)) if each.body == "Good luck today"]
        assert [each.reason for each in texts] == ["taken back"]
    live.hushes()


def test_a_person_is_handed_over_with_the_keyboard(live: Live) -> None:
    dana, ana = _asks(live)
    eli = live.world.colleague("Eli")
    live.signs_in(dana)
    live.opens(f"/people/{ana.id}")
    summary = live.page.locator("summary", has_text="Hand over to a colleague")
    summary.focus()
    keys = live.page.keyboard
    keys.press("Enter")
    keys.press("Tab")
    keys.type("Eli")
    keys.press("Tab")
    keys.press("Space")
    keys.press("Tab")
    keys.press("Enter")
    expect(live.page.get_by_text("They are with Eli now, and a text tells them.")).to_be_visible()
    with live.world.standby.db.reading() as session:
        assert session.get_one(Participant, ana.id).caseworker_id == eli.id
    live.hushes()


def test_somebody_elses_conversation_opens_for_a_reason(live: Live) -> None:
    dana, ana = _asks(live)
    sam = live.world.colleague("Sam", Role.SUPERVISOR)
    live.signs_in(sam)
    live.opens(f"/people/{ana.id}")
    expect(live.page.get_by_label("Reason")).to_be_focused()
    live.page.keyboard.type("Dana is on leave")
    live.page.keyboard.press("Enter")
    expect(live.page.get_by_text("i need a ride to work tomorrow", exact=True)).to_be_visible()
    expect(live.page.get_by_text("Dana is on leave")).to_be_visible()
    live.hushes()


def test_lists_are_sorted_and_chosen(live: Live) -> None:
    dana, ana = _asks(live)
    live.world.participant("Bo Hill", dana)
    live.signs_in(dana)
    live.opens("/")
    live.page.get_by_text("Sort and choose").click()
    live.page.get_by_label("Only who waits for an answer").check()
    live.page.get_by_role("button", name="Show").click()
    expect(live.page.get_by_role("link", name="Ana Torres")).to_be_visible()
    expect(live.page.get_by_role("link", name="Bo Hill")).not_to_be_visible()
    live.page.get_by_role("link", name="Gone quiet (0)").click()
    expect(live.page.get_by_text("Nobody has gone quiet")).to_be_visible()
    live.hushes()
