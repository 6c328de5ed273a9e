"""What waits, in the very words of the partial indexes of bot/models: SQLite uses one of these only where a question
names its condition so, values and all. Without them every round of the clock would read through all that ever was.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam

from bot.core.delivery import Status
from bot.due import Moment
from bot.models import Direction, Flag, FlagState, Message


def underway(message: type[Message] = Message) -> ColumnElement[bool]:
    """Texts that have not left, or that nobody knows of yet whether they did: index to_send, and those of the line."""
    return message.status.in_(_written_out([Status.QUEUED, Status.SENDING], expanding=True))


def failed_since(since: Moment | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Those that left since then: index failed_lately."""
    return failed() & (Message.handed_over_at > since)


def failed() -> ColumnElement[bool]:
    """Texts that did not arrive, or of which nobody knows: index failed_lately."""
    words = [Status.REFUSED, Status.FAILED, Status.UNDELIVERED, Status.UNKNOWN]
    return Message.status.in_(_written_out(words, expanding=True))


def without_end() -> ColumnElement[bool]:
    """Texts that the carrier has, and of which it did not say what became of them: index without_end."""
    return Message.status.in_(_written_out([Status.TAKEN, Status.SENT], expanding=True))


def unhandled(message: type[Message] = Message) -> ColumnElement[bool]:
    """Texts that came in and were not understood yet: indexes to_handle, to_handle_in_order."""
    return (message.direction == _written_out(Direction.IN)) & message.handled_at.is_(None)


def unresolved() -> ColumnElement[bool]:
    """Flags that somebody has to look at still: index flags_to_look_at."""
    return Flag.state != _written_out(FlagState.RESOLVED)


def _written_out(value: StrEnum | list[Any], expanding: bool = False) -> BindParameter[Any]:
    return bindparam(None, value, unique=True, expanding=expanding, literal_execute=True)
