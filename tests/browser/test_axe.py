"""Every page before axe-core, light and dark, at both sizes: no serious finding."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from bot.models import Role
from tests.browser.conftest import PHONE, Live

PAGES = (
    "/", "/?tab=quiet", "/?tab=unreachable", "/?tab=unassigned", "/people/new", "/people/1", "/people/2/open", "/flags",
    "/flags?show=resolved", "/many", "/many/1", "/services", "/rota", "/staff", "/staff/me", "/rates", "/rates/who",
    "/rates/when", "/rates/needs", "/rates/danger", "/rates/waiting", "/rates/wordings", "/figures/needs-by-week",
    "/help/figures", "/learned", "/phones",
)  # fmt: skip
SERIOUS = ("serious", "critical")


def _full_house(live: Live) -> None:
    """Something of everything: danger, a need, a stranger, a failed number, a note, a service, a text that waits."""
    world = live.world
    sam = world.colleague("Sam", Role.SUPERVISOR, on_call=True)
    ana = world.participant("Ana Torres", sam)
    world.participant("Bo Hill", world.colleague("Dana"))
    ana.sends("he hit me and i need a place to sleep")
    world.stranger().sends("is this the rent people")
    live.hushes()
    live.signs_in(sam)
    live.opens("/services")
    live.page.get_by_label("Name").last.fill("Open Door")
    live.page.get_by_role("button", name="Add it").click()
    _shows(live, "Open Door")
    live.opens("/people/1")
    live.page.get_by_label("Note for colleagues, never sent").fill("Met her mother")
    live.page.get_by_role("button", name="Keep the note").click()
    _shows(live, "Met her mother")
    live.page.get_by_label("Write to Ana Torres").fill("Are you safe?")
    live.page.get_by_role("button", name="Send", exact=True).click()
    _shows(live, "Are you safe?")
    live.opens("/many")
    live.page.get_by_label("Text in English").fill("The office is closed on Friday.")
    live.page.get_by_role("button", name="Show who gets it").click()
    live.page.get_by_role("button", name="Send it to").click()


def _shows(live: Live, words: str) -> None:
    """The page that follows a click is there: what is typed before would be typed into the page that goes."""
    expect(live.page.get_by_text(words).first).to_be_visible()


def _findings(live: Live, path: str) -> Iterator[str]:
    live.opens(path)
    for fold in live.page.locator("main summary").all():
        fold.evaluate("each => { each.parentElement.open = true }")
    for each in Axe().run(live.page).response["violations"]:
        if each["impact"] in SERIOUS:
            yield f"{path}: {each['id']}: {[node['html'][:120] for node in each['nodes'][:3]]}"


SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])
SIZES = pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE], ids=["laptop", "phone"])


@SCHEMES
@SIZES
def test_no_page_of_researchers_has_a_serious_finding(live: Live, scheme: str, size: dict[str, int]) -> None:
    live.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    live.page.set_viewport_size(size)  # type: ignore[arg-type]
    live.world.participant("Ana Torres", live.world.colleague("Dana"))
    live.signs_in(live.world.colleague("Rey", Role.RESEARCHER))
    pages = ("/research", "/research?with=texts&dates=shifted&from=soon", "/rates?to=2020-01-06")
    found = [finding for path in pages for finding in _findings(live, path)]
    assert not found, "\n".join(found)


@SCHEMES
@SIZES
def test_no_page_has_a_serious_finding(live: Live, scheme: str, size: dict[str, int]) -> None:
    live.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found = list(_findings(live, "/sign-in"))
    _full_house(live)
    live.page.set_viewport_size(size)  # type: ignore[arg-type]
    live.opens("/")
    stranger = live.page.get_by_role("link", name="Read the texts").get_attribute("href", timeout=15_000)
    found += [finding for path in (*PAGES, str(stranger)) for finding in _findings(live, path)]
    assert not found, "\n".join(found)
    live.hushes()
