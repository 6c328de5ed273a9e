"""`make run`: makes a demo programme, on loopback only, and makes way for bot/demo_stage.py, which runs it."""

import json
import os
import secrets
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import click
from cryptography.fernet import Fernet
from rich.console import Console
from rich.panel import Panel

from bot.config import ROOT, ConfigError, Settings, load_settings
from bot.core.rota import Layer
from bot.db import Database
from bot.demo_cast import OUR_NUMBER, PASSWORD, STAFF
from bot.demo_programme import WEEKS, seed
from bot.demo_stage import ENDING
from bot.migrations import migrate

console = Console()
ON_CALL = {None: "", Layer.FIRST: ", on call", Layer.BACKUP: ", on call after them"}


@dataclass(frozen=True)
class Place:
    """The folder in which the demo keeps what it made."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "demo.db"

    @property
    def keys(self) -> Path:
        return self.folder / "demo-keys.json"

    @property
    def journal(self) -> Path:
        return self.folder / "demo-carrier.jsonl"


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=ROOT / "var", help="Where it keeps what it makes.")
@click.option("--weeks", type=click.IntRange(1, 52), default=WEEKS, help="How many weeks of history to make.")
def demo(folder: Path, weeks: int) -> None:
    """Run the demo programme: nothing leaves this machine, Ctrl-C ends it all."""
    for number in ENDING:
        signal.signal(number, signal.default_int_handler)
    try:
        _run(Place(folder.absolute()), weeks)
    except KeyboardInterrupt:
        console.print("\nEnded.")


def _run(place: Place, weeks: int) -> None:
    settings = _settings(place)
    _make_programme(place, settings, weeks)
    database = Database(settings.database_url, settings.data_keys)
    migrate(database.engine, settings.zone)
    database.engine.dispose()
    stage = [sys.executable, "-m", "bot.demo_stage", str(place.database), str(place.journal), _welcome(settings)]
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # until the stage knows what to do about them
    os.chdir(ROOT)
    os.execv(sys.executable, stage)  # in our place: it need not hold all that makes a programme


def _make_programme(place: Place, settings: Settings, weeks: int) -> None:
    """Make the demo's database beside its place and move it there whole: a start that is broken off leaves no half."""
    if place.database.exists():
        return
    making = place.database.with_suffix(".making")
    for left_over in (*making.parent.glob(f"{making.name}*"), *place.folder.glob(place.journal.name)):
        left_over.unlink()
    aside = settings.model_copy(update={"database_url": f"sqlite:///{making}"})
    database = Database(aside.database_url, aside.data_keys)
    migrate(database.engine, aside.zone)
    seed(aside, database, console, weeks)
    database.engine.dispose()  # the last to leave folds the write-ahead log into the file
    making.rename(place.database)


def _keys(path: Path) -> dict[str, str]:
    """The demo's own secrets, made at its first start and kept, so that its database stays readable."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = {
            "STANDBY_SECRET_KEY": secrets.token_urlsafe(32),
            "STANDBY_DATA_KEYS": Fernet.generate_key().decode(),
            "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        }
        making = path.with_suffix(".making")
        making.touch(mode=0o600)
        making.write_text(json.dumps(made))
        making.rename(path)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _settings(place: Place) -> Settings:
    """Settings of the demo. A real account in the environment or in .env stays out of it: nobody real is texted."""
    port = _port()
    for taken in (port, port + 1):
        _must_be_free(taken)
    os.environ.update(
        _keys(place.keys),
        STANDBY_PORT=str(port),
        STANDBY_HOST="127.0.0.1",
        STANDBY_PUBLIC_URL=f"http://127.0.0.1:{port}",
        STANDBY_DATABASE_URL=f"sqlite:///{place.database}",
        STANDBY_CARRIER="simulated",
        STANDBY_CLOCK_IN_WEB="true",
        TWILIO_ACCOUNT_SID="AC" + "0" * 32,
        TWILIO_FROM_NUMBER=OUR_NUMBER,
        TWILIO_MESSAGING_SERVICE_SID="",
        STANDBY_MAIL_URL="",
        STANDBY_HEARTBEAT_URL="",  # a demo must not say that the real programme is well
        TWILIO_API_URL=f"http://127.0.0.1:{port + 1}",
        NO_PROXY="127.0.0.1",  # a proxy of the environment cannot reach loopback
        no_proxy="127.0.0.1",
    )
    return load_settings()


def _port() -> int:
    """The web's port; the simulated carrier takes the next one."""
    given = os.environ.get("STANDBY_PORT") or "8000"
    if not given.isascii() or not given.isdigit() or not 1024 <= int(given) < 65535:
        raise ConfigError("STANDBY_PORT must be a number from 1024 to 65534, like 8100")
    return int(given)


def _must_be_free(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(f"Port {port} is taken. Choose others: STANDBY_PORT=8100 make run") from error


def _welcome(settings: Settings) -> str:
    lines = [
        f"[bold]{settings.public_url}/phones[/]  phones to try: text, and be texted",
        f"[bold]{settings.public_url}/[/]        the team's pages; sign in as",
        *(f"    {person.email:<20} {person.role}{ON_CALL[person.on_call]}" for person in STAFF),
        f"    each with the password [bold]{PASSWORD}[/]",
        "Ctrl-C ends it all. Nothing leaves this machine.",
    ]
    with console.capture() as drawn:
        console.print(Panel("\n".join(lines), title="Standby is running", expand=False))
    return drawn.get().rstrip("\n")
