"""Whether this database was put back from a backup, and whether it has caught up since."""

from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from bot.core.restored import Restored
from bot.models import Direction, Message, Restoration


def last_restore(session: Session) -> Restored | None:
    """The last time that a backup was put back; None where that never happened."""
    row = session.scalar(select(Restoration).order_by(Restoration.id.desc()).limit(1))
    if row is None:
        return None
    caught_up = row.fetched_at is not None and not _is_anything_unread(session, row.restored_at)
    return Restored(row.made_at, row.restored_at, caught_up)


def _is_anything_unread(session: Session, until: datetime) -> bool:
    unread = (Message.direction == Direction.IN) & Message.handled_at.is_(None) & (Message.at <= until)
    return bool(session.scalar(select(exists().where(unread))))


def unfetched_since(session: Session) -> datetime | None:
    """From when on the carrier's record of what came in was never asked for, after a restore; None otherwise."""
    return session.scalar(select(func.min(Restoration.made_at)).where(Restoration.fetched_at.is_(None)))


def note_fetched(session: Session, now: datetime) -> None:
    """What came in up to now was fetched."""
    session.execute(update(Restoration).where(Restoration.fetched_at.is_(None)).values(fetched_at=now))
