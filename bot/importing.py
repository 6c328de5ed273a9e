"""Enrolling people from a CSV file: good rows enter, bad rows enter nothing, and a report says which is which."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as number_zones
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.config import ZONES, Settings
from bot.core.flow import Flow
from bot.core.hours import next_open, on_wall_clock
from bot.core.kinds import Language
from bot.db import Database
from bot.flows import Shelf
from bot.models import Participant, Role, Staff
from bot.outbox import is_blocked
from bot.people import Enrolment, enrol, participant_at, plan, staff_at

COLUMNS = ("name", "phone", "language", "zone", "caseworker", "cohort", "consent_on", "consent_by", "flow", "start_on")
REQUIRED = ("name", "phone")
SEPARATORS = ",;\t"
LONGEST_NAME, LONGEST_COHORT = 100, 60
WELCOME = "welcome"
FIRST_TEXT_AT = time(10)
WEEKLY_DAYS = 7
FARTHEST_START = timedelta(days=366)
LANGUAGES = {"": Language.EN, "english": Language.EN, "spanish": Language.ES, "español": Language.ES} | {
    each.value: each for each in Language
}

Value = TypeVar("Value")


class ImportProblem(Exception):
    """A file or a value cannot be taken. The message says what is wrong and what to write instead."""

    def __init__(self, message: str, column: str = "") -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True)
class SheetRow:
    """One row of the file: the line it ends at, its cells by column, and what is wrong with the row as a whole."""

    line: int
    cells: dict[str, str]
    problem: str = ""


@dataclass(frozen=True)
class RowReport:
    """What was done with one row: its line in the file, "enrolled", "already there" or "not taken", and why."""

    line: int
    done: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Register:
    """What an import works with."""

    db: Database
    settings: Settings
    shelf: Shelf


def read_rows(content: bytes) -> list[SheetRow]:
    """The rows of a participants.csv that hold anything. Raises ImportProblem where the file itself is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportProblem("this is no UTF-8 text; save the sheet as 'CSV UTF-8'") from error
    if "\0" in text:
        raise ImportProblem("this is no text; save the sheet as 'CSV UTF-8'")
    if not text.strip():
        raise ImportProblem(f"the file is empty. The first line must name columns out of: {','.join(COLUMNS)}")
    first = text.splitlines()[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count), skipinitialspace=True, strict=True
    )
    try:
        columns = _columns(next(reader))
        return [_sheet_row(reader.line_num, columns, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise ImportProblem(f"line {reader.line_num}: not readable as CSV ({error}); look for a stray quote") from error


def _columns(names: list[str]) -> list[str]:
    found = [name.strip().lower() for name in names]
    wrong = [f"no column '{name}'" for name in REQUIRED if name not in found]
    wrong += [f"unknown column '{name}'" for name in found if name not in COLUMNS]
    wrong += [f"column '{name}' twice" for name in COLUMNS if found.count(name) > 1]
    if wrong:
        raise ImportProblem(f"{'; '.join(wrong)}. The first line must name columns out of: {','.join(COLUMNS)}")
    return found


def _sheet_row(line: int, columns: list[str], cells: list[str]) -> SheetRow:
    """Spaces and line breaks inside a cell become single spaces; cells missing at the end are empty."""
    named = dict.fromkeys(COLUMNS, "") | {
        name: " ".join(cell.split()) for name, cell in zip(columns, cells, strict=False)
    }
    surplus = any(cell.strip() for cell in cells[len(columns) :])
    problem = "more cells than columns; put quotes around what holds a comma" if surplus else ""
    return SheetRow(line, named, problem)


def import_rows(register: Register, rows: Iterable[SheetRow], now: datetime) -> Iterator[RowReport]:
    """Take in each row in a transaction of its own and say what was done. A person who is there already stays as is."""
    for row in rows:
        with register.db.writing() as session:
            report = _take(register, session, row, now)
        yield report


def _take(register: Register, session: Session, row: SheetRow, now: datetime) -> RowReport:
    if row.problem:
        return RowReport(row.line, "not taken", (row.problem,))
    read = _Cells(register, session, row.cells, now)
    person, flow, start_on = read.person(), read.flow(), read.start_on()
    if person is None or read.problems:
        return RowReport(row.line, "not taken", tuple(read.problems))
    address_hash = register.db.fingerprint(person.address)
    if owner := participant_at(session, person.channel, address_hash):
        return _already_there(row.line, owner, person)
    if staff_at(session, address_hash):
        return RowReport(row.line, "not taken", ("phone: this is the number of a member of staff",))
    participant = enrol(register.db, session, person, now)
    _plan(register, session, participant, flow, start_on, now)
    return RowReport(row.line, "enrolled", tuple(_why_silent(session, person, address_hash)))


def _already_there(line: int, owner: Participant, person: Enrolment) -> RowReport:
    if owner.name.casefold() == person.name.casefold():
        return RowReport(line, "already there")
    return RowReport(line, "not taken", ("phone: this number belongs to another participant",))


def _why_silent(session: Session, person: Enrolment, address_hash: str) -> Iterator[str]:
    if person.consent_on is None:
        yield "consent_on: empty, so this person is not texted"
    if is_blocked(session, address_hash):
        yield "phone: this number asked for no more texts, so it is not texted until START comes from it"


def _plan(
    register: Register,
    session: Session,
    participant: Participant,
    flow: Flow | None,
    start_on: date | None,
    now: datetime,
) -> None:
    """The welcome comes first, at once inside sending hours; the flow follows at its day, week by week."""
    hours, zone = register.settings.sending_hours, participant.zone
    welcome_at = next_open(hours, now, zone)
    plan(session, participant, WELCOME, welcome_at)
    if flow is None:
        return
    earliest = welcome_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    first = on_wall_clock(max(start_on or earliest, earliest), FIRST_TEXT_AT, zone)
    plan(session, participant, flow.name, next_open(hours, first, zone), repeat_days=WEEKLY_DAYS)


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

    def flow(self) -> Flow | None:
        return self.read("flow", self._flow)

    def start_on(self) -> date | None:
        return self.read("start_on", self._start_on)

    @property
    def _today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.register.settings.zone)).date()

    def _zone(self, text: str) -> str:
        """The zone as written; where it is empty, the area code gives a first guess if it has one zone only."""
        if text in ZONES:
            return text
        if text:
            raise ImportProblem(f"'{text}' is no time zone; write it like America/Chicago")
        try:
            guessed = number_zones.time_zones_for_number(phonenumbers.parse(self.row["phone"], "US"))
        except phonenumbers.NumberParseException:
            return self.register.settings.zone
        return guessed[0] if len(guessed) == 1 and guessed[0] in ZONES else self.register.settings.zone

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

    def _flow(self, text: str) -> Flow | None:
        flows = self.register.shelf.flows
        usable = sorted(name for name, flow in flows.items() if not flow.given and name != WELCOME)
        if text and text not in usable:
            raise ImportProblem(f"'{text}' is no flow that repeats by itself; there are: {', '.join(usable)}")
        return flows.get(text)

    def _start_on(self, text: str) -> date | None:
        day = _day(text)
        if day is not None and day > self._today + FARTHEST_START:
            raise ImportProblem(f"{text} is more than a year away; look at the year")
        return day


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
