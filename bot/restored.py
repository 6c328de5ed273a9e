"""Whether this database was put back from a backup, whether it has caught up since, and what waits until then."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, select, update
from sqlalchemy.orm import Session

from bot.core.kinds import Purpose
from bot.core.restored import ASKS_FIRST_FOR, Leave, Restored, Waiting, may_leave
from bot.models import Message, Restoration
from bot.waiting import unhandled

HELD_FOR = timedelta(seconds=30)  # after a restore, until what came in meanwhile was fetched


def last_restore(session: Session) -> Restored | None:
    """The last time that a backup was put back; None where that never happened."""
    row = session.scalar(select(Restoration).order_by(Restoration.id.desc()).limit(1))
    if row is None:
        return None
    caught_up = row.fetched_at is not None and not _is_anything_unread(session, row.restored_at)
    return Restored(row.made_at, row.restored_at, caught_up)


def _is_anything_unread(session: Session, until: datetime) -> bool:
    return bool(session.scalar(select(exists().where(unhandled(), Message.at <= until))))


def restored_lately(session: Session, now: datetime) -> datetime | None:
    """When a backup was put back, if texts may still be in line that the carrier is asked about first."""
    return session.scalar(
        select(func.max(Restoration.restored_at)).where(Restoration.restored_at > now - 2 * ASKS_FIRST_FOR)
    )


def unfetched_since() -> Select[datetime]:
    """From when on the carrier's record of what came in was never asked for, after a restore; None otherwise."""
    return select(func.min(Restoration.made_at)).where(Restoration.fetched_at.is_(None))


def note_fetched(session: Session, now: datetime) -> None:
    """What came in up to now was fetched."""
    session.execute(update(Restoration).where(Restoration.fetched_at.is_(None)).values(fetched_at=now))


def leave_of(message: Message, restored: Restored | None) -> Leave:
    """What is done with a text that the rules let go, where the database was put back from a backup.

    What has to be asked about first stands as `handing_over` without an attempt, for `deliveries.reconcile` to settle.
    """
    if restored is None:
        return Leave.GO
    waiting = Waiting(
        to_staff=message.staff_id is not None,
        queued_at=message.at,
        answers_at=message.answers_at,
        written=message.purpose is Purpose.WRITTEN,
        asked=message.handed_over_at is not None,
    )
    return may_leave(waiting, restored)


def may_overtake(earlier: type[Message], restored_at: datetime) -> ColumnElement[bool]:
    """Whether a text answers what came in after the restore, and the earlier one does not and may have left before."""
    untried = (earlier.attempts == 0) & (earlier.answers_at.is_(None) | (earlier.answers_at <= restored_at))
    return Message.answers_at.is_not(None) & (Message.answers_at > restored_at) & untried
