"""Alerts: climb the ladders, ring phones, and let whoever texts the code back take the flags."""

import re
import secrets
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from bot.casework import drop_alert, open_again, take
from bot.config import Settings
from bot.core.delivery import Status
from bot.core.escalation import TOLD_ONCE, Urgency, Whom, climb, first_look
from bot.core.kinds import Purpose
from bot.core.speech import first_name
from bot.db import claim, do_each
from bot.models import Alert, AlertFlag, Flag, FlagState, Message, Participant, Role, Staff
from bot.outbox import Draft, Post, Recipient, block, is_blocked, queue
from bot.people import note

log = structlog.get_logger()

LEASE = timedelta(minutes=1)
BATCH = 100
CODES_REST_FOR = timedelta(days=30)
CODE = re.compile(r"(?<!\d)\d{4,6}(?!\d)")
FAILURES_OF = timedelta(days=1)
PASSED_OVER_FOR = timedelta(minutes=30)


def escalate(post: Post, now: datetime) -> int:
    """Climb the ladders that are due; how many alerts were queued. Several flags of one person make one alert."""
    alerts = 0
    while theirs := _claim_due(post, now):
        alerts += do_each(theirs, lambda ids: _escalate_together(post, ids, now), "escalating")
    return alerts


def _claim_due(post: Post, now: datetime) -> list[list[int]]:
    """Flags whose ladder is due, those of one person together, danger first."""
    with post.db.writing() as session:
        due = (Flag.state != FlagState.RESOLVED) & (Flag.look_at <= now)
        ids = claim(session, Flag, due, (Flag.urgency, Flag.look_at, Flag.id), BATCH, now, LEASE)
        rows = session.execute(select(Flag.id, Flag.participant_id, Flag.address_hash).where(Flag.id.in_(ids))).all()
    whose = {row.id: str(row.participant_id or row.address_hash) for row in rows}
    together: dict[str, list[int]] = {}
    for flag_id in ids:
        together.setdefault(whose[flag_id], []).append(flag_id)
    return list(together.values())


def _escalate_together(post: Post, ids: list[int], now: datetime) -> int:
    """The due flags of one person, in a transaction of their own: what fails for one keeps no other's alert waiting."""
    with post.db.writing() as session:
        theirs = select(Flag).where(Flag.id.in_(ids), Flag.state != FlagState.RESOLVED, Flag.look_at <= now)
        flags = session.scalars(theirs.order_by(Flag.id).with_for_update()).all()
        ready = [flag for flag in flags if _is_ready(session, flag, post.settings, now)]
        return _alert_about(session, ready, post.settings, now) if ready else 0


def _is_ready(session: Session, flag: Flag, settings: Settings, now: datetime) -> bool:
    """Whether the flag's alert leaves now. A clock that was down may look at a routine flag in the night: it waits."""
    flag.lease_until = None
    flag.look_at = first_look(flag.urgency, now, settings.zone, settings.working_hours)
    if flag.look_at > now:
        return False
    if flag.state is FlagState.ACKNOWLEDGED:
        open_again(flag, flag.urgency, settings, now)
        note(session, "flag_opened_again", now, participant_id=flag.participant_id, flag_id=flag.id)
    return True


def _alert_about(session: Session, flags: list[Flag], settings: Settings, now: datetime) -> int:
    """Each flag climbs its own ladder; whom several of them reach now gets one alert about them all."""
    reach = _reach(session, flags[0].participant, now)
    wanted: dict[int, list[Flag]] = {}
    for flag in flags:
        step = climb(flag.urgency, flag.rung, reach, now, settings.zone, settings.working_hours)
        flag.rung, flag.look_at = step.rung, None if flag.kind in TOLD_ONCE and step.staff else step.next_at
        if not step.staff:
            log.error("alert_reaches_nobody", flag=flag.id)
            note(session, "alert_reaches_nobody", now, participant_id=flag.participant_id, flag_id=flag.id)
        for staff_id in step.staff:
            wanted.setdefault(staff_id, []).append(flag)
    for staff_id, theirs in wanted.items():
        _alert(session, session.get_one(Staff, staff_id), theirs, settings, now)
    return len(wanted)


def _reach(session: Session, participant: Participant | None, now: datetime) -> dict[Whom, tuple[int, ...]]:
    """Whom each rung reaches now: active staff with a number that takes our texts.

    Who could not be reached lately is passed over for a while; where that leaves nobody, they are tried all the same.
    """
    staff = session.scalars(select(Staff).where(Staff.active, Staff.phone_hash.is_not(None)).order_by(Staff.id))
    open_to_us = [each for each in staff if not is_blocked(session, each.phone_hash or "")]
    reachable = [each for each in open_to_us if not _failed_lately(each, now)] or open_to_us
    own = participant.caseworker_id if participant else None
    return {
        Whom.CASEWORKER: tuple(each.id for each in reachable if each.id == own),
        Whom.ON_CALL: tuple(each.id for each in reachable if each.on_call),
        Whom.SUPERVISORS: tuple(each.id for each in reachable if each.role is Role.SUPERVISOR),
        Whom.EVERYONE: tuple(each.id for each in reachable if each.role is not Role.RESEARCHER),
    }


def _failed_lately(staff: Staff, now: datetime) -> bool:
    return staff.alert_failed_at is not None and now - staff.alert_failed_at < PASSED_OVER_FOR


def _alert(session: Session, staff: Staff, flags: list[Flag], settings: Settings, now: datetime) -> None:
    _drop_older(session, staff, flags)
    alert = Alert(staff_id=staff.id, code=_fresh_code(session, now), link=secrets.token_urlsafe(9), at=now, flags=flags)
    session.add(alert)
    session.flush()
    draft = Draft(staff_recipient(staff), _alert_text(alert, flags, settings), Purpose.ALERT)
    alert.message_id = queue(session, draft, now).id
    for flag in flags:
        note(session, "alerted", now, staff.id, flag.participant_id, flag.id)


def _drop_older(session: Session, staff: Staff, flags: list[Flag]) -> None:
    """An alert that has not left yet says nothing that the next one does not: after an outage the phone rings once.

    One whose outcome nobody knows is not asked about any more: it may have rung, and the next one surely will.
    """
    own = select(Alert).join(Message, Message.id == Alert.message_id).where(Alert.staff_id == staff.id)
    for alert in session.scalars(own.where(Message.status.in_((Status.QUEUED, Status.SENDING)))):
        if set(alert.flags) <= set(flags):
            drop_alert(session, alert, "a newer alert says the same")
            asked = update(Message).where(Message.id == alert.message_id, Message.status == Status.SENDING)
            session.execute(asked.values(status=Status.UNKNOWN, reason="a newer alert says the same"))


def _alert_text(alert: Alert, flags: list[Flag], settings: Settings) -> str:
    """A stranger may read it: no name, no need, no words of anybody's."""
    in_danger = any(flag.urgency is Urgency.NOW for flag in flags)
    what = "NOW: someone may be in danger" if in_danger else "someone needs an answer"
    more = f" ({len(flags)} items)" if len(flags) > 1 else ""
    link = f"{settings.public_url.rstrip('/')}/alerts/{alert.link}"
    return f"Standby: {what}{more}. Open {link} or text back {alert.code} to take it."


def _fresh_code(session: Session, now: datetime) -> str:
    """A code that no alert of the last 30 days bears; five digits once four run short."""
    for digits in (4, 4, 4, 4, 4, 4, 4, 4, 5, 6):
        code = f"{secrets.randbelow(10**digits):0{digits}d}"
        if not session.scalar(select(exists().where(Alert.code == code, Alert.at > now - CODES_REST_FOR))):
            return code
    raise RuntimeError("no free alert code found; are a million alerts a month meant?")


def staff_recipient(staff: Staff) -> Recipient:
    """Where a member of staff is texted."""
    assert staff.phone is not None and staff.phone_hash is not None
    return Recipient("sms", staff.phone, staff.phone_hash, staff_id=staff.id)


def follow_up_alerts(post: Post, now: datetime) -> int:
    """Alerts that did not arrive: the ladder goes on at once and passes that phone over for a while; how many.

    A phone that failed just before does not hurry the ladder again: where no phone can be reached, it keeps its pace.
    """
    failed = (Status.REFUSED, Status.FAILED, Status.UNDELIVERED)
    arrived_not = (Message.purpose == Purpose.ALERT) & Message.status.in_(failed) & (Message.at > now - FAILURES_OF)
    with post.db.reading() as session:
        missed = select(Alert.id).join(Message, Message.id == Alert.message_id).where(arrived_not)
        ids = session.scalars(missed.where(Alert.failed_at.is_(None)).order_by(Alert.id).limit(BATCH)).all()
    return do_each(ids, lambda alert_id: _climb_on(post, alert_id, now), "following_up")


def _climb_on(post: Post, alert_id: int, now: datetime) -> int:
    with post.db.writing() as session:
        alert = session.get_one(Alert, alert_id, with_for_update=True)
        if alert.failed_at is not None:
            return 0
        staff = session.get_one(Staff, alert.staff_id)
        failed_before = _failed_lately(staff, now)
        alert.failed_at = staff.alert_failed_at = now
        for flag in alert.flags:
            if flag.state is FlagState.OPEN and not failed_before:
                flag.look_at = now
                note(session, "alert_did_not_arrive", now, alert.staff_id, flag.participant_id, flag.id)
        return 1


def stop_alerts(session: Session, staff: Staff, now: datetime) -> None:
    """This member of staff wants no alerts: what they were alerted to climbs on at once."""
    assert staff.phone_hash is not None
    block(session, staff.phone_hash, "staff keyword", now)
    note(session, "staff_stopped_alerts", now, staff.id)
    theirs = select(Flag.id).join(AlertFlag).join(Alert).where(Alert.staff_id == staff.id, Flag.state == FlagState.OPEN)
    session.execute(update(Flag).where(Flag.id.in_(theirs)).values(look_at=now))


def take_by_text(session: Session, staff: Staff, text: str, settings: Settings, now: datetime) -> str:
    """A member of staff texted back, usually a code; the plain answer for them."""
    code = CODE.search(text)
    alert = _alert_with(session, staff, code[0], now) if code else None
    if alert is None:
        return f"Standby: I do not know that code. Text back the number from the alert, or open {settings.public_url}"
    if any([take(session, flag.id, staff, settings, now) for flag in alert.flags]):
        link = f"{settings.public_url.rstrip('/')}/alerts/{alert.link}"
        return f"Standby: it is yours. Write down what became of it, or it rings again: {link}"
    return _already(session, alert, staff)


def _alert_with(session: Session, staff: Staff, code: str, now: datetime) -> Alert | None:
    own = select(Alert).where(Alert.staff_id == staff.id, Alert.code == code, Alert.at > now - CODES_REST_FOR)
    return session.scalar(own.order_by(Alert.at.desc()).limit(1))


def _already(session: Session, alert: Alert, staff: Staff) -> str:
    taken = [flag for flag in alert.flags if flag.state is FlagState.ACKNOWLEDGED]
    if not taken:
        return "Standby: that one is closed. Nothing left to do."
    if taken[0].taken_by == staff.id:
        return "Standby: you already have it."
    taker = session.get_one(Staff, taken[0].taken_by)
    return f"Standby: {first_name(taker.name)} already has it."
