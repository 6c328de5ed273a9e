"""Enrolling people from a CSV file: good rows enter, bad rows enter nothing, and a report says which is which."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import available_timezones

import phonenumbers
from phonenumbers import timezone as number_zones
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.config import Settings
from bot.core.flow import Flow
from bot.core.hours import next_open, on_wall_clock
from bot.core.kinds import Language
from bot.db import Database
from bot.flows import Shelf
from bot.models import Participant, Staff
from bot.people import Enrolment, enrol, participant_at, plan, staff_at

COLUMNS = ("name", "phone", "language", "zone", "caseworker", "cohort", "consent_on", "consent_by", "flow", "start_on")
REQUIRED = ("name", "phone")
WELCOME = "welcome"
FIRST_TEXT_AT = time(10)
WEEKLY_DAYS = 7


class ImportProblem(Exception):
    """A file or a value cannot be taken. The message says what is wrong and what to write instead."""

    def __init__(self, message: str, column: str = "") -> None:
        super().__init__(message)
        self.column = column


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


@dataclass(frozen=True)
class _Row:
    enrolment: Enrolment
    flow: Flow | None
    start_on: date | None


def read_rows(content: bytes) -> list[dict[str, str]]:
    """The rows of a participants.csv, by column. Raises ImportProblem where the file itself is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportProblem("this is no UTF-8 text; save the sheet as 'CSV UTF-8'") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True)
    found = [name.strip().lower() for name in reader.fieldnames or []]
    missing = [name for name in REQUIRED if name not in found]
    unknown = [name for name in found if name not in COLUMNS]
    if missing or unknown:
        wrong = [f"no column '{name}'" for name in missing] + [f"unknown column '{name}'" for name in unknown]
        raise ImportProblem(f"{'; '.join(wrong)}. The first line must name columns out of: {','.join(COLUMNS)}")
    reader.fieldnames = found
    try:
        return [{name: (row.get(name) or "").strip() for name in COLUMNS} for row in reader]
    except csv.Error as error:
        raise ImportProblem(f"line {reader.line_num}: not readable as CSV: {error}") from error


def import_rows(register: Register, rows: Iterable[dict[str, str]], now: datetime) -> Iterator[RowReport]:
    """Take in each row in a transaction of its own and say what was done. A person who is there already stays as is."""
    for line, row in enumerate(rows, start=2):
        with register.db.writing() as session:
            report = _take(register, session, line, row, now)
        yield report


def _take(register: Register, session: Session, line: int, row: dict[str, str], now: datetime) -> RowReport:
    read, problems = _read(register, session, row, now)
    if read is None:
        return RowReport(line, "not taken", tuple(problems))
    address_hash = register.db.fingerprint(read.enrolment.address)
    if owner := participant_at(session, "sms", address_hash):
        return _already_there(line, owner, read.enrolment)
    if staff_at(session, address_hash):
        return RowReport(line, "not taken", ("phone: this is the number of a member of staff",))
    participant = enrol(register.db, session, read.enrolment, now)
    _plan(register, session, participant, read, now)
    silent = read.enrolment.consent_on is None
    return RowReport(line, "enrolled", ("consent_on: empty, so this person is not texted",) if silent else ())


def _already_there(line: int, owner: Participant, person: Enrolment) -> RowReport:
    if owner.name.casefold() == person.name.casefold():
        return RowReport(line, "already there")
    return RowReport(line, "not taken", ("phone: this number belongs to another participant",))


def _plan(register: Register, session: Session, participant: Participant, row: _Row, now: datetime) -> None:
    """The welcome comes first, at once inside sending hours; the flow of the row follows at its day, week by week."""
    hours = register.settings.sending_hours
    zone = row.enrolment.zone
    plan(session, participant, WELCOME, next_open(hours, now, zone))
    if row.flow is None:
        return
    earliest = now.astimezone(UTC).date() + timedelta(days=1)
    first = on_wall_clock(max(row.start_on or earliest, earliest), FIRST_TEXT_AT, zone)
    plan(session, participant, row.flow.name, next_open(hours, first, zone), repeat_days=WEEKLY_DAYS)


def _read(
    register: Register, session: Session, row: dict[str, str], now: datetime
) -> tuple[_Row | None, list[str]]:
    """Every value of a row, or every problem in it."""
    problems: list[str] = []
    values: dict[str, object] = {}
    for column, reader in READERS.items():
        try:
            values[column] = reader(register, session, row)
        except ImportProblem as problem:
            problems.append(f"{column}: {problem}")
    consent_on = values.get("consent_on")
    if isinstance(consent_on, date) and consent_on > now.astimezone(UTC).date() + timedelta(days=1):
        problems.append(f"consent_on: {row['consent_on']} lies in the future")
    if consent_on is not None and not row["consent_by"]:
        problems.append("consent_by: empty; write who recorded the consent")
    return (None if problems else _row(row, values)), problems


def _row(row: dict[str, str], values: dict[str, object]) -> _Row:
    enrolment = Enrolment(
        name=row["name"],
        channel="sms",
        address=values["phone"],  # type: ignore[arg-type]
        language=values["language"],  # type: ignore[arg-type]
        zone=values["zone"],  # type: ignore[arg-type]
        caseworker_id=values["caseworker"],  # type: ignore[arg-type]
        cohort=row["cohort"][:60],
        consent_on=values["consent_on"],  # type: ignore[arg-type]
        consent_by=row["consent_by"],
    )
    return _Row(enrolment, values["flow"], values["start_on"])  # type: ignore[arg-type]


def read_phone(text: str) -> str:
    """A phone number in E.164, read as one of the United States. Raises ImportProblem."""
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException as error:
        raise ImportProblem(f"'{text}' is no phone number; write it like 816-555-0123", "phone") from error
    if not phonenumbers.is_possible_number(number):
        raise ImportProblem(f"'{text}' has too few or too many digits; write it like 816-555-0123", "phone")
    if not phonenumbers.is_valid_number(number) and not _is_invented(number):
        raise ImportProblem(f"'{text}' is a number that nobody can have; check it with the person", "phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_invented(number: phonenumbers.PhoneNumber) -> bool:
    """555-0100 to 555-0199 are kept for films and demos: no real phone, but the simulated carrier has them."""
    return number.country_code == 1 and 5550100 <= (number.national_number or 0) % 10**7 <= 5550199


def _name(_register: Register, _session: Session, row: dict[str, str]) -> str:
    if not row["name"]:
        raise ImportProblem("empty; a first name or an alias is enough")
    return row["name"]


def _phone(_register: Register, _session: Session, row: dict[str, str]) -> str:
    return read_phone(row["phone"])


def _language(_register: Register, _session: Session, row: dict[str, str]) -> Language:
    words = {"": Language.EN, "english": Language.EN, "spanish": Language.ES, "español": Language.ES}
    given = row["language"].casefold()
    if given in words:
        return words[given]
    if given in set(Language):
        return Language(given)
    raise ImportProblem(f"'{row['language']}' is not one of: {', '.join(Language)}")


def _zone(register: Register, _session: Session, row: dict[str, str]) -> str:
    """The zone as written; where it is empty, the area code gives a first guess if it has one zone only."""
    if row["zone"]:
        if row["zone"] in available_timezones():
            return row["zone"]
        raise ImportProblem(f"'{row['zone']}' is no time zone; write it like America/Chicago")
    try:
        guessed = number_zones.time_zones_for_number(phonenumbers.parse(row["phone"], "US"))
    except phonenumbers.NumberParseException:
        return register.settings.zone
    single = len(guessed) == 1 and guessed[0] in available_timezones()
    return guessed[0] if single else register.settings.zone


def _caseworker(_register: Register, session: Session, row: dict[str, str]) -> int | None:
    if not row["caseworker"]:
        return None
    email = row["caseworker"].casefold()
    found = session.scalar(select(Staff.id).where(Staff.email == email, Staff.active))
    if found is None:
        raise ImportProblem(f"nobody on the staff has the e-mail address '{email}'; add them first with add-staff")
    return found


def _day(column: str, row: dict[str, str]) -> date | None:
    if not row[column]:
        return None
    try:
        return date.fromisoformat(row[column])
    except ValueError as error:
        raise ImportProblem(f"'{row[column]}' is no date; write it like 2026-11-23") from error


def _consent_on(_register: Register, _session: Session, row: dict[str, str]) -> date | None:
    return _day("consent_on", row)


def _start_on(_register: Register, _session: Session, row: dict[str, str]) -> date | None:
    return _day("start_on", row)


def _flow(register: Register, _session: Session, row: dict[str, str]) -> Flow | None:
    if not row["flow"]:
        return None
    flow = register.shelf.flows.get(row["flow"])
    if flow is None:
        raise ImportProblem(f"no usable flow '{row['flow']}'; there are: {', '.join(sorted(register.shelf.flows))}")
    if flow.given:
        raise ImportProblem(f"the flow '{flow.name}' needs {', '.join(flow.given)} and cannot repeat by itself")
    return flow


READERS = {
    "name": _name,
    "phone": _phone,
    "language": _language,
    "zone": _zone,
    "caseworker": _caseworker,
    "consent_on": _consent_on,
    "flow": _flow,
    "start_on": _start_on,
}
