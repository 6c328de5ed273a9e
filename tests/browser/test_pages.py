"""What only a browser can tell: pages that live, keyboards, small screens."""

from playwright.sync_api import expect

from bot.models import Flag, FlagState, Role
from tests.browser.conftest import PHONE, Live
from tests.world import Colleague, Person


def _danger(live: Live) -> tuple[Colleague, Person]:
    dana = live.world.colleague("Dana")
    ana = live.world.participant("Ana Torres", dana)
    ana.sends("he hit me")
    return dana, ana


def _hushes(*phones: Colleague | Person) -> None:
    for phone in phones:
        phone.hears_all()


def test_a_phone_says_danger_and_the_caseworkers_phone_takes_it(live: Live) -> None:
    dana = live.world.colleague("Dana")
    ana = live.world.participant("Ana", dana)
    live.opens("/phones")
    anas, danas = live.page.get_by_label("Text as Ana"), live.page.get_by_label("Text as Dana")
    anas.fill("he hit me")
    anas.press("Enter")
    expect(live.page.get_by_label("Texts on Ana's phone")).to_contain_text("Call 911")
    alert = live.page.get_by_label("Texts on Dana's phone")
    expect(alert).to_contain_text("someone may be in danger")
    expect(anas).to_have_value("")
    expect(anas).to_be_focused()
    code = alert.inner_text().split("text back ")[1].split()[0]
    danas.fill(code)
    danas.press("Enter")
    expect(alert).to_contain_text("it is yours")
    with live.world.standby.db.reading() as session:
        assert session.get_one(Flag, 1).state is FlagState.ACKNOWLEDGED
    _hushes(ana, dana)


def test_a_flag_is_taken_and_resolved_with_the_keyboard_alone(live: Live) -> None:
    dana, ana = _danger(live)
    live.signs_in(dana)
    keys, page = live.page.keyboard, live.page
    live.opens("/flags")
    expect(page.get_by_role("button", name="Take it (Safety, Ana Torres)")).to_be_visible()
    _tab_to(live, "Take it (Safety, Ana Torres)")
    keys.press("Enter")
    expect(page.get_by_role("status").filter(has_text="It is yours")).to_be_visible()
    live.opens("/flags?show=taken")
    _tab_to(live, "Resolve (Safety, Ana Torres)")
    keys.press("Enter")
    keys.press("Tab")
    keys.type("Helped")
    keys.press("Tab")
    keys.press("Space")  # she still waits for an answer
    keys.press("Tab")
    keys.type("Picked her up.")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_text("Resolved: helped.")).to_be_visible()
    with live.world.standby.db.reading() as session:
        assert session.get_one(Flag, 1).note == "Picked her up."
    _hushes(dana, ana)


def _tab_to(live: Live, name: str) -> None:
    """Press Tab until what has this name is in focus."""
    for _ in range(40):
        live.page.keyboard.press("Tab")
        text = live.page.evaluate("document.activeElement.textContent.replace(/\\s+/g, ' ').trim()")
        if text == name:
            return
    raise AssertionError(f"the keyboard does not get to {name!r}")


def test_new_texts_appear_and_what_is_typed_stays(live: Live) -> None:
    dana, ana = _danger(live)
    live.signs_in(dana)
    live.opens(f"/people/{ana.id}")
    box, talk = live.page.get_by_label("Write to Ana Torres"), live.page.get_by_label("Texts", exact=True)
    box.fill("I am on my way, stay where you are")
    card = live.page.locator("#flag-1")
    card.get_by_text("Resolve").click()
    card.get_by_label("Note").fill("half a note")
    ana.sends("i need a place to sleep too")
    expect(talk).to_contain_text("need a place to sleep")
    expect(live.page.get_by_role("heading", name="Housing")).to_be_visible(timeout=10_000)
    live.world.sleeps(minutes=2)
    expect(card).to_contain_text("Open for 2 minutes", timeout=10_000)
    expect(card.get_by_label("Note")).to_have_value("half a note")
    expect(card.get_by_label("Note")).to_be_focused()
    expect(box).to_have_value("I am on my way, stay where you are")
    expect(live.page.get_by_text("34 characters, 1 text.")).to_be_visible()
    _hushes(dana, ana)


def test_nothing_scrolls_sideways_on_a_phone(live: Live) -> None:
    dana, ana = _danger(live)
    sam = live.world.colleague("Sam", Role.SUPERVISOR)
    ana.sends("w" * 200)
    live.world.participant("Maximiliana Featherstonehaugh-Cholmondeley the Third", dana)
    live.page.set_viewport_size(PHONE)
    live.signs_in(sam)
    for path in ("/", "/flags", f"/people/{ana.id}", "/rates", "/phones"):
        live.opens(path)
        too_wide = live.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert too_wide <= 0, f"{path} is {too_wide} px too wide"
    _hushes(dana, ana, sam)


def test_every_control_has_a_name_and_room_for_a_thumb(live: Live) -> None:
    dana, ana = _danger(live)
    live.page.set_viewport_size(PHONE)
    live.signs_in(dana)
    for path in ("/", "/flags", f"/people/{ana.id}", "/rates", "/phones"):
        live.opens(path)
        for fold in live.page.locator(".arrange summary").all():
            fold.click()
        assert live.page.evaluate(UNNAMED) == [], path
        assert live.page.evaluate(SMALL) == [], path
    _hushes(dana, ana)


UNNAMED = """[...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter((each) => !each.labels.length && !each.getAttribute("aria-label")).map((each) => each.outerHTML)"""
# WCAG 2.2, 2.5.8: 24 CSS pixels each way, links in running text excepted.
SMALL = """[...document.querySelectorAll("button, summary, select, textarea, nav a, input.form-control")]
    .filter((each) => each.checkVisibility()).filter((each) => {
      const box = each.getBoundingClientRect();
      return box.width < 24 || box.height < 24;
    }).map((each) => each.outerHTML)"""
