"""After a restore: which texts may leave, though nobody knows any more what left since the backup was made.

Between the two the programme may have sent what the backup still has waiting or due, and people may have asked for no
more texts. The carrier has a record of both; so it is asked before a participant is texted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

ASKS_FIRST_FOR = timedelta(days=1)  # what fell due meanwhile is due at once, or at the next sending hours


@dataclass(frozen=True)
class Restored:
    """The database is a backup of `made_at`, in use again since `restored_at`.

    `caught_up`: everything that came in meanwhile was fetched from the carrier and taken in.
    """

    made_at: datetime
    restored_at: datetime
    caught_up: bool


@dataclass(frozen=True)
class Waiting:
    """What decides about one text that is about to leave. `asked`: the carrier was asked for it, or given it, since.

    `answers_at` is when the text it answers came in; `written` that a member of staff wrote it to one person.
    """

    to_staff: bool
    queued_at: datetime
    answers_at: datetime | None
    written: bool
    asked: bool


class Leave(Enum):
    """What is done with a text that is about to leave."""

    GO = auto()
    HOLD = auto()  # nobody knows yet who asked for no more texts
    ASK_FIRST = auto()  # the carrier may have it already


def may_leave(text: Waiting, restored: Restored) -> Leave:
    """Alerts never wait: danger rings rather twice than never. Nor does the answer to what came in after the restore:
    nobody had answered that, and who wrote it waits with the phone in the hand.

    Everything else waits until we know who opted out meanwhile. Then the carrier is asked whether it has this text,
    save where it was written after the restore, or made a day later than it.
    """
    if text.to_staff or (text.answers_at is not None and text.answers_at > restored.restored_at):
        return Leave.GO
    if not restored.caught_up:
        return Leave.HOLD
    new = text.queued_at > restored.restored_at
    if text.asked or (new and (text.written or text.queued_at > restored.restored_at + ASKS_FIRST_FOR)):
        return Leave.GO
    return Leave.ASK_FIRST
