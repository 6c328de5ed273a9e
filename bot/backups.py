"""Backups: one SQLite file with every row as it is stored, of SQLite and PostgreSQL alike, still encrypted."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, Text, select, type_coerce

from bot.backup_file import BackupProblem, Stamp, new_file, stamp
from bot.columns import opens
from bot.config import Settings
from bot.copying import copy_rows, filling
from bot.db import Database, LookupKey
from bot.migrations import migrate
from bot.models import Message
from bot.revision import is_known, revision_of

WAITS_FOR_S = 20
TRIED = 10  # texts, whether the keys open one of them


def make_backup(db: Database, settings: Settings, file: Path, now: datetime) -> Stamp:
    """Write one moment of the database, not before `now`, to a new file; whoever uses it goes on meanwhile.

    The file is complete and checked, or it is not there. Raises BackupProblem.
    """
    with new_file(file) as part:
        if db.engine.dialect.name == "sqlite":
            _copy_sqlite(Path(db.engine.url.database or ""), part)
        else:
            _copy_postgresql(db, settings, part)
        made = stamp(part, now)
        check_keys(db, "this database")
    return made


def _copy_sqlite(database: Path, part: Path) -> None:
    """By SQLite's own backup, in one step: it reads one moment and, in WAL mode, keeps no writer waiting."""
    source = sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True, timeout=WAITS_FOR_S)
    with closing(source), closing(sqlite3.connect(part)) as target:
        source.backup(target)


def _copy_postgresql(db: Database, settings: Settings, part: Path) -> None:
    """Row by row out of one snapshot, into tables made by the same migrations."""
    with db.reading() as session:
        source = session.connection()
        revision = revision_of(source)
        if revision is None or not is_known(revision):
            raise BackupProblem("This database is not one of this version of Standby, nor of one before it.")
        target = file_database(part, settings)
        try:
            migrate(target.engine, settings.zone, revision)
            with filling(target) as connection:
                copy_rows(source, connection)
        finally:
            target.engine.dispose()


def file_database(file: Path, settings: Settings) -> Database:
    """A SQLite file as a database, opened with the programme's keys."""
    return Database(URL.create("sqlite", database=str(file)), settings.data_keys)


def check_keys(db: Database, what: str) -> None:
    """The programme's keys open the oldest of what is sealed there, and one of the newest: a text that was damaged
    stops no backup. Raises BackupProblem.
    """
    with db.reading() as session:
        oldest = session.scalar(select(type_coerce(LookupKey.key, Text)))
        newest = select(type_coerce(Message.body, Text)).order_by(Message.id.desc()).limit(TRIED)
        bodies = session.scalars(newest).all()
    if (oldest and not opens(oldest)) or (bodies and not any(map(opens, bodies))):
        raise BackupProblem(
            f"STANDBY_DATA_KEYS do not open {what}: set them to what they were when it was written, all of them."
        )
