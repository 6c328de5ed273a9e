"""Enrolling people from a CSV file: good rows enter, bad rows enter nothing, and a report says which is which."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as number_zones
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bot.config import ZONES, Settings
from bot.consents import is_blocked
from bot.core.kinds import Language
from bot.db import Database
from bot.first_texts import plan_first_texts, startable_flows
from bot.flows import Shelf
from bot.models import Address, Consent, Participant, Role, Staff
from bot.people import Enrolment, agree, enrol, hold, participant_at, staff_at
from bot.sheets import Columns, ImportProblem, SheetRow

PARTICIPANTS = Columns(
    known=("name", "phone", "language", "zone", "caseworker", "cohort", "consent_on", "consent_by", "flow", "start_on"),
    required=("name", "phone"),
)
ASKED_FOR_NO_MORE = "phone: this number asked for no more texts, so it is not texted until START comes from it"
LONGEST_NAME, LONGEST_COHORT = 100, 60
FARTHEST_START = timedelta(days=366)
DONE = ("enrolled", "consent recorded", "already there", "not taken")
LANGUAGES = {"": Language.EN, "english": Language.EN, "spanish": Language.ES, "español": Language.ES} | {
    each.value: each for each in Language
}

Value = TypeVar("Value")


@dataclass(frozen=True)
class RowReport:
    """What was done with one row: its line in the file, one of the words of DONE, and why."""

    line: int
    done: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Register:
    """What an import works with."""

    db: Database
    settings: Settings
    shelf: Shelf


@dataclass(frozen=True)
class First:
    """What a row wants to come week by week, and from which day on."""

    flow: str
    start_on: date | None

    def plan(self, register: Register, session: Session, participant: Participant, now: datetime) -> None:
        """The welcome before it; what was planned or used before stays as it is."""
        plan_first_texts(session, register.settings, participant, self.flow, now, self.start_on)


def import_rows(register: Register, rows: Iterable[SheetRow], now: datetime) -> Iterator[RowReport]:
    """Take in each row in a transaction of its own and say what was done.

    A person who is there already stays as is, save that consent is added where none was ever on record.
    """
    for row in rows:
        with register.db.writing() as session:
            report = _take(register, session, row, now)
        yield report


def _take(register: Register, session: Session, row: SheetRow, now: datetime) -> RowReport:
    if row.problem:
        return RowReport(row.line, "not taken", (row.problem,))
    read = _Cells(register, session, row.cells, now)
    person, first = read.person(), First(read.flow(), read.start_on())
    if person is None or read.problems:
        return RowReport(row.line, "not taken", tuple(read.problems))
    address_hash = register.db.fingerprint(person.address)
    if owner := participant_at(session, person.channel, address_hash):
        return _already_there(register, session, row.line, owner, person, first, now)
    if staff_at(session, address_hash):
        return RowReport(row.line, "not taken", ("phone: this is the number of a member of staff",))
    participant = enrol(register.db, session, person, now)
    first.plan(register, session, participant, now)
    return RowReport(row.line, "enrolled", tuple(_why_silent(session, person, address_hash)))


def _already_there(
    register: Register, session: Session, line: int, owner: Participant, person: Enrolment, first: First, now: datetime
) -> RowReport:
    if owner.name.casefold() != person.name.casefold():
        return RowReport(line, "not taken", ("phone: this number belongs to another participant",))
    address = _address_of(register, session, owner, person)
    if person.consent_on is None:
        return RowReport(line, "already there")
    if is_blocked(session, address.value_hash):
        return RowReport(line, "already there", (ASKED_FOR_NO_MORE,))
    if _ever_agreed(session, address):
        return RowReport(line, "already there")
    hold(session, owner.id)
    agree(session, address, person.consent_on, person.consent_method, person.consent_by, now)
    first.plan(register, session, owner, now)
    return RowReport(line, "consent recorded")


def _address_of(register: Register, session: Session, owner: Participant, person: Enrolment) -> Address:
    value_hash = register.db.fingerprint(person.address)
    return next(each for each in owner.addresses if (each.channel, each.value_hash) == (person.channel, value_hash))


def _ever_agreed(session: Session, address: Address) -> bool:
    """Whether consent at this address was ever on record: one that was taken back is not given again by a file."""
    ours = (Consent.participant_id == address.participant_id) & (Consent.address_hash == address.value_hash)
    return bool(session.scalar(select(exists().where(ours, Consent.channel == address.channel))))


def _why_silent(session: Session, person: Enrolment, address_hash: str) -> Iterator[str]:
    if person.consent_on is None:
        yield "consent_on: empty, so this person is not texted"
    if is_blocked(session, address_hash):
        yield ASKED_FOR_NO_MORE


@dataclass
class _Cells:
    """The cells of one row, read one by one; what is wrong with any of them is kept in `problems`."""

    register: Register
    session: Session
    row: dict[str, str]
    now: datetime
    problems: list[str] = field(default_factory=list)

    def read(self, column: str, reader: Callable[[str], Value]) -> Value | None:
        try:
            return reader(self.row[column])
        except ImportProblem as problem:
            self.problems.append(f"{column}: {problem}")
            return None

    def person(self) -> Enrolment | None:
        """Who is to be enrolled; None where any of it is wrong."""
        name, phone = self.read("name", _name), self.read("phone", read_phone)
        language, zone = self.read("language", _language), self.read("zone", self._zone)
        caseworker_id, cohort = self.read("caseworker", self._caseworker), self.read("cohort", _cohort)
        consent_on = self.read("consent_on", self._consent_on)
        consent_by = self.read("consent_by", self._consent_by)
        if not name or not phone or not language or not zone or cohort is None or consent_by is None:
            return None
        return Enrolment(name, "sms", phone, language, zone, caseworker_id, cohort, consent_on, consent_by=consent_by)

    def flow(self) -> str:
        return self.read("flow", self._flow) or ""

    def start_on(self) -> date | None:
        return self.read("start_on", self._start_on)

    @property
    def _today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.register.settings.zone)).date()

    def _zone(self, text: str) -> str:
        """The zone as written; where it is empty, the area code gives a first guess."""
        if text in ZONES:
            return text
        if text:
            raise ImportProblem(f"'{text}' is no time zone; write it like America/Chicago")
        return zone_of(self.row["phone"], self.register.settings.zone)

    def _caseworker(self, text: str) -> int | None:
        """The id of a member of staff; a researcher sees no names and takes no cases."""
        if not text:
            return None
        able = (Staff.email == text.casefold()) & Staff.active & (Staff.role != Role.RESEARCHER)
        found = self.session.scalar(select(Staff.id).where(able))
        if found is None:
            raise ImportProblem(f"no caseworker has the e-mail address '{text}'; add them first with add-staff")
        return found

    def _consent_on(self, text: str) -> date | None:
        day = _day(text)
        if day is not None and day > self._today:
            raise ImportProblem(f"{text} lies in the future; write the day the consent was given")
        return day

    def _consent_by(self, text: str) -> str:
        if not text and self.row["consent_on"]:
            raise ImportProblem("empty; write who recorded the consent")
        return _no_longer(text, LONGEST_NAME)

    def _flow(self, text: str) -> str:
        usable = startable_flows(self.register.shelf)
        if text and text not in usable:
            raise ImportProblem(f"'{text}' is no flow that repeats by itself; there are: {', '.join(usable)}")
        return text

    def _start_on(self, text: str) -> date | None:
        day = _day(text)
        if day is not None and day > self._today + FARTHEST_START:
            raise ImportProblem(f"{text} is more than a year away; look at the year")
        return day


def zone_of(phone: str, otherwise: str) -> str:
    """The time zone that a number's area code points at, if it points at one only: a first guess, numbers travel."""
    try:
        guessed = number_zones.time_zones_for_number(phonenumbers.parse(phone, "US"))
    except phonenumbers.NumberParseException:
        return otherwise
    return guessed[0] if len(guessed) == 1 and guessed[0] in ZONES else otherwise


def read_phone(text: str) -> str:
    """A phone number in E.164, read as one of the United States. Raises ImportProblem."""
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException as error:
        raise ImportProblem(f"'{text}' is no phone number; write it like 816-555-0123", "phone") from error
    if number.extension:
        raise ImportProblem(f"'{text}' has an extension, which no text reaches; write a mobile number", "phone")
    if not phonenumbers.is_possible_number(number):
        raise ImportProblem(f"'{text}' has too few or too many digits; write it like 816-555-0123", "phone")
    if not phonenumbers.is_valid_number(number) and not _is_invented(number):
        raise ImportProblem(f"'{text}' is a number that nobody can have; check it with the person", "phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_invented(number: phonenumbers.PhoneNumber) -> bool:
    """555-0100 to 555-0199 are kept for films and demos: no real phone, but the simulated carrier has them."""
    return number.country_code == 1 and 5550100 <= (number.national_number or 0) % 10**7 <= 5550199


def _name(text: str) -> str:
    if not text:
        raise ImportProblem("empty; a first name or an alias is enough")
    return _no_longer(text, LONGEST_NAME)


def _cohort(text: str) -> str:
    return _no_longer(text, LONGEST_COHORT)


def _no_longer(text: str, limit: int) -> str:
    if len(text) > limit:
        raise ImportProblem(f"longer than {limit} characters; shorten it")
    return text


def _language(text: str) -> Language:
    found = LANGUAGES.get(text.casefold())
    if found is None:
        raise ImportProblem(f"'{text}' is not one of: {', '.join(Language)}")
    return found


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ImportProblem(f"'{text}' is no date; write it like 2026-11-23") from error
