"""Where a benchmark happens: fresh databases that keep what they commit, and Standby wired around one of them."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.databases import database_in, postgresql
from benchmarks.people import ZONE
from benchmarks.programme import DATA_KEY
from bot.carrier import Carrier
from bot.config import Settings, load_settings
from bot.db import Database
from bot.migrations import migrate
from bot.wiring import Standby, build, settle_down

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
KINDS = (SQLITE, POSTGRESQL)
NOON = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)  # noon in the programme's zone: texts may leave
ACCOUNT, TOKEN, OUR_NUMBER = "AC" + "0" * 32, "a token for benchmarks", "+18165550100"
NOBODY = "http://127.0.0.1:9"  # where no carrier answers


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """The URL of an empty, migrated database; PostgreSQL with the durability it comes with, SQLite with Standby's."""
    with empty(kind) as url:
        database = Database(url, DATA_KEY)
        migrate(database.engine, ZONE)
        database.engine.dispose()
        yield url


@contextmanager
def empty(kind: str) -> Iterator[str]:
    """The URL of a database with nothing in it; with SQLite not even the file is there."""
    with tempfile.TemporaryDirectory(prefix="standby-bench-") as name:
        folder = Path(name)
        if kind == SQLITE:
            yield f"sqlite:///{folder / 'standby.db'}"
            return
        with postgresql(folder / "server") as server:
            yield database_in(server, "standby")


def settings_at(url: str, **given: object) -> Settings:
    """Settings of a programme on this database whose texts go to loopback, with `given` on top."""
    usual: dict[str, object] = {
        "database_url": url, "secret_key": "a key for benchmarks", "data_keys": DATA_KEY, "carrier": "simulated",
        "account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": OUR_NUMBER, "api_url": NOBODY, "zone": ZONE,
        "messaging_service_sid": "", "mail_url": "", "heartbeat_url": "",
    }  # fmt: skip
    return load_settings(**{**usual, **given})


def environment(settings: Settings) -> dict[str, str]:
    """The same settings for another process."""
    fields = Settings.model_fields.items()
    return {str(field.alias): str(getattr(settings, name)) for name, field in fields}


@contextmanager
def standby_at(
    settings: Settings, now: Callable[[], datetime] = lambda: NOON, carrier: Carrier | None = None
) -> Iterator[Standby]:
    """Standby around the database. What it would do right after, aside, is left to whoever measures."""
    standby = build(settings, now=now, soon=lambda deed: None, carrier=carrier)
    settle_down()  # as every process of Standby does
    yield standby
    standby.post.hands.shutdown()
    standby.db.engine.dispose()
