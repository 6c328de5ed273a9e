"""Which jobs of the clock are late."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.models import Beat

CLOCK_MAY_REST = timedelta(minutes=2)


def late_jobs(session: Session, now: datetime) -> tuple[str, ...]:
    """The jobs of the clock that have not run to their end for longer than they may; all where none ever ran."""
    beats = session.scalars(select(Beat).order_by(Beat.job)).all()
    return tuple(beat.job for beat in beats if _is_late(beat, now)) if beats else ("every job",)


def lateness(session: Session, now: datetime) -> str:
    """The same in a sentence with what to look at; "" where the clock is on time."""
    late = late_jobs(session, now)
    return f"The clock is late with: {', '.join(late)}. Is scheduler.py running?" if late else ""


def _is_late(beat: Beat, now: datetime) -> bool:
    return beat.at is None or now - beat.at > max(CLOCK_MAY_REST, 3 * timedelta(seconds=beat.every_s))
