"""`make run`: web, clock and simulated carrier of a demo programme in one terminal, on loopback only."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import click
import requests
from cryptography.fernet import Fernet
from rich.console import Console
from rich.panel import Panel

from bot.carrier.postings import Account
from bot.carrier.simulated import SimulatedCarrier
from bot.config import ROOT, ConfigError, Settings, load_settings
from bot.db import Database
from bot.demo_programme import OUR_NUMBER, PASSWORD, STAFF, seed
from bot.migrations import migrate
from bot.wiring import rehearsal_now

console = Console()
VAR = ROOT / "var"
DATABASE = VAR / "demo.db"
UP_WITHIN_S = 60


@click.command()
def demo() -> None:
    """Run the demo programme: nothing leaves this machine, Ctrl-C ends it all."""
    settings = _settings(_keys(VAR / "demo-keys.json"))
    _make_programme(settings)
    database = Database(settings.database_url, settings.data_keys)
    migrate(database.engine)
    carrier = SimulatedCarrier(
        now=partial(rehearsal_now, database),
        account=Account(sid=settings.account_sid, auth_token=settings.auth_token, numbers=(OUR_NUMBER,)),
        sms_url=f"{settings.public_url}/twilio/sms",
        pace=timedelta(milliseconds=400),
        journal=VAR / "demo-carrier.jsonl",
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    carrier.start(port=settings.port + 1, pump=True)
    children: list[subprocess.Popen[bytes]] = []
    try:
        children += [_child("app.py", settings), _child("scheduler.py", settings)]
        _wait_until_up(settings, children)
        _say_where(settings)
        _wait(children)
    except KeyboardInterrupt:
        console.print("\nEnding.")
    finally:
        _end(children)
        carrier.stop()


def _make_programme(settings: Settings) -> None:
    """Make the demo's database beside its place and move it there whole: a start that is broken off leaves no half."""
    if DATABASE.exists():
        return
    making = DATABASE.with_suffix(".making")
    for left_over in making.parent.glob(f"{making.name}*"):
        left_over.unlink()
    # The weeks are played in a few steps a day: at the sender's pace, most texts would be weeks late.
    aside = settings.model_copy(update={"database_url": f"sqlite:///{making}", "segments_per_second": 1000.0})
    database = Database(aside.database_url, aside.data_keys)
    migrate(database.engine)
    seed(aside, database, console)
    database.engine.dispose()  # the last to leave folds the write-ahead log into the file
    making.rename(DATABASE)


def _keys(path: Path) -> dict[str, str]:
    """The demo's own secrets, made at its first start and kept, so that its database stays readable."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = {
            "STANDBY_SECRET_KEY": secrets.token_urlsafe(32),
            "STANDBY_DATA_KEYS": Fernet.generate_key().decode(),
            "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(made))
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _settings(keys: dict[str, str]) -> Settings:
    """Settings of the demo. A real account in the environment or in .env stays out of it: nobody real is texted."""
    port = int(os.environ.get("STANDBY_PORT", "8000"))
    for taken in (port, port + 1):
        _must_be_free(taken)
    os.environ.update(
        keys,
        STANDBY_PORT=str(port),
        STANDBY_HOST="127.0.0.1",
        STANDBY_PUBLIC_URL=f"http://127.0.0.1:{port}",
        STANDBY_DATABASE_URL=f"sqlite:///{DATABASE}",
        STANDBY_CARRIER="simulated",
        TWILIO_ACCOUNT_SID="AC" + "0" * 32,
        TWILIO_FROM_NUMBER=OUR_NUMBER,
        TWILIO_MESSAGING_SERVICE_SID="",
        TWILIO_API_URL=f"http://127.0.0.1:{port + 1}",
    )
    return load_settings()


def _must_be_free(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(f"Port {port} is taken. Choose others: STANDBY_PORT=8100 make run") from error


def _child(program: str, settings: Settings) -> subprocess.Popen[bytes]:
    """A process of ours in a group of its own: Ctrl-C reaches us alone, and we end the others in order."""
    return subprocess.Popen([sys.executable, str(ROOT / program)], cwd=ROOT, start_new_session=True)


def _wait_until_up(settings: Settings, children: list[subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < end:
        _must_live(children)
        try:
            if requests.get(f"{settings.public_url}/healthz", timeout=1).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise ConfigError(f"The web did not answer within {UP_WITHIN_S} s; the lines above should say why.")


def _must_live(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is not None:
            raise ConfigError(f"{Path(str(child.args[1])).name} ended; the lines above should say why.")  # type: ignore[index]


def _wait(children: list[subprocess.Popen[bytes]]) -> None:
    while True:
        _must_live(children)
        time.sleep(0.5)


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask each to end, wait, and end whole groups that do not."""
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _say_where(settings: Settings) -> None:
    lines = [
        f"[bold]{settings.public_url}/phones[/]  a phone in your hand: text as a participant, hear as a caseworker",
        f"[bold]{settings.public_url}/[/]        the caseworkers' pages; password for all: [bold]{PASSWORD}[/]",
        *(f"    {person.email:<22} {person.role}{', on call' if person.on_call else ''}" for person in STAFF),
        "Ctrl-C ends it all. Nothing leaves this machine.",
    ]
    console.print(Panel("\n".join(lines), title="Standby is running", expand=False))
