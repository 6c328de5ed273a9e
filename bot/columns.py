"""Types of columns, instants in UTC and what the database only ever sees encrypted; and indexes of some rows."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import DateTime, Dialect, Enum, Index, String, Text, TypeDecorator, text

from bot.core.kinds import FlagKind, flag_kind

UNREADABLE = "[damaged: no key opens this]"
FEW_INSTANTS = 16  # that many rows share: now, and what comes so long after it


class Vault:
    """Holds the keys that encrypted columns use.

    Column types belong to the tables and are made once a process, before any settings are read; so the keys are
    handed to this one object when the database is opened.
    """

    keys: MultiFernet | None = None

    def unlock(self, data_keys: str) -> None:
        """Take these keys, with a comma between and the newest first."""
        self.keys = MultiFernet([Fernet(key.strip().encode()) for key in data_keys.split(",")])

    def seal(self, text: str) -> str:
        """The text, encrypted by the newest key."""
        assert self.keys is not None, "open the database before using encrypted columns"
        return self.keys.encrypt(text.encode("utf-8", "surrogatepass")).decode()

    def unseal(self, sealed: str) -> str:
        """What was encrypted by any of the keys. Raises InvalidToken."""
        assert self.keys is not None, "open the database before using encrypted columns"
        return self.keys.decrypt(sealed.encode()).decode("utf-8", "surrogatepass")


vault = Vault()
_shows = ContextVar("shows", default=False)


@contextmanager
def showing_all() -> Iterator[None]:
    """Meanwhile a value that no key opens is read as UNREADABLE, or as none. For pages: one damaged text must not hide
    the danger beside it. Whatever works with what it reads has to fail instead, so that a person looks at it.
    """
    before = _shows.set(True)
    try:
        yield
    finally:
        _shows.reset(before)


def _read(value: str, otherwise: str) -> str:
    try:
        return vault.unseal(value)
    except InvalidToken:
        if not _shows.get():
            raise
        return otherwise


class Token(str):
    """Encrypted already: an encrypted column keeps it as it is."""


def opened(token: str) -> str:
    """What a Token says, read as a column of it is."""
    return _read(token, UNREADABLE)


def opens(token: str) -> bool:
    """Whether any of the keys opens it."""
    try:
        vault.unseal(token)
    except InvalidToken:
        return False
    return True


def sealer() -> Callable[[str], Token]:
    """Encrypts for rows that are written at one moment: what is the same in several of them, once."""
    return lru_cache(maxsize=None)(lambda text: Token(vault.seal(text)))


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC. A naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """Rows that are written at one moment hold the same few instants: each is written out once. In UTC, as of one
        zone the hour that comes twice in fall counts as equal.
        """
        written = super().bind_processor(dialect)
        assert written is not None, "there is a process_bind_param"
        written_once = lru_cache(maxsize=FEW_INSTANTS)(written)
        return lambda value: written_once(_in_utc(value))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        moment = _in_utc(value)
        return moment.replace(tzinfo=None) if moment and dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _in_utc(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return value and value.astimezone(UTC)


class Sealed(TypeDecorator[str]):
    """Text that the database only ever sees encrypted."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None or isinstance(value, Token) else vault.seal(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _read(value, UNREADABLE)


class SealedLabel(Sealed):
    """A name that is only shown, or a number that is only dialled. Nothing is decided by it, so one that no key opens
    is UNREADABLE to everybody: it must keep no alert from ringing, and no text from being taken in.
    """

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        with showing_all():
            return super().process_result_value(value, dialect)


class SealedJson(TypeDecorator[Any]):
    """A JSON value that the database only ever sees encrypted."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return value if value is None or isinstance(value, Token) else vault.seal(json.dumps(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(_read(value, "null"))


class SealedValues(SealedJson):
    """Words by name that the database only ever sees encrypted; where there are none, it keeps nothing."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return super().process_bind_param(value or None, dialect)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return super().process_result_value(value, dialect) or {}


class FlagKindWord(TypeDecorator[FlagKind]):
    """A need or another reason for attention, by its name."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: FlagKind | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> FlagKind | None:
        return None if value is None else flag_kind(value)


def words(kind: type[StrEnum]) -> Enum:
    """A column of one kind's words, kept as plain text so that a new word needs no migration."""
    return Enum(kind, native_enum=False, length=20, values_callable=lambda each: [member.value for member in each])


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of these rows alone, on either database."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
