"""The auditor: checks every few minutes that the promises hold, repairs what it can, and tells people of the rest.

It beats an outside address only when all is well: so silence is the alarm also when nothing of Standby runs any more.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import requests
import structlog
from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update
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
from bot.due import Moment, Question
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
    told = 0
    if not (is_well := _all_is_well(post, now)):
        with post.db.writing() as session:
            _repair(session, post, now)
            found = faults(session, now)
            told = _tell(session, post, _keep(session, found, now), now)
        is_well = not found
    if is_well:
        _beat(post)
    return told


def _all_is_well(post: Post, now: datetime) -> bool:
    """Whether there is nothing to repair, to tell of or to take back, found out without holding anything up. That the
    database still takes what is written is seen by the notes of when the jobs ran, which are late where it does not.
    """
    question = _question(_longest_wait(post), _longest_text(post))
    with post.db.asking() as asking:
        return not question.answered_yes(asking, now) and not _late(asking, now)


@cache
def _question(longest_wait: timedelta, longest_text: timedelta) -> Question:
    def any_stuck(now: Moment) -> ColumnElement[bool]:
        stuck = (exists().where(each.which) for each in _stuck(longest_wait, longest_text, now))
        return or_(exists().where(_forgotten()), *stuck)

    def any_broken(now: Moment) -> ColumnElement[bool]:
        return or_(*(exists().where(which(now)) for which in BROKEN.values()))

    def any_told(_now: Moment) -> ColumnElement[bool]:
        return exists(select(BrokenPromise.promise))

    return Question({"stuck": any_stuck, "broken": any_broken, "told of": any_told})


def faults(session: Session, now: datetime) -> tuple[Fault, ...]:
    """The promises that do not hold now."""
    return tuple(each for each in _faults(session, now) if each.count)


def _faults(session: Session, now: datetime) -> Iterator[Fault]:
    for promise, which in BROKEN.items():
        yield Fault(promise, session.scalar(select(func.count()).where(which(now))) or 0)
    yield Fault(Promise.TICKED, len(_late(session, now)))


def _late(session: Session | Connection, now: datetime) -> set[str]:
    """The jobs that are late, this one aside."""
    return set(late_jobs(session, now)) - {AUDIT}


def _unalerted(now: Moment) -> ColumnElement[bool]:
    """Open *now* flags that rang nobody, or whose next alert is overdue or not planned at all."""
    limit = now - UNALERTED_AFTER
    rang = exists().where(AlertFlag.flag_id == Flag.id, AlertFlag.alert_id == Alert.id, Alert.at >= Flag.raised_at)
    overdue = or_(Flag.look_at.is_(None), Flag.look_at < limit, ~rang)
    is_open = unresolved() & (Flag.state == FlagState.OPEN)
    return and_(Flag.urgency == Urgency.NOW, is_open, Flag.raised_at < limit, overdue)


def _unhandled(now: Moment) -> ColumnElement[bool]:
    return unhandled() & (Message.at < now - UNHANDLED_AFTER)


def _unsent(now: Moment) -> ColumnElement[bool]:
    urgent = and_(Message.purpose.in_(UNPACED), Message.send_after < now - UNSENT_AFTER)
    waits = and_(Message.status == Status.QUEUED, or_(urgent, Message.send_after < now - PACED_UNSENT_AFTER))
    asked = and_(Message.status == Status.SENDING, Message.handed_over_at < now - PACED_UNSENT_AFTER)
    return and_(underway(), Message.direction == Direction.OUT, or_(waits, asked))


BROKEN = {Promise.ALERTED: _unalerted, Promise.HANDLED: _unhandled, Promise.SENT: _unsent}


def _repair(session: Session, post: Post, now: datetime) -> None:
    """What a killed process held is free at once; a *now* flag that nothing would look at again is looked at now."""
    lost = update(Flag).where(_forgotten()).values(look_at=now, lease_until=None).returning(Flag.id)
    for flag_id in session.scalars(lost):
        log.error("flag_was_forgotten", flag=flag_id)
        note(session, "flag_was_forgotten", now, flag_id=flag_id)
    for stuck in _stuck(_longest_wait(post), _longest_text(post), now):
        session.execute(update(stuck.table).where(stuck.which).values(stuck.mended))


def _forgotten() -> ColumnElement[bool]:
    return and_(Flag.urgency == Urgency.NOW, unresolved(), Flag.state == FlagState.OPEN, Flag.look_at.is_(None))


class _Stuck(NamedTuple):
    """Rows that wait for nothing, and what sets them going again."""

    table: type[Any]
    which: ColumnElement[bool]
    mended: dict[str, Any]


def _stuck(longest_wait: timedelta, longest_text: timedelta, now: Moment) -> Iterator[_Stuck]:
    """What a killed process holds; and, where the clock was set back, what was due at once and is due now at an instant
    still to come, or is held until then. Danger must not wait for the clock to get there again: all of it is due now.
    """
    overdue = unresolved() & (Flag.look_at < now - UNALERTED_AFTER)
    yield _Stuck(Flag, overdue & (Flag.lease_until > now), {"lease_until": None})
    for waits in (unhandled(), underway()):  # one after the other: each has its index
        held = waits & (Message.lease_until > now + LONGEST_LEASE)
        yield _Stuck(Message, held, {"lease_until": now})
    queued = and_(underway(), Message.status == Status.QUEUED, Message.at > now + AHEAD, Message.send_after > now)
    not_put_off = or_(Message.send_after == Message.at, Message.attempts > 0)  # by sending hours, as it will be again
    yield _Stuck(Message, and_(queued, not_put_off, Message.not_before.is_(None)), {"send_after": now})
    asked = underway() & (Message.status == Status.SENDING) & (Message.handed_over_at > now + AHEAD)
    yield _Stuck(Message, asked, {"handed_over_at": now})
    danger = and_(unresolved(), Flag.urgency == Urgency.NOW, Flag.state == FlagState.OPEN)
    yield _Stuck(Flag, danger & (Flag.look_at > now + longest_wait), {"look_at": now, "lease_until": None})
    yield _Stuck(Sender, Sender.taken_until > now + LONGEST_LEASE + longest_text, {"taken_until": now})
    yield _Stuck(Sender, Sender.held_until > now + HELD_LONGEST, {"held_until": now})


def _longest_wait(post: Post) -> timedelta:
    """Between two steps of the ladder of danger."""
    return post.rules.ladder(Urgency.NOW).longest_wait


def _longest_text(post: Post) -> timedelta:
    """How long one text takes the sender at the most."""
    return timedelta(seconds=MOST_SEGMENTS / post.settings.segments_per_second)


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
