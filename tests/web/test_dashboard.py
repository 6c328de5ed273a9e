"""The pages of figures, against rows counted by hand: what each figure shows, to whom, and where there is nothing."""

import csv
import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import pictures
from bot.core.delivery import Status
from bot.core.escalation import Urgency
from bot.core.kinds import Attention, Language, Need, Outcome
from bot.figures.catalogue import CATALOGUE, Tab
from bot.inbox import Incoming, receive
from bot.models import Event, Message, Role, Verdict, VerdictKind
from tests.conftest import FLOWS, Log
from tests.kept import DAY, HOUR, MINUTE, NOW, THIS_WEEK, WEEK, Kept
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]
Rows = list[list[str]]
SILENT, FINISHED = Outcome.SILENT, Outcome.FINISHED
LAST_WEEK = THIS_WEEK - WEEK
PAGES = ("/rates", *(f"/rates/{tab}" for tab in Tab if tab is not Tab.ANSWERS))


@pytest.fixture
def world(database_url: str, log: Log) -> Iterator[World]:
    """A programme whose rows are kept by hand, without the texts that would have made them."""
    world = World(database_url, FLOWS)
    world.now = NOW
    yield world
    world.ends()


@pytest.fixture
def sam(world: World) -> Colleague:
    return world.colleague("Sam", Role.SUPERVISOR)


@pytest.fixture
def dana(world: World, sam: Colleague) -> Colleague:
    return world.colleague("Dana", team="North")


@pytest.fixture
def programme(world: World, dana: Colleague) -> None:
    """Last week 12 of 16 answered Dana in time, in the morning; this week 3 of 5 Omar's."""
    omar = world.colleague("Omar", team="South")
    with world.standby.db.writing() as session:
        kept = Kept(session)
        theirs = {"caseworker_id": dana.id, "team": "North", "cohort": "A"}
        at = LAST_WEEK + 9 * HOUR
        firsts = [kept.check_in(at, answered=40 * MINUTE, outcome=FINISHED, **theirs) for _ in range(12)]
        for _ in range(4):
            kept.check_in(at, outcome=SILENT, ended=2 * DAY, **theirs)
        kept.check_in(at, Status.UNDELIVERED, outcome=SILENT, **theirs)
        kept.check_in(at, outcome=Outcome.STOPPED, **theirs)
        his = {"caseworker_id": omar.id, "team": "South", "flow": "job", "language": Language.ES, "channel": "whatsapp"}
        for _ in range(3):
            kept.check_in(THIS_WEEK + 15 * HOUR, answered=2 * HOUR, outcome=FINISHED, **his)
        for _ in range(2):
            kept.check_in(THIS_WEEK + 15 * HOUR, outcome=SILENT, **his)
        kept.check_in(THIS_WEEK + 15 * HOUR, **his)  # still open
        for first in firsts[:4]:
            kept.flag(Need.HOUSING, LAST_WEEK + DAY, first, taken=HOUR)
        kept.flag(Need.JOB, LAST_WEEK + DAY, firsts[0], taken=HOUR, resolved=True)
        now = {"urgency": Urgency.NOW}
        for minutes in (1, 2, 5, 6, 7, 30):
            kept.flag(Need.SAFETY, LAST_WEEK + DAY, firsts[minutes % 9], taken=minutes * MINUTE, **now)
        kept.flag(Need.SAFETY, NOW - 20 * MINUTE, firsts[11], **now)
        kept.flag(Attention.QUIET, THIS_WEEK + DAY, firsts[10])
        kept.flag(Attention.UNREACHABLE, THIS_WEEK + DAY, firsts[9], resolved=True)
        kept.person(name="Ana Torres", caseworker_id=dana.id, waits_since=NOW - 3 * HOUR)
        kept.person(name="Bo Hill", caseworker_id=omar.id, waits_since=NOW - 5 * DAY)
        session.add(Event(what="opted_out", at=LAST_WEEK + DAY, participant_id=firsts[0].participant_id, detail="stop"))


def shown(page: str, name: str) -> Rows:
    """The table of this figure as the page has it, without its headings."""
    section = page.split(f'id="{name}"')[1].split("</section>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", section, re.DOTALL)[1:]
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows)
    return [[html.unescape(re.sub("<[^>]+>", "", cell)).strip() for cell in row] for row in cells]


def says(page: str, name: str) -> str:
    """The sentence of this figure."""
    return html.unescape(page.split(f'id="{name}"')[1].split('class="says">')[1].split("</p>")[0])


def test_answers_by_week_and_flow(world: World, browses: Browses, sam: Colleague, programme: None) -> None:
    page = browses(sam).reads("/rates?from=2026-11-16&to=2026-11-23")
    weeks = shown(page, "answered-by-week")
    assert weeks[0] == ["Mon Nov 16", "12", "16", "75.0", "50.5", "89.8", "0", "1", "0", "1", "0", "18"]
    assert weeks[1] == ["Mon Nov 23", "3", "5", "too few to say", "", "", "1", "0", "0", "0", "0", "6"]
    assert "71 % (50 to 86, n = 21)" in says(page, "answered-by-week")
    assert "Counted apart: 1 still open, 1 opted out, 1 not delivered." in says(page, "answered-by-week")
    weekly, job = shown(page, "answered-by-flow")
    assert weekly[:4] == ["Weekly check-in", "12", "16", "75.0"] and job[:4] == ["New job", "3", "5", "too few to say"]


def test_the_funnel(world: World, browses: Browses, sam: Colleague, programme: None) -> None:
    page = browses(sam).reads("/rates")
    assert [row[:2] for row in shown(page, "funnel")] == [
        ["Sent", "24"], ["Delivered", "23"], ["Answered", "15"], ["Need raised", "8"], ["Taken by a person", "7"],
        ["Resolved", "0"],
    ]  # fmt: skip
    assert shown(page, "funnel")[2][2:] == ["65.2", "44.9", "81.2"], "15 of 23 by Wilson"


def test_answers_by_group(world: World, browses: Browses, sam: Colleague, programme: None) -> None:
    page = browses(sam).reads("/rates/who")
    pairs = {"cohort": ("A", "No cohort"), "language": ("English", "Spanish"), "channel": ("Text message", "WhatsApp")}
    for by, (many, few) in pairs.items():
        rows = [row[:4] for row in shown(page, f"answered-by-{by}")]
        assert rows == [[many, "12", "16", "75.0"], [few, "3", "5", "too few to say"]]
    dana, omar = shown(page, "answered-by-caseworker")
    assert dana[:5] == ["Dana", "1", "12", "16", "75.0"], "with the one person she looks after today"
    assert omar[:5] == ["Omar", "1", "3", "5", "too few to say"]
    assert "no ranking" in says(page, "answered-by-caseworker")


def test_answers_by_hour_and_time_to_reply(world: World, browses: Browses, sam: Colleague, programme: None) -> None:
    page = browses(sam).reads("/rates/when")
    hours = shown(page, "answered-by-hour")
    assert [row[:4] for row in hours] == [["Monday", "09:00", "12", "16"], ["Monday", "15:00", "3", "5"]]
    assert "before noon, 75 %" in says(page, "answered-by-hour")
    times = dict((row[0], row[1:]) for row in shown(page, "time-to-reply"))
    # 12 answered after 40 minutes and 3 after 2 hours; 6 silent ones, one that ended by STOP and an open one wait on
    assert times["Check-ins that asked"][0] == "23" and times["Answered"][0] == "15"
    assert times["No answer so far"][0] == "8"
    assert times["Half have answered after (minutes)"][0] == "40"
    assert times["Nine in ten have answered after (minutes)"][0] == "not reached yet"
    assert times["Answered within 1 h (%)"][0] == f"{100 * 12 / 23:.1f}"
    assert times["Answered within 4 h (%)"][0] == f"{100 * 15 / 23:.1f}"
    assert "half have answered after: 40 min (40 min to" in says(page, "time-to-reply")


def test_needs_and_mistakes(world: World, browses: Browses, sam: Colleague, programme: None) -> None:
    receive(world.standby.db, Incoming("sms", "SM1", "+18165550199", "hello"), NOW)
    with world.standby.db.writing() as session:
        text = session.scalars(select(Message.id)).one()
        given = {"message_id": text, "staff_id": sam.id, "at": NOW, "urgent": False}
        session.add(Verdict(need=Need.JOB, kind=VerdictKind.MISSED, **given))
        session.add(Verdict(need=Need.LEGAL, kind=VerdictKind.NOT_A_NEED, **given))
    page = browses(sam).reads("/rates/needs?from=2026-11-16")
    assert shown(page, "needs-by-week") == [["Mon Nov 16", "6", "4", "1", "11"], ["Mon Nov 23", "1", "0", "0", "1"]]
    assert "12 new needs were raised, most often Safety (7), Housing (4), Work (1)" in says(page, "needs-by-week")
    assert shown(page, "mistakes-by-week")[1] == ["Mon Nov 23", "1", "1", "2"]


def test_danger_and_the_promise(world: World, browses: Browses, sam: Colleague, programme: None) -> None:
    """The shipped policy rings the first people at 0 and 3 minutes, and the backup at 6."""
    page = browses(sam).reads("/rates/danger")
    cases = shown(page, "danger-to-person")
    assert [row[2:] for row in cases] == [
        ["1.0", "in time"], ["2.0", "in time"], ["5.0", "in time"], ["6.0", "in time"], ["7.0", "late"],
        ["30.0", "late"], ["20.0", "not yet, late"],
    ]  # fmt: skip
    said = says(page, "danger-to-person")
    assert "within 6 min" in said and "Kept: too few to say (n = 7)" in said
    assert [row[1] for row in shown(page, "danger-now")] == ["20 min"]
    assert "1 danger stands open that nobody has taken, the longest for 20 min" in says(page, "danger-now")


def test_who_waits_and_whom_texts_lose(world: World, browses: Browses, sam: Colleague, programme: None) -> None:
    page = browses(sam).reads("/rates/waiting?from=2026-11-16")
    assert [(row[0], row[1]) for row in shown(page, "waiting-now")] == [("Bo Hill", "5 days"), ("Ana Torres", "3 h")]
    assert "2 people wait for an answer from a person, the longest for 5 days" in says(page, "waiting-now")
    last_week, this_week = shown(page, "lost-by-week")
    assert last_week == ["Mon Nov 16", "0", "0", "1", "0", "1"] and this_week == ["Mon Nov 23", "1", "1", "0", "0", "2"]
    assert "Unresolved today, from whatever week: gone quiet 1." in says(page, "lost-by-week")


def test_opt_outs_count_whatever_the_flow(world: World, browses: Browses, sam: Colleague, programme: None) -> None:
    with world.standby.db.writing() as session:
        Kept(session).flag(Attention.STOPPED, LAST_WEEK + DAY)
    page = browses(sam).reads("/rates/waiting?from=2026-11-16&flow=job")
    assert shown(page, "lost-by-week")[0] == ["Mon Nov 16", "0", "0", "1", "0", "1"]
    assert "Unresolved today, from whatever week: opted out 1." in says(page, "lost-by-week")


def test_wordings_say_when_none_are_compared(world: World, browses: Browses, sam: Colleague) -> None:
    assert "No wordings are compared" in browses(sam).reads("/rates/wordings")


def test_every_figure_has_its_page_its_picture_and_its_file(
    world: World, browses: Browses, sam: Colleague, programme: None
) -> None:
    browser = browses(sam)
    for entry in CATALOGUE:
        page = browser.reads(f"/figures/{entry.name}?flow=weekly")
        assert page.count("<h1") == 1 and f'href="/help/figures#{entry.about}"' in page
        file = browser.opens(f"/figures/{entry.name}.csv?flow=weekly")
        assert file.mimetype == "text/csv" and file.headers["Cache-Control"] == "no-store"
        assert f'filename="{entry.name}.csv"' in file.headers["Content-Disposition"]
        assert len(list(csv.reader(file.text.splitlines()))) > 1
    for size in ("", "&size=phone", "&size=nonsense"):
        picture = browser.opens(f"/figures/funnel.svg?flow=weekly{size}")
        assert picture.mimetype == "image/svg+xml" and "<title" in picture.text
        assert ("340" if "phone" in size else "720") in picture.text.split(">")[0]


def test_files_hold_numbers_and_no_names_of_participants(
    world: World, browses: Browses, sam: Colleague, programme: None
) -> None:
    with world.standby.db.writing() as session:
        kept = Kept(session)
        for _ in range(20):
            kept.check_in(LAST_WEEK - WEEK, answered=HOUR, outcome=FINISHED)
            kept.check_in(LAST_WEEK - WEEK, outcome=SILENT)
    browser = browses(sam)
    assert "2026-11-09,20,40,50.0,35.2,64.8,0,40" in browser.opens("/figures/answered-by-week.csv?to=2026-11-09").text
    assert browser.opens("/figures/waiting-now.csv").text.split() == ["Wait", "now", "hidden"]


@pytest.mark.parametrize("role", [Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN, Role.RESEARCHER])
def test_no_file_holds_a_small_count_whoever_takes_it(
    world: World, browses: Browses, sam: Colleague, programme: None, role: Role
) -> None:
    browser = browses(world.colleague("Rey", role))
    for entry in CATALOGUE:
        if role in entry.readers:
            rows = list(csv.reader(browser.opens(f"/figures/{entry.name}.csv").text.splitlines()))
            small = [cell for row in rows[1:] for cell in row[1:] if cell.isdigit() and 0 < int(cell) < 10]
            assert not small, f"{entry.name} tells {small}"
    answer = browser.opens("/figures/answered-by-week.csv?from=2023-01-02")
    assert answer.status_code == 400 and "104 weeks" in answer.text


def test_filters_narrow_every_figure_and_stay_from_page_to_page(
    world: World, browses: Browses, sam: Colleague, programme: None
) -> None:
    browser = browses(sam)
    for asked in ("cohort=A", "team=North", "flow=weekly"):
        page = browser.reads(f"/rates?{asked}")
        assert "75 % (51 to 90, n = 16)" in says(page, "answered-by-week")
        assert f'href="/rates/when?{asked}"' in page and f"{asked}" in page.split('srcset="')[1].split('"')[0]
    assert "The whole programme, flow “Weekly check-in”" in html.unescape(page)


def test_a_permanent_address_shows_the_same_later(
    world: World, browses: Browses, sam: Colleague, programme: None
) -> None:
    address = re.search(r'href="(/figures/answered-by-week\?[^"]+)"', browses(sam).reads("/rates?team=North"))
    assert address
    world.now += timedelta(weeks=30)
    page = browses(sam).reads(html.unescape(address[1]))
    assert "75 % (51 to 90, n = 16)" in says(page, "answered-by-week")


def test_caseworkers_see_their_own_people_alone(
    world: World, browses: Browses, dana: Colleague, programme: None
) -> None:
    browser = browses(dana)
    for path in (*PAGES[:-1], *(f"/figures/{entry.name}" for entry in CATALOGUE)):
        page = browser.reads(f"{path}?caseworker=3&team=South")
        assert "Your people" in page and "Omar" not in page and "Bo Hill" not in page
    workers = shown(browser.reads("/rates/who?caseworker=3"), "answered-by-caseworker")
    assert [row[0] for row in workers] == ["Dana"]
    assert browser.opens("/rates/wordings").status_code == 403


def test_researchers_see_no_small_count_no_name_and_no_single_case(
    world: World, browses: Browses, programme: None
) -> None:
    browser = browses(world.colleague("Rey", Role.RESEARCHER))
    weeks = shown(browser.reads("/rates?from=2026-11-16"), "answered-by-week")
    assert weeks[0][2:4] == ["hidden", "hidden"] and weeks[1][1:3] == ["hidden", "hidden"], "4 and 2 did not answer"
    for path in (*PAGES, *(f"/figures/{entry.name}" for entry in CATALOGUE if "caseworker" not in entry.name)):
        page = browser.reads(f"{path}?caseworker=2")
        assert not any(name in page for name in ("Dana", "Omar", "Ana Torres", "Bo Hill")), path
        for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL):
            assert not set(re.findall(r'class="count">(\d)<', row)) - {"0"}, f"{path} tells a small count"
    assert "n = 7" not in says(browser.reads("/rates/danger"), "danger-to-person")
    for ending in ("", ".csv", ".svg"):
        assert browser.opens(f"/figures/answered-by-caseworker{ending}").status_code == 404


def test_researchers_see_nothing_of_few_people_or_of_one_caseworker(
    world: World, browses: Browses, programme: None
) -> None:
    """Omar's team has six people; the eighteen of the north have one caseworker."""
    browser = browses(world.colleague("Rey", Role.RESEARCHER))
    for asked, told in (("flow=job", "Fewer than 10"), ("team=South", "Fewer than 10"), ("team=North", "One casework")):
        for path in ("/rates", "/rates/danger", "/figures/funnel", "/figures/funnel.svg", "/figures/funnel.csv"):
            answer = browser.opens(f"{path}?{asked}")
            assert answer.status_code == (200 if path.startswith("/rates") else 400), path
            assert told in html.unescape(answer.text), path
            assert "<table" not in answer.text and "Show all" not in answer.text.split("Filters")[-1]
    assert "No check-in of these weeks fits" in browser.reads("/rates?cohort=nobody")
    assert "75 %" not in browser.reads("/rates?cohort=A") and "n = 16" not in browser.reads("/rates?cohort=A")


def test_many_rows_are_on_the_page_of_the_figure(world: World, browses: Browses, sam: Colleague) -> None:
    with world.standby.db.writing() as session:
        kept = Kept(session)
        for minutes in range(130):
            kept.flag(Need.SAFETY, LAST_WEEK + minutes * MINUTE, taken=MINUTE, urgency=Urgency.NOW)
    page = browses(sam).reads("/rates/danger")
    assert len(shown(page, "danger-to-person")) == 100 and "The first 100 of 130" in page
    assert len(shown(browses(sam).reads("/figures/danger-to-person"), "danger-to-person")) == 130


def test_admins_see_all_figures_and_no_names_of_participants(world: World, browses: Browses, programme: None) -> None:
    page = browses(world.colleague("Ada", Role.ADMIN)).reads("/rates/waiting")
    assert "Ana Torres" not in page and "2 people wait" in page


def test_an_empty_programme_says_what_to_do(world: World, browses: Browses, sam: Colleague) -> None:
    browser = browses(sam)
    for path in PAGES[:-1]:
        page = browser.reads(path)
        assert "No check-in has begun yet" in page and "import participants" in page, path
        assert "<img" not in page
    for entry in CATALOGUE:
        assert browser.opens(f"/figures/{entry.name}.svg").status_code == 200
        assert browser.opens(f"/figures/{entry.name}.csv").status_code == 200


def test_one_participant_is_too_few_to_say(world: World, browses: Browses, sam: Colleague) -> None:
    with world.standby.db.writing() as session:
        Kept(session).check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED)
    browser = browses(sam)
    assert "too few to say (n = 1)" in says(browser.reads("/rates"), "answered-by-week")
    for path in PAGES:
        assert "100.0" not in browser.reads(path) and "100 %" not in browser.reads(path)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("from=2027-02-01&to=2027-03-01", "These weeks have not begun yet. Choose earlier ones."),
        ("from=2020-02-03&to=2020-03-02", "No check-in began in these weeks. Choose other ones."),
        ("cohort=nobody", "No check-in of these weeks fits. Choose other weeks, or show all."),
        ("flow=%00%F0%9F%98%80'--", "No check-in of these weeks fits"),
        ("team=North&cohort=B", "Check-ins began in the weeks from Nov 16, 2026 to Nov 23, 2026."),
        ("caseworker=99999999", "No check-in of these weeks fits"),
    ],
)
def test_where_nothing_fits_a_sentence_says_what_to_do(
    world: World, browses: Browses, sam: Colleague, programme: None, asked: str, told: str
) -> None:
    browser = browses(sam)
    for path in ("/rates", "/rates/who", "/rates/needs", "/figures/answered-by-week"):
        assert told in browser.reads(f"{path}?{asked}"), path


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("from=soon", "is no day for the first week"),
        ("to=9999-12-31", "is no day for the last week"),
        ("from=2026-11-23&to=2026-11-02", "Exchange the two"),
        ("from=1990-01-01", "too long to show"),
        ("caseworker=x", "Choose one from the list"),
    ],
)
def test_nonsense_in_the_address_is_told(
    world: World, browses: Browses, sam: Colleague, programme: None, asked: str, told: str
) -> None:
    browser = browses(sam)
    for path in ("/rates", "/rates/when", "/figures/funnel", "/figures/funnel.svg", "/figures/funnel.csv"):
        answer = browser.opens(f"{path}?{asked}")
        assert answer.status_code == 400 and told in html.unescape(answer.text), path


def test_what_does_not_exist_is_told(world: World, browses: Browses, sam: Colleague) -> None:
    browser = browses(sam)
    for name in ("rates/answers", "rates/nonsense", "figures/x", "figures/x.svg", "figures/x.csv", "figures/wording-x"):
        assert browser.opens(f"/{name}").status_code == 404


def test_where_no_picture_can_be_drawn_sentence_and_table_stay(
    world: World, browses: Browses, sam: Colleague, programme: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(order: object) -> str:
        raise pictures.PictureError("no answer")

    monkeypatch.setattr(pictures, "_drawn", broken)
    browser = browses(sam)
    picture = browser.opens("/figures/funnel.svg")
    assert picture.status_code == 503 and "The sentence and the table tell the same" in " ".join(picture.text.split())
    assert shown(browser.reads("/rates"), "funnel")


def test_the_help_defines_what_every_figure_stands_on(world: World, browses: Browses, dana: Colleague) -> None:
    page = browses(dana).reads("/help/figures")
    assert all(f'id="{entry.about}"' in page for entry in CATALOGUE)
    for word in ("Wilson, E. B. (1927)", "Kaplan", "Cox, L. H.", "<b>6 min</b>", "1 to 9"):
        assert word in page
