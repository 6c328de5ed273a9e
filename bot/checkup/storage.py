"""The database: whether it answers, is of this version, and opens with our keys."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Engine, Text, select, text, type_coerce
from sqlalchemy.exc import DBAPIError

from bot.columns import Sealed, SealedJson
from bot.core.finding import Finding, Sealing, fine, judge_keys, wrong
from bot.db import Base
from bot.engines import is_there
from bot.revision import is_current, is_known, revision_of

TRIED = 50  # the oldest and the newest values of each encrypted column: all of them would take minutes


def check_database(engine: Engine) -> Finding:
    """Whether it answers and takes what is written. A file that is not there is not made."""
    if not is_there(engine):
        return wrong("database", "There is no database file. If STANDBY_DATABASE_URL is right: python -m bot init.")
    try:
        takes = _takes_writing(engine)
    except DBAPIError as error:
        why = " ".join(str(error.orig).split())
        return wrong("database", f"It cannot be used ({why}): look at STANDBY_DATABASE_URL and at the database itself.")
    if not takes:
        said = "It answers and takes nothing that is written: give this user the right to, or name the main server."
        return wrong("database", said)
    return fine("database", "It answers.")


def _takes_writing(engine: Engine) -> bool:
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) and _answers(engine)
    with engine.connect() as connection:
        return bool(connection.scalar(text("SHOW transaction_read_only")) == "off")


def _answers(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM sqlite_master")) is not None


def check_tables(engine: Engine) -> Finding:
    """Whether the database is of this version."""
    if is_current(engine):
        return fine("tables", "They are of this version.")
    with engine.connect() as connection:
        revision = revision_of(connection)
    if revision is None:
        return wrong("tables", "There are none yet: python -m bot init.")
    if not is_known(revision):
        return wrong("tables", "They are of a version that is not this one's past: install the newer Standby again.")
    return wrong("tables", "They are of an older version: stop web and clock, python -m bot init, start them again.")


def check_keys(engine: Engine, data_keys: str) -> Finding:
    """Whether STANDBY_DATA_KEYS open the oldest and the newest of what is stored, and stand in their order."""
    keys = [Fernet(key.strip().encode()) for key in data_keys.split(",")]
    return judge_keys("keys", [_sealing(keys, token) for token in _tokens(engine)])


def _tokens(engine: Engine) -> Iterator[bytes]:
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for column in (each for each in table.columns if isinstance(each.type, Sealed | SealedJson)):
                stored = select(type_coerce(column, Text)).where(column.is_not(None)).limit(TRIED)
                oldest = [each.asc() for each in table.primary_key]
                newest = [each.desc() for each in table.primary_key]
                for order in (oldest, newest):
                    yield from (token.encode() for token in connection.scalars(stored.order_by(*order)))


def _sealing(keys: list[Fernet], token: bytes) -> Sealing:
    for place, key in enumerate(keys):
        try:
            at = datetime.fromtimestamp(key.extract_timestamp(token), UTC)
        except InvalidToken:
            continue
        return Sealing(place, at)
    return Sealing(None, datetime.fromtimestamp(0, UTC))


def database_time(engine: Engine) -> datetime | None:
    """What time it is at the database's server; None where the database is a file of this machine."""
    if engine.dialect.name == "sqlite":
        return None
    with engine.connect() as connection:
        at: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return at.astimezone(UTC)
