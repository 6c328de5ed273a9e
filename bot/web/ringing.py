"""Who was alerted about a flag so far, and which steps reached nobody, in a sentence for its card."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import object_session

from bot.core.escalation import Whom
from bot.models import Event, Flag, Staff
from bot.web.standby import standby
from bot.web.words import hour, words

TOLD = ("alerted", "step_reached_nobody")


def told_to(flag: Flag) -> str:
    """"Alerted so far: Dana Ruiz (2 times, last 10:05 am). Reached nobody: backup." Empty before the first alert."""
    session = object_session(flag)
    if session is None:
        return ""
    rows = select(Event.what, Event.at, Event.detail, Staff.name).outerjoin(Staff, Event.staff_id == Staff.id)
    since = (Event.flag_id == flag.id) & Event.what.in_(TOLD) & (Event.at >= flag.raised_at)
    found = session.execute(rows.where(since).order_by(Event.id)).all()
    rang = [(row.name, hour(row.at, standby().settings.zone)) for row in found if row.name]
    empty = dict.fromkeys(words(Whom(row.detail)) for row in found if row.detail in set(Whom) and not row.name)
    said = [f"Alerted so far: {_times(rang)}."] if rang else []
    return " ".join([*said, *([f"Reached nobody: {', '.join(empty)}."] if empty else [])])


def _times(rang: Sequence[tuple[str, str]]) -> str:
    parts = []
    for name in dict.fromkeys(name for name, _ in rang):
        times = [at for who, at in rang if who == name]
        parts.append(f"{name} ({f'{len(times)} times, last ' if len(times) > 1 else ''}{times[-1]})")
    return ", ".join(parts)
