"""Participants and their addresses: enrol, consent, pause, opt-out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Text, exists, select, type_coerce, update
from sqlalchemy.orm import Session

from bot.columns import Token, opened
from bot.consents import block, blocked_among, consented_among, is_blocked, unblock
from bot.core.kinds import Language
from bot.db import Database
from bot.models import Address, CheckIn, Consent, Event, Message, Participant, Plan, Staff
from bot.models import Direction as Way
from bot.outbox import Recipient, drop_mass_texts


class Worker(NamedTuple):
    """A participant's caseworker, as far as texts and figures name them."""

    id: int
    name: str
    team: str


class Asked(NamedTuple):
    """What of a participant a check-in begins with, where many begin at once: Participant has the same and more."""

    id: int
    language: Language
    zone: str
    cohort: str
    safety_said_at: datetime | None
    caseworker: Worker | None


def workers_among(session: Session, staff_ids: Collection[int]) -> dict[int, Worker]:
    """Those of them that are there, by their ids."""
    rows = session.execute(select(Staff.id, Staff.name, Staff.team).where(Staff.id.in_(staff_ids)))
    return {staff_id: Worker(staff_id, name, team) for staff_id, name, team in rows}


@dataclass(frozen=True)
class Enrolment:
    """One person to follow up with. Without `consent_on` the person is kept and not texted."""

    name: str
    channel: str
    address: str
    language: Language
    zone: str
    caseworker_id: int | None
    cohort: str = ""
    consent_on: date | None = None
    consent_method: str = "paper"
    consent_by: str = ""


def enrol(db: Database, session: Session, person: Enrolment, now: datetime) -> Participant:
    """Take a person in, with address and consent. An opt-out on record for the address stays in force."""
    participant = Participant(
        name=person.name,
        language=person.language,
        zone=person.zone,
        cohort=person.cohort,
        caseworker_id=person.caseworker_id,
        enrolled_at=now,
    )
    session.add(participant)
    session.flush()
    add_address(db, session, participant, person.channel, person.address)
    if person.consent_on is not None:
        record_consent(db, session, participant, person, now)
    note(session, "enrolled", now, participant_id=participant.id)
    return participant


def add_address(db: Database, session: Session, participant: Participant, channel: str, value: str) -> Address:
    """One more place where the participant can be reached."""
    address = Address(
        participant_id=participant.id, channel=channel, value=value, value_hash=db.fingerprint(value)
    )
    session.add(address)
    session.flush()
    return address


def record_consent(db: Database, session: Session, participant: Participant, person: Enrolment, now: datetime) -> None:
    """Write down that the participant agreed to texts at this address."""
    assert person.consent_on is not None
    session.add(
        Consent(
            participant_id=participant.id,
            channel=person.channel,
            address_hash=db.fingerprint(person.address),
            given_on=person.consent_on,
            method=person.consent_method,
            recorded_by=person.consent_by,
            recorded_at=now,
        )
    )


def plan(
    session: Session,
    participant: Participant,
    flow: str,
    at: datetime,
    repeat_days: int | None = None,
    given: dict[str, str] | None = None,
    flag_id: int | None = None,
) -> Plan:
    """The participant is due for this flow at this instant."""
    row = Plan(
        participant_id=participant.id,
        flow_name=flow,
        next_check_in_at=at,
        repeat_days=repeat_days,
        given=given or {},
        flag_id=flag_id,
    )
    session.add(row)
    session.flush()
    return row


def pause(session: Session, participant: Participant, until: datetime | None, now: datetime) -> None:
    """No check-ins until then; None ends the pause."""
    participant.paused_until = until
    if until:
        drop_mass_texts(session, participant.id)
    held = update(Plan).where(Plan.participant_id == participant.id)
    session.execute(held.values(lease_until=None))  # what the pause held up is looked at again
    note(session, "paused" if until else "pause_ended", now, participant_id=participant.id)


def counted(participant: Participant | Asked | None, week: date) -> dict[str, Any]:
    """The columns by which figures count what begins in this week of the programme's calendar, and whose they are."""
    worker = participant.caseworker if participant else None
    return {
        "week": week,
        "cohort": participant.cohort if participant else "",
        "team": worker.team if worker else "",
        "caseworker_id": worker.id if worker else None,
    }


def hold(session: Session, participant_id: int) -> Participant:
    """The participant, locked until the transaction ends: what concerns one person happens one after the other.

    Taken before any check-in or flag of theirs is locked, so that no two transactions wait for each other.
    """
    return session.get_one(Participant, participant_id, with_for_update={"key_share": True})


def hold_all(session: Session, participant_ids: Collection[int]) -> Sequence[Participant]:
    """Those of them that are there, locked likewise, in the order of their ids."""
    rows = select(Participant).where(Participant.id.in_(participant_ids)).order_by(Participant.id)
    return session.scalars(rows.with_for_update(key_share=True)).all()


def hold_if_there(session: Session, participant_id: int) -> Participant | None:
    """The participant, locked, or None where the entry was merged into another one meanwhile."""
    return session.get(Participant, participant_id, with_for_update={"key_share": True})


def owner_of(session: Session, channel: str, address_hash: str) -> int | None:
    """The id of whom this address belongs to."""
    owner = select(Address.participant_id).where(Address.channel == channel, Address.value_hash == address_hash)
    return session.scalar(owner)


def participant_at(session: Session, channel: str, address_hash: str) -> Participant | None:
    """Who is reached at this address."""
    found = owner_of(session, channel, address_hash)
    return session.get(Participant, found) if found else None


def works_again(session: Session, channel: str, address_hash: str) -> None:
    """A text came from this address: it can be reached, whatever the carrier said before."""
    heard_from = update(Address).where(Address.channel == channel, Address.value_hash == address_hash)
    session.execute(heard_from.where(Address.reachable.is_(False)).values(reachable=True))


def staff_at(session: Session, address_hash: str) -> Staff | None:
    """Which member of staff has this number."""
    return session.scalar(select(Staff).where(Staff.phone_hash == address_hash, Staff.active))


def recipient(session: Session, participant: Participant) -> Recipient | None:
    """Where to text the participant: the address last heard from, else the first; those they agreed to before others.

    None where no address works or all are blocked.
    """
    found = reached(session, [participant.id]).get(participant.id)
    return replace(found.at, value=opened(found.at.value)) if found else None


class Reached(NamedTuple):
    """Where to text a participant, with the address encrypted as it is kept, and whether they agreed to texts there."""

    at: Recipient
    agreed: bool


def reached(session: Session, participant_ids: Collection[int]) -> dict[int, Reached]:
    """Where to text each of these participants, likewise; those who cannot be texted are left out."""
    columns = (Address.channel, type_coerce(Address.value, Text), Address.value_hash, Address.participant_id)
    rows = select(*columns).where(Address.participant_id.in_(participant_ids), Address.reachable).order_by(Address.id)
    found = session.execute(rows)
    working = [Recipient(channel, Token(kept), value_hash, whose) for channel, kept, value_hash, whose in found]
    hashes = {each.value_hash for each in working}
    blocked, consented = blocked_among(session, hashes), consented_among(session, hashes)
    usable: dict[int, list[Recipient]] = {}
    for each in working:
        if each.participant_id is not None and each.value_hash not in blocked:
            usable.setdefault(each.participant_id, []).append(each)
    best = {}
    for participant_id, all_usable in usable.items():
        agreed = [each for each in all_usable if (participant_id, each.channel, each.value_hash) in consented]
        some = agreed or all_usable
        one = some[0] if len(some) == 1 else _last_heard_from(session, participant_id, some)
        best[participant_id] = Reached(one, bool(agreed))
    return best


def _last_heard_from(session: Session, participant_id: int, usable: list[Recipient]) -> Recipient:
    last = session.scalar(
        select(Message.other_hash)
        .where(Message.participant_id == participant_id, Message.direction == Way.IN)
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(1)
    )
    return next((each for each in usable if each.value_hash == last), usable[0])


def has_consent(session: Session, participant: Participant) -> bool:
    """Whether any address of the participant may be texted at all."""
    given = exists().where(Consent.participant_id == participant.id, Consent.revoked_at.is_(None))
    return bool(session.scalar(select(given)))


def is_opted_out(session: Session, participant: Participant) -> bool:
    """Whether the person wants no texts anywhere. An opt-out closes every address; START opens the one it came from."""
    return all(is_blocked(session, address.value_hash) for address in participant.addresses)


def opt_out(session: Session, participant: Participant, how: str, now: datetime) -> bool:
    """End all texts to this person on every address, at once (47 CFR 64.1200(a)(10)). False where it was so already."""
    fresh = any([block(session, address.value_hash, how, now) for address in participant.addresses])
    if fresh or has_consent(session, participant):
        note(session, "opted_out", now, participant_id=participant.id, detail=how)
    given = update(Consent).where(Consent.participant_id == participant.id, Consent.revoked_at.is_(None))
    session.execute(given.values(revoked_at=now, revoked_how=how))
    return fresh


def opt_in(session: Session, participant: Participant, address_hash: str, channel: str, now: datetime) -> None:
    """The person texted START: consent anew, at the address it came from, and only there."""
    unblock(session, address_hash, now)
    session.add(
        Consent(
            participant_id=participant.id,
            channel=channel,
            address_hash=address_hash,
            given_on=now.date(),
            method="keyword",
            recorded_by="the participant",
            recorded_at=now,
        )
    )
    note(session, "opted_in", now, participant_id=participant.id)


def running_check_in(session: Session, participant_id: int) -> CheckIn | None:
    """The check-in that waits for this participant's reply, locked."""
    running = select(CheckIn).where(CheckIn.participant_id == participant_id, CheckIn.ended_at.is_(None))
    return session.scalar(running.with_for_update())


def note(
    session: Session,
    what: str,
    now: datetime,
    staff_id: int | None = None,
    participant_id: int | None = None,
    flag_id: int | None = None,
    detail: str = "",
) -> None:
    """Put it on record: what was done, by whom, to whom. Never anybody's words."""
    session.add(
        Event(at=now, what=what, staff_id=staff_id, participant_id=participant_id, flag_id=flag_id, detail=detail)
    )


def agree(session: Session, address: Address, given_on: date, how: str, recorded_by: str, now: datetime) -> None:
    """Write down that the owner of this address agreed to texts there: on which day, how, in front of whom."""
    session.add(
        Consent(
            participant_id=address.participant_id,
            channel=address.channel,
            address_hash=address.value_hash,
            given_on=given_on,
            method=how,
            recorded_by=recorded_by,
            recorded_at=now,
        )
    )
    session.flush()
    note(session, "consent_recorded", now, participant_id=address.participant_id, detail=how)
