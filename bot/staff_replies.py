"""What staff text back or press in a call: a code takes flags, another confirms a phone, STOP ends alerts."""

import re
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.alerts import CODES_REST_FOR, FAILURES_OF, address_by, fresh_code, others_heard, staff_recipient
from bot.carrier import VOICE
from bot.casework import take
from bot.consents import block
from bot.core.escalation import Whom
from bot.core.kinds import Purpose
from bot.core.speech import first_name
from bot.duty import Duty, first_reached
from bot.models import Alert, FlagState, Message, Staff
from bot.outbox import Draft, Post, queue
from bot.people import note

TAKES = "1"  # the key that takes what a call is about
CODE = re.compile(r"(?<!\d)\d{4,6}(?!\d)")
CALL_LASTS = timedelta(hours=1)  # at the most: a key pressed later is no key of that call


def stop_alerts(session: Session, staff: Staff, post: Post, now: datetime) -> None:
    """This member of staff wants no alerts: what they alone were alerted to climbs on at once."""
    assert staff.phone_hash is not None
    if not block(session, staff.phone_hash, "staff keyword", now):
        return  # said before: nobody is told twice
    note(session, "staff_stopped_alerts", now, staff.id)
    _tell_supervisors(session, post, staff, now)
    climb_on_without(session, staff, now)


def climb_on_without(session: Session, staff: Staff, now: datetime) -> None:
    """What they alone were alerted to climbs on at once."""
    theirs = select(Alert).where(Alert.staff_id == staff.id, Alert.at > now - FAILURES_OF).order_by(Alert.id)
    latest = {flag: alert for alert in session.scalars(theirs) for flag in alert.flags}
    for flag, alert in latest.items():
        if flag.state is FlagState.OPEN and not others_heard(session, flag, alert):
            flag.look_at = now


def _tell_supervisors(session: Session, post: Post, staff: Staff, now: datetime) -> None:
    """A colleague hears no alerts any more: who makes the rota knows it before it hurts, by letter if not by text."""
    rota = f"{post.settings.public_url}/rota"
    told = f"Standby: {first_name(staff.name)} texted STOP and hears no alerts, until they text START. The rota: {rota}"
    duty = Duty(session, post.settings, post.rules, now)
    for staff_id, by in first_reached(duty.reach(None), Whom.SUPERVISORS).items():
        if staff_id != staff.id:
            queue(session, Draft(address_by(post, duty.staff[staff_id], by), told, Purpose.NOTICE), now)


def ask_for_code(session: Session, staff: Staff, now: datetime) -> None:
    """Text a code to this phone: alerts go there once its owner has texted it back."""
    staff.phone_code, staff.phone_verified_at = fresh_code(session, now), None
    asked = f"Standby: text back {staff.phone_code} so that alerts reach this phone."
    queue(session, Draft(staff_recipient(staff), asked, Purpose.NOTICE), now)


def take_by_text(session: Session, staff: Staff, text: str, post: Post, now: datetime) -> str:
    """A member of staff texted back, usually a code; the plain answer for them."""
    code = CODE.search(text)
    if code and code[0] == staff.phone_code:
        staff.phone_code, staff.phone_verified_at = None, now
        note(session, "phone_verified", now, staff.id)
        return "Standby: thank you. Alerts reach this phone from now on."
    alert = _alert_with(session, staff, code[0], now) if code else None
    if alert is None:
        return (
            f"Standby: I do not know that code. Text back the number from the alert, or open {post.settings.public_url}"
        )
    if _take_all(session, alert, staff, post, now):
        link = f"{post.settings.public_url.rstrip('/')}/alerts/{alert.link}"
        return f"Standby: it is yours. Write down what became of it, or it rings again: {link}"
    return _already(session, alert, staff)


def take_by_key(post: Post, token: str, key: str, now: datetime) -> str:
    """A key was pressed in a call: 1 takes what the call is about. What the call says to that."""
    with post.db.writing() as session:
        called = select(Alert).join(Message, Message.id == Alert.message_id).where(Message.token == token)
        alert = session.scalar(called.where(Message.channel == VOICE, Alert.at > now - CALL_LASTS))
        staff = session.get_one(Staff, alert.staff_id) if alert else None
        if alert is None or staff is None or not staff.active or key != TAKES:
            return "You have not taken it. Open Standby to see it. Goodbye."
        if _take_all(session, alert, staff, post, now):
            return "It is yours. Write down in Standby what became of it. Goodbye."
        return f"{_already(session, alert, staff).removeprefix('Standby: ').capitalize()} Goodbye."


def _take_all(session: Session, alert: Alert, staff: Staff, post: Post, now: datetime) -> bool:
    """Whether any of its flags was still to be taken."""
    return any([take(session, flag.id, staff, post.rules, now) for flag in alert.flags])


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
