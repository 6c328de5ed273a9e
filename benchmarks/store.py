"""Rows in bulk: executemany into SQLite, COPY into PostgreSQL."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any

import psycopg
from sqlalchemy import Connection, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection

from benchmarks.rows import TABLES, FlagRow, HandoverRow, ParticipantRow, Row
from bot.columns import Sealed, SealedJson
from bot.db import Base, Database

ANY_DIALECT = sqlite.dialect()  # sealing is the same for all
CACHE_KIB = 512 * 1024
CHANGING: dict[type[Row], tuple[str, ...]] = {
    ParticipantRow: ("caseworker_id", "paused_until", "silences", "safety_said_at", "waits_since"),
    FlagRow: ("state", "taken_at", "taken_by", "resolved_at", "resolved_by", "resolution", "service_id", "look_at"),
}


def seal(text: str) -> str:
    """The text as an encrypted column keeps it. Wants an open database."""
    return str(Sealed().process_bind_param(text, ANY_DIALECT))


def seal_json(value: object) -> str:
    """The value as an encrypted column keeps it. Wants an open database."""
    return str(SealedJson().process_bind_param(value, ANY_DIALECT))


@dataclass
class Book:
    """Rows that wait to be written, by table, and rows to be written over. Counts what was written."""

    database: Database
    waiting: dict[type[Row], list[Row]] = field(default_factory=lambda: {kind: [] for kind in TABLES})
    changed: dict[type[Row], list[Row]] = field(default_factory=lambda: {kind: [] for kind in CHANGING})
    written: dict[str, int] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        self.waiting[type(row)].append(row)

    def change(self, row: Row) -> None:
        """Write over what changes in this row, which was written before."""
        self.changed[type(row)].append(row)

    def forget_history(self) -> None:
        """Of what waits only people are written, and who looks after them."""
        for kind, rows in (*self.waiting.items(), *self.changed.items()):
            if kind not in (ParticipantRow, HandoverRow):
                rows.clear()

    def write(self) -> None:
        """Write what waits, in one transaction."""
        with self.database.engine.execution_options(writes=True).begin() as connection:
            for kind, rows in self.waiting.items():
                table = TABLES[kind].__tablename__
                _write(connection, table, kind._fields, rows)
                self.written[table] = self.written.get(table, 0) + len(rows)
            for kind, rows in self.changed.items():
                _write_over(connection, kind, rows)
        for rows in (*self.waiting.values(), *self.changed.values()):
            rows.clear()


def _write(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(_plain(rows, "")))
        return
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in _plain(rows, "+00"):
            copy.write_row(row)


def _plain(rows: Iterable[Row], zone: str) -> Iterator[tuple[Any, ...]]:
    """The rows as drivers take them without asking: instants, which are all in UTC, as Standby's columns write them."""
    for row in rows:
        yield tuple(
            [
                each if each is None or type(each) is str or type(each) is int
                else each.isoformat(" ", "microseconds")[:26] + zone if type(each) is datetime
                else each.value if isinstance(each, Enum)
                else each.isoformat() if type(each) is date
                else each
                for each in row
            ]
        )  # fmt: skip


def _write_over(connection: Connection, kind: type[Row], rows: Sequence[Row]) -> None:
    if not rows:
        return
    mark, zone = ("?", "") if connection.dialect.name == "sqlite" else ("%s", "+00")
    places = [kind._fields.index(name) for name in (*CHANGING[kind], "id")]
    changes = ", ".join(f"{name} = {mark}" for name in CHANGING[kind])
    values = [tuple(row[place] for place in places) for row in _plain(rows, zone)]
    connection.exec_driver_sql(f"UPDATE {TABLES[kind].__tablename__} SET {changes} WHERE id = {mark}", values)


@contextmanager
def in_haste(database: Database) -> Iterator[None]:
    """What is made here can be made again: SQLite need not wait for the disk at each commit meanwhile."""
    if database.engine.dialect.name != "sqlite":
        yield
        return
    event.listen(database.engine, "connect", _hurry)
    database.engine.dispose()
    try:
        yield
    finally:
        event.remove(database.engine, "connect", _hurry)
        database.engine.dispose()


def _hurry(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    cursor.close()


def settle(database: Database) -> None:
    """Leave it as a database that grew over years: PostgreSQL counts on after the last id and knows its tables."""
    if database.engine.dialect.name == "sqlite":
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in Base.metadata.sorted_tables:
            if table.autoincrement_column is not None:
                last = f"(SELECT coalesce(max(id), 0) + 1 FROM {table.name})"
                sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                connection.exec_driver_sql(f"SELECT setval({sequence}, {last}, false)")
        connection.exec_driver_sql("VACUUM (ANALYZE)")
