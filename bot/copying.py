"""Copy every row of one database into another with the same tables, as it is stored: what is sealed stays sealed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, literal, select, text

from bot.backup_file import BackupProblem
from bot.db import Database

VERSION = "alembic_version"
ROWS = 1000  # in memory at once


@contextmanager
def filling(db: Database) -> Iterator[Connection]:
    """One transaction for `copy_rows`: committed at the end, rolled back by any exception."""
    with db.engine.execution_options(writes=True).connect() as connection:
        _mind_references(connection, False)
        try:
            with connection.begin():
                yield connection
        finally:
            _mind_references(connection, True)


def _mind_references(connection: Connection, wanted: bool) -> None:
    """SQLite looks, for each row, through whole tables for those that waited for it: for big ones that takes minutes.

    The switch does nothing inside a transaction, so it goes past SQLAlchemy, which would begin one.
    """
    raw = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite" and raw is not None:
        raw.cursor().execute(f"PRAGMA foreign_keys={'ON' if wanted else 'OFF'}")


def copy_rows(source: Connection, target: Connection) -> dict[str, int]:
    """Copy all rows into what `filling` gives; how many of each table.

    Tables are read from both databases themselves and not from our models: so no value is opened and sealed anew, and
    any version can be copied. Rows may point at each other in circles: what they point at is checked at the end.
    Raises BackupProblem and IntegrityError.
    """
    wanted, theirs = tables_of(target), tables_of(source)
    _let_references_wait(target, wanted)
    copied = {name: _copy(source, theirs[name], target, table) for name, table in wanted.items()}
    _check_references(target, wanted)
    _go_on_counting(target, wanted)
    return copied


def tables_of(connection: Connection) -> dict[str, Table]:
    """The tables as they are in the database, the note of their version left out."""
    found = MetaData()
    found.reflect(connection)
    return {name: table for name, table in sorted(found.tables.items()) if name != VERSION}


def holds_rows(connection: Connection) -> bool:
    """Whether anything at all is stored."""
    return any(
        connection.scalar(select(select(literal(1)).select_from(table).exists()))
        for table in tables_of(connection).values()
    )


def _copy(source: Connection, theirs: Table, target: Connection, ours: Table) -> int:
    copied = 0
    keeps_zones = target.dialect.name != "sqlite"
    rows = source.execution_options(yield_per=ROWS).execute(select(theirs))
    for some in rows.partitions():
        target.execute(insert(ours), [dict(_values(row._mapping, keeps_zones)) for row in some])
        copied += len(some)
    return copied


def _values(row: Any, keeps_zones: bool) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        yield name, _instant(value, keeps_zones) if isinstance(value, datetime) else value


def _instant(value: datetime, keeps_zones: bool) -> datetime:
    """PostgreSQL keeps instants, SQLite their time in UTC."""
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return moment if keeps_zones else moment.replace(tzinfo=None)


def _let_references_wait(connection: Connection, tables: dict[str, Table]) -> None:
    """What rows point at is looked for when that is asked for."""
    if connection.dialect.name == "postgresql":
        _alter_references(connection, tables, "DEFERRABLE INITIALLY DEFERRED")


def _check_references(connection: Connection, tables: dict[str, Table]) -> None:
    """Look for it now, and on PostgreSQL from now on at once."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        _alter_references(connection, tables, "NOT DEFERRABLE")
    elif connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
        raise BackupProblem("Some rows point at others that are not there: nothing was copied.")


def _alter_references(connection: Connection, tables: dict[str, Table], how: str) -> None:
    quote = connection.dialect.identifier_preparer.quote
    for name in tables:
        for key in inspect(connection).get_foreign_keys(name):
            constraint = quote(str(key["name"]))
            connection.execute(text(f"ALTER TABLE {quote(name)} ALTER CONSTRAINT {constraint} {how}"))


def _go_on_counting(connection: Connection, tables: dict[str, Table]) -> None:
    """PostgreSQL counts ids in sequences, which know nothing of rows that brought their own. SQLite looks."""
    if connection.dialect.name == "sqlite":
        return
    for name, table in tables.items():
        for column in table.primary_key:
            sequence = connection.scalar(select(func.pg_get_serial_sequence(name, column.name)))
            greatest = connection.scalar(select(func.max(column))) if sequence else None
            if greatest is not None:
                connection.execute(select(func.setval(sequence, greatest)))
