"""The directory of services, and referrals to them."""

import io
from collections.abc import Callable

import pytest

from bot.directory import SERVICES, import_services
from bot.models import Flag, Role, Service
from bot.sheets import ImportProblem, read_rows
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]
FILE = b"""id,name,status,email,phone,language,service_area,schedule,needs,organization_id
s1,Open Door Shelter,active,door@example.org,816-555-0150,"English, Spanish",Midtown,24 hours,"housing, basics",o1
s2,Night School,active,,816-555-0151,English,Midtown,Mon-Thu 6-9 pm,education,o2
s3,Old Clinic,defunct,,,,,,health,o3
s4,Ride Share,active,,816-555-0152,,,,rides,o4
"""


def test_a_referral_names_a_service_and_asks_later_whether_it_helped(world: World, browses: Browses) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    ana = world.participant("Ana", dana)
    added = browses(sam).posts("/services", name="Open Door", needs=["housing"], contact="816-555-0150")
    assert "Open Door is in the directory." in added.text
    ana.texts("i need a place to sleep")
    ana.hears_all()
    dana.hears_all()
    browser = browses(dana)
    page = browser.reads(f"/people/{ana.id}")
    assert "Open Door · 816-555-0150" in page
    browser.posts("/flags/1/resolve", outcome="referred", service=1)
    assert "Referred to a service: Open Door" in " ".join(browser.reads("/flags?show=resolved").split())
    world.passes(days=6)
    ana.hears("Did it come?")
    ana.hears_all()
    with world.standby.db.reading() as session:
        assert session.get_one(Flag, 1).service_id == 1
    browses(sam).posts("/services/1/away")
    assert "Open Door" not in browses(dana).reads("/services")
    assert "Open Door" in browser.reads("/flags?show=resolved")


def test_a_file_is_taken_in_and_updates(world: World, browses: Browses) -> None:
    browser = browses(world.colleague("Sam", Role.SUPERVISOR))
    told = browser.posts("/services/file", file=(io.BytesIO(FILE), "services.csv")).text
    assert "2 added, 1 passed over, 1 not taken" in told and "line 5: needs: rides; use: safety, housing" in told
    page = browser.reads("/services?need=housing")
    assert "Open Door Shelter" in page and "816-555-0150, door@example.org" in page and "Night School" not in page
    again = FILE.replace(b"24 hours", b"6 pm to 7 am").replace(b"s2,Night School,active", b"s2,Night School,inactive")
    assert "1 updated, 1 taken out" in browser.posts("/services/file", file=(io.BytesIO(again), "s.csv")).text
    assert "6 pm to 7 am" in browser.reads("/services") and "Night School" not in browser.reads("/services")


def test_a_file_without_the_needed_column_is_refused(world: World, browses: Browses) -> None:
    browser = browses(world.colleague("Sam", Role.SUPERVISOR))
    for content, why in ((b"title,needs\nX,housing\n", "no column"), (b"", "is empty"), (b"\xff\xfe", "no UTF-8")):
        assert why in browser.posts("/services/file", file=(io.BytesIO(content), "s.csv")).text


@pytest.mark.parametrize("form", [{"name": ""}, {"name": "x" * 201}, {"name": "A", "contact": "x" * 301}])
def test_an_entry_that_cannot_be_is_refused(world: World, browses: Browses, form: dict[str, str]) -> None:
    browser = browses(world.colleague("Sam", Role.SUPERVISOR))
    assert "Nothing was changed." in browser.posts("/services", **form).text
    with world.standby.db.reading() as session:
        assert not session.query(Service).all()


def test_caseworkers_read_and_do_not_change(world: World, browses: Browses) -> None:
    browser = browses(world.colleague("Dana"))
    assert "The directory is empty" in browser.reads("/services")
    assert browser.posts("/services", name="Mine").status_code == 403


def test_an_id_of_a_file_updates_the_entry_whatever_its_name(world: World) -> None:
    with world.standby.db.writing() as session:
        import_services(session, read_rows(FILE, SERVICES))
        import_services(session, read_rows(FILE.replace(b"Open Door Shelter", b"New Door"), SERVICES))
        assert sorted(session.query(Service.name).all()) == [("New Door",), ("Night School",)]
    with pytest.raises(ImportProblem):
        read_rows(b"id\n1\n", SERVICES)
