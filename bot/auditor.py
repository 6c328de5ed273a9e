"""The auditor: checks every few minutes that the promises hold, repairs what it can, and tells people of the rest.

It beats an outside address only when all is well: so silence is the alarm also when nothing of Standby runs any more.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import requests
import structlog
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from bot.alerts import address_by
from bot.core.delivery import Status
from bot.core.escalation import Means, Reach, Urgency, Whom
from bot.core.kinds import Purpose
from bot.core.pressure import LONGEST as HELD_LONGEST
from bot.core.promises import (
    PACED_UNSENT_AFTER,
    UNALERTED_AFTER,
    UNHANDLED_AFTER,
    UNSENT_AFTER,
    Fault,
    Promise,
    is_told,
)
from bot.core.sending import UNPACED
from bot.duty import Duty, first_reached
from bot.models import Alert, AlertFlag, BrokenPromise, Direction, Flag, FlagState, Message, Sender
from bot.outbox import Draft, Post, queue
from bot.people import note
from bot.reports.clock import late_jobs
from bot.waiting import underway, unhandled, unresolved

log = structlog.get_logger()

AUDIT = "audit the promises"
BEAT_WITHIN_S = 5
LONGEST_LEASE = timedelta(minutes=5)  # nobody takes work for longer: the clock was set back meanwhile
MOST_SEGMENTS = 24  # of one text: 1,600 characters, the most that the carrier takes, at 67 each
AHEAD = timedelta(minutes=1)  # written by a clock that was ahead of this one


def audit(post: Post, now: datetime) -> int:
    """Check, repair, tell supervisors, beat the heartbeat where all is well; how many texts were queued."""
    with post.db.writing() as session:
        _repair(session, now)
        _forget_hours_taken_back(session, post, now)
        found = faults(session, now)
        told = _tell(session, post, _keep(session, found, now), now)
    if not found:
        _beat(post)
    return told


def faults(session: Session, now: datetime) -> tuple[Fault, ...]:
    """The promises that do not hold now."""
    return tuple(each for each in _faults(session, now) if each.count)


def _faults(session: Session, now: datetime) -> Iterator[Fault]:
    yield _fault(session, Promise.ALERTED, _unalerted(now))
    yield _fault(session, Promise.HANDLED, _unhandled(now - UNHANDLED_AFTER))
    yield _fault(session, Promise.SENT, _unsent(now))
    yield Fault(Promise.TICKED, len(set(late_jobs(session, now)) - {AUDIT}))


def _fault(session: Session, promise: Promise, which: ColumnElement[bool]) -> Fault:
    return Fault(promise, session.scalar(select(func.count()).where(which)) or 0)


def _unalerted(now: datetime) -> ColumnElement[bool]:
    """Open *now* flags that rang nobody, or whose next alert is overdue or not planned at all."""
    limit = now - UNALERTED_AFTER
    rang = exists().where(AlertFlag.flag_id == Flag.id, AlertFlag.alert_id == Alert.id, Alert.at >= Flag.raised_at)
    overdue = or_(Flag.look_at.is_(None), Flag.look_at < limit, ~rang)
    is_open = unresolved() & (Flag.state == FlagState.OPEN)
    return and_(Flag.urgency == Urgency.NOW, is_open, Flag.raised_at < limit, overdue)


def _unhandled(before: datetime) -> ColumnElement[bool]:
    return unhandled() & (Message.at < before)


def _unsent(now: datetime) -> ColumnElement[bool]:
    urgent = and_(Message.purpose.in_(UNPACED), Message.send_after < now - UNSENT_AFTER)
    waits = and_(Message.status == Status.QUEUED, or_(urgent, Message.send_after < now - PACED_UNSENT_AFTER))
    asked = and_(Message.status == Status.SENDING, Message.handed_over_at < now - PACED_UNSENT_AFTER)
    return and_(underway(), Message.direction == Direction.OUT, or_(waits, asked))


def _repair(session: Session, now: datetime) -> None:
    """What a killed process held is free at once; a *now* flag that nothing would look at again is looked at now."""
    is_open = unresolved() & (Flag.state == FlagState.OPEN)
    lost = and_(Flag.urgency == Urgency.NOW, is_open, Flag.look_at.is_(None))
    for flag_id in session.scalars(update(Flag).where(lost).values(look_at=now, lease_until=None).returning(Flag.id)):
        log.error("flag_was_forgotten", flag=flag_id)
        note(session, "flag_was_forgotten", now, flag_id=flag_id)
    overdue = unresolved() & (Flag.look_at < now - UNALERTED_AFTER)
    session.execute(update(Flag).where(overdue, Flag.lease_until > now).values(lease_until=None))


def _forget_hours_taken_back(session: Session, post: Post, now: datetime) -> None:
    """Where the clock was set back, what was due at once is due at an instant still to come, and what a process held
    that died stays held until then. Danger must not wait for the clock to get there again: all of it is due now.
    """
    for waits in (unhandled(), underway()):  # one after the other: each has its index
        held = waits & (Message.lease_until > now + LONGEST_LEASE)
        session.execute(update(Message).where(held).values(lease_until=now))
    queued = and_(underway(), Message.status == Status.QUEUED, Message.at > now + AHEAD, Message.send_after > now)
    not_put_off = or_(Message.send_after == Message.at, Message.attempts > 0)  # by sending hours, as it will be again
    session.execute(update(Message).where(queued, not_put_off, Message.not_before.is_(None)).values(send_after=now))
    asked = underway() & (Message.status == Status.SENDING) & (Message.handed_over_at > now + AHEAD)
    session.execute(update(Message).where(asked).values(handed_over_at=now))
    longest = post.rules.ladder(Urgency.NOW).longest_wait
    danger = and_(unresolved(), Flag.urgency == Urgency.NOW, Flag.state == FlagState.OPEN)
    session.execute(update(Flag).where(danger, Flag.look_at > now + longest).values(look_at=now, lease_until=None))
    longest_text = timedelta(seconds=MOST_SEGMENTS / post.settings.segments_per_second)
    paced = Sender.taken_until > now + LONGEST_LEASE + longest_text
    session.execute(update(Sender).where(paced).values(taken_until=now))
    session.execute(update(Sender).where(Sender.held_until > now + HELD_LONGEST).values(held_until=now))


def _keep(session: Session, found: tuple[Fault, ...], now: datetime) -> list[tuple[Fault, BrokenPromise]]:
    """Write down what is broken, and that the rest holds again."""
    kept = {each.promise: each for each in session.scalars(select(BrokenPromise).with_for_update())}
    for promise in kept.keys() - {each.promise for each in found}:
        note(session, "promise_holds_again", now, detail=promise)
        session.delete(kept[promise])
    pairs = []
    for fault in found:
        row = kept.get(fault.promise)
        if row is None:
            row = BrokenPromise(promise=fault.promise, since=now)
            session.add(row)
            note(session, "promise_broken", now, detail=fault.promise)
            log.error("promise_broken", promise=fault.promise, count=fault.count)
        row.count = fault.count
        pairs.append((fault, row))
    session.flush()
    return pairs


def _tell(session: Session, post: Post, broken: list[tuple[Fault, BrokenPromise]], now: datetime) -> int:
    """Of what the last round found broken too: it had its chance to be mended."""
    untold = [(fault, row) for fault, row in broken if row.since < now and not is_told(row.told_at, now)]
    if not untold:
        return 0
    duty = Duty(session, post.settings, post.rules, now)
    rings = _whom(duty.reach(None))
    said = " ".join(fault.sentence for fault, _ in untold)
    for staff_id, by in rings.items():
        text = f"Standby itself has a problem. {said} {post.settings.public_url}/rates"
        queue(session, Draft(address_by(post, duty.staff[staff_id], by), text, Purpose.ALERT), now)
    for _, row in untold if rings else ():
        row.told_at = now
    return len(rings)


def _whom(reach: Reach) -> dict[int, Means]:
    """Every supervisor by text, by letter where no text reaches them; where no supervisor can be reached, everyone."""
    return first_reached(reach, Whom.SUPERVISORS) or first_reached(reach, Whom.EVERYONE)


def _beat(post: Post) -> None:
    """Tell the outside that all is well. What fails is logged: the outside notices by itself that nothing came."""
    url = post.settings.heartbeat_url
    if not url:
        return
    try:
        requests.get(url, timeout=BEAT_WITHIN_S).raise_for_status()
    except requests.RequestException as error:
        log.warning("heartbeat_failed", why=type(error).__name__)
