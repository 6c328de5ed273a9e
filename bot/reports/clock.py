"""Which jobs of the clock are late."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bot.core.promises import IS_IT_RUNNING
from bot.models import Beat

CLOCK_MAY_REST = timedelta(minutes=2)


def late_jobs(session: Session | Connection, now: datetime) -> tuple[str, ...]:
    """The jobs of the clock that have not run to their end for longer than they may; all where none ever ran."""
    beats = session.execute(select(Beat.job, Beat.every_s, Beat.at).order_by(Beat.job)).all()
    return tuple(job for job, every_s, at in beats if _is_late(every_s, at, now)) if beats else ("every job",)


def lateness(session: Session, now: datetime) -> str:
    """The same in a sentence with what to look at; "" where the clock is on time."""
    late = late_jobs(session, now)
    return f"The clock is late with: {', '.join(late)}. {IS_IT_RUNNING}" if late else ""


def _is_late(every_s: int, at: datetime | None, now: datetime) -> bool:
    return at is None or now - at > max(CLOCK_MAY_REST, 3 * timedelta(seconds=every_s))
