"""Where an outgoing text stands. Every status is set here, so that what its check-in keeps of it moves along.

A check-in and its first text are locked in this order, as by whoever handles a reply: so neither waits for the other.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, insert, select, update
from sqlalchemy.orm import Session, aliased

from bot.core.delivery import Status
from bot.core.hours import hour_of_week
from bot.models import CheckIn, Direction, Message, Participant
from bot.week_counts import forget

earlier = aliased(Message)
IS_FIRST = ~exists().where(
    earlier.check_in_id == Message.check_in_id, earlier.direction == Direction.OUT, earlier.id < Message.id
)


def add_firsts(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """New texts, which wait. They open check-ins that were just written down and keep already that these wait."""
    waiting = [{**row, "status": Status.QUEUED} for row in rows]
    session.connection().execute(insert(Message), waiting)  # as plain rows: nothing keeps track of them


def hold_text(session: Session, message_id: int) -> Message:
    """The text, locked until the transaction ends, and before it the check-in that it opens."""
    return hold_texts(session, [message_id])[0]


def hold_texts(session: Session, ids: Sequence[int]) -> list[Message]:
    """The texts in this order, locked until the transaction ends, and before them the check-ins that they open."""
    which = Message.id.in_(ids)
    _hold_opened(session, which)
    held = session.scalars(select(Message).where(which).order_by(Message.id).with_for_update())
    rows = {each.id: each for each in held}
    return [rows[each] for each in ids]


def move(session: Session, message: Message, status: Status) -> None:
    """The text, which is held, stands there now. When it left is written in it before."""
    message.status = status
    keep_in_step(session, message)


def keep_in_step(session: Session, *texts: Message) -> None:
    """Where a text is the first of a check-in, that keeps where it stands and when it left."""
    of_check_ins = {each.id: each for each in texts if each.check_in_id is not None}
    if not of_check_ins:
        return
    opened = select(Message.id, CheckIn.id, CheckIn.asked_at, Participant.zone).join(CheckIn.participant)
    opened = opened.join(Message, Message.check_in_id == CheckIn.id).where(Message.id.in_(of_check_ins), IS_FIRST)
    rows = session.execute(opened).all()
    if not rows:
        return
    for message_id, check_in_id, asked_at, zone in rows:
        message = of_check_ins[message_id]
        kept = update(CheckIn).where(CheckIn.id == check_in_id).values(first_status=message.status)
        if asked_at != message.sent_at:  # only then: who moves to another zone later was asked at the hour it was
            hour = hour_of_week(message.sent_at, zone) if message.sent_at else None
            kept = kept.values(asked_at=message.sent_at, local_hour=hour)
        session.execute(kept)
    forget(session, [check_in_id for _, check_in_id, _, _ in rows])


def move_each(session: Session, moved: Sequence[tuple[Message, Status]]) -> None:
    """The same of several texts, which are all held."""
    for message, status in moved:
        message.status = status
    keep_in_step(session, *(message for message, _ in moved))


def move_all(session: Session, which: ColumnElement[bool], status: Status, reason: str) -> list[int]:
    """Every text that fits stands there now, for this reason, without having left; their ids."""
    _hold_opened(session, which)
    moved = update(Message).where(which).values(status=status, reason=reason)
    rows = session.execute(moved.returning(Message.id, Message.check_in_id)).all()
    of_check_ins = [message_id for message_id, check_in_id in rows if check_in_id is not None]
    if of_check_ins:
        opened = select(Message.check_in_id).where(Message.id.in_(of_check_ins), IS_FIRST)
        changed = update(CheckIn).where(CheckIn.id.in_(opened)).values(first_status=status).returning(CheckIn.id)
        forget(session, session.scalars(changed).all())
    return [message_id for message_id, _ in rows]


def _hold_opened(session: Session, which: ColumnElement[bool]) -> None:
    opened = select(CheckIn.id).join(Message, Message.check_in_id == CheckIn.id).where(which, IS_FIRST)
    session.execute(opened.order_by(CheckIn.id).with_for_update(of=CheckIn))
