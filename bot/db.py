"""The database: sessions, and rows that are claimed."""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

import structlog
from sqlalchemy import URL, ColumnElement, Connection, event, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, Session, mapped_column, sessionmaker

from bot.columns import Sealed, showing_all, vault
from bot.engines import SQLITE_LOOKS_EVERY_S, SQLITE_WAITS_S, for_questions, for_readers, for_writers, open_engine

log = structlog.get_logger()
Id = TypeVar("Id")


class Base(DeclarativeBase):
    """All tables."""


class LookupKey(Base):
    """The one key of all fingerprints: made once, kept encrypted, unchanged when data keys rotate."""

    __tablename__ = "lookup_keys"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Sealed)


class Database:
    """One database and the ways into it. Opening it hands the data keys to the encrypted columns.

    `is_for_page`: whether who reads now makes a page for people.
    """

    is_for_page: Callable[[], bool] = staticmethod(lambda: False)

    def __init__(self, url: str | URL, data_keys: str) -> None:
        vault.unlock(data_keys)
        self.engine = open_engine(url)
        self._reading = sessionmaker(for_readers(self.engine), expire_on_commit=False)
        self._for_writers = for_writers(self.engine)
        self._for_questions = for_questions(self.engine)
        self._writing = sessionmaker(self._for_writers, expire_on_commit=False)
        event.listen(self._writing, "do_orm_execute", _read_anew_what_is_locked)
        self._one_writer = threading.Lock() if self.engine.dialect.name == "sqlite" else None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment, that of its first question, and writes nothing: the database refuses it. On
        pages it shows what cannot be decrypted as such.

        It ends with a commit: after a rollback psycopg forgets what statements the server has prepared for writers.
        """
        with showing_all() if self.is_for_page() else nullcontext(), self._reading.begin() as session:
            yield session

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """For the same few questions asked again and again; each sees a moment of its own, and writes nothing."""
        with self._for_questions.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by any exception."""
        _ = self._lookup_key  # made now where it is new: made inside a transaction, SQLite would wait for itself
        with self._in_turn(), self._writing.begin() as session:
            yield session

    @contextmanager
    def storing(self) -> Iterator[Connection]:
        """As `writing`, for plain rows: nothing keeps track of them in memory, which takes as long as storing them."""
        _ = self._lookup_key
        with self._in_turn(), self._for_writers.begin() as connection:
            yield connection

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Threads of this process write into SQLite one after the other; other processes are waited for beyond this."""
        waited = self._one_writer is not None and self._one_writer.acquire(timeout=SQLITE_WAITS_S)
        try:
            yield
        finally:
            if waited and self._one_writer is not None:
                self._one_writer.release()

    def let_others_write(self) -> None:
        """Whoever writes batch after batch calls this between two. PostgreSQL lets others write meanwhile; into SQLite
        one writes at a time, and other processes only look now and then whether it is their turn.
        """
        if self.engine.dialect.name == "sqlite":
            time.sleep(3 * SQLITE_LOOKS_EVERY_S)

    def fingerprint(self, value: str) -> str:
        """The keyed hash under which an encrypted address is looked up."""
        return hmac.new(self._lookup_key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    @cached_property
    def _lookup_key(self) -> bytes:
        with self._reading.begin() as session:
            found = session.scalar(select(LookupKey.key))
        return base64.b64decode(found or self._make_lookup_key())

    def _make_lookup_key(self) -> str:
        """The first of several starters wins; the others take its key."""
        try:
            with self._writing.begin() as session:
                session.execute(insert(LookupKey).values(id=1, key=base64.b64encode(secrets.token_bytes(32)).decode()))
        except IntegrityError:
            pass
        with self._reading.begin() as session:
            return session.scalars(select(LookupKey.key)).one()


def _read_anew_what_is_locked(state: ORMExecuteState) -> None:
    """Who waited for a lock sees what the one before wrote, also in rows that the session had read already."""
    if state.is_select and getattr(state.statement, "_for_update_arg", None) is not None:
        state.update_execution_options(populate_existing=True)


def insert_once(session: Session, row: Base) -> bool:
    """Insert a row unless one with its key is there, perhaps put there by another process a moment ago."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def do_each(ids: Sequence[Id], deed: Callable[[Id], int], what: str) -> int:
    """Do the deed with each claimed row; the sum of what it says it did.

    One that fails is logged and keeps none of the others waiting; its lease makes it wait for its next try.
    """
    done = 0
    for each in ids:
        try:
            done += deed(each)
        except Exception:
            log.exception(f"{what}_failed", id=each)
    return done


def free(table: type[Any], now: Any) -> ColumnElement[bool]:
    """Rows that nobody holds at this moment, an instant or what stands for one."""
    nobodys: ColumnElement[bool] = table.lease_until.is_(None) | (table.lease_until <= now)
    return nobodys


def claim(
    session: Session,
    table: type[Any],
    due: ColumnElement[bool],
    order: tuple[Any, ...],
    limit: int,
    now: datetime,
    lease: timedelta,
) -> list[int]:
    """Take up to `limit` due rows for `lease`, passing over those that others hold; their ids in order.

    Wants a writing session. PostgreSQL skips rows that others have locked; SQLite lets one writer in at a time.
    """
    wanted = select(table.id).where(due, free(table, now)).order_by(*order).limit(limit)
    ids = list(session.scalars(wanted.with_for_update(skip_locked=True)))
    if ids:
        session.execute(update(table).where(table.id.in_(ids)).values(lease_until=now + lease))
    return ids
