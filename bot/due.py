"""Whether anything is due: many such questions asked as one, whose statement is built once.

A clock with nothing to do would spend its time on building questions, not on answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, exists, select
from sqlalchemy.sql import visitors

from bot.columns import Instant
from bot.db import free

BEFORE, ONE = "moment", timedelta(microseconds=1)  # names of parameters: this word, and so many of these ahead


@dataclass(frozen=True)
class Hand:
    """The moment of asking, before it is known: stands for an instant where a condition is built."""

    ahead: timedelta = timedelta(0)

    def __add__(self, more: timedelta) -> "Hand":
        return Hand(self.ahead + more)

    def __sub__(self, less: timedelta) -> "Hand":
        return Hand(self.ahead - less)

    def __clause_element__(self) -> BindParameter[datetime]:
        return bindparam(f"{BEFORE}{self.ahead // ONE}", type_=Instant())


Moment = datetime | Hand


def any_free(table: type[Any], which: ColumnElement[bool], now: Moment) -> ColumnElement[bool]:
    """Whether there is a row of those that `db.claim` would take."""
    return exists().where(which, free(table, now))


class Question:
    """Conditions by name, each built once, with a Hand for the moment; asked as often as wanted."""

    def __init__(self, conditions: Mapping[str, Callable[[Moment], ColumnElement[bool]]]) -> None:
        self.names = frozenset(conditions)
        self._in_order = tuple(conditions)
        self._statement = select(*(condition(Hand()) for condition in conditions.values()))
        parts = (part for part in visitors.iterate(self._statement) if isinstance(part, BindParameter))
        named = {part.key for part in parts if part.key.startswith(BEFORE)}
        self._ahead = {name: int(name.removeprefix(BEFORE)) * ONE for name in named}

    def answered_yes(self, asking: Connection, now: datetime) -> set[str]:
        """The names of the conditions that hold now; one question to the database."""
        moments = {name: now + ahead for name, ahead in self._ahead.items()}
        answers = asking.execute(self._statement, moments).one()
        return {name for name, yes in zip(self._in_order, answers, strict=True) if yes}
