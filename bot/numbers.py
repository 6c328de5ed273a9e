"""A participant has another number: the old one is not texted again."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from bot.arrangements import METHODS, ONLY_START, Desk, NotArranged
from bot.consents import asked_for_no_more, block, is_blocked
from bot.db import Database
from bot.importing import read_phone
from bot.joining import join_number
from bot.models import Address, Consent, Message, Participant
from bot.outbox import take_back
from bot.people import add_address, agree, participant_at, staff_at
from bot.sheets import ImportProblem
from bot.talking import they_wait_again

CHANGED = "number changed"


@dataclass(frozen=True)
class NewNumber:
    """The number as it was told, in place of which address, and how and when they agreed to texts there.

    Without `method` the number is kept and not texted.
    """

    address_id: int
    told: str
    method: str = ""
    given_on: date | None = None


def change_number(db: Database, desk: Desk, new: NewNumber) -> Address:
    """Put the new number in the old one's place. Raises NotArranged, and nothing is changed then.

    What still waited for the old number does not leave, and whom it was to answer waits again. An opt-out stands for
    the person, not for the number: it goes with them (47 CFR 64.1200(a)(10)).
    """
    old = next((each for each in desk.participant.addresses if each.id == new.address_id), None)
    if old is None:
        raise NotArranged("Choose which number is no longer theirs.")
    number = _number(new.told)
    number_hash = db.fingerprint(number)
    _must_be_free(desk, old, number_hash)
    _check_agreement(desk, new)
    out_before = asked_for_no_more(desk.session, old.value_hash)
    give_up(desk, old)
    address = _add(db, desk, number, number_hash)
    if out_before:
        block(desk.session, number_hash, CHANGED, desk.now)
    if new.method and new.given_on is not None:
        if is_blocked(desk.session, number_hash):
            raise NotArranged(ONLY_START)
        agree(desk.session, address, new.given_on, new.method, desk.staff.name, desk.now)
    desk.note("number_changed")
    return address


def _number(told: str) -> str:
    try:
        return read_phone(told)
    except ImportProblem as problem:
        raise NotArranged(f"{problem}.") from problem


def _must_be_free(desk: Desk, old: Address, number_hash: str) -> None:
    if number_hash == old.value_hash:
        raise NotArranged("That is the number on record already.")
    if staff_at(desk.session, number_hash):
        raise NotArranged("This is the number of a member of staff.")
    owner = participant_at(desk.session, "sms", number_hash)
    if owner is not None and owner.id != desk.participant.id:
        raise NotArranged("This number belongs to another participant. If they are one person, merge the two.")
    if owner is not None:
        raise NotArranged("This number is on record for them already.")


def _check_agreement(desk: Desk, new: NewNumber) -> None:
    if new.method and new.method not in METHODS:
        raise NotArranged("Say how they agreed: spoken or on paper.")
    if new.method and (new.given_on is None or new.given_on > desk.today):
        raise NotArranged("Write the day on which they agreed to texts at the new number.")


def give_up(desk: Desk, address: Address) -> None:
    """The address is nobody's any more: what comes from it comes from a stranger, and nothing goes to it."""
    theirs = Message.participant_id == desk.participant.id
    if take_back(desk.session, (Message.other_hash == address.value_hash) & theirs):
        they_wait_again(desk.session, desk.participant)
    given = (Consent.participant_id == desk.participant.id) & (Consent.address_hash == address.value_hash)
    live = update(Consent).where(given, Consent.channel == address.channel, Consent.revoked_at.is_(None))
    desk.session.execute(live.values(revoked_at=desk.now, revoked_how=CHANGED))
    desk.session.delete(address)
    desk.session.flush()
    desk.session.refresh(desk.participant, ["addresses"])


def _add(db: Database, desk: Desk, number: str, number_hash: str) -> Address:
    """Texts that came from it before anybody knew whose it was are theirs now, flags and all."""
    if _texted_us(desk.session, number_hash):
        join_number(db, desk, number_hash)
        found = next((each for each in desk.participant.addresses if each.value_hash == number_hash), None)
        if found is not None:
            return found
    return add_address(db, desk.session, desk.participant, "sms", number)


def _texted_us(session: Session, number_hash: str) -> bool:
    unknown = (Message.other_hash == number_hash) & Message.participant_id.is_(None) & Message.staff_id.is_(None)
    return bool(session.scalar(select(exists().where(unknown))))


def numbers_of(participant: Participant) -> list[Address]:
    """The numbers that can be changed here."""
    return [each for each in participant.addresses if each.channel == "sms"]
