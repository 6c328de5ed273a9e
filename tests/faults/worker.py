"""A process of Standby in a run: a web that takes webhooks, or a clock that ticks when it is told to.

It is built as in production, with the real SDK; only its clock is wound. It may be told to die, by SIGKILL, when a
certain point has been reached for the n-th time: so the narrow places are hit as surely as the wide ones.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import event, select
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from bot import casework, logs
from bot.carrier import HeardText, OutgoingText, Taken
from bot.carrier.twilio import TwilioCarrier
from bot.config import Settings
from bot.core import needs
from bot.models import Flag, FlagState, Resolution, Staff
from bot.wiring import Deed, Standby, build
from scheduler import JOBS, run_jobs
from tests.faults.carrier import ACCOUNT, Place
from tests.faults.clock import Clock
from tests.faults.town import OUR_NUMBER

needs.shipped()  # read once, by the process that all workers are forked from

CARRIER_ANSWERS_WITHIN_S = 1.0  # of real time; ten in production, and nobody here waits for those
POINTS = ("before commit", "after commit", "before sending", "after sending", "before asking")


@dataclass
class Doom:
    """Where this process dies, and how many times it still passes there."""

    point: str = ""
    passes: int = 0

    def falls_on(self, point: str, passes: int) -> None:
        self.point, self.passes = point, passes

    def pass_by(self, point: str) -> None:
        if point == self.point:
            self.passes -= 1
            if self.passes <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class DoomedCarrier(TwilioCarrier):
    """The real one; the process may die before it asks, and before it hears the answer."""

    doom = Doom()

    def send(self, text: OutgoingText) -> Taken:
        self.doom.pass_by("before sending")
        taken = super().send(text)
        self.doom.pass_by("after sending")
        return taken

    def find(self, text: OutgoingText, since: datetime) -> list[Taken]:
        self.doom.pass_by("before asking")
        return super().find(text, since)

    def heard(self, since: datetime) -> list[HeardText]:
        self.doom.pass_by("before asking")
        return super().heard(since)


class Aside:
    """One thread beside the web's, as in production; `rests` waits until it has nothing to do."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1)

    def soon(self, deed: Deed) -> None:
        self._pool.submit(self._guarded, deed)

    def rests(self) -> None:
        self._pool.submit(int).result()

    def _guarded(self, deed: Deed) -> None:
        try:
            deed()
        except Exception as error:
            print(f"left_to_the_clock {type(error).__name__}", file=sys.stderr)


class Metronome:
    """Runs each job at its own pace of wound time, as the clock does in real time."""

    def __init__(self, standby: Standby) -> None:
        self._standby = standby
        self._ran_at: dict[str, datetime] = {}

    def ticks(self) -> int:
        """Run what is due; how many jobs that were. What a clock that was set back held up is due at once."""
        now = self._standby.now()
        due = [job for job in JOBS if not 0 <= self._since(job.name, now) < job.every_s]
        for job in due:
            self._ran_at[job.name] = now
            run_jobs([job], self._standby, now)
        return len(due)

    def _since(self, name: str, now: datetime) -> float:
        ran_at = self._ran_at.get(name)
        return (now - ran_at).total_seconds() if ran_at else -1


class _Log:
    """Standard error in a file. A full disk takes lines away and nothing else, as a log collector's pipe would."""

    def __init__(self, place: Place) -> None:
        self._file = os.open(place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, text: str) -> int:
        with suppress(OSError):
            os.write(self._file, text.encode())
        return len(text)

    def flush(self) -> None:
        pass


def settings_of(place: Place, database_url: str, data_keys: str) -> Settings:
    """Settings of a programme whose carrier is the run's."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        public_url=place.web_url,
        secret_key="a key for fault tests only",
        data_keys=data_keys,
        carrier="simulated",
        account_sid=ACCOUNT.sid,
        auth_token=ACCOUNT.auth_token,
        from_number=OUR_NUMBER,
        api_url=place.carrier_url,
        segments_per_second=5.0,
    )


def work(pipe: Connection, role: str, place: Place, database_url: str, data_keys: str) -> None:
    """Be a `web` or a `clock` until the driver hangs up or kills."""
    sys.stderr = _Log(place)  # type: ignore[assignment]
    logs.set_up()
    clock, doom, aside = Clock(place.clock), Doom(), Aside()
    carrier = DoomedCarrier(
        account_sid=ACCOUNT.sid,
        auth_token=ACCOUNT.auth_token,
        sender=OUR_NUMBER,
        api_url=place.carrier_url,
        status_url=f"{place.web_url}/twilio/status",
        timeout_s=CARRIER_ANSWERS_WITHIN_S,
    )
    carrier.doom = doom
    settings = settings_of(place, database_url, data_keys)
    standby = build(settings, now=clock.shown, soon=aside.soon, carrier=carrier)
    event.listen(standby.db.engine, "commit", lambda _connection: doom.pass_by("before commit"))
    event.listen(standby.db._writing, "after_commit", lambda _session: doom.pass_by("after commit"))
    if role == "web":
        _serve(standby, place)
    deeds: dict[str, Callable[..., Any]] = {
        "tick": Metronome(standby).ticks,
        "close": lambda flag_id, word: _close(standby, flag_id, Resolution(word)),
        "rest": aside.rests,
        "die": doom.falls_on,
    }
    pipe.send("ready")
    while True:
        try:
            deed, given = pipe.recv()
            pipe.send(_answer(deeds[deed], given))
        except (EOFError, OSError):
            os._exit(0)


def _answer(deed: Callable[..., Any], given: tuple[Any, ...]) -> object:
    try:
        return deed(*given)
    except Exception as error:  # the database is away: the driver asks again
        return error.__class__.__name__


def _serve(standby: Standby, place: Place) -> None:
    """Listen beside the other webs on one port: the kernel hands each request to one that lives."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", place.web_port))
    listener.listen(64)
    app = create_app(standby)
    server = make_server(
        "127.0.0.1", place.web_port, app, threaded=True, request_handler=_Quiet, fd=listener.detach()
    )
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def _close(standby: Standby, flag_id: int, resolution: Resolution) -> str:
    """Who took the flag writes down what became of it."""
    with standby.db.writing() as session:
        flag = session.get_one(Flag, flag_id)
        if flag.state is not FlagState.ACKNOWLEDGED:
            return "not taken"
        staff = session.scalars(select(Staff).where(Staff.id == flag.taken_by)).one()
        return casework.resolve(session, flag_id, staff, casework.Result(resolution), standby.now()).name
