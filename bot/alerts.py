"""Alerts: climb the ladders, ring phones, and go on at once where an alert did not arrive."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from bot.carrier import EMAIL, TEXT, VOICE
from bot.casework import MOST_PRESSING, drop_alert, open_again
from bot.config import Settings
from bot.core.delivery import Status
from bot.core.escalation import TOLD_ONCE, Climb, Ladder, Means, Ring, Urgency, climb, first_look, opens_again_at
from bot.core.kinds import Language, Purpose
from bot.core.speech import say_moment
from bot.db import claim, do_each
from bot.due import Moment, any_free
from bot.duty import Duty, failed_lately, hears
from bot.models import Alert, Flag, FlagState, Message, Staff
from bot.outbox import Draft, Post, Recipient, queue
from bot.people import note
from bot.statuses import move_all
from bot.waiting import failed_since, unresolved

log = structlog.get_logger()

LEASE = timedelta(minutes=1)
BATCH = 500
CODES_REST_FOR = timedelta(days=30)
FAILURES_OF = timedelta(days=1)


def escalate(post: Post, now: datetime) -> int:
    """Climb the ladders that are due; how many alerts were queued.

    Several flags of one person make one alert. What can wait for working hours and comes to one colleague at the same
    moment is one alert too, whomever it is about: the morning brings one text for all of the night.
    """
    alerts = 0
    while together := _claim_due(post, now):
        alerts += do_each(together, lambda ids: _escalate_together(post, ids, now), "escalating")
    return alerts


def any_to_climb(now: Moment) -> ColumnElement[bool]:
    """Whether `escalate` may have something to do."""
    return any_free(Flag, _to_climb(now), now)


def _to_climb(now: Moment) -> ColumnElement[bool]:
    return unresolved() & (Flag.look_at <= now)


def _claim_due(post: Post, now: datetime) -> list[list[int]]:
    """Flags whose ladder is due, danger first: those of somebody in danger together, and all that can wait together."""
    with post.db.writing() as session:
        order = (MOST_PRESSING, Flag.look_at, Flag.id)
        ids = claim(session, Flag, _to_climb(now), order, BATCH, now, LEASE)
        columns = select(Flag.id, Flag.urgency, Flag.participant_id, Flag.address_hash)
        rows = {row.id: row for row in session.execute(columns.where(Flag.id.in_(ids)))}
    whose = {flag_id: row.participant_id or row.address_hash for flag_id, row in rows.items()}
    in_danger = {whose[flag_id] for flag_id, row in rows.items() if row.urgency is Urgency.NOW}
    together: dict[int | str | None, list[int]] = {}
    for flag_id in ids:
        together.setdefault(whose[flag_id] if whose[flag_id] in in_danger else None, []).append(flag_id)
    return list(together.values())


def _escalate_together(post: Post, ids: list[int], now: datetime) -> int:
    """In one transaction. Where flags of several people fail together, each person's are tried alone: what fails for
    one keeps no other's alert waiting.
    """
    try:
        return _climb_together(post, ids, now)
    except Exception:
        alone = _by_person(post, ids)
        if len(alone) == 1:
            raise
        return do_each(alone, lambda theirs: _climb_together(post, theirs, now), "escalating")


def _by_person(post: Post, ids: list[int]) -> list[list[int]]:
    found: dict[object, list[int]] = {}
    with post.db.reading() as session:
        for row in session.execute(select(Flag.id, Flag.participant_id, Flag.address_hash).where(Flag.id.in_(ids))):
            found.setdefault(row.participant_id or row.address_hash, []).append(row.id)
    return list(found.values())


def _climb_together(post: Post, ids: list[int], now: datetime) -> int:
    with post.db.writing() as session:
        these = select(Flag).where(Flag.id.in_(ids), unresolved(), Flag.look_at <= now)
        flags = session.scalars(these.order_by(Flag.id).with_for_update()).all()
        ready = [flag for flag in flags if _is_ready(session, flag, post, now)]
        return _alert_about(session, ready, post, now) if ready else 0


def _is_ready(session: Session, flag: Flag, post: Post, now: datetime) -> bool:
    """Whether the flag's alert leaves now. A clock that was down may look at a routine flag in the night: it waits."""
    flag.lease_until = None
    flag.look_at = first_look(flag.urgency, now, post.rules)
    if flag.look_at > now:
        return False
    if flag.state is FlagState.ACKNOWLEDGED and flag.asked_at is None and _ask(session, flag, post, now):
        return False
    if flag.state is FlagState.ACKNOWLEDGED:
        open_again(session, flag, flag.urgency, post.rules, now)
        note(session, "flag_opened_again", now, participant_id=flag.participant_id, flag_id=flag.id)
    return True


def _ask(session: Session, flag: Flag, post: Post, now: datetime) -> bool:
    """Ask who took it what became of it, before it opens again. False where they cannot be asked."""
    taker = session.get(Staff, flag.taken_by)
    if taker is None or not taker.active or not hears(session, taker):
        return False
    flag.asked_at, flag.look_at = now, opens_again_at(flag.urgency, now, post.rules)
    until = say_moment(flag.look_at.astimezone(ZoneInfo(post.settings.zone)), Language.EN, with_time=True)
    link = f"{post.settings.public_url.rstrip('/')}/flags/{flag.id}"
    asked = f"Standby: what became of the one you took? Write it down by {until}, or it rings again: {link}"
    queue(session, Draft(staff_recipient(taker), asked, Purpose.NOTICE), now)
    note(session, "taker_asked", now, taker.id, flag.participant_id, flag.id)
    return True


def _alert_about(session: Session, flags: list[Flag], post: Post, now: datetime) -> int:
    """Each flag climbs its own ladder; whom several of them reach now gets one alert about them all."""
    duty = Duty(session, post.settings, post.rules, now)
    wanted: dict[Ring, list[Flag]] = {}
    for flag in flags:
        step = climb(flag.urgency, flag.rung, duty.reach(flag.participant), now, post.rules)
        flag.rung, flag.look_at = step.rung, None if _is_told(flag, step) else step.next_at
        _say_what_was_skipped(session, flag, step, post.rules.ladder(flag.urgency), now)
        for ring in step.rings:
            wanted.setdefault(ring, []).append(flag)
    for (staff_id, by), theirs in wanted.items():
        _alert(session, session.get_one(Staff, staff_id), by, theirs, post, now)
    return len(wanted)


def _is_told(flag: Flag, step: Climb) -> bool:
    """Of what is told once, whether a text tells it: of a text that fails we hear, of a letter or a call we may not."""
    return flag.kind in TOLD_ONCE and any(by is Means.TEXT for _, by in step.rings)


def _say_what_was_skipped(session: Session, flag: Flag, step: Climb, ladder: Ladder, now: datetime) -> None:
    """A step that reached nobody is on record; an alert that reaches nobody at all is an error of the programme."""
    for whom in dict.fromkeys(word for rung in step.skipped for word in ladder.at(rung).whom):
        note(session, "step_reached_nobody", now, None, flag.participant_id, flag.id, whom)
    if not step.rings:
        log.error("alert_reaches_nobody", flag=flag.id)
        note(session, "alert_reaches_nobody", now, participant_id=flag.participant_id, flag_id=flag.id)


def _alert(session: Session, staff: Staff, by: Means, flags: list[Flag], post: Post, now: datetime) -> None:
    to = address_by(post, staff, by)
    _drop_older(session, to, flags)
    alert = Alert(staff_id=staff.id, code=fresh_code(session, now), link=secrets.token_urlsafe(9), at=now, flags=flags)
    session.add(alert)
    session.flush()
    alert.message_id = queue(session, Draft(to, alert_text(alert, by, flags, post.settings), Purpose.ALERT), now).id
    for flag in flags:
        note(session, "alerted", now, staff.id, flag.participant_id, flag.id, detail=by)


def address_by(post: Post, staff: Staff, by: Means) -> Recipient:
    """Where this means reaches a member of staff."""
    match by:
        case Means.TEXT:
            return staff_recipient(staff)
        case Means.CALL:
            return replace(staff_recipient(staff), channel=VOICE)
        case Means.EMAIL:
            return Recipient(EMAIL, staff.email, post.db.fingerprint(staff.email), staff_id=staff.id)


def _drop_older(session: Session, to: Recipient, flags: list[Flag]) -> None:
    """An alert that has not left yet says nothing that the next one does not: after an outage the phone rings once.

    One whose outcome nobody knows is not asked about any more: it may have rung, and the next one surely will.
    """
    same = (Message.staff_id == to.staff_id) & (Message.channel == to.channel)
    own = select(Alert).join(Message, Message.id == Alert.message_id).where(same)
    for alert in session.scalars(own.where(Message.status.in_((Status.QUEUED, Status.SENDING)))):
        if set(alert.flags) <= set(flags):
            drop_alert(session, alert, "a newer alert says the same")
            asked = (Message.id == alert.message_id) & (Message.status == Status.SENDING)
            move_all(session, asked, Status.UNKNOWN, "a newer alert says the same")


def alert_text(alert: Alert, by: Means, flags: list[Flag], settings: Settings) -> str:
    """A stranger may read or hear it: no name, no need, no words of anybody's."""
    people = len({flag.participant_id or flag.address_hash for flag in flags})
    who = "someone" if people == 1 else f"{people} people"
    if any(flag.urgency is Urgency.NOW for flag in flags):
        what = f"NOW: {who} may be in danger"
    elif all(flag.urgency is Urgency.SILENCE for flag in flags):
        what = f"{who} {'has' if people == 1 else 'have'} gone quiet"
    else:
        what = f"{who} {'needs' if people == 1 else 'need'} an answer"
    more = f" ({len(flags)} items)" if len(flags) > people else ""
    link = f"{settings.public_url.rstrip('/')}/alerts/{alert.link}"
    it = "it" if people == 1 else "them all"
    match by:
        case Means.TEXT:
            return f"Standby: {what}{more}. Open {link} or text back {alert.code} to take {it}."
        case Means.EMAIL:
            return f"Standby: {what}{more}. Open {link} to take {it}."
        case Means.CALL:
            spoken = what.removeprefix("NOW: ")
            return f"This is Standby. {spoken[0].upper()}{spoken[1:]}{more}. Press 1 to take {it}."


def fresh_code(session: Session, now: datetime) -> str:
    """A code that no alert of the last 30 days bears and no phone waits to hear; longer once four digits run short."""
    for digits in (4, 4, 4, 4, 4, 4, 4, 4, 5, 6):
        code = f"{secrets.randbelow(10**digits):0{digits}d}"
        used = exists().where(Alert.code == code, Alert.at > now - CODES_REST_FOR)
        if not session.scalar(select(or_(used, exists().where(Staff.phone_code == code)))):
            return code
    raise RuntimeError("no free alert code found; are a million alerts a month meant?")


def staff_recipient(staff: Staff) -> Recipient:
    """Where a member of staff is texted."""
    assert staff.phone is not None and staff.phone_hash is not None
    return Recipient(TEXT, staff.phone, staff.phone_hash, staff_id=staff.id)


def follow_up_alerts(post: Post, now: datetime) -> int:
    """Alerts that did not arrive: the ladder goes on at once and passes that phone over for a while; how many.

    A phone that failed just before does not hurry the ladder again: where no phone can be reached, it keeps its pace.
    """
    with post.db.reading() as session:
        missed = select(Alert.id).where(_missed(now)).order_by(Message.handed_over_at, Alert.id)
        ids = session.scalars(missed.limit(BATCH)).all()
    return do_each(ids, lambda alert_id: _climb_on(post, alert_id, now), "following_up")


def any_missed(now: Moment) -> ColumnElement[bool]:
    """Whether `follow_up_alerts` may have something to do."""
    return exists().where(_missed(now))


def _missed(now: Moment) -> ColumnElement[bool]:
    texted = (Message.purpose == Purpose.ALERT) & (Message.channel == TEXT)  # a call that nobody took says nothing
    arrived_not = failed_since(now - FAILURES_OF) & texted & (Message.status != Status.UNKNOWN)
    return arrived_not & (Alert.message_id == Message.id) & Alert.failed_at.is_(None)


def _climb_on(post: Post, alert_id: int, now: datetime) -> int:
    with post.db.writing() as session:
        alert = session.get_one(Alert, alert_id, with_for_update=True)
        if alert.failed_at is not None:
            return 0
        staff = session.get_one(Staff, alert.staff_id)
        failed_before = failed_lately(staff, now)
        alert.failed_at = staff.alert_failed_at = now
        for flag in alert.flags:
            if flag.state is FlagState.OPEN and not failed_before and not others_heard(session, flag, alert):
                flag.look_at = now
                note(session, "alert_did_not_arrive", now, alert.staff_id, flag.participant_id, flag.id)
        return 1


def others_heard(session: Session, flag: Flag, alert: Alert) -> bool:
    """Whether somebody else was texted about the flag at the same moment or since, as far as we know with success.

    Letters and calls do not count: whether anybody heard them is not known.
    """
    same = (Alert.at >= alert.at) & (Alert.staff_id != alert.staff_id) & Alert.failed_at.is_(None)
    texted = (Alert.message_id == Message.id) & (Message.channel == TEXT)
    return bool(session.scalar(select(exists().where(Alert.flags.contains(flag), same, texted))))
