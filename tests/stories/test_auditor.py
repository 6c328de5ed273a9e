"""The promises that Standby makes of itself: broken ones are mended, told to supervisors, and stop the heartbeat."""

import threading
from collections.abc import Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from sqlalchemy import update

from bot.auditor import audit
from bot.models import Flag, Message, Role
from tests.conftest import Log
from tests.post_office import PostOffice
from tests.world import World


class Watchdog:
    """Somebody outside who waits for heartbeats on loopback."""

    def __init__(self) -> None:
        self.beats = 0
        watchdog = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watchdog.beats += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/beat"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def ends(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    dog = Watchdog()
    yield dog
    dog.ends()


def watches(world: World, watchdog: Watchdog) -> None:
    """The programme has a watchdog from now on."""
    world.settings = world.settings.model_copy(update={"heartbeat_url": watchdog.url})
    world.starts_process()


def rounds(world: World, minutes: int) -> None:
    """Time passes in the auditor's rounds of two minutes."""
    for _ in range(minutes // 2):
        world.passes(minutes=2)


def beats(world: World, watchdog: Watchdog) -> bool:
    """Whether the auditor beats now."""
    before = watchdog.beats
    audit(world.standby.post, world.now)
    return watchdog.beats > before


def test_while_all_is_well_it_beats_and_says_nothing(world: World, watchdog: Watchdog) -> None:
    sam = world.colleague("Sam", Role.SUPERVISOR)
    watches(world, watchdog)
    world.settles()
    assert beats(world, watchdog)
    sam.hears_nothing()
    assert world.app.test_client().get("/readyz").status_code == 200


def test_a_danger_that_nothing_would_look_at_again_is_alerted_about(world: World, watchdog: Watchdog, log: Log) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    watches(world, watchdog)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("danger")
    with world.standby.db.writing() as session:
        session.execute(update(Flag).values(look_at=None))
    world.passes(minutes=3)
    assert log.expects("flag_was_forgotten") == 1
    dana.hears("danger")
    assert beats(world, watchdog)
    sam.hears_nothing()


def test_a_danger_that_rang_nobody_is_told_and_stops_the_heartbeat(world: World, watchdog: Watchdog, log: Log) -> None:
    watches(world, watchdog)
    ana = world.participant("Ana")
    ana.texts("he hit me")
    ana.hears("911")
    world.passes(minutes=5)
    assert log.expects("alert_reaches_nobody") and log.expects("promise_broken") == 1
    assert not beats(world, watchdog)
    answer = world.app.test_client().get("/readyz")
    assert answer.status_code == 503 and "Somebody in danger was not alerted about in time" in answer.text
    sam = world.colleague("Sam", Role.SUPERVISOR)
    world.passes(minutes=15)
    heard = sam.hears_all()
    assert "may be in danger" in heard[0]
    assert beats(world, watchdog)
    if "alert_reaches_nobody" in [entry["event"] for entry in log.entries]:
        log.expects("alert_reaches_nobody")


def test_a_reply_that_nobody_takes_in_is_told_once_an_hour(
    world: World, watchdog: Watchdog, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam = world.colleague("Sam", Role.SUPERVISOR)
    watches(world, watchdog)
    ana = world.participant("Ana")
    monkeypatch.setattr("bot.inbox._claim", lambda *_: [])
    ana.texts("good morning")
    rounds(world, minutes=30)
    assert log.expects("promise_broken") == 1
    sam.hears("A text was not taken in yet")
    sam.hears_nothing()
    assert not beats(world, watchdog)
    rounds(world, minutes=40)
    sam.hears("A text was not taken in yet")
    monkeypatch.undo()
    world.settles()
    assert beats(world, watchdog)
    sam.hears_all()


def test_a_supervisor_whom_no_text_reaches_gets_a_letter(
    world: World, watchdog: Watchdog, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PostOffice() as office:
        world.settings = world.settings.model_copy(update={"mail_url": office.url, "mail_from": "standby@example.org"})
        watches(world, watchdog)
        world.colleague("Sam", Role.SUPERVISOR, verified=False)
        tess = world.colleague("Tess", Role.SUPERVISOR)
        monkeypatch.setattr("bot.inbox._claim", lambda *_: [])
        world.participant("Ana").texts("good morning")
        rounds(world, minutes=30)
        assert log.expects("promise_broken") == 1
        tess.hears("A text was not taken in yet")
        letters = [message_from_bytes(each) for each in office.letters]
        assert [letter["To"] for letter in letters] == ["sam@example.org"]
        assert "A text was not taken in yet" in letters[0].get_payload()


def test_a_text_that_a_clock_set_back_holds_up_is_freed(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.sends("he hit me")
    world.carrier.run_due()
    world.waiting.clear()
    with world.standby.db.writing() as session:
        far = world.now.replace(year=world.now.year + 1)
        session.execute(update(Message).values(lease_until=far))
    rounds(world, minutes=2)
    ana.hears("911")
    dana.hears("danger")


def test_a_watchdog_that_does_not_answer_harms_nothing(world: World, log: Log) -> None:
    world.settings = world.settings.model_copy(update={"heartbeat_url": "http://127.0.0.1:9/"})
    world.starts_process()
    world.colleague("Sam", Role.SUPERVISOR)
    world.settles()
    assert world.app.test_client().get("/readyz").status_code == 200
