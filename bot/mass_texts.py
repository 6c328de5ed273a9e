"""One text to many participants: who gets it, who does not and why, and how far it has come."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from bot.casework import danger_open
from bot.consents import has_consented
from bot.core.delivery import Status
from bot.core.kinds import Language, Purpose
from bot.core.segments import segments
from bot.db import insert_once
from bot.models import MassText, Message, Participant
from bot.outbox import Draft, Recipient, queue, take_back
from bot.people import is_opted_out, note, recipient

WAITING = (Status.QUEUED, Status.SENDING)
OUT = (Status.TAKEN, Status.SENT, Status.DELIVERED, Status.READ)


@dataclass(frozen=True)
class Filter:
    """Of whom one may text, those of one cohort, caseworker or language; None and "" take everybody."""

    cohort: str = ""
    caseworker_id: int | None = None
    language: Language | None = None

    def narrow(self, people: Select[Participant]) -> Select[Participant]:
        """Only whom this filter takes."""
        if self.cohort:
            people = people.where(Participant.cohort == self.cohort)
        if self.caseworker_id is not None:
            people = people.where(Participant.caseworker_id == self.caseworker_id)
        return people.where(Participant.language == self.language) if self.language is not None else people


@dataclass(frozen=True)
class Audience:
    """Who gets the text, at which address; and who does not, with the reason in a few words."""

    gets: tuple[tuple[Participant, Recipient], ...]
    left_out: tuple[tuple[Participant, str], ...]

    def parts(self, bodies: Mapping[Language, str]) -> int:
        """How many segments leave in all."""
        return sum(segments(bodies[person.language])[1] for person, _ in self.gets)

    def takes(self, bodies: Mapping[Language, str], segments_per_second: float) -> timedelta:
        """How long the sender needs for it, if it has nothing else to send."""
        return timedelta(seconds=self.parts(bodies) / segments_per_second)


def audience(
    session: Session, people: Sequence[Participant], bodies: Mapping[Language, str], now: datetime
) -> Audience:
    """Each of these people, sorted by whether this text would reach them."""
    gets, left_out = [], []
    for person in sorted(people, key=lambda each: (each.name.casefold(), each.id)):
        to = recipient(session, person)
        if why := _why_not(session, person, to, bodies, now):
            left_out.append((person, why))
        elif to is not None:
            gets.append((person, to))
    return Audience(tuple(gets), tuple(left_out))


def _why_not(
    session: Session, person: Participant, to: Recipient | None, bodies: Mapping[Language, str], now: datetime
) -> str:
    """The strongest reason; empty where none speaks against it."""
    if is_opted_out(session, person):
        return "opted out"
    if to is None:
        return "no working number"
    if not has_consented(session, person.id, to.channel, to.value_hash):
        return "no consent"
    if danger_open(session, person.id):
        return "may be in danger: people talk to them"
    if person.paused_until is not None and person.paused_until > now:
        return "paused"
    return "" if bodies.get(person.language) else "no text in their language"


def send_to_all(
    session: Session, staff_id: int, key: str, bodies: Mapping[Language, str], to: Audience, now: datetime
) -> MassText:
    """Queue it for everybody in the audience, behind all that is more pressing. The same key sends once."""
    mass = MassText(key=key, staff_id=staff_id, bodies={each.value: text for each, text in bodies.items()}, at=now)
    if not insert_once(session, mass):
        return session.scalars(select(MassText).where(MassText.key == key)).one()
    for person, address in to.gets:
        body = bodies[person.language]
        draft = Draft(address, body, Purpose.CHECK_IN, written_by=staff_id, mass_text_id=mass.id)
        queue(session, draft, now)
        note(session, "mass_text", now, staff_id, person.id, detail=f"mass text {mass.id}")
    return mass


@dataclass(frozen=True)
class Progress:
    """How far a text to many has come."""

    waiting: int
    out: int
    delivered: int
    failed: int

    @property
    def all(self) -> int:
        return self.waiting + self.out + self.failed


def progress(session: Session, mass_text_id: int) -> Progress:
    """How many of its texts wait, left, arrived, and did not leave or arrive."""
    stands = Counter(session.scalars(select(Message.status).where(Message.mass_text_id == mass_text_id)))
    waiting = sum(stands[each] for each in WAITING)
    out = sum(stands[each] for each in OUT)
    delivered = stands[Status.DELIVERED] + stands[Status.READ]
    return Progress(waiting, out, delivered, stands.total() - waiting - out)


def stop(session: Session, mass: MassText, staff_id: int, now: datetime) -> int:
    """What has not left yet does not leave; how many."""
    mass.stopped_at = mass.stopped_at or now
    note(session, "mass_text_stopped", now, staff_id, detail=f"mass text {mass.id}")
    return take_back(session, Message.mass_text_id == mass.id)
