"""A real browser before the real application, served on loopback; texts and the clock go on beside it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from bot.models import Staff
from bot.passwords import hash_password
from tests.chromium import ARGUMENTS, MISSING, find
from tests.databases import fresh_sqlite
from tests.world import Colleague, World

PASSWORD = "a long enough password"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def database_url() -> Iterator[str]:
    """A fresh SQLite file: what differs between databases is tested without a browser."""
    with fresh_sqlite() as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's chromium, once for all tests."""
    path = find()
    if path is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Live:
    """The world, served. While it is, texts travel and the clock ticks by themselves."""

    world: World
    address: str
    page: Page
    rounds: list[int]

    def signs_in(self, colleague: Colleague) -> None:
        """Through the door, by keyboard."""
        with self.world.standby.db.writing() as session:
            staff = session.get_one(Staff, colleague.id)
            staff.password_hash, email = hash_password(PASSWORD), staff.email
        self.page.goto(f"{self.address}/sign-in")
        expect(self.page.get_by_label("E-mail")).to_be_focused()
        self.page.keyboard.type(email)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def opens(self, path: str) -> None:
        self.page.goto(self.address + path)

    def hushes(self) -> None:
        """What phones heard was expected: taken note of once nothing is left to do.

        Two rounds end after now: the first may have begun before the page's last click, the second did not.
        """
        begun = len(self.rounds)
        for _ in range(600):
            if len(self.rounds) >= begun + 2:
                break
            self.page.wait_for_timeout(50)
        else:
            raise AssertionError("the world stopped going on")
        for phone in self.world.phones:
            phone.hears_all()


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@pytest.fixture
def live(world: World, chromium: Browser) -> Iterator[Live]:
    """The world before a browser. An error in the browser's own log fails the test."""
    server = make_server("127.0.0.1", 0, world.app, threaded=True, request_handler=_QuietHandler)
    over, rounds = threading.Event(), list[int]()
    going_on = threading.Thread(target=_go_on, args=(world, over, rounds))
    threads = [threading.Thread(target=server.serve_forever), going_on]
    for thread in threads:
        thread.start()
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    try:
        yield Live(world, f"http://127.0.0.1:{server.server_port}", page, rounds)
    finally:
        context.close()
        over.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()
    assert not wrong, f"the browser complained: {wrong}"


def _go_on(world: World, over: threading.Event, rounds: list[int]) -> None:
    """Do all there is to do, over and over; each round that is through is written down."""
    while not over.wait(0.1):
        world.settles()
        rounds.append(len(rounds))
