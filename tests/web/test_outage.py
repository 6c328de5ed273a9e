"""The lines on staff pages while no text leaves, and while a flow cannot be used."""

from collections.abc import Callable
from datetime import timedelta

from bot.carrier.faults import Fault, FaultKind
from bot.models import Role
from tests.conftest import Log
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]
LINE = "No text leaves"


def test_staff_are_told_on_every_page_while_no_text_leaves(world: World, browses: Browses) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    people = [world.participant(f"Ana {place}", dana) for place in range(3)]
    world.goes_wrong(Fault(FaultKind.REFUSE, code=20429, http_status=429), times=50)
    for each in people:
        world.is_due(each, "weekly")
    world.settles()
    assert LINE not in browses(dana).reads("/"), "one slow answer is no outage"
    world.passes(minutes=4)
    for colleague, pages in ((dana, ("/", "/people/1", "/flags", "/flags/banner")), (sam, ("/rota", "/rates"))):
        browser = browses(colleague)
        for path in pages:
            page = " ".join(browser.reads(path).split())
            assert f"<b>{LINE}</b> since 10:00 am: the carrier takes none. 3 wait and leave when it is back." in page
    world.carrier.exchange.faults.clear()
    world.passes(minutes=1)
    assert LINE not in browses(dana).reads("/")
    for each in people:
        each.hears("How is your week")
    world.now += timedelta(hours=1)


def test_who_can_have_it_mended_is_told_of_a_broken_flow(world: World, browses: Browses, log: Log) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    broken = "<b>weekly.toml cannot be used as it is.</b> Check-ins of a flow with a mistake do not start."
    assert broken not in browses(sam).reads("/rates")
    world.edits_flow("weekly", lambda text: text.replace('next = "bed"', 'next = "bad"'))
    assert broken in browses(sam).reads("/rates") and broken not in browses(dana).reads("/")
    watched = world.app.test_client().get("/readyz")
    assert watched.status_code == 503 and "weekly.toml cannot be used: run python -m bot flow check" in watched.text
    assert log.expects("flow_problem")
