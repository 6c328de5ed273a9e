"""Worlds that are backed up and go on elsewhere, and what a database holds, value by value."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from bot.backups import make_backup
from bot.copying import tables_of
from bot.db import Database
from bot.restoring import PutBack, put_back
from tests.databases import DATA_KEY
from tests.world import World

Rows = dict[str, list[tuple[Any, ...]]]


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database with the keys of all tests."""
    database = Database(url, DATA_KEY)
    try:
        yield database
    finally:
        database.engine.dispose()


def rows(engine: Engine) -> Rows:
    """Every row of every table, as stored: what is sealed is not opened."""
    with engine.connect() as connection:
        return {
            name: sorted((tuple(map(_alike, row)) for row in connection.execute(select(table))), key=repr)
            for name, table in tables_of(connection).items()
        }


def _alike(value: Any) -> Any:
    """An instant, whether the database keeps zones or not."""
    if not isinstance(value, datetime):
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def back_up(world: World, file: Path) -> Path:
    """Back the world up as it is now."""
    make_backup(world.standby.db, world.settings, file, world.now)
    return file


def put_elsewhere(world: World, file: Path, url: str) -> PutBack:
    """Put a backup into another database and let the world go on there. Its carrier and phones remember everything."""
    with opened(url) as database:
        done = put_back(file, database, world.settings, world.now)
    world.standby.db.engine.dispose()
    world.settings = world.settings.model_copy(update={"database_url": url})
    world.dies()
    return done
