"""What is known of somebody who has gone quiet, in a few sentences for their flag."""

from sqlalchemy import func, select
from sqlalchemy.orm import object_session

from bot.core.delivery import Status
from bot.models import Direction, Flag, Message
from bot.web.words import NOT_ARRIVED, ago


def known_of_silence(flag: Flag) -> str:
    """How many check-ins went unanswered, when they last wrote, and whether texts still arrive."""
    session, person = object_session(flag), flag.participant
    if session is None or person is None:
        return ""
    theirs = Message.participant_id == person.id
    heard = session.scalar(select(func.max(Message.at)).where(theirs, Message.direction == Direction.IN))
    left = Message.status.not_in((Status.QUEUED, Status.SENDING, Status.DROPPED))
    out = select(Message).where(theirs, Message.direction == Direction.OUT, left)
    latest = session.scalar(out.order_by(Message.id.desc()).limit(1))
    count = f"{person.silences} check-ins in a row without an answer." if person.silences > 1 else "No answer."
    last = f"Last word from them {ago(heard)}." if heard else "They never wrote."
    return " ".join((count, last, _arrives(latest)))


def _arrives(latest: Message | None) -> str:
    if latest is None or latest.status is None:
        return "No text has left yet."
    if latest.status in NOT_ARRIVED:
        return f"The latest text did not arrive: {latest.reason or 'nobody knows why'}"
    arrived = latest.status in (Status.DELIVERED, Status.READ)
    return "The latest text arrived." if arrived else "Whether the latest text arrived is not known."
