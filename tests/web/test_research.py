"""The page of exports for research: who may see it, what it says before anything leaves, the file, the record."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from bot.core.kinds import Need, Outcome
from bot.models import Event, Export, Role
from tests.kept import THIS_WEEK, WEEK, Kept
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]
WEEKS = {"from": "2026-10-05", "to": "2026-11-16", "dates": "week"}


@pytest.fixture
def rey(world: World) -> Iterator[Colleague]:
    """A researcher of a programme in which twelve people were asked two weeks ago, and nine had a flag."""
    with world.standby.db.writing() as session:
        kept = Kept(session)
        for n in range(12):
            person = kept.person(name=f"Ozymandias{n}")
            check_in = kept.check_in(THIS_WEEK - 2 * WEEK, None, outcome=Outcome.SILENT, participant_id=person.id)
            if n < 9:
                kept.flag(Need.HOUSING, THIS_WEEK - 2 * WEEK, check_in)
    yield world.colleague("Rey", Role.RESEARCHER)


def test_researchers_and_admins_find_it_and_others_do_not(world: World, browses: Browses, rey: Colleague) -> None:
    for colleague in (rey, world.colleague("Ad", Role.ADMIN)):
        browser = browses(colleague)
        assert 'href="/research"' in browser.reads("/rates") and browser.reads("/research")
    for colleague in (world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)):
        browser = browses(colleague)
        assert 'href="/research"' not in browser.reads("/rates")
        assert browser.opens("/research").status_code == browser.posts("/research/export.zip").status_code == 403


def test_it_says_what_will_be_in_it_and_hides_small_counts(browses: Browses, rey: Colleague) -> None:
    page = browses(rey).reads("/research?from=2026-10-05&to=2026-11-16&with=cohort")
    assert "12 people" in page and "12 check-ins" in page and "fewer than 10 flags" in page
    assert "<code>cohort</code>" in page and "<code>zone</code>" not in page and "None yet." in page


@pytest.mark.parametrize(
    ("asked", "says"),
    [("from=soon", "no day for the first week"), ("from=2026-11-16&to=2026-10-05", "first week comes after the last")],
)
def test_weeks_that_are_none_are_a_sentence(browses: Browses, rey: Colleague, asked: str, says: str) -> None:
    assert says in browses(rey).reads(f"/research?{asked}")


def test_the_file_is_what_is_on_record(world: World, browses: Browses, rey: Colleague) -> None:
    browser = browses(rey)
    answer = browser.posts("/research/export.zip", **WEEKS)
    checksum = hashlib.sha256(answer.data).hexdigest()
    assert answer.mimetype == "application/zip"
    assert f"standby-research-2026-11-23-{checksum[:8]}.zip" in answer.headers["Content-Disposition"]
    with ZipFile(io.BytesIO(answer.data)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert b"Ozymandias" not in b"".join(archive.read(name) for name in archive.namelist())
    assert manifest["rows"]["participants"] == 12
    page = browser.reads("/research")
    assert checksum in page and "<td>you</td>" in page and "2026-10-05 to 2026-11-16" in page
    with world.standby.db.reading() as session:
        assert session.scalars(select(Export.staff_id)).all() == [rey.id]
        assert session.scalars(select(Event.staff_id).where(Event.what == "research_exported")).all() == [rey.id]
    admin = browses(world.colleague("Ad", Role.ADMIN)).reads("/research")
    assert "<td>Rey</td>" in admin
    assert "somebody else" in browses(world.colleague("Ray", Role.RESEARCHER)).reads("/research")


def test_what_cannot_leave_is_a_sentence_over_the_form_as_it_was(browses: Browses, rey: Colleague) -> None:
    browser = browses(rey)
    for asked, says in (
        ({**WEEKS, "from": "2026-11-16"}, "Fewer than 10 people"),
        ({**WEEKS, "with": "texts"}, "STANDBY_RESEARCH_TEXTS=reviewed"),
        ({**WEEKS, "dates": "shifted"}, "With shifted dates"),
    ):
        page = browser.posts("/research/export.zip", **asked)
        assert says in page.text and f'value="{asked["from"]}"' in page.text
    assert "None yet." in browser.reads("/research")


def test_an_empty_programme_says_so(browses: Browses, world: World) -> None:
    browser = browses(world.colleague("Rey", Role.RESEARCHER))
    assert "0 people" in browser.reads("/research")
    assert "Fewer than 10 people" in browser.posts("/research/export.zip", **WEEKS).text
