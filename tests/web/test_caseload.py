"""The lists of people: tabs, orders, who waits, who is out of reach and why."""

import re
from collections.abc import Callable

from bot.carrier.faults import Fault, FaultKind
from bot.models import Participant, Role
from tests.web.conftest import Browser
from tests.world import Colleague, Person, World

Browses = Callable[[Colleague], Browser]


def _names(html: str) -> list[str]:
    return re.findall(r'id="person-\d+"[^>]*>([^<]+)</a>', html)


def _in_cohort(world: World, person: Person, cohort: str) -> None:
    with world.standby.db.writing() as session:
        session.get_one(Participant, person.id).cohort = cohort


def test_each_tab_holds_its_people(world: World, browses: Browses) -> None:
    sam = world.colleague("Sam", Role.SUPERVISOR)
    dana = world.colleague("Dana")
    for name, worker in (("Ana", dana), ("Bo", sam), ("Cy", None)):
        world.participant(name, worker)
    browser = browses(sam)
    assert _names(browser.reads("/")) == ["Ana", "Bo", "Cy"]
    assert _names(browser.reads("/?tab=mine")) == ["Bo"]
    assert _names(browser.reads("/?tab=unassigned")) == ["Cy"]
    assert "Nobody has gone quiet" in browser.reads("/?tab=quiet")
    assert "Unassigned (1)" in browser.reads("/")
    assert "Unassigned" not in browses(dana).reads("/")
    assert _names(browses(dana).reads("/?tab=unassigned")) == ["Ana"]  # no such list for her: she gets her own


def test_orders_and_choices(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, bo, cy = (world.participant(name, dana) for name in ("Ana", "Bo", "Cy"))
    _in_cohort(world, bo, "2026 spring")
    cy.texts("i need a job")
    world.passes(minutes=20)
    bo.texts("i need a bus pass")
    ana.texts("im good")
    for phone in (cy, bo, ana, dana):
        phone.hears_all()
    browser = browses(dana)
    assert _names(browser.reads("/")) == ["Cy", "Bo", "Ana"]
    assert _names(browser.reads("/?order=name")) == ["Ana", "Bo", "Cy"]
    assert _names(browser.reads("/?order=silent"))[0] == "Cy"
    assert _names(browser.reads("/?order=waits&waits=yes")) == ["Cy", "Bo"]
    assert _names(browser.reads("/?cohort=2026+spring")) == ["Bo"]
    assert _names(browser.reads("/?order=nonsense&page=-3")) == ["Cy", "Bo", "Ana"]
    assert "Nobody here fits that choice" in browser.reads("/?cohort=none+such")


def test_who_went_quiet_stands_apart_with_what_is_known(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly", repeat_days=7)
    world.passes(days=18)
    ana.hears_all()
    dana.hears("gone quiet")
    dana.hears_all()
    browser = browses(dana)
    assert _names(browser.reads("/?tab=quiet")) == ["Ana"]
    page = browser.reads(f"/people/{ana.id}")
    assert "3 check-ins in a row without an answer. They never wrote. The latest text arrived." in page


def test_who_cannot_be_reached_stands_apart_with_what_to_do(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana, bo = world.participant("Ana", dana), world.participant("Bo", dana)
    world.goes_wrong(Fault(FaultKind.UNDELIVER, ana.number, code=30005))
    world.goes_wrong(Fault(FaultKind.UNDELIVER, bo.number, code=30003))
    for person in (ana, bo):
        world.is_due(person, "weekly")
    world.passes(minutes=5)
    dana.hears_all()
    page = browses(dana).reads("/?tab=unreachable")
    assert _names(page) == ["Ana", "Bo"]
    assert "The number may not exist any more. Find them another way" in page
    assert "The phone is off or out of reach. Call, and try again later" in page
