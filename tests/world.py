"""A rehearsal of everything: real web, clock jobs, SDK and simulated carrier, on a wound clock.

Stories read like phone calls: `ana.texts("he hit me")`, `dana.hears("someone may be in danger")`,
`world.passes(minutes=15)`. A text that somebody hears and no story expects fails the test; so does an error in the log.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import create_app
from bot import people
from bot.carrier import Carrier
from bot.carrier.faults import Fault
from bot.carrier.postings import Account
from bot.carrier.simulated import SimulatedCarrier, post_into
from bot.config import Settings
from bot.core.delivery import Status
from bot.core.escalation import Urgency
from bot.core.kinds import Language
from bot.core.rota import Layer
from bot.core.sending import UNPACED
from bot.duty import always_on_call
from bot.models import (
    Absence,
    CheckIn,
    Danger,
    Direction,
    Flag,
    FlagState,
    Message,
    Participant,
    Plan,
    Role,
    Sender,
    Staff,
)
from bot.wiring import Deed, Standby, build
from scheduler import tick
from tests.databases import DATA_KEY

MONDAY_MORNING = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)  # 10:00 in Kansas City
OUR_NUMBER = "+18165550100"
PUBLIC_URL = "http://standby.example"
ZONE = "America/Chicago"
STEP = timedelta(seconds=5)  # the clock ticks no closer than this
AnyPhone = TypeVar("AnyPhone", bound="Phone")


@dataclass
class Phone:
    """Somebody's phone: texts, and hears each text once, in order."""

    world: "World"
    number: str
    heard: int = 0

    def texts(self, body: str, media: tuple[str, ...] = ()) -> None:
        """Send a text and let everything that follows at once happen."""
        self.sends(body, media)
        self.world.settles()

    def sends(self, body: str, media: tuple[str, ...] = ()) -> None:
        """Send a text; the carrier has it, and nothing else happens yet."""
        self.world.carrier.handset_texts(self.number, body, media=media)

    def hears(self, *words: str) -> str:
        """The next text, which must contain these words."""
        unheard = self._unheard()
        assert unheard, f"heard nothing, expected {words}"
        body = unheard[0]
        self.heard += 1
        for word in words:
            assert word in body, f"heard {body!r}, expected {word!r}"
        return body

    def hears_nothing(self) -> None:
        """No text waits to be heard."""
        assert not self._unheard(), f"heard {self._unheard()}"

    def hears_all(self) -> list[str]:
        """Everything not heard yet, whatever it says."""
        bodies = self._unheard()
        self.heard += len(bodies)
        return bodies

    def heard_now(self) -> int:
        """How many texts the phone has shown so far."""
        return len(self._received())

    def _unheard(self) -> list[str]:
        return [each.body for each in self._received()][self.heard :]

    def _received(self) -> list[Any]:
        said = self.world.carrier.conversation(self.number)
        return [each for each in said if each.direction != "inbound" and each.heard]


@dataclass
class Colleague(Phone):
    """A member of staff with a phone."""

    id: int = 0

    def picks_up(self, key: str = "") -> str:
        """Answer the call that rings and press a key; what the call said, or "" where none rings."""
        heard = self.world.carrier.handset_picks_up(self.number, key)
        self.world.settles()
        return heard

    def code(self) -> str:
        """The code of the alert that is heard next."""
        return self.hears("text back").split("text back ")[1].split()[0]


@dataclass
class Person(Phone):
    """A participant with a phone."""

    id: int = 0


@dataclass
class World:
    """One programme, its people and their phones."""

    database_url: str
    flows: Path
    start: datetime = MONDAY_MORNING
    settings_over: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = self.start
        self.off = timedelta(0)
        self.waiting: list[Deed] = []
        self.phones: list[Phone] = []
        account = Account(sid="AC" + "0" * 32, auth_token="the token", numbers=(OUR_NUMBER,))
        sms_url = f"{PUBLIC_URL}/twilio/sms"
        self.carrier = SimulatedCarrier(lambda: self.now - self.off, account, sms_url, pace=timedelta(0))
        self.carrier.start()
        self.settings = Settings(
            _env_file=None,
            database_url=self.database_url,
            public_url=PUBLIC_URL,
            secret_key="a key for tests only",
            data_keys=DATA_KEY,
            carrier="simulated",
            account_sid=account.sid,
            auth_token=account.auth_token,
            from_number=OUR_NUMBER,
            api_url=self.carrier.url,
            flows=self.flows,
            **{"segments_per_second": 100.0, "calls_at_once": 1, **self.settings_over},
        )
        self.starts_process()

    def starts_process(self) -> None:
        """A new web process, as after a restart: flows are read anew, nothing is remembered but the database."""
        self.standby: Standby = build(self.settings, now=lambda: self.now, soon=self.waiting.append)
        self.app = create_app(self.standby)
        self.carrier.post = post_into(self.app)

    def dies(self) -> None:
        """The process is killed: what it had committed stays, what it meant to do next is gone."""
        self.waiting.clear()
        self.starts_process()

    def ends(self) -> None:
        """Stop the carrier and let go of the database."""
        self.carrier.stop()
        self.standby.db.engine.dispose()

    def expects_no_more(self) -> None:
        """Every text that anybody heard was expected, and every webhook was taken."""
        for phone in self.phones:
            phone.hears_nothing()
        assert all(each.status in (200, 204) for each in self.carrier.posted), "a webhook failed"

    def expects_figures_in_step(self) -> None:
        """What check-ins and flags keep for the figures is what texts and flags themselves say."""
        with self.standby.db.reading() as session:
            firsts: dict[int | None, Message] = {}
            of_check_ins = select(Message).where(Message.check_in_id.is_not(None), Message.direction == Direction.OUT)
            for text in session.scalars(of_check_ins.order_by(Message.id)):
                firsts.setdefault(text.check_in_id, text)
            for each in session.scalars(select(CheckIn)):
                first = firsts.get(each.id)
                said = (first.status, first.sent_at, first.channel) if first else (None, None, each.channel)
                assert (each.first_status, each.asked_at, each.channel) == said, f"check-in {each.id} is out of step"
                assert (each.local_hour is None) == (each.asked_at is None)
            waits = set(session.scalars(select(Danger.flag_id).where(Danger.taken_at.is_(None))))
            open_now = (Flag.urgency == Urgency.NOW) & (Flag.state == FlagState.OPEN)
            assert waits == set(session.scalars(select(Flag.id).where(open_now))), "danger is out of step"
            touched = select(Flag).where(Flag.state == FlagState.ACKNOWLEDGED)
            assert all(each.first_taken_at for each in session.scalars(touched))

    def second_process(self) -> Standby:
        """One more process on the same database, like a clock beside the web."""
        return build(self.settings, now=lambda: self.now, soon=self.waiting.append)

    def with_carrier(self, carrier: Carrier) -> Standby:
        """The same process with another carrier."""
        standby = build(self.settings, now=lambda: self.now, soon=self.waiting.append, carrier=carrier)
        self.app = create_app(standby)
        self.carrier.post = post_into(self.app)
        return standby

    # who is there

    def colleague(
        self,
        name: str,
        role: Role = Role.CASEWORKER,
        on_call: bool = False,
        backup: bool = False,
        verified: bool = True,
        team: str = "",
    ) -> Colleague:
        """A member of staff with a phone; on call, first or as backup, means day and night."""
        number = self._next_number()
        with self.standby.db.writing() as session:
            staff = Staff(
                email=f"{name.lower()}@example.org",
                name=name,
                phone=number,
                phone_hash=self.standby.db.fingerprint(number),
                role=role,
                team=team,
                phone_verified_at=self.now if verified else None,
                active=True,
            )
            session.add(staff)
            session.flush()
            session.add_all(always_on_call(staff.id) if on_call else ())
            session.add_all(always_on_call(staff.id, Layer.BACKUP) if backup else ())
            return self._with_phone(Colleague(self, number, id=staff.id))

    def is_away(self, colleague: Colleague, days: int, stand_in: Colleague | None = None) -> None:
        """The colleague is not there from now on for so many days."""
        until = self.now + timedelta(days=days)
        with self.standby.db.writing() as session:
            stand_in_id = stand_in.id if stand_in else None
            session.add(Absence(staff_id=colleague.id, since=self.now, until=until, stand_in_id=stand_in_id))

    def participant(
        self,
        name: str,
        caseworker: Colleague | None = None,
        language: str = "en",
        zone: str = ZONE,
        consent: bool = True,
        number: str | None = None,
    ) -> Person:
        """A participant with a phone, with consent, due for nothing yet."""
        number = number or self._next_number()
        with self.standby.db.writing() as session:
            enrolment = people.Enrolment(
                name=name,
                channel="sms",
                address=number,
                language=Language(language),
                zone=zone,
                caseworker_id=caseworker.id if caseworker else None,
                consent_on=date(2026, 11, 2) if consent else None,
                consent_by="Dana",
            )
            person = people.enrol(self.standby.db, session, enrolment, self.now)
            return self._with_phone(Person(self, number, id=person.id))

    def second_phone(self, person: Person, consent: bool = True) -> Person:
        """One more phone of the participant, with consent there."""
        number = self._next_number()
        with self.standby.db.writing() as session:
            participant = session.get_one(Participant, person.id)
            people.add_address(self.standby.db, session, participant, "sms", number)
            agreed = people.Enrolment("", "sms", number, Language.EN, ZONE, None, consent_on=date(2026, 11, 2))
            if consent:
                people.record_consent(self.standby.db, session, participant, agreed, self.now)
        return self._with_phone(Person(self, number, id=person.id))

    def stranger(self) -> Phone:
        """A phone that nobody knows."""
        return self._with_phone(Phone(self, self._next_number()))

    def is_due(
        self, person: Person, flow: str, repeat_days: int | None = None, at: datetime | None = None, **given: str
    ) -> None:
        """The participant is due for a flow."""
        with self.standby.db.writing() as session:
            participant = session.get_one(Participant, person.id)
            people.plan(session, participant, flow, at or self.now, repeat_days, given)

    def _next_number(self) -> str:
        return f"+1816555{101 + len(self.phones):04d}"

    def _with_phone(self, phone: AnyPhone) -> AnyPhone:
        self.phones.append(phone)
        return phone

    # time

    def passes(self, **span: float) -> None:
        """Time passes; the clock ticks whenever something is due."""
        end = self.now + timedelta(**span)
        self.settles()
        while self.now < end:
            self.now = min(end, max(self._next_due(), self.now + STEP))
            self.settles()

    def sleeps(self, **span: float) -> None:
        """Time passes with every process of ours down."""
        self.now += timedelta(**span)

    def clock_goes_wrong(self, **by: float) -> None:
        """Our machines' clock is off from the carrier's by this much; by nothing, it is right again."""
        off = timedelta(**by)
        self.now += off - self.off
        self.off = off

    def settles(self) -> None:
        """Webhooks, workers and the clock run until nothing is left to do now."""
        for _ in range(30):
            busy = self.carrier.run_due() + self.works()
            busy += sum(count or 0 for count in tick(self.standby, self.now).values())
            if not busy:
                return
        raise AssertionError("it never settles: something is done over and over")

    def works(self) -> int:
        """The web process' worker does what waits for it."""
        deeds, self.waiting[:] = list(self.waiting), []
        for deed in deeds:
            deed()
        return len(deeds)

    def _next_due(self) -> datetime:
        with self.standby.db.reading() as session:
            moments = [
                self._next_plan(session),
                session.scalar(select(func.min(CheckIn.nudge_at)).where(CheckIn.ended_at.is_(None))),
                session.scalar(select(func.min(CheckIn.silent_after)).where(CheckIn.ended_at.is_(None))),
                session.scalar(select(func.min(Flag.look_at)).where(Flag.state != FlagState.RESOLVED)),
                self._next_text(session),
                self._next_try(session),
                self._next_question(session),
                self._next_at_carrier(),
            ]
        return min((each for each in moments if each is not None), default=datetime.max.replace(tzinfo=UTC))

    def _next_at_carrier(self) -> datetime | None:
        at = self.carrier.exchange.next_due_at()
        return at + self.off if at else None

    def _next_plan(self, session: Session) -> datetime | None:
        """A plan that something holds up is looked at again when its lease ends."""
        plans = session.scalars(select(Plan).where(Plan.next_check_in_at.is_not(None)))
        moments = [(each.next_check_in_at, each.lease_until) for each in plans]
        return min((max(due, lease) if lease else due for due, lease in moments if due), default=None)

    def _next_text(self, session: Session) -> datetime | None:
        """The next text leaves when it is due, nobody holds it and its sender has time for it."""
        paced = session.scalar(select(func.max(Sender.taken_until))) or self.now
        moments = [
            max(each.send_after or each.at, each.lease_until or each.at, each.at if each.purpose in UNPACED else paced)
            for each in session.scalars(select(Message).where(Message.status == Status.QUEUED))
        ]
        return min(moments, default=None)

    def _next_try(self, session: Session) -> datetime | None:
        """A text that could not be handled is tried again when its lease ends."""
        unhandled = (Message.direction == Direction.IN) & Message.handled_at.is_(None)
        lease = session.scalar(select(func.min(Message.lease_until)).where(unhandled))
        return lease if lease else None

    def _next_question(self, session: Session) -> datetime | None:
        """Texts without an outcome are asked about every minute or so."""
        open_ended = session.scalar(select(func.min(Message.handed_over_at)).where(Message.status == Status.SENDING))
        return max(open_ended, self.now) + timedelta(minutes=1) if open_ended else None

    # what can go wrong, and what is on record

    def goes_wrong(self, fault: Fault, times: int = 1) -> None:
        """The carrier does this wrong with the next text that it fits."""
        self.carrier.plan(fault, times)

    def edits_flow(self, name: str, edit: Callable[[str], str]) -> None:
        """Staff edit a flow file, and the processes start anew."""
        path = self.flows / f"{name}.toml"
        path.write_text(edit(path.read_text()))
        self.starts_process()

    def flags(self, person: Person | None = None) -> list[str]:
        """Unresolved flags as "kind urgency state", oldest first."""
        whose = Flag.participant_id == (person.id if person else None)
        with self.standby.db.reading() as session:
            rows = session.scalars(select(Flag).where(whose, Flag.state != FlagState.RESOLVED).order_by(Flag.id))
            return [f"{row.kind} {row.urgency} {row.state}" for row in rows]

    def check_ins(self, person: Person) -> list[str]:
        """The participant's check-ins as "flow outcome", oldest first; a running one has the outcome None."""
        with self.standby.db.reading() as session:
            rows = session.scalars(select(CheckIn).where(CheckIn.participant_id == person.id).order_by(CheckIn.id))
            return [f"{row.flow_name} {row.outcome}" for row in rows]

    def texts_from(self, phone: Phone) -> list[Message]:
        """What is stored of the texts of this phone, oldest first."""
        return self._messages(phone, Direction.IN)

    def texts_to(self, phone: Phone) -> list[Message]:
        """What is stored of our texts to this phone, oldest first."""
        return self._messages(phone, Direction.OUT)

    def _messages(self, phone: Phone, way: Direction) -> list[Message]:
        whose = (Message.other_hash == self.standby.db.fingerprint(phone.number)) & (Message.direction == way)
        with self.standby.db.reading() as session:
            return list(session.scalars(select(Message).where(whose).order_by(Message.id)))
