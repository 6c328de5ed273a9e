"""The file that a backup is: how it comes to be whole or not at all, and how a damaged one is known."""

import errno
import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

STAMP = "standby_backup"  # the one table of a backup that the programme does not have
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BackupProblem(Exception):
    """A backup cannot be made or put back. The message says why, and what to do."""


@dataclass(frozen=True)
class Stamp:
    """What a backup says of itself. Everything that was committed before `made_at` is in it."""

    made_at: datetime
    revision: str


@contextmanager
def new_file(file: Path) -> Iterator[Path]:
    """A place to write to. It becomes the file when all went well, readable by its owner alone; else nothing is left.

    Raises BackupProblem. What is there already is not written over.
    """
    if os.path.lexists(file):
        raise _is_there(file)
    try:
        with tempfile.TemporaryDirectory(prefix=".standby-backup-", dir=file.parent) as folder:
            part = Path(folder) / "part"
            yield part
            part.chmod(0o600)
            _sync(part)
            _name(part, file)
            _sync(file.parent)
    except (OSError, sqlite3.Error, DBAPIError) as error:
        raise BackupProblem(f"{file} was not written, and nothing is left of it. {_why(error)}") from error


def _is_there(file: Path) -> BackupProblem:
    return BackupProblem(f"{file} is there already; choose another name, nothing is written over.")


def _name(part: Path, file: Path) -> None:
    """A link fails where the name was taken meanwhile; some disks, like USB sticks, know no links."""
    try:
        os.link(part, file)
    except FileExistsError:
        raise _is_there(file) from None
    except OSError:
        if os.path.lexists(file):
            raise _is_there(file) from None
        part.rename(file)


def _sync(path: Path) -> None:
    """It outlives a power cut from now on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _why(error: OSError | sqlite3.Error | DBAPIError) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, OSError):
        if cause.errno in DISK_IS_FULL:
            return "The disk is full: make room, or name a folder on another disk."
        return f"{cause.strerror}: name a folder that is there and that you may write to."
    if isinstance(cause, sqlite3.OperationalError):
        return f"SQLite says: {cause}. If the disk is full, make room or name a folder on another disk."
    return f"The database cannot be read: {cause}"


def stamp(part: Path, made_at: datetime) -> Stamp:
    """Check the copy and make it a file that stands alone. Raises BackupProblem and sqlite3.Error."""
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA synchronous=FULL")
        if not _is_sound(connection):
            raise BackupProblem("The database is damaged and was not backed up. Put the last good backup back.")
        revision = _revision(connection)
        connection.execute(f"DROP TABLE IF EXISTS {STAMP}")
        connection.execute(f"CREATE TABLE {STAMP} (made_at TEXT, checksum TEXT)")
        written = made_at.astimezone(UTC).isoformat()
        connection.execute(f"INSERT INTO {STAMP} VALUES (?, ?)", (written, checksum(connection, written)))
    return Stamp(made_at, revision)


def read_stamp(file: Path) -> Stamp:
    """Check a backup through and through; what it says of itself. Raises BackupProblem."""
    damaged = f"{file.name} is damaged. Put another backup back."
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            written, kept = connection.execute(f"SELECT made_at, checksum FROM {STAMP}").fetchone()
        except (sqlite3.Error, TypeError) as error:
            raise BackupProblem(f"{file.name} is damaged, or not made by python -m bot backup.") from error
        try:
            if not _is_sound(connection) or checksum(connection, written) != kept:
                raise BackupProblem(damaged)
            return Stamp(datetime.fromisoformat(written), _revision(connection))
        except sqlite3.Error as error:
            raise BackupProblem(damaged) from error


def checksum(connection: sqlite3.Connection, made_at: str) -> str:
    """Of every value in every row of the programme's tables."""
    digest = hashlib.sha256(made_at.encode())
    connection.text_factory = bytes  # damaged text may be no text any more
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    for table in [name.decode() for (name,) in connection.execute(tables)]:
        if table != STAMP:
            digest.update(f"\n{table}".encode())
            for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid'):
                digest.update(repr(row).encode())
    connection.text_factory = str
    return digest.hexdigest()


def _is_sound(connection: sqlite3.Connection) -> bool:
    said = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return said == ("ok",) and connection.execute("PRAGMA foreign_key_check").fetchone() is None


def _revision(connection: sqlite3.Connection) -> str:
    try:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.OperationalError, TypeError) as error:
        raise BackupProblem("This database was never set up: there is nothing to back up.") from error
