"""The line on every staff page while no text leaves."""

from collections.abc import Callable
from datetime import timedelta

from bot.carrier.faults import Fault, FaultKind
from bot.models import Role
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
