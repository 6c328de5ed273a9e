"""A comparison of wordings on its page: what is told before the planned number is reached, and after."""

import html
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.models import Role
from tests.asked import Asked
from tests.conftest import FLOWS, Log
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]
WORDINGS = """planned = 20
wordings.warm.say.en = "Hi, it's {worker}. I was thinking of you. How is your week? Use your own words."
wordings.warm.say.es = "Hola, soy {worker}. Pensaba en usted. ¿Cómo va su semana? Use sus palabras."
"""


@pytest.fixture
def world(database_url: str, log: Log, tmp_path: Path) -> Iterator[World]:
    """A programme that asks in two wordings how the week goes."""
    flows = tmp_path / "flows"
    shutil.copytree(FLOWS, flows)
    file = flows / "weekly.toml"
    source = file.read_text(encoding="utf-8")
    file.write_text(source.replace('remember = "week"\n', f'remember = "week"\n{WORDINGS}', 1), encoding="utf-8")
    world = World(database_url, flows)
    assert not world.standby.shelf.problems
    yield world
    world.ends()


@pytest.fixture
def asked(world: World) -> Asked:
    return Asked(world, world.standby.shelf.flows["weekly"])


def _seen(page: str) -> str:
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", page)).split())


def test_before_the_plan_is_reached_nothing_of_answers_is_shown(world: World, browses: Browses, asked: Asked) -> None:
    asked.answered("usual", 19)
    asked("warm", 19)
    browser = browses(world.colleague("Sam", Role.SUPERVISOR))
    seen = _seen(browser.reads("/rates/wordings"))
    assert "Weekly check-in: “warm” against the usual wording of “open”" in seen
    assert "Too early: 19 of 20 people." in seen and "Planned: 20 people for each wording" in seen
    assert "100 %" not in seen and "Answered of those who count" not in seen
    assert "<img" not in browser.reads("/rates/wordings"), "no picture of a difference either"


def test_after_it_the_difference_stands_with_its_interval_at_its_own_address(
    world: World, browses: Browses, asked: Asked
) -> None:
    """8 of 20 answered the usual one and 17 of 20 the warm one: 45 points more (Newcombe's method 10)."""
    asked.answered("usual", 8)
    asked("usual", 12)
    asked.answered("warm", 17)
    asked("warm", 3)
    browser = browses(world.colleague("Sam", Role.SUPERVISOR))
    page = browser.reads("/rates/wordings")
    assert "“warm” was answered by 45 points more (15 to 66)." in _seen(page)
    assert "40 % (22 to 61, n = 20)" in _seen(page) and "85 % (64 to 95, n = 20)" in _seen(page)
    address = html.unescape(re.findall(r'href="(/figures/wording-[^"]+)"[^>]*>Permanent', page)[0])
    assert "45 points more" in _seen(browser.reads(address))
    path, query = address.split("?")
    picture = browser.opens(f"{path}.svg?{query}")
    assert picture.status_code == 200 and "45 points more" in picture.text
    file = browser.opens(f"{path}.csv?{query}")
    assert file.status_code == 200 and ",17," not in file.text, "3 did not answer, and files hide such counts"
    outside = browses(world.colleague("Rey", Role.RESEARCHER))
    assert "would tell of fewer than 10 people" in _seen(outside.reads("/rates/wordings"))
    assert browses(world.colleague("Dana")).opens(path).status_code == 404
