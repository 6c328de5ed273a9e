"""The demo programme: invented staff and participants with months of check-ins, made by running Standby itself."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import track
from sqlalchemy import event, select, update
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session

from bot import alerts, casework, checkins, inbox, people, starting
from bot.config import Settings
from bot.core.delivery import Status
from bot.core.escalation import Urgency
from bot.core.hours import on_wall_clock
from bot.core.kinds import Language
from bot.db import Database
from bot.demo_cast import (
    APPOINTMENTS,
    DANGER,
    FINE,
    LATELY,
    NAMES,
    NEEDS,
    PASSWORD,
    PAUSED,
    SERVICES,
    SILENT,
    STAFF,
    STOPS,
    TAKEN_HOURS_AGO,
    UNCONSENTED,
)
from bot.directory import Entry, keep
from bot.duty import always_on_call
from bot.models import Address, CheckIn, Flag, FlagState, Message, Participant, Resolution, Staff
from bot.passwords import hash_password
from bot.statuses import move
from bot.waiting import unresolved
from bot.wiring import Standby, build, real_now

WEEKS = 8
SEED = 7
ROUNDS = (time(10, 5), time(16, 35))  # when the day's check-ins start and people look at their phones
TURN = timedelta(minutes=13)  # from one text of a conversation to the next
LONGEST_TALK = 4
LEFT_OPEN = timedelta(hours=30)  # what was raised within this is still the caseworkers' to do


def seed(
    settings: Settings, database: Database, console: Console, weeks: int = WEEKS, now: datetime | None = None
) -> None:
    """Make the programme in an empty SQLite database: so many weeks of it, up to now."""
    now = now or real_now()
    event.listen(database.engine, "connect", _hurry)
    database.engine.dispose()
    clock = [now - timedelta(weeks=weeks)]
    built = build(settings, database, now=lambda: clock[0], soon=lambda deed: None)
    read_once = replace(built.inbox, find=cache(built.inbox.find))  # the cast says the same few things for weeks
    standby = replace(built, inbox=read_once)
    console.print("Making the demo programme, once.")
    _Maker(standby, clock, now, random.Random(SEED)).make(console)
    event.remove(database.engine, "connect", _hurry)


def _hurry(connection: DBAPIConnection, _record: object) -> None:
    """What is made here can be made again: there is no need to wait for the disk at each commit."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


@dataclass(frozen=True)
class _Asked:
    """A check-in that waits for somebody's answer."""

    check_in_id: int
    number: str
    language: Language


@dataclass
class _Maker:
    """Plays the weeks until `now`: check-ins start, people answer or do not, caseworkers take and resolve."""

    standby: Standby
    clock: list[datetime]
    now: datetime
    chance: random.Random
    numbers: dict[str, str] = field(default_factory=dict)
    seen_up_to: int = 0

    def make(self, console: Console) -> None:
        self.enrol_all()
        for at, deed in track(self.agenda(), "Playing the last weeks", console=console):
            self.clock[0] = at
            deed()

    def agenda(self) -> list[tuple[datetime, Callable[[], None]]]:
        """Everything that happens, in order."""
        start, zone = self.clock[0], self.standby.settings.zone
        days = [(start + timedelta(days=day)).date() for day in range((self.now - start).days + 1)]
        rounds = [on_wall_clock(day, hour, zone) for day in days for hour in ROUNDS]
        deeds: list[tuple[datetime, Callable[[], None]]] = [(at, self.round) for at in rounds]
        deeds += [
            (self.now - timedelta(hours=hours), partial(self.says, name, words)) for hours, name, words in LATELY
        ]
        deeds += [
            (self.now - timedelta(days=16), partial(self.says, STOPS, "STOP")),
            (self.now - timedelta(days=5), self.pause),
            (self.now - timedelta(hours=TAKEN_HOURS_AGO), self.take_danger),
        ]
        return sorted(((at, deed) for at, deed in deeds if start < at < self.now), key=lambda each: each[0])

    def enrol_all(self) -> None:
        fingerprint, hashed = self.standby.db.fingerprint, hash_password(PASSWORD)
        with self.standby.db.writing() as session:
            staff = [
                Staff(
                    email=each.email, name=each.name, role=each.role, password_hash=hashed, phone=_number(1 + i),
                    phone_hash=fingerprint(_number(1 + i)), phone_verified_at=self.clock[0], active=True,
                    team=each.team,
                )
                for i, each in enumerate(STAFF)
            ]  # fmt: skip
            session.add_all(staff)
            for name, served, contact, area, hours, languages in SERVICES:
                keep(session, Entry(name, served, contact, area, hours, languages))
            session.flush()
            for row, told in zip(staff, STAFF, strict=True):
                session.add_all(always_on_call(row.id, told.on_call) if told.on_call else ())
            for i, name in enumerate(NAMES):
                self.enrol(session, name, i, staff[i % 2].id)
        self.numbers |= {"a stranger": _number(60), "another stranger": _number(61)}

    def enrol(self, session: Session, name: str, index: int, caseworker_id: int) -> None:
        zone = self.standby.settings.zone
        self.numbers[name] = _number(10 + index)
        enrolment = people.Enrolment(
            name=f"{name} Demo",
            channel="sms",
            address=self.numbers[name],
            language=Language.ES if index % 3 == 2 else Language.EN,
            zone=zone,
            caseworker_id=caseworker_id,
            cohort=("Spring", "Summer", "Fall")[index % 3],
            consent_on=None if name == UNCONSENTED else self.clock[0].date(),
            consent_by="Dana Demo",
        )
        participant = people.enrol(self.standby.db, session, enrolment, self.clock[0])
        first = date.fromordinal(self.clock[0].date().toordinal() + 1 + index % 7)
        people.plan(session, participant, "welcome", self.clock[0] + timedelta(hours=1))
        people.plan(session, participant, "weekly", on_wall_clock(first, time(10), zone), repeat_days=7)
        for days in (days for person, days in APPOINTMENTS if person == name):
            self.plan_appointment(session, participant, (self.now + timedelta(days=days)).date())

    def plan_appointment(self, session: Session, participant: Participant, day: date) -> None:
        at = on_wall_clock(day, time(14, 30), participant.zone).astimezone(ZoneInfo(participant.zone))
        remind_at = on_wall_clock(day - timedelta(days=2), time(10), participant.zone)
        people.plan(session, participant, "appointment", remind_at, given={"appointment_at": at.isoformat()})

    def round(self) -> None:
        """Start what is due, let people answer, let caseworkers work."""
        for job in (checkins.notice_silence, checkins.nudge_due, starting.start_due):
            job(self.standby.talk, self.clock[0])
        self.deliver()
        self.talk()
        self.casework()
        self.alert()

    def alert(self) -> None:
        alerts.escalate(self.standby.post, self.clock[0])
        self.deliver()

    def deliver(self) -> None:
        """Everything queued has arrived. Sending one by one, as live texts leave, would take most of the making."""
        with self.standby.db.writing() as session:
            for text in session.scalars(select(Message).where(Message.status == Status.QUEUED)).all():
                text.carrier_id, text.attempts = f"SM{text.token}", 1
                text.handed_over_at = text.sent_at = text.at
                move(session, text, Status.DELIVERED)

    def talk(self) -> None:
        """Some texts back and forth, minutes apart; some people put the phone away before the end."""
        started_at, talking = self.clock[0], [each for each in self.unseen() if self.answers(each.number)]
        turn = 0
        while talking and turn < LONGEST_TALK:
            turn += 1
            self.clock[0] += TURN
            for each in talking:
                self.receive(each.number, self.words(each.language, opening=turn == 1))
            inbox.handle_left_over(self.standby.inbox, self.clock[0])
            running = self.running([each.check_in_id for each in talking])
            talking = [each for each in talking if each.check_in_id in running and self.chance.random() > 0.25]
        self.clock[0] = started_at + (LONGEST_TALK + 1) * TURN

    def unseen(self) -> list[_Asked]:
        """Running check-ins whose people have not looked at them yet."""
        running = (
            select(CheckIn.id, Address.value, Participant.language)
            .join(Participant, CheckIn.participant_id == Participant.id)
            .join(Address, Address.participant_id == Participant.id)
            .where(CheckIn.ended_at.is_(None), CheckIn.id > self.seen_up_to)
            .order_by(CheckIn.id)
        )
        with self.standby.db.reading() as session:
            unseen = [_Asked(*row) for row in session.execute(running)]
        self.seen_up_to = max((each.check_in_id for each in unseen), default=self.seen_up_to)
        return unseen

    def running(self, check_in_ids: list[int]) -> set[int]:
        still = select(CheckIn.id).where(CheckIn.id.in_(check_in_ids), CheckIn.ended_at.is_(None))
        with self.standby.db.reading() as session:
            return set(session.scalars(still))

    def answers(self, number: str) -> bool:
        """Whether this person answers this week.

        Each has a keenness of their own; the golden ratio spreads the answers evenly over people and weeks, so that
        no week is all silence or all answers by accident.
        """
        if number in [self.numbers[name] for name in SILENT]:
            return False
        keen = 0.35 + 0.6 * random.Random(number).random()
        week = (self.now - self.clock[0]).days // 7
        return (0.618 * week + 0.382 * int(number[-2:])) % 1 < keen

    def receive(self, number: str, words: str) -> None:
        at = self.clock[0] - timedelta(seconds=self.chance.randint(5, 600))
        inbox.receive(self.standby.db, inbox.Incoming("sms", f"SM{uuid.uuid4().hex}", number, words), at)

    def words(self, language: Language, opening: bool) -> str:
        roll = self.chance.random()
        if not opening:
            return "1" if roll < 0.85 else "2"
        if roll < 0.02:
            return self.chance.choice(DANGER[language])
        return self.chance.choice(NEEDS[language] if roll < 0.25 else FINE[language])

    def says(self, name: str, words: str) -> None:
        self.receive(self.numbers[name], words)
        inbox.handle_left_over(self.standby.inbox, self.clock[0])
        self.alert()

    def pause(self) -> None:
        with self.standby.db.writing() as session:
            fingerprint = self.standby.db.fingerprint(self.numbers[PAUSED])
            participant = people.participant_at(session, "sms", fingerprint)
            assert participant is not None
            people.pause(session, participant, self.now + timedelta(days=9), self.clock[0])

    def take_danger(self) -> None:
        """The last call for help was taken, and its outcome is still to come."""
        with self.standby.db.writing() as session:
            open_now = (Flag.urgency == Urgency.NOW) & (Flag.state == FlagState.OPEN)
            for flag in session.scalars(select(Flag).where(open_now)).all():
                keeper = session.get_one(Staff, _keeper(flag.participant))
                casework.take(session, flag.id, keeper, self.standby.post.rules, self.clock[0])

    def casework(self) -> None:
        """Danger is taken at once; most of the rest within a few days, as it is in life."""
        rules, now = self.standby.post.rules, self.clock[0]
        old_enough = unresolved() & (Flag.raised_at < self.now - LEFT_OPEN)
        with self.standby.db.writing() as session:
            for flag in session.scalars(select(Flag).where(old_enough)).all():
                keeper = session.get_one(Staff, _keeper(flag.participant))
                if flag.urgency is Urgency.NOW or self.chance.random() < 0.5:
                    casework.take(session, flag.id, keeper, rules, now)
                if flag.state is FlagState.ACKNOWLEDGED and self.chance.random() < 0.5:
                    result = casework.Result(self.chance.choice(list(Resolution)))
                    casework.resolve(session, flag.id, keeper, result, now)
            long_read = update(Participant).where(Participant.waits_since < self.now - LEFT_OPEN)
            session.execute(long_read.values(waits_since=None))


def _keeper(participant: Participant | None) -> int:
    return participant.caseworker_id if participant and participant.caseworker_id else 1


def _number(index: int) -> str:
    """Invented numbers: 555-0100 to 555-0199 ring nowhere."""
    return f"+1816555{100 + index:04d}"
