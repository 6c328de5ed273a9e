"""`make run` for real: a demo of its own folder and ports, as somebody at a terminal starts and ends it.

Only these tests start processes and wait for them on the real clock.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet
from rich.console import Console
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.config import ROOT, Settings
from bot.db import Database
from bot.demo_cast import LATELY, NAMES, PAUSED, SILENT, STOPS, UNCONSENTED
from bot.demo_programme import seed
from bot.migrations import migrate
from bot.models import CheckIn, Consent, Direction, Flag, Message, OptOut, Participant, Plan
from tests.databases import fresh_sqlite
from tests.ports import is_free, two_free_ports

MARCUS, DANA = "+18165550111", "+18165550101"
WITHIN_S = 150  # a job that failed once at a busy start is ready again at its next turn


def until(claim: Callable[[], Any], within_s: float = WITHIN_S) -> Any:
    """Wait until the claim holds; what it gave."""
    end = monotonic() + within_s
    while monotonic() < end:
        if found := claim():
            return found
        sleep(0.1)
    raise AssertionError(f"never came true: {claim}")


@dataclass
class Demo:
    """A demo in a terminal of its own."""

    folder: Path
    port: int
    known: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.log = (self.folder / f"terminal-{self.port}.txt").open("w+")
        hidden = ("STANDBY_", "TWILIO_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "demo", "--folder", str(self.folder), "--weeks", "1"],
            cwd=ROOT,
            env={**environment, "STANDBY_PORT": str(self.port), "PYTHONUNBUFFERED": "1"},
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def carrier(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    def says(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text()

    def gives(self, path: str) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"it ended by itself:\n{self.says()}")
        try:
            return requests.get(f"{self.web}{path}", timeout=2).ok
        except requests.RequestException:
            return False

    def hears(self, number: str, words: str) -> bool:
        told = requests.get(f"{self.carrier}/simulated/phones/{number}", timeout=5).json()["messages"]
        return any(words in each["body"] for each in told if each["direction"] != "inbound" and each["heard"])

    def is_up(self) -> None:
        try:
            until(lambda: "Standby is running" in self.says() and self.gives("/readyz"))
        except AssertionError:
            try:
                why = requests.get(f"{self.web}/readyz", timeout=5).text
            except requests.RequestException as error:
                why = str(error)
            raise AssertionError(f"never ready: {why}\n{self.says()}") from None

    def is_sent(self, number: signal.Signals) -> int:
        """Send a signal; the exit code, once it has ended."""
        self.process.send_signal(number)
        return self.process.wait(WITHIN_S)

    def family(self) -> set[int]:
        """The process and all that came from it."""
        self.known.add(self.process.pid)
        while more := {child for pid in self.known for child in children_of(pid)} - self.known:
            self.known |= more
        return set(self.known)

    def ends(self) -> None:
        """Leave nothing behind, whatever became of the test."""
        for pid in filter(is_alive, self.family()):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()


def status_of(pid: int) -> dict[str, str]:
    """What the kernel says of a process; nothing where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def children_of(pid: int) -> set[int]:
    everybody = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return {each for each in everybody if status_of(each).get("PPid") == str(pid)}


def is_alive(pid: int) -> bool:
    return status_of(pid).get("State", "Z")[0] != "Z"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the demos of this module: the first makes the programme, the others find it."""
    return tmp_path_factory.mktemp("demo #1, 100% à nous")  # nothing of which an address may make something else


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Demo]]:
    demos: list[Demo] = []

    def starts(port: int | None = None, folder: Path = folder) -> Demo:
        demos.append(Demo(folder, port or two_free_ports()))
        return demos[-1]

    yield starts
    for demo in demos:
        demo.ends()


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks for processes under /proc")


@needs_proc
def test_danger_is_heard_and_ctrl_c_ends_it_all(start: Callable[..., Demo]) -> None:
    demo = start()
    demo.is_up()
    assert demo.gives("/healthz")
    text = {"from": MARCUS, "body": "he hit me"}
    assert requests.post(f"{demo.carrier}/simulated/texts", json=text, timeout=5).status_code == 201
    until(lambda: demo.hears(MARCUS, "Call 911"))
    until(lambda: any(demo.hears(number, "someone may be in danger") for number in (DANA, "+18165550102")))
    family = demo.family()
    assert len(family) >= 3, "the demo itself, and the web with what watches it"
    assert demo.is_sent(signal.SIGINT) in (0, 130)
    assert [pid for pid in family if is_alive(pid)] == []
    assert is_free(demo.port) and is_free(demo.port + 1)
    assert "Traceback" not in demo.says()


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_programme_is_found_again_and_ended_from_outside(start: Callable[..., Demo], number: signal.Signals) -> None:
    demo = start()
    demo.is_up()
    assert "Making" not in demo.says() or number is signal.SIGTERM
    family = demo.family()
    assert demo.is_sent(number) in (0, 130)
    assert [pid for pid in family if is_alive(pid)] == []
    assert is_free(demo.port) and is_free(demo.port + 1)


@pytest.mark.parametrize("which", [0, 1], ids=["web", "carrier"])
def test_a_taken_port_is_one_sentence(start: Callable[..., Demo], which: int, tmp_path: Path) -> None:
    port = two_free_ports()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a demo before may have left closed connections
        other.bind(("127.0.0.1", port + which))
        other.listen()
        demo = start(port, tmp_path)
        assert demo.process.wait(WITHIN_S) == 1
    said = " ".join(demo.says().split())
    assert said == f"Port {port + which} is taken. Choose others: STANDBY_PORT=8100 make run"


def test_a_start_that_is_broken_off_begins_anew(start: Callable[..., Demo], tmp_path: Path) -> None:
    first = start(folder=tmp_path)
    until(lambda: "Making" in first.says() or first.process.poll() is not None)
    assert first.is_sent(signal.SIGINT) in (0, 130)
    assert "Traceback" not in first.says()
    assert not (tmp_path / "demo.db").exists()
    (tmp_path / "demo.making").write_bytes(b"half of a database")
    second = start(folder=tmp_path)
    second.is_up()
    assert "Making the demo programme" in second.says()
    assert list(tmp_path.glob("*.making*")) == []


# the programme itself


@pytest.fixture(scope="module")
def programme() -> Iterator[Database]:
    """Five weeks of the demo's programme, made on a Thursday evening."""
    key = Fernet.generate_key().decode()
    with fresh_sqlite() as url:
        settings = Settings(
            _env_file=None,
            database_url=url,
            secret_key="a key for tests only",
            data_keys=key,
            carrier="simulated",
            auth_token="the token",
            from_number="+18165550100",
            api_url="http://127.0.0.1:9",
        )
        database = Database(url, key)
        migrate(database.engine, settings.zone)
        seed(settings, database, Console(quiet=True), weeks=5, now=NOW)
        yield database
        database.engine.dispose()


NOW = datetime(2026, 11, 27, 1, 30, tzinfo=UTC)


@pytest.fixture
def session(programme: Database) -> Iterator[Session]:
    with programme.reading() as session:
        yield session


def named(session: Session, name: str) -> Participant:
    return next(each for each in session.scalars(select(Participant)) if each.name == f"{name} Demo")


def check_ins(session: Session, name: str) -> list[CheckIn]:
    return list(session.scalars(select(CheckIn).where(CheckIn.participant_id == named(session, name).id)))


def test_every_week_some_answer_and_some_do_not(session: Session) -> None:
    weekly = session.scalars(select(CheckIn).where(CheckIn.flow_name == "weekly")).all()
    for week in range(5):
        begun = [each for each in weekly if (NOW - each.started_at).days // 7 == week and each.ended_at]
        assert 0.45 <= sum(each.answered_at is not None for each in begun) / len(begun) <= 0.85


def test_figures_have_what_they_count(session: Session) -> None:
    begun = session.scalars(select(CheckIn)).all()
    assert all(each.first_status and each.channel == "sms" and each.team and each.caseworker_id for each in begun)
    asked = [each for each in begun if each.asked_at]
    assert len(asked) > 0.9 * len(begun) and all(each.local_hour is not None for each in asked)
    assert all(each.waited_min is not None for each in asked if each.answered_at or each.ended_at)
    assert len({each.week for each in begun}) in (5, 6)
    flags = session.scalars(select(Flag)).all()
    assert all(each.first_taken_at for each in flags if each.state != "open")
    assert sum(each.check_in_id is not None for each in flags) > len(flags) / 2


def test_its_people_are_invented(session: Session) -> None:
    people = session.scalars(select(Participant)).all()
    assert len(people) == len(NAMES) >= 24
    assert all(each.name.endswith(" Demo") for each in people)
    assert all(each.other.startswith("+181655501") for each in session.scalars(select(Message)))


def test_some_never_answer(session: Session) -> None:
    for name in SILENT:
        begun = check_ins(session, name)
        assert len(begun) >= 3 and not any(each.answered_at for each in begun)


def test_who_did_not_agree_is_not_texted(session: Session) -> None:
    person = named(session, UNCONSENTED)
    assert check_ins(session, UNCONSENTED) == []
    assert session.scalar(select(func.count()).where(Consent.participant_id == person.id)) == 0
    assert session.scalar(select(func.count()).where(Message.participant_id == person.id)) == 0


def test_who_texted_stop_is_not_texted_again(session: Session) -> None:
    person = named(session, STOPS)
    out = session.scalars(
        select(Message.at).where(Message.participant_id == person.id, Message.direction == Direction.OUT)
    )
    opt_out = session.scalars(select(OptOut)).one()
    assert opt_out.address_hash == person.addresses[0].value_hash
    assert max(out) <= opt_out.since + timedelta(minutes=5)


def test_one_is_paused(session: Session) -> None:
    until_at = named(session, PAUSED).paused_until
    assert until_at is not None and until_at > NOW


def test_there_is_work_left_of_every_kind(session: Session) -> None:
    unresolved = [f"{each.urgency} {each.state}" for each in session.scalars(select(Flag)) if each.state != "resolved"]
    assert unresolved.count("now acknowledged") == 1
    assert unresolved.count("today open") >= 3
    assert "now open" not in unresolved


def test_strangers_wrote(session: Session) -> None:
    unknown = select(Message).where(Message.participant_id.is_(None), Message.staff_id.is_(None))
    assert len(session.scalars(unknown).all()) == len([name for _, name, _ in LATELY if "stranger" in name]) == 2


def test_appointments_are_ahead(session: Session) -> None:
    ahead = select(Plan).where(Plan.flow_name == "appointment", Plan.next_check_in_at > NOW - timedelta(days=2))
    assert len(session.scalars(ahead).all()) >= 1


def test_texts_arrived_inside_sending_hours_or_as_answers(session: Session) -> None:
    out = session.scalars(select(Message).where(Message.direction == Direction.OUT)).all()
    assert {each.status.value for each in out if each.status} <= {"delivered", "dropped"}
    local = [each.at - timedelta(hours=6) for each in out if each.purpose == "check_in"]
    assert all(8 <= at.hour < 20 for at in local)
