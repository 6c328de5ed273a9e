"""The page of answers: a caseworker's own, the programme's, and what is wrong."""

from collections.abc import Callable

from structlog.testing import LogCapture

from bot.models import Role
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]


def _answered(world: World, caseworker: Colleague, name: str) -> None:
    person = world.participant(name, caseworker)
    world.is_due(person, "weekly")
    world.settles()
    person.texts("good")
    person.hears_all()


def test_caseworkers_see_their_own_peoples_answers(world: World, browses: Browses) -> None:
    dana, omar, sam = world.colleague("Dana"), world.colleague("Omar"), world.colleague("Sam", Role.SUPERVISOR)
    _answered(world, dana, "Ana")
    _answered(world, omar, "Bo")
    assert "1 of 1" in browses(dana).reads("/rates")
    assert "2 of 2" in browses(sam).reads("/rates")


def test_researchers_are_not_shown_small_counts(world: World, browses: Browses) -> None:
    _answered(world, world.colleague("Dana"), "Ana")
    html = browses(world.colleague("Rey", Role.RESEARCHER)).reads("/rates")
    assert "under 10" in html and "1 of 1" not in html and "100" not in html.split("<table")[1]


def test_the_page_says_how_it_counts_and_what_to_do_when_empty(world: World, browses: Browses) -> None:
    html = browses(world.colleague("Dana")).reads("/rates")
    assert "How this is counted" in html and "import participants" in html


def test_supervisors_are_told_what_is_wrong(world: World, browses: Browses, log: LogCapture) -> None:
    world.edits_flow("weekly", lambda text: text.replace('next = "bed"', 'next = "bde"'))
    log.entries[:] = [entry for entry in log.entries if entry["event"] != "flow_problem"]
    browser, dana = browses(world.colleague("Sam", Role.SUPERVISOR)), browses(world.colleague("Dana"))
    html = browser.reads("/rates")
    assert "clock is late with: every job" in html and "bde" in html and "Nobody who can be alerted is on call" in html
    assert "clock is late" not in dana.reads("/rates")
    world.settles()
    assert "The clock" not in browser.reads("/rates")
