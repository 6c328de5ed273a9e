"""The figures in a real browser: filters, files, paper, a phone."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from bot.core.kinds import Outcome
from bot.figures.catalogue import Tab
from bot.models import Role
from tests.browser.conftest import PHONE, Live
from tests.conftest import FLOWS, Log
from tests.kept import NOW, THIS_WEEK, WEEK, Kept
from tests.world import Colleague, World

WEEKS = "?from=2026-11-02&to=2026-11-16"


@pytest.fixture
def world(database_url: str, log: Log) -> Iterator[World]:
    """A programme whose rows are kept by hand: each of three weeks, ten of cohort A and ten of B are asked; seven of A
    and three of B answer.
    """
    world = World(database_url, FLOWS)
    world.now = NOW
    with world.standby.db.writing() as session:
        kept = Kept(session)
        for place in range(60):
            at, cohort = THIS_WEEK - (1 + place % 3) * WEEK + timedelta(hours=9), "AB"[place // 30]
            theirs = {"cohort": cohort, "participant_id": kept.person(cohort=cohort).id}
            if place // 3 % 10 < (7 if cohort == "A" else 3):
                kept.check_in(at, answered=timedelta(minutes=30), outcome=Outcome.FINISHED, **theirs)
            else:
                kept.check_in(at, outcome=Outcome.SILENT, **theirs)
    yield world
    world.ends()


@pytest.fixture
def sam(live: Live) -> Colleague:
    """A supervisor who is signed in."""
    sam = live.world.colleague("Sam", Role.SUPERVISOR, on_call=True)
    live.signs_in(sam)
    return sam


def _figure(live: Live, title: str) -> Locator:
    return live.page.get_by_role("region", name=title, exact=True)


def _expect_drawn(image: Locator, width: int) -> None:
    """The picture came and is as wide as it was drawn."""
    expect(image).to_be_visible()
    image.evaluate("async image => { await image.decode() }")
    assert image.evaluate("image => image.naturalWidth") == width


@pytest.mark.usefixtures("sam")
def test_filters_are_chosen_and_stay_on_every_page(live: Live) -> None:
    page = live.page
    live.opens("/rates")
    expect(_figure(live, "Answered, week by week")).to_contain_text("50 % (38 to 62, n = 60)")
    page.get_by_label("First week").fill("2026-11-09")
    page.get_by_label("Last week").fill("2026-11-20")
    page.get_by_label("Cohort").select_option("A")
    page.get_by_role("button", name="Show").click()
    expect(_figure(live, "Answered, week by week")).to_contain_text("70 % (48 to 85, n = 20)")
    page.get_by_role("link", name="Groups").click()
    expect(page.get_by_label("Cohort", exact=True)).to_have_value("A")
    expect(page.get_by_label("First week")).to_have_value("2026-11-09")
    expect(_figure(live, "Answered, by cohort")).to_contain_text("A 70 % (48 to 85, n = 20).")
    page.get_by_role("link", name="Show all").click()
    expect(_figure(live, "Answered, by cohort")).to_contain_text("B 30 %")
    page.get_by_role("link", name="4 weeks").click()
    expect(page.get_by_label("First week")).to_have_value("2026-11-02")


@pytest.mark.usefixtures("sam")
def test_a_filter_that_fits_nobody_says_so(live: Live) -> None:
    live.opens("/rates?from=2020-01-06&to=2020-02-03&cohort=A")
    expect(live.page.get_by_text("No check-in of these weeks fits.")).to_be_visible()
    expect(live.page.locator("main img")).to_have_count(0)


@pytest.mark.usefixtures("sam")
def test_a_figure_has_picture_table_file_and_its_own_page(live: Live, tmp_path: Path) -> None:
    page = live.page
    live.opens(f"/rates{WEEKS}")
    figure = _figure(live, "Answered, week by week")
    _expect_drawn(figure.get_by_role("img"), 720)
    assert "50 % (38 to 62, n = 60)" in (figure.get_by_role("img").get_attribute("alt") or "")
    figure.get_by_text("Table").click()
    cells = figure.get_by_role("row", name="Mon Nov 2").get_by_role("cell")
    expect(cells).to_have_text(["10", "20", "50.0", "29.9", "70.1", "0", "0", "0", "0", "0", "20"])
    with page.expect_download() as download:
        figure.get_by_role("link", name="CSV").click()
    download.value.save_as(tmp_path / "figure.csv")
    rows = list(csv.reader((tmp_path / "figure.csv").open(encoding="utf-8")))
    assert download.value.suggested_filename == "answered-by-week.csv"
    assert [row[:4] for row in rows[1:]] == [[f"2026-11-{day:02}", "10", "20", "50.0"] for day in (2, 9, 16)]
    figure.get_by_role("link", name="Permanent link").click()
    expect(page.get_by_role("heading", level=1, name="Answered, week by week")).to_be_visible()
    expect(page.get_by_role("row", name="Mon Nov 2")).to_be_visible()
    page.get_by_role("link", name="How it is counted").click()
    expect(page.get_by_role("heading", name="Answered", exact=True)).to_be_in_viewport()


@pytest.mark.usefixtures("sam")
def test_on_a_phone_nothing_is_wider_than_the_screen(live: Live) -> None:
    page = live.page
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for name in ("rates", *(f"rates/{tab}" for tab in Tab if tab is not Tab.ANSWERS), "figures/funnel", "help/figures"):
        live.opens(f"/{name}")
        for image in page.locator("main img").all():
            _expect_drawn(image, 340)
        page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name


@pytest.mark.usefixtures("sam")
def test_paper_shows_pictures_and_tables_and_nothing_to_click(live: Live) -> None:
    page = live.page
    page.emulate_media(color_scheme="dark")
    live.opens(f"/rates{WEEKS}")
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    file = page.get_by_role("link", name="CSV", include_hidden=True).first
    for each in (page.get_by_label("Pages"), page.get_by_label("Filters"), file):
        expect(each).to_be_hidden()
    for figure in ("Answered, week by week", "Answered, by flow", "From text to help"):
        expect(_figure(live, figure).get_by_role("img")).to_be_visible()
        expect(_figure(live, figure).get_by_role("table")).to_be_visible()
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.pdf(format="Letter").startswith(b"%PDF")
    expect(_figure(live, "From text to help").get_by_role("table")).to_be_hidden()
