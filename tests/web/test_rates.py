"""The first page of figures in a programme that lives: what is answered is counted, and what is wrong is told."""

from collections.abc import Callable

from structlog.testing import LogCapture

from bot.models import Role
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]


def test_an_answer_is_counted_at_once(world: World, browses: Browses) -> None:
    dana, omar, sam = world.colleague("Dana"), world.colleague("Omar"), world.colleague("Sam", Role.SUPERVISOR)
    for worker, name in ((dana, "Ana"), (omar, "Bo")):
        person = world.participant(name, worker)
        world.is_due(person, "weekly")
        world.settles()
        person.texts("good")
        person.hears_all()
    assert "(n = 1)" in browses(dana).reads("/rates")
    assert "(n = 2)" in browses(sam).reads("/rates")


def test_supervisors_are_told_what_is_wrong(world: World, browses: Browses, log: LogCapture) -> None:
    world.edits_flow("weekly", lambda text: text.replace('next = "bed"', 'next = "bde"'))
    log.entries[:] = [entry for entry in log.entries if entry["event"] != "flow_problem"]
    browser, dana = browses(world.colleague("Sam", Role.SUPERVISOR)), browses(world.colleague("Dana"))
    html = browser.reads("/rates")
    assert "clock is late with: every job" in html and "bde" in html and "Nobody who can be alerted is on call" in html
    assert "clock is late" not in dana.reads("/rates")
    world.settles()
    assert "The clock" not in browser.reads("/rates")
