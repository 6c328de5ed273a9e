"""A participant comes from one caseworker to another."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.alerts import staff_recipient
from bot.arrangements import Desk, NotArranged
from bot.consents import has_consented
from bot.core.escalation import first_look
from bot.core.kinds import Purpose
from bot.core.speech import first_name, render
from bot.duty import hears
from bot.models import Flag, FlagState, Handover, Participant, Role, Staff
from bot.outbox import Draft, queue
from bot.people import note, recipient
from bot.scene import called
from bot.waiting import unresolved


def takers(session: Session) -> list[Staff]:
    """Who may look after participants, by name."""
    able = select(Staff).where(Staff.active, Staff.role.in_((Role.CASEWORKER, Role.SUPERVISOR)))
    return sorted(session.scalars(able), key=lambda each: each.name.casefold())


def hand_over(desk: Desk, to_id: int, tell: bool) -> str:
    """They are with this colleague now, who is told; the participant too where that is wanted and texts may leave.

    Flags that nobody has taken ring the new caseworker first. What was done, in a sentence. Raises NotArranged.
    """
    to = next((each for each in takers(desk.session) if each.id == to_id), None)
    if to is None:
        raise NotArranged("Choose a caseworker.")
    if to.id == desk.participant.caseworker_id:
        raise NotArranged(f"They are with {to.name} already.")
    record_handover(desk.session, desk.participant, to, desk.staff.id, desk.now)
    _ring_anew(desk)
    if to.id != desk.staff.id and hears(desk.session, to):
        link = f"{desk.settings.public_url.rstrip('/')}/people/{desk.participant.id}"
        told = f"Standby: {first_name(desk.staff.name)} handed somebody over to you: {link}"
        queue(desk.session, Draft(staff_recipient(to), told, Purpose.NOTICE), desk.now)
    if not tell:
        return f"They are with {to.name} now."
    said = _tell(desk)
    return f"They are with {to.name} now{', and a text tells them' if said else '. No text may leave, so tell them'}."


def record_handover(session: Session, participant: Participant, to: Staff, by_id: int, now: datetime) -> None:
    """Write down who looks after them from now on, and who did."""
    past = Handover(
        participant_id=participant.id,
        from_id=participant.caseworker_id,
        to_id=to.id,
        by_id=by_id,
        at=now,
    )
    session.add(past)
    participant.caseworker = to
    session.flush()
    note(session, "handed_over", now, by_id, participant.id, detail=f"staff {to.id}")


def _ring_anew(desk: Desk) -> None:
    untaken = unresolved() & (Flag.participant_id == desk.participant.id) & (Flag.state == FlagState.OPEN)
    for flag in desk.session.scalars(select(Flag).where(untaken).with_for_update()):
        flag.rung, flag.look_at = 0, first_look(flag.urgency, desk.now, desk.rules)


def _tell(desk: Desk) -> bool:
    """In the participant's language, in the words of always.toml; False where no text may leave."""
    person = desk.participant
    to = recipient(desk.session, person)
    if to is None or not has_consented(desk.session, person.id, to.channel, to.value_hash):
        return False
    slots = {
        "worker": called(person.caseworker, desk.settings.programme),
        "programme": desk.settings.programme,
        "contact": desk.settings.contact,
    }
    body = render(desk.shelf.always.new_worker[person.language], slots, person.language)
    queue(desk.session, Draft(to, body, Purpose.WRITTEN, written_by=desk.staff.id), desk.now)
    return True
