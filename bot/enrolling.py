"""Taking in one person by hand: who they are, their number, and whether they agreed to texts."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.arrangements import METHODS, ONLY_START, NotArranged
from bot.config import ZONES
from bot.consents import is_blocked
from bot.core.kinds import Language
from bot.first_texts import plan_first_texts, startable_flows
from bot.handovers import takers
from bot.importing import LONGEST_COHORT, LONGEST_NAME, Register, read_phone, zone_of
from bot.models import Participant, Staff
from bot.people import Enrolment, enrol, note, participant_at, staff_at
from bot.sheets import ImportProblem


@dataclass(frozen=True)
class Newcomer:
    """One person as a form tells of them. Without `method` they did not agree to texts, and are not texted."""

    name: str
    phone: str
    language: Language
    zone: str
    cohort: str
    caseworker_id: int | None
    method: str = ""
    given_on: date | None = None
    flow: str = ""


def take_in(register: Register, session: Session, staff: Staff, who: Newcomer, now: datetime) -> Participant:
    """Enrol them, with consent where they gave it; then the welcome is planned, and their flow week by week.

    Raises NotArranged, and nothing is written then.
    """
    name, number = " ".join(who.name.split()), _number(who.phone)
    number_hash = register.db.fingerprint(number)
    _check_words(name, who)
    _must_be_new(register, session, number_hash)
    zone = who.zone or zone_of(number, register.settings.zone)
    if zone not in ZONES:
        raise NotArranged("There is no such time zone. Write it like America/Chicago, or leave it empty.")
    if who.caseworker_id not in {None, *(each.id for each in takers(session))}:
        raise NotArranged("Choose a caseworker from the list.")
    given_on = _given_on(who, now, zone)
    if given_on is not None and is_blocked(session, number_hash):
        raise NotArranged(ONLY_START)
    if who.flow and who.flow not in startable_flows(register.shelf):
        raise NotArranged("This flow cannot be started. Choose one from the list.")
    person = Enrolment(
        name, "sms", number, who.language, zone, who.caseworker_id, who.cohort, given_on, who.method, staff.name
    )
    participant = enrol(register.db, session, person, now)
    note(session, "enrolled_by_hand", now, staff.id, participant.id)
    if given_on is not None:
        plan_first_texts(session, register.settings, participant, who.flow, now)
    return participant


def _number(told: str) -> str:
    try:
        return read_phone(told)
    except ImportProblem as problem:
        raise NotArranged(f"{problem}.") from problem


def _check_words(name: str, who: Newcomer) -> None:
    if not name:
        raise NotArranged("Write a name; a first name or an alias is enough.")
    if len(name) > LONGEST_NAME or len(who.cohort) > LONGEST_COHORT:
        raise NotArranged(f"Shorten the name to {LONGEST_NAME} and the cohort to {LONGEST_COHORT} characters.")


def _must_be_new(register: Register, session: Session, number_hash: str) -> None:
    owner = participant_at(session, "sms", number_hash)
    if owner is not None:
        raise NotArranged("This number belongs to a participant already. Look for them under People.")
    if staff_at(session, number_hash):
        raise NotArranged("This is the number of a member of staff.")


def _given_on(who: Newcomer, now: datetime, zone: str) -> date | None:
    if not who.method:
        return None
    if who.method not in METHODS:
        raise NotArranged("Say how they agreed: spoken or on paper.")
    if who.given_on is None or who.given_on > now.astimezone(ZoneInfo(zone)).date():
        raise NotArranged("Write the day on which they agreed, today or before.")
    return who.given_on
