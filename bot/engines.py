"""Opening a database: SQLite as one file, or PostgreSQL, for those who read, who write, and who ask again and again."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

SQLITE_WAITS_S = 20
SQLITE_LOOKS_EVERY_S = 0.001  # a waiting writer
# Who starts 100,000 check-ins writes all over their indexes: with what SQLite comes with (2,000 kB, 1,000 pages) pages
# are read, and brought over from the log, again and again. Readers are many, and keep the usual.
SQLITE_CACHE_KB, SQLITE_READER_CACHE_KB, SQLITE_LOG_PAGES = 8_000, 2_000, 4_000
ROWS_AT_ONCE = 20  # that PostgreSQL is given by one statement: psycopg reads each long one through, letter by letter
PREPARED_AFTER = 5  # the same statement this often, by a writer into PostgreSQL: as psycopg comes
ASKERS = 2  # connections that questions share: each takes a millisecond
QUESTIONS = (
    "plan_cache_mode = force_generic_plan",
    "enable_seqscan = off",
    "jit = off",  # up to PostgreSQL 17 a plan that has to walk through a small table all the same counts as so dear
    # that it is compiled, each time anew, for half a second
    "default_transaction_read_only = on",
)
POOL = {"pool_size": 5, "max_overflow": 20}  # one process may be the web and the clock: eight threads and a dozen


def open_engine(url: str | URL) -> Engine:
    """An engine for either kind of database; who reads and who writes take it by `for_readers` and `for_writers`."""
    target = make_url(url)
    if target.get_backend_name() != "sqlite":
        engine = create_engine(
            _by_psycopg(target), **POOL, pool_pre_ping=True, hide_parameters=True,
            insertmanyvalues_page_size=ROWS_AT_ONCE,
        )  # fmt: skip
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    given = {"isolation_level": None, "timeout": SQLITE_WAITS_S}
    engine = create_engine(target, **POOL, pool_use_lifo=True, connect_args=given, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def is_there(engine: Engine) -> bool:
    """Whether there is a database at the address. A SQLite file that is only opened to look would be made by that."""
    url = engine.url
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


def for_readers(engine: Engine) -> Engine:
    """The engine for those who only read. SQLite shows a transaction one moment anyway; PostgreSQL by default shows
    every question its own, and a figure made of two would tell of steps that more people take than the one before.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(only_reads=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def for_writers(engine: Engine) -> Engine:
    """The engine for transactions that write."""
    return engine.execution_options(writes=True)


def for_questions(engine: Engine) -> Engine:
    """An engine beside this one for the few questions that the clock asks every second, each of a moment of its own.

    PostgreSQL plans each of them once, which takes longer than the answer: for whatever values, and by indexes alone.
    Left to judge by itself, it would find out whether anybody is due among a million by reading through the million.
    """
    if engine.dialect.name == "sqlite":
        return for_readers(engine)
    beside = create_engine(
        _by_psycopg(engine.url), connect_args={"autocommit": True, "prepare_threshold": 0},
        isolation_level="AUTOCOMMIT", pool_size=ASKERS, max_overflow=0, pool_pre_ping=True, hide_parameters=True,
    )  # fmt: skip
    event.listen(beside, "connect", _plan_once)
    event.listen(engine, "engine_disposed", lambda _engine: beside.dispose())
    return beside


def _by_psycopg(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg")


def _begin_postgresql(connection: Any) -> None:
    """Writers ask the same again and again: those statements are prepared. What is only read is planned for the values
    at hand: PostgreSQL may plan a prepared question once for all values, and whether anybody is due among a million
    would be found by reading through the million.
    """
    writes = connection.get_execution_options().get("writes", False)
    connection.connection.driver_connection.prepare_threshold = PREPARED_AFTER if writes else None


def _plan_once(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for setting in QUESTIONS:
        cursor.execute(f"SET {setting}")
    cursor.close()


def _set_up_sqlite(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    # FULL and not NORMAL: in WAL mode NORMAL may lose the last commits when power fails, and a commit is our promise
    # to the carrier that a reply is kept.
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={SQLITE_WAITS_S * 1000}",
        f"wal_autocheckpoint={SQLITE_LOG_PAGES}",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    """Who only reads may not write. Writers take the write lock at once: a reader that turns writer midway cannot wait
    for it and fails.

    While another process has it, they look often. SQLite's own wait sleeps up to 100 ms between two looks: then whoever
    writes much, as the clock on a Monday morning, would have to pause as long for a webhook to get its turn.
    """
    raw: sqlite3.Connection = connection.connection.driver_connection
    options = connection.get_execution_options()
    writes = options.get("writes", False)
    raw.execute(f"PRAGMA query_only={'ON' if options.get('only_reads', False) else 'OFF'}")
    raw.execute(f"PRAGMA cache_size=-{SQLITE_CACHE_KB if writes else SQLITE_READER_CACHE_KB}")
    if not writes:
        connection.exec_driver_sql("BEGIN")
        return
    gives_up_at = time.monotonic() + SQLITE_WAITS_S
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while _is_busy(refusal := _refusal(raw)) and time.monotonic() < gives_up_at:
            time.sleep(SQLITE_LOOKS_EVERY_S)
        if refusal is not None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # once more, for what is wrong in the words of SQLAlchemy
    finally:
        raw.execute(f"PRAGMA busy_timeout={SQLITE_WAITS_S * 1000}")


def _refusal(connection: sqlite3.Connection) -> sqlite3.Error | None:
    """Why it may not write now; None: it may from now on, and nobody else."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        return error
    return None


def _is_busy(refusal: sqlite3.Error | None) -> bool:
    return getattr(refusal, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
