"""Whose words a member of staff may read."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import Session

from bot.core.escalation import Urgency
from bot.models import Alert, AlertFlag, Danger, Flag, FlagState, Message, Opening, Participant, Role
from bot.people import note
from bot.waiting import unresolved
from bot.web.auth import SignedIn

OPEN_FOR = timedelta(hours=8)  # how long a reason that was given opens a conversation


def may_open(session: Session, staff: SignedIn, participant: Participant, now: datetime) -> bool:
    """Own people, and for supervisors those whom nobody looks after. Beside that whom an unresolved flag puts before
    this person, and whom they gave a reason for.

    Alerts climb to people who do not know the participant: a danger that they hear of they must be able to read.
    """
    nobodys = participant.caseworker_id is None and staff.role is Role.SUPERVISOR
    if nobodys or participant.caseworker_id in (staff.id, *staff.stands_in_for):
        return True
    theirs = Flag.participant_id == participant.id
    given = (Opening.participant_id == participant.id) & (Opening.staff_id == staff.id) & (Opening.until > now)
    return bool(session.scalar(select(or_(exists().where(theirs, _put_before(staff)), exists().where(given)))))


def may_ask_to_open(staff: SignedIn, participant: Participant) -> bool:
    """Whether a reason is enough: for supervisors with everybody, for caseworkers with their team's people."""
    if staff.role is Role.SUPERVISOR:
        return True
    worker = participant.caseworker
    return staff.role is Role.CASEWORKER and bool(staff.team) and worker is not None and worker.team == staff.team


def open_for_a_reason(session: Session, staff: SignedIn, participant: Participant, reason: str, now: datetime) -> None:
    """The conversation is open to this person for some hours; that it was, and why, stays on record."""
    until = now + OPEN_FOR
    opening = Opening(participant_id=participant.id, staff_id=staff.id, reason=reason, at=now, until=until)
    session.add(opening)
    note(session, "thread_opened", now, staff.id, participant.id)


def may_arrange(staff: SignedIn, participant: Participant) -> bool:
    """Consent, pauses and appointments are for those who look after the person: the own caseworker or who stands in
    for them, and supervisors.
    """
    return staff.role is Role.SUPERVISOR or (
        staff.role is Role.CASEWORKER and participant.caseworker_id in (staff.id, *staff.stands_in_for)
    )


def looked_after(staff: SignedIn) -> Select[int]:
    """The ids of a caseworker's own people and of those they stand in for."""
    return select(Participant.id).where(Participant.caseworker_id.in_((staff.id, *staff.stands_in_for)))


def visible_flags(staff: SignedIn) -> ColumnElement[bool]:
    """The flags that this person may see."""
    if staff.role is Role.SUPERVISOR:
        return true()
    if staff.role is Role.RESEARCHER:
        return false()
    shown = [_put_before(staff)]
    if staff.role is Role.CASEWORKER:
        shown.append(Flag.participant_id.in_(looked_after(staff)))
    if staff.on_call:
        shown.append(Flag.participant_id.is_(None))
    return or_(*shown)


def urgent_waiting(session: Session, staff: SignedIn) -> tuple[int, datetime | None]:
    """How many flags that nobody has taken want somebody now, of those this person may see; since when the first of
    them stands open, where it was opened again since then.
    """
    urgent = unresolved() & (Flag.state == FlagState.OPEN) & (Flag.urgency == Urgency.NOW) & visible_flags(staff)
    stands = func.min(func.coalesce(Danger.since, Flag.raised_at))
    standing = select(func.count(Flag.id.distinct()), stands).select_from(Flag)
    standing = standing.outerjoin(Danger, (Danger.flag_id == Flag.id) & Danger.taken_at.is_(None))
    count, since = session.execute(standing.where(urgent)).one()
    return count, since


def may_see_flag(session: Session, staff: SignedIn, flag_id: int) -> bool:
    """Whether this flag exists and this person may see it."""
    return bool(session.scalar(select(exists().where(Flag.id == flag_id, visible_flags(staff)))))


def readable_texts(staff: SignedIn, now: datetime) -> ColumnElement[bool]:
    """The texts that this person may read: of whom they may open, and of numbers with a flag that they may see.

    A supervisor keeps the reading good for the whole programme, so they may read every text on the page for that.
    """
    if staff.role is Role.SUPERVISOR:
        return true()
    if staff.role is Role.RESEARCHER:
        return false()
    unknown = Message.participant_id.is_(None) & Flag.participant_id.is_(None)
    shown: list[ColumnElement[bool]] = [
        exists().where(Flag.participant_id == Message.participant_id, _put_before(staff)),
        exists().where(unknown, Flag.address_hash == Message.other_hash, visible_flags(staff)),
        exists().where(
            Opening.participant_id == Message.participant_id, Opening.staff_id == staff.id, Opening.until > now
        ),
    ]
    if staff.role is Role.CASEWORKER:
        shown.append(Message.participant_id.in_(looked_after(staff)))
    return or_(*shown)


def _put_before(staff: SignedIn) -> ColumnElement[bool]:
    """Flags that this person was alerted to or has taken, until they are resolved."""
    alerted = exists().where(AlertFlag.flag_id == Flag.id, AlertFlag.alert_id == Alert.id, Alert.staff_id == staff.id)
    return and_(unresolved(), or_(alerted, Flag.taken_by == staff.id))
