"""The programme's people, all invented: staff, and participants as they stand while the weeks go by."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from benchmarks.rows import AddressRow, ConsentRow, EventRow, OptOutRow, ParticipantRow
from benchmarks.store import Book, seal
from bot.core.hours import on_wall_clock
from bot.core.kinds import Language
from bot.core.rota import Layer
from bot.db import Database
from bot.demo_cast import NAMES, SERVICES
from bot.duty import always_on_call
from bot.models import Role, Service, Staff
from bot.passwords import hash_password

PASSWORD = "a long enough password"
SUPERVISOR, RESEARCHER = "supervisor01@example.org", "researcher@example.org"
TEAMS = tuple(f"Team {letter}" for letter in "ABCDEFGHIJKL")
ZONE = "America/Chicago"
ZONES = (ZONE, ZONE, ZONE, ZONE, ZONE, ZONE, ZONE, "America/New_York", "America/Denver", "America/Los_Angeles")
SPANISH, WHATSAPP, NO_REPORTS = 0.22, 0.06, 0.03
LAST_NAMES = ("Abel", "Baker", "Cruz", "Diaz", "Ellis", "Ford", "Gray", "Hale", "Ibarra", "Jones", "King", "Luna")
FIRST_WEEKS = 8  # with a check-in each week; afterwards every fourth week, as no programme texts weekly for years
SELDOM = 28
WEEKDAYS = (5, 5, 4, 4, 3, 1, 1)  # how often each is chosen for the check-in
ON_CALL, BACKUP = 2, 1


@dataclass(frozen=True)
class Worker:
    """A member of staff as rows name them, with the sealed phone and its fingerprint."""

    id: int
    team: str
    phone: str
    phone_hash: str


@dataclass(frozen=True)
class Crew:
    """Who works here."""

    caseworkers: Sequence[Worker]
    supervisors: Sequence[Worker]

    @cached_property
    def on_call(self) -> Sequence[Worker]:
        return self.caseworkers[:ON_CALL]

    @cached_property
    def backup(self) -> Sequence[Worker]:
        return self.caseworkers[ON_CALL : ON_CALL + BACKUP]


def number(place: int) -> str:
    """A number that is nobody's. The 100 numbers kept for fiction (555-0100 to -0199) are too few for a programme, and
    any other area code has real phones behind it. No network and no country has +999: it is reserved and not in use.
    """
    return f"+999{place:011d}"


def hire(database: Database, caseworkers: int, since: datetime) -> Crew:
    """Write down staff of every role, the rota and the directory of services. All have the same PASSWORD."""
    password = hash_password(PASSWORD)
    with database.writing() as session:
        team = [TEAMS[place % len(TEAMS)] for place in range(caseworkers)]
        workers = [
            _staff(session, database, f"worker{place:03d}@example.org", Role.CASEWORKER, team[place], password, since)
            for place in range(caseworkers)
        ]
        supervisors = [
            _staff(session, database, f"supervisor{place:02d}@example.org", Role.SUPERVISOR, name, password, since)
            for place, name in enumerate(TEAMS, start=1)
        ]
        _staff(session, database, "admin@example.org", Role.ADMIN, "", password, since)
        _staff(session, database, RESEARCHER, Role.RESEARCHER, "", password, since)
        crew = Crew(workers, supervisors)
        for each in crew.on_call:
            session.add_all(always_on_call(each.id))
        for each in crew.backup:
            session.add_all(always_on_call(each.id, Layer.BACKUP))
        for name, needs, contact, area, hours, languages in SERVICES:
            where = {"contact": contact, "area": area, "hours": hours, "languages": languages}
            session.add(Service(name=name, needs=list(needs), active=True, **where))
    return crew


def _staff(
    session: Session, database: Database, email: str, role: Role, team: str, password: str, since: datetime
) -> Worker:
    place = session.query(Staff).count() + 1
    phone = number(10**10 + place)
    staff = Staff(
        email=email,
        name=f"{NAMES[place % len(NAMES)]} {LAST_NAMES[place % len(LAST_NAMES)]}",
        phone=phone,
        phone_hash=database.fingerprint(phone),
        role=role,
        password_hash=password,
        team=team,
        phone_verified_at=since,
        active=True,
    )
    session.add(staff)
    session.flush()
    return Worker(staff.id, team, seal(phone), database.fingerprint(phone))


@dataclass(slots=True)
class Person:
    """A participant as they stand by now. `eager` scales how often they answer; `asked_on` is weekday, hour, minute.

    `free_at`: no check-in begins before; `open_until`: when the last flag of a kind is resolved.
    """

    id: int
    language: Language
    zone: str
    cohort: str
    worker: Worker
    enrolled_at: datetime
    channel: str
    number: str
    hash: str
    eager: float
    asked_on: tuple[int, int, int]
    final: bool
    free_at: datetime
    silences: int = 0
    bad_until: datetime | None = None
    reachable: bool = True
    gone: bool = False
    paused_until: datetime | None = None
    safety_said_at: datetime | None = None
    waits_since: datetime | None = None
    next_due: datetime | None = None
    open_until: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    consents: list[ConsentRow] = field(default_factory=list)
    opt_outs: list[OptOutRow] = field(default_factory=list)


@lru_cache(maxsize=1)
def _names() -> tuple[str, ...]:
    """A few hundred sealed names: sealing one for everybody would take longer than all else."""
    return tuple(seal(f"{first} {last}") for first in NAMES for last in LAST_NAMES)


@lru_cache(maxsize=1)
def _witness() -> str:
    return seal("Dana Demo")


def cohort_of(day: date) -> str:
    """Who came in the same quarter."""
    return f"{day.year} {('winter', 'spring', 'summer', 'fall')[(day.month - 1) // 3]}"


def enrol(book: Book, chance: random.Random, person_id: int, crew: Crew, enrolled_at: datetime) -> Person:
    """Somebody comes in: agreed to texts on that day, and is due for a welcome on the next."""
    said = number(person_id)
    person = Person(
        id=person_id,
        language=Language.ES if chance.random() < SPANISH else Language.EN,
        zone=chance.choice(ZONES),
        cohort=cohort_of(enrolled_at.date()),
        worker=chance.choice(crew.caseworkers),
        enrolled_at=enrolled_at,
        channel="whatsapp" if chance.random() < WHATSAPP else "sms",
        number=seal(said),
        hash=book.database.fingerprint(said),
        eager=chance.betavariate(2.2, 1.4) * 1.75,
        asked_on=(chance.choices(range(7), WEEKDAYS)[0], chance.choice(range(9, 19)), chance.randrange(60)),
        final=chance.random() >= NO_REPORTS,
        free_at=enrolled_at,
    )
    person.consents.append(
        ConsentRow(person_id, person.channel, person.hash, enrolled_at.date(), "paper", _witness(), enrolled_at)
    )
    person.next_due = due_after(person, enrolled_at)
    book.add(as_row(person))
    book.add(EventRow(enrolled_at, "enrolled", participant_id=person_id))
    return person


def due_after(person: Person, at: datetime, days: int = 1) -> datetime:
    """The first of their hours so many days after or later, on their own wall clock."""
    weekday, hour, minute = person.asked_on
    day = at.astimezone(ZoneInfo(person.zone)).date() + timedelta(days=days)
    day += timedelta(days=(weekday - day.weekday()) % 7)
    return on_wall_clock(day, time(hour, minute), person.zone)


def rhythm(person: Person, at: datetime) -> int:
    """How many days lie between two check-ins by now."""
    return 7 if at - person.enrolled_at < timedelta(weeks=FIRST_WEEKS) else SELDOM


def leave_as_they_stand(book: Book, person: Person) -> None:
    """What of a person changes all the time is written once, as it stands at the end."""
    book.change(as_row(person))
    book.add(AddressRow(person.id, person.channel, person.number, person.hash, person.reachable))
    for consent in person.consents:
        book.add(consent)
    for opt_out in person.opt_outs:
        book.add(opt_out)


def as_row(person: Person) -> ParticipantRow:
    """The participant as they stand."""
    names = _names()
    return ParticipantRow(
        person.id, names[person.id % len(names)], person.language, person.zone, person.cohort, person.worker.id,
        person.enrolled_at, person.paused_until, person.silences, person.safety_said_at, person.waits_since,
    )  # fmt: skip
