"""The demo programme: invented staff and participants with months of check-ins, made by running Standby itself."""

import random
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from rich.console import Console
from rich.progress import track
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import casework, inbox, people
from bot.carrier import HeardText, OutgoingText, Taken
from bot.config import Settings
from bot.core.escalation import Urgency
from bot.core.hours import on_wall_clock
from bot.core.kinds import Language
from bot.db import Database
from bot.models import CheckIn, Flag, FlagState, Participant, Resolution, Role, Staff
from bot.web.auth import hash_password
from bot.wiring import Standby, build, real_now
from scheduler import tick

PASSWORD = "standby-demo"
OUR_NUMBER = "+18165550100"
WEEKS = 9
SEED = 7


@dataclass(frozen=True)
class DemoStaff:
    """Somebody on the demo's staff."""

    email: str
    name: str
    role: Role
    on_call: bool = False


STAFF = (
    DemoStaff("dana@example.org", "Dana Demo", Role.CASEWORKER),
    DemoStaff("omar@example.org", "Omar Demo", Role.CASEWORKER, on_call=True),
    DemoStaff("sam@example.org", "Sam Demo", Role.SUPERVISOR),
    DemoStaff("ada@example.org", "Ada Demo", Role.ADMIN),
    DemoStaff("rita@example.org", "Rita Demo", Role.RESEARCHER),
)
NAMES = (
    "Ana", "Marcus", "Luz", "Devon", "Rosa", "Tyrell", "Inés", "Jamal", "Beto", "Keisha", "Chuy", "Andre", "Maya",
    "Luis", "Tasha", "Ray", "Nadia", "Cole", "Elena", "Dre", "Marisol", "Troy", "Yara", "Pete", "Sol", "Quinn", "Abel",
    "Gina", "Nico", "Faith", "Ivan", "Jada", "Memo", "Kris", "Vera", "Otis",
)  # fmt: skip
FINE = {
    Language.EN: ("im good", "doing fine thanks", "all good", "good how are you", "cant complain", "working a lot"),
    Language.ES: ("todo bien gracias", "bien", "todo bien", "aquí andamos, trabajando mucho", "bien y usted"),
}
NEEDS = {
    Language.EN: (
        "they cut my hours again, need more work", "lights getting shut off friday", "sleeping on my cousins couch",
        "need a ride to court thursday", "my tooth been killing me cant sleep", "looking for ged classes",
        "got put out by my landlord", "need diapers for the baby", "i been having bad dreams every night",
    ),
    Language.ES: (
        "me quedé sin trabajo", "debo dos meses de renta", "no tengo cómo llegar al trabajo", "necesito pañales",
        "quiero sacar mi GED", "me duele mucho la espalda y no tengo seguro", "no puedo dormir, ando muy triste",
    ),
}  # fmt: skip
DANGER = {
    Language.EN: ("he hit me again", "they shot at my house last night"),
    Language.ES: ("me están siguiendo", "me amenazaron de muerte"),
}


class _AtOnce:
    """A carrier for making history: takes every text and delivers it at once."""

    def send(self, text: OutgoingText) -> Taken:
        return Taken(f"SM{uuid.uuid4().hex}", "delivered")

    def find(self, text: OutgoingText, since: datetime) -> list[Taken]:
        return []

    def heard(self, since: datetime) -> list[HeardText]:
        return []


def seed(settings: Settings, database: Database, console: Console) -> None:
    """Make the programme in an empty database."""
    now = real_now()
    clock = [now - timedelta(weeks=WEEKS)]
    standby = build(settings, database, now=lambda: clock[0], soon=lambda deed: None, carrier=_AtOnce())
    console.print("Making the demo programme: up to a minute, once.")
    _Maker(standby, clock, random.Random(SEED)).make(now, console)


@dataclass
class _Maker:
    """Plays the weeks until now: check-ins start, people answer or do not, caseworkers take and resolve."""

    standby: Standby
    clock: list[datetime]
    chance: random.Random

    def make(self, now: datetime, console: Console) -> None:
        self.enrol_all()
        days = (now - self.clock[0]).days
        for day in track(range(days), "Playing the last weeks", console=console):
            for hour in (10, 13, 16):
                self.clock[0] = on_wall_clock(
                    (now - timedelta(days=days - day)).date(), time(hour, 5), self.standby.settings.zone
                )
                if self.clock[0] < now:
                    self.play()
        self.clock[0] = now
        tick(self.standby, now)

    def enrol_all(self) -> None:
        fingerprint, hashed = self.standby.db.fingerprint, hash_password(PASSWORD)
        with self.standby.db.writing() as session:
            staff = [
                Staff(
                    email=each.email, name=each.name, role=each.role, on_call=each.on_call, password_hash=hashed,
                    phone=_number(1 + i), phone_hash=fingerprint(_number(1 + i)), active=True,
                )
                for i, each in enumerate(STAFF)
            ]  # fmt: skip
            session.add_all(staff)
            session.flush()
            for i, name in enumerate(NAMES):
                self.enrol(session, name, i, staff[i % 2].id)

    def enrol(self, session: Session, name: str, index: int, caseworker_id: int) -> None:
        zone = self.standby.settings.zone
        enrolment = people.Enrolment(
            name=f"{name} Demo",
            channel="sms",
            address=_number(10 + index),
            language=Language.ES if index % 3 == 2 else Language.EN,
            zone=zone,
            caseworker_id=caseworker_id,
            cohort=("Spring", "Summer", "Fall")[index % 3],
            consent_on=None if index == len(NAMES) - 1 else self.clock[0].date(),
            consent_by="Dana Demo",
        )
        participant = people.enrol(self.standby.db, session, enrolment, self.clock[0])
        first = date.fromordinal(self.clock[0].date().toordinal() + 1 + index % 7)
        people.plan(session, participant, "welcome", self.clock[0] + timedelta(hours=1))
        people.plan(session, participant, "weekly", on_wall_clock(first, time(10), zone), repeat_days=7)

    def play(self) -> None:
        tick(self.standby, self.clock[0])
        for number, language, check_in_id in self.waiting():
            for _ in range(4):
                if not self.answers(number, language, check_in_id):
                    break
                self.clock[0] += timedelta(minutes=self.chance.randint(1, 9))
        tick(self.standby, self.clock[0])
        self.casework()

    def waiting(self) -> list[tuple[str, Language, int]]:
        with self.standby.db.reading() as session:
            running = session.scalars(select(CheckIn).where(CheckIn.ended_at.is_(None)).order_by(CheckIn.id))
            return [(each.participant.addresses[0].value, each.participant.language, each.id) for each in running]

    def answers(self, number: str, language: Language, check_in_id: int) -> bool:
        """One reply, if this person answers this check-in at all; False when they put the phone away."""
        keen = 0.3 + 0.65 * random.Random(number).random()
        answers_this_one = random.Random(f"{number} {check_in_id}").random() < keen
        if not answers_this_one or self.chance.random() < 0.2:
            return False
        with self.standby.db.reading() as session:
            check_in = session.get_one(CheckIn, check_in_id)
            if check_in.ended_at is not None or check_in.position is None:
                return False
            opening = not check_in.position["values"]
        text = inbox.Incoming("sms", f"SM{uuid.uuid4().hex}", number, self.words(language, opening))
        sender_hash = inbox.receive(self.standby.db, text, self.clock[0])
        return sender_hash is not None and inbox.handle_of(self.standby.inbox, sender_hash, self.clock[0]) > 0

    def words(self, language: Language, opening: bool) -> str:
        roll = self.chance.random()
        if not opening:
            return "1" if roll < 0.85 else "2"
        if roll < 0.02:
            return self.chance.choice(DANGER[language])
        return self.chance.choice(NEEDS[language] if roll < 0.25 else FINE[language])

    def casework(self) -> None:
        """Danger is taken at once; most of the rest within a few days, as it is in life."""
        settings, now = self.standby.settings, self.clock[0]
        with self.standby.db.writing() as session:
            for flag in session.scalars(select(Flag).where(Flag.state != FlagState.RESOLVED)).all():
                keeper = session.get_one(Staff, self.keeper(flag.participant))
                if flag.urgency is Urgency.NOW or self.chance.random() < 0.5:
                    casework.take(session, flag.id, keeper, settings, now)
                if flag.state is FlagState.ACKNOWLEDGED and self.chance.random() < 0.5:
                    result = casework.Result(self.chance.choice(list(Resolution)))
                    casework.resolve(session, flag.id, keeper, result, now)

    def keeper(self, participant: Participant | None) -> int:
        return participant.caseworker_id if participant and participant.caseworker_id else 1


def _number(index: int) -> str:
    """Invented numbers: 555-0100 to 555-0199 ring nowhere."""
    return f"+1816555{100 + index:04d}"
