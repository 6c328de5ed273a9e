"""Flags and alerts: raise, alert, climb, take, resolve, open again."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from bot.config import Settings
from bot.core.delivery import Deed, Status, deed_for
from bot.core.escalation import Urgency, Whom, climb, first_look, opens_again_at
from bot.core.kinds import Attention, FlagKind, Hit, Outcome, Purpose
from bot.db import claim
from bot.models import Alert, CheckIn, Direction, Flag, FlagState, Mark, Message, Participant, Resolution, Role, Staff
from bot.outbox import Draft, Post, Recipient, is_blocked, queue
from bot.people import hold, note, opt_out, plan

log = structlog.get_logger()

LEASE = timedelta(minutes=1)
BATCH = 100
CODES_REST_FOR = timedelta(days=30)
AFTER_HELP = timedelta(days=5)
FAILURES_OF = timedelta(days=14)
CODE = re.compile(r"(?<!\d)\d{4,6}(?!\d)")


@dataclass(frozen=True)
class Subject:
    """Whom a flag is about: a participant, or an address that nobody is known at."""

    participant_id: int | None
    address_hash: str | None = None


@dataclass(frozen=True)
class Concern:
    """What to raise a flag for, and the message and words that say so."""

    kind: FlagKind
    urgent: bool
    message_id: int | None = None
    hits: tuple[Hit, ...] = ()


def raise_flag(session: Session, about: Subject, concern: Concern, settings: Settings, now: datetime) -> Flag:
    """Raise a flag, or add the message to the unresolved one of the same kind.

    Danger told anew lifts a quieter flag to *now*, and opens one that somebody had already taken.
    """
    urgency = Urgency.NOW if concern.urgent else Urgency.TODAY
    flag = _unresolved(session, about, concern.kind)
    if flag is None:
        flag = _new_flag(session, about, concern.kind, urgency, settings, now)
    elif concern.urgent and (flag.urgency is not Urgency.NOW or flag.state is FlagState.ACKNOWLEDGED):
        _open(flag, Urgency.NOW, settings, now)
        note(session, "flag_urgent_again", now, participant_id=about.participant_id, flag_id=flag.id)
    _mark(session, flag, concern)
    return flag


def _unresolved(session: Session, about: Subject, kind: FlagKind) -> Flag | None:
    same = (Flag.kind == kind) & (Flag.state != FlagState.RESOLVED)
    whose = (
        Flag.participant_id == about.participant_id
        if about.participant_id
        else (Flag.address_hash == about.address_hash) & Flag.participant_id.is_(None)
    )
    return session.scalar(select(Flag).where(same, whose).with_for_update())


def _new_flag(
    session: Session, about: Subject, kind: FlagKind, urgency: Urgency, settings: Settings, now: datetime
) -> Flag:
    flag = Flag(
        participant_id=about.participant_id,
        address_hash=about.address_hash,
        kind=kind,
        urgency=urgency,
        state=FlagState.OPEN,
        raised_at=now,
        rung=0,
        look_at=first_look(urgency, now, settings.zone, settings.working_hours),
    )
    session.add(flag)
    session.flush()
    note(session, "flag_raised", now, participant_id=about.participant_id, flag_id=flag.id, detail=str(kind))
    return flag


def _open(flag: Flag, urgency: Urgency, settings: Settings, now: datetime) -> None:
    flag.state, flag.urgency, flag.rung = FlagState.OPEN, urgency, 0
    flag.look_at = first_look(urgency, now, settings.zone, settings.working_hours)
    flag.taken_at = flag.taken_by = flag.resolved_at = flag.resolved_by = flag.resolution = None


def _mark(session: Session, flag: Flag, concern: Concern) -> None:
    if concern.message_id is None:
        return
    known = set(session.execute(select(Mark.message_id, Mark.start, Mark.end).where(Mark.flag_id == flag.id)))
    for start, end, rule in [(hit.start, hit.end, hit.rule) for hit in concern.hits] or [(0, 0, "")]:
        if (concern.message_id, start, end) not in known:
            session.add(Mark(flag_id=flag.id, message_id=concern.message_id, start=start, end=end, rule=rule[:120]))
    session.flush()


def reopen(session: Session, flag_id: int, settings: Settings, now: datetime) -> None:
    """The help did not come: the flag is open again, unless the same need was raised anew meanwhile."""
    flag = session.get_one(Flag, flag_id, with_for_update=True)
    raised_anew = _unresolved(session, Subject(flag.participant_id, flag.address_hash), flag.kind)
    if raised_anew is None:
        _open(flag, flag.urgency, settings, now)
        session.flush()
        note(session, "flag_reopened", now, participant_id=flag.participant_id, flag_id=flag.id)


def escalate(post: Post, now: datetime) -> int:
    """Climb the ladders that are due; how many alerts were queued. Several flags of one person make one alert."""
    alerts = 0
    with post.db.writing() as session:
        due = (Flag.state != FlagState.RESOLVED) & (Flag.look_at <= now)
        ids = claim(session, Flag, due, (Flag.look_at, Flag.id), BATCH, now, LEASE)
        flags = session.scalars(select(Flag).where(Flag.id.in_(ids)).order_by(Flag.id)).all()
        ready = [flag for flag in flags if _is_ready(session, flag, post.settings, now)]
        for _, theirs in groupby(sorted(ready, key=_whose), key=_whose):
            alerts += _alert_about(session, list(theirs), post.settings, now)
    return alerts


def _is_ready(session: Session, flag: Flag, settings: Settings, now: datetime) -> bool:
    """Whether the flag's alert leaves now. A clock that was down may look at a routine flag in the night: it waits."""
    flag.lease_until = None
    flag.look_at = first_look(flag.urgency, now, settings.zone, settings.working_hours)
    if flag.look_at > now:
        return False
    if flag.state is FlagState.ACKNOWLEDGED:
        _open(flag, flag.urgency, settings, now)
        note(session, "flag_opened_again", now, participant_id=flag.participant_id, flag_id=flag.id)
    return True


def _whose(flag: Flag) -> str:
    return str(flag.participant_id or flag.address_hash)


def _alert_about(session: Session, flags: list[Flag], settings: Settings, now: datetime) -> int:
    """Each flag climbs its own ladder; whom several of them reach now gets one alert about them all."""
    reach = _reach(session, flags[0].participant)
    wanted: dict[int, list[Flag]] = {}
    for flag in flags:
        step = climb(flag.urgency, flag.rung, reach, now, settings.zone, settings.working_hours)
        flag.rung, flag.look_at = step.rung, step.next_at
        if not step.staff:
            log.error("alert_reaches_nobody", flag=flag.id)
            note(session, "alert_reaches_nobody", now, participant_id=flag.participant_id, flag_id=flag.id)
        for staff_id in step.staff:
            wanted.setdefault(staff_id, []).append(flag)
    for staff_id, theirs in wanted.items():
        _alert(session, session.get_one(Staff, staff_id), theirs, settings, now)
    return len(wanted)


def _reach(session: Session, participant: Participant | None) -> dict[Whom, tuple[int, ...]]:
    """Whom each rung reaches now: active staff with a number that takes our texts."""
    staff = session.scalars(select(Staff).where(Staff.active, Staff.phone_hash.is_not(None)).order_by(Staff.id))
    reachable = [each for each in staff if not is_blocked(session, each.phone_hash or "")]
    own = participant.caseworker_id if participant else None
    return {
        Whom.CASEWORKER: tuple(each.id for each in reachable if each.id == own),
        Whom.ON_CALL: tuple(each.id for each in reachable if each.on_call),
        Whom.SUPERVISORS: tuple(each.id for each in reachable if each.role is Role.SUPERVISOR),
        Whom.EVERYONE: tuple(each.id for each in reachable if each.role is not Role.RESEARCHER),
    }


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
            _drop(session, alert, "a newer alert says the same")
            asked = update(Message).where(Message.id == alert.message_id, Message.status == Status.SENDING)
            session.execute(asked.values(status=Status.UNKNOWN, reason="a newer alert says the same"))


def _drop(session: Session, alert: Alert, reason: str) -> None:
    waiting = update(Message).where(Message.id == alert.message_id, Message.status == Status.QUEUED)
    session.execute(waiting.values(status=Status.DROPPED, reason=reason))


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


def drop_needless_alerts(session: Session, flag: Flag) -> None:
    """Alerts that still wait while nobody needs them any more do not leave: every flag in them is taken."""
    for alert in session.scalars(select(Alert).where(Alert.flags.contains(flag))):
        if all(each.state is not FlagState.OPEN for each in alert.flags):
            _drop(session, alert, "taken meanwhile")


def take(session: Session, flag_id: int, staff: Staff, settings: Settings, now: datetime) -> bool:
    """The first to take an open flag has it. False where somebody had it, or it was resolved."""
    flag = session.get_one(Flag, flag_id, with_for_update=True)
    if flag.state is not FlagState.OPEN:
        return False
    flag.state, flag.taken_at, flag.taken_by = FlagState.ACKNOWLEDGED, now, staff.id
    flag.look_at = opens_again_at(flag.urgency, now, settings.zone, settings.working_hours)
    session.flush()
    note(session, "flag_taken", now, staff.id, flag.participant_id, flag.id)
    drop_needless_alerts(session, flag)
    return True


def take_by_text(session: Session, staff: Staff, text: str, settings: Settings, now: datetime) -> str:
    """A member of staff texted back, usually a code; the plain answer for them."""
    code = CODE.search(text)
    alert = _alert_with(session, staff, code[0], now) if code else None
    if alert is None:
        return f"Standby: I do not know that code. Text back the number from the alert, or open {settings.public_url}"
    if any([take(session, flag.id, staff, settings, now) for flag in alert.flags]):
        return f"Standby: it is yours. Details: {settings.public_url.rstrip('/')}/alerts/{alert.link}"
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
    return f"Standby: {taker.name.split()[0]} already has it."


@dataclass(frozen=True)
class Result:
    """What became of a flag, in a word and a note."""

    resolution: Resolution
    note: str = ""


def resolve(session: Session, flag_id: int, staff: Staff, result: Result, now: datetime) -> bool:
    """Close a flag with its outcome; where help was given, the participant is asked later whether it came.

    False where it was closed already.
    """
    flag = session.get_one(Flag, flag_id, with_for_update=True)
    if flag.state is FlagState.RESOLVED:
        return False
    flag.state, flag.resolved_at, flag.resolved_by = FlagState.RESOLVED, now, staff.id
    flag.resolution, flag.note, flag.look_at = result.resolution, result.note or None, None
    session.flush()
    note(session, "flag_resolved", now, staff.id, flag.participant_id, flag.id, result.resolution)
    drop_needless_alerts(session, flag)
    helped = result.resolution in (Resolution.HELPED, Resolution.REFERRED) and flag.kind not in set(Attention)
    if helped and flag.participant is not None:
        plan(session, flag.participant, "after_help", now + AFTER_HELP, given={"need": str(flag.kind)}, flag_id=flag.id)
    return True


def follow_up_failures(post: Post, now: datetime) -> int:
    """Texts that did not reach a participant become flags, so that a person sees them; how many."""
    failed = (Status.REFUSED, Status.FAILED, Status.UNDELIVERED, Status.UNKNOWN)
    unseen = (
        (Message.direction == Direction.OUT)
        & Message.participant_id.is_not(None)
        & Message.status.in_(failed)
        & (Message.at > now - FAILURES_OF)
        & ~exists().where(Mark.message_id == Message.id)
    )
    with post.db.writing() as session:
        messages = session.scalars(select(Message).where(unseen).order_by(Message.id).limit(BATCH)).all()
        for message in messages:
            _flag_failure(session, message, post.settings, now)
        return len(messages)


def _flag_failure(session: Session, message: Message, settings: Settings, now: datetime) -> None:
    """21610 is the carrier's proof of an opt-out that we missed: it ends everything for the person, as STOP does."""
    assert message.participant_id is not None
    participant = hold(session, message.participant_id)
    kind = Attention.UNREACHABLE
    if message.error_code is not None and deed_for(message.error_code) is Deed.OPTED_OUT:
        opt_out(session, participant, "carrier", now)
        end_running(session, participant.id, Outcome.STOPPED, now)
        kind = Attention.STOPPED
    raise_flag(session, Subject(participant.id), Concern(kind, False, message.id), settings, now)


def end_running(session: Session, participant_id: int, outcome: Outcome, now: datetime) -> None:
    """End the check-in that runs with this participant, if one does."""
    running = update(CheckIn).where(CheckIn.participant_id == participant_id, CheckIn.ended_at.is_(None))
    session.execute(running.values(ended_at=now, outcome=outcome, position=None, nudge_at=None, silent_after=None))
