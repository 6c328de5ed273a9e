"""Put a backup back: into an empty database, in one transaction, and so that nobody is texted twice afterwards."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import Connection, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.backup_file import BackupProblem, Stamp, read_stamp
from bot.backups import check_keys, file_database
from bot.config import Settings
from bot.copying import copy_rows, filling, holds_rows, tables_of
from bot.core.delivery import Status
from bot.db import Database
from bot.engines import is_there
from bot.migrations import migrate
from bot.models import Message, Restoration
from bot.people import note
from bot.revision import is_known
from bot.statuses import move_all


@dataclass(frozen=True)
class PutBack:
    """What was put back: how many rows of each table, and how many waiting texts to many will not leave."""

    made_at: datetime
    rows: dict[str, int]
    dropped: int


def put_back(file: Path, db: Database, settings: Settings, now: datetime) -> PutBack:
    """Put the backup into the database, which must be empty, and bring it to this version.

    All of it is there afterwards, or none. Raises BackupProblem.
    """
    made = read_stamp(file)
    if not is_known(made.revision):
        raise BackupProblem(f"{file.name} was made by a newer version of Standby. Install that one, then restore.")
    _refuse_rows(db)
    with _brought_up(file, settings) as source:
        check_keys(source, file.name)
        _migrate(db, settings)
        try:
            return _put_back(source, db, made, now)
        except DBAPIError as error:
            raise BackupProblem(f"Nothing was put back: {_without_values(error)}") from error


@contextmanager
def _brought_up(file: Path, settings: Settings) -> Iterator[Database]:
    """A copy of the backup, brought to this version: neither the backup nor the database sees that half done."""
    with tempfile.TemporaryDirectory(prefix="standby-restore-") as folder:
        copy = Path(folder) / "copy.db"
        shutil.copyfile(file, copy)
        db = file_database(copy, settings)
        try:
            migrate(db.engine, settings.zone)
            yield db
        finally:
            db.engine.dispose()


def _migrate(db: Database, settings: Settings) -> None:
    try:
        migrate(db.engine, settings.zone)
    except CommandError as error:
        raise BackupProblem("The database is of a newer version of Standby: make a new, empty one.") from error


def _refuse_rows(db: Database) -> None:
    if is_there(db.engine):
        with db.engine.connect() as connection:
            _refuse_any(connection)


def _refuse_any(connection: Connection) -> None:
    if holds_rows(connection):
        raise BackupProblem(
            "The database is not empty, and nothing in it is written over. Stop app.py and scheduler.py, "
            "name a new one in STANDBY_DATABASE_URL, and restore into that."
        )


def _put_back(source: Database, db: Database, made: Stamp, now: datetime) -> PutBack:
    with source.engine.connect() as theirs, filling(db) as ours:
        _keep_others_out(ours)
        _refuse_any(ours)
        rows = copy_rows(theirs, ours)
        with Session(ours) as session:
            dropped = _make_safe(session, made.made_at, max(now, made.made_at))
            session.flush()
        return PutBack(made.made_at, rows, dropped)


def _keep_others_out(connection: Connection) -> None:
    """A process of ours that starts meanwhile waits, and then finds everything. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(map(connection.dialect.identifier_preparer.quote, tables_of(connection)))
        connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))


def _make_safe(session: Session, made_at: datetime, restored_at: datetime) -> int:
    """Write down that and when this happened: `bot/core/restored.py` decides by it what may leave. How many texts to
    many do not leave any more: nobody knows whether they were stopped meanwhile.

    Waiting texts begin anew, so that the carrier is asked about each before it leaves: it may have left meanwhile.
    """
    waiting = Message.status == Status.QUEUED
    dropped = move_all(session, waiting & Message.mass_text_id.is_not(None), Status.DROPPED, "restored from a backup")
    session.execute(update(Message).where(waiting).values(handed_over_at=None, attempts=0))
    session.add(Restoration(made_at=made_at, restored_at=restored_at))
    note(session, "restored", restored_at, detail=f"backup of {made_at:%Y-%m-%d %H:%M} UTC")
    return len(dropped)


def _without_values(error: DBAPIError) -> str:
    """The database's sentence, without the rows that some databases quote behind it."""
    return str(error.orig).partition("\n")[0]
