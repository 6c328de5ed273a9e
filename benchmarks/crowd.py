"""Any number of participants who are due, written by the database itself: a million in about a minute."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, String, case, cast, insert, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from benchmarks.ground import NOON
from benchmarks.people import ZONE, number
from benchmarks.store import in_haste, settle
from bot import people
from bot.core.delivery import Status
from bot.core.kinds import Language, Purpose
from bot.core.sending import PRIORITY
from bot.db import Database
from bot.models import Address, Consent, Direction, Message, Participant, Plan, Role, Staff
from bot.people import Enrolment

FLOW, EVERY_DAYS = "weekly", 7
SLOTS = 100  # so many different due times
CASEWORKERS = 200  # of 8,000 participants forty each
Values = dict[InstrumentedAttribute[Any], Any]


def gather(database: Database, count: int, due_at: datetime, apart: timedelta = timedelta(0), texts: int = 0) -> None:
    """`count` participants, numbered from 1, who agreed to texts and are due for the weekly check-in, at `due_at` or
    up to a hundred times `apart` later; and `texts` texts that they got the day before. All share a name and a number;
    their caseworkers have names of their own, as these stand in the texts.
    """
    with in_haste(database):
        _gather(database, count, due_at, apart)
        if texts:
            _text(database, min(count, texts), texts, due_at - timedelta(days=1))
    settle(database)


def address_hash(participant_id: ColumnElement[int]) -> ColumnElement[str]:
    """What stands for the fingerprint of the participant's address; it belongs to no number. As fingerprints do, those
    of neighbours lie far apart: multiplied with a prime that has no factor in common with the 2^32 they stay apart.
    """
    scattered = literal(2**32, BigInteger) + cast(participant_id, BigInteger) * 2654435761 % 2**32
    return cast(scattered, String).concat(" is no fingerprint, but of the length of one")


def _gather(database: Database, count: int, due_at: datetime, apart: timedelta) -> None:
    row = _numbers(count)
    slots = {place: literal(due_at + place * apart, Plan.next_check_in_at.type) for place in range(SLOTS)}
    persons: Values = {
        Participant.id: row, Participant.name: "Ana Abel", Participant.language: Language.EN, Participant.zone: ZONE,
        Participant.cohort: "", Participant.enrolled_at: due_at, Participant.silences: 0,
        Participant.caseworker_id: row % CASEWORKERS + 1,
    }  # fmt: skip
    addresses: Values = {
        Address.participant_id: row, Address.channel: "sms", Address.value: number(1),
        Address.value_hash: address_hash(row), Address.reachable: True,
    }  # fmt: skip
    consents: Values = {
        Consent.participant_id: row, Consent.channel: "sms", Consent.address_hash: address_hash(row),
        Consent.given_on: due_at.date(), Consent.method: "paper", Consent.recorded_by: "Dana Demo",
        Consent.recorded_at: due_at,
    }  # fmt: skip
    plans: Values = {
        Plan.participant_id: row, Plan.flow_name: FLOW, Plan.next_check_in_at: case(slots, value=row % SLOTS),
        Plan.repeat_days: EVERY_DAYS, Plan.given: {},
    }  # fmt: skip
    with database.writing() as session:
        session.add_all(_caseworker(place) for place in range(1, CASEWORKERS + 1))
    for values in (persons, addresses, consents, plans):
        _write(database, values)


def _caseworker(place: int) -> Staff:
    return Staff(id=place, email=f"worker{place}@example.org", name=f"Dana{place} Demo", role=Role.CASEWORKER)


def _text(database: Database, persons: int, count: int, at: datetime) -> None:
    row = _numbers(count)
    whose = row % persons + 1
    texts: Values = {
        Message.id: row, Message.direction: Direction.OUT, Message.channel: "sms", Message.other: number(1),
        Message.other_hash: address_hash(whose), Message.participant_id: whose, Message.body: "Hi, it's Dana.",
        Message.at: at, Message.attempts: 1, Message.purpose: Purpose.CHECK_IN, Message.segments: 1,
        Message.priority: PRIORITY[Purpose.CHECK_IN], Message.status: Status.DELIVERED, Message.send_after: at,
        Message.handed_over_at: at, Message.sent_at: at, Message.confirms_opt_out: False,
        Message.token: literal("crowd ", String).concat(cast(row, String)),
    }  # fmt: skip
    _write(database, texts)


def _numbers(count: int) -> ColumnElement[int]:
    """1 to `count`, a row each."""
    rows = select(literal(1, Integer).label("number")).cte("numbers", recursive=True)
    rows = rows.union_all(select(rows.c.number + 1).where(rows.c.number < count))
    return rows.c.number


def _write(database: Database, values: Values) -> None:
    table = next(iter(values)).class_
    chosen = [
        value if isinstance(value, ColumnElement) else literal(value, column.type) for column, value in values.items()
    ]
    with database.writing() as session:
        names = [column.key for column in values]
        session.execute(insert(table).from_select(names, select(*chosen), include_defaults=False))


def enrol(database: Database, count: int, at: datetime = NOON) -> None:
    """A few participants as Standby enrols them, each with a number of their own: number(1) and those that follow."""
    with database.writing() as session:
        for place in range(1, count + 1):
            person = Enrolment(
                f"Ana {place}", "sms", number(place), Language.EN, ZONE, None, consent_on=at.date(), consent_by="Dana"
            )
            participant = people.enrol(database, session, person, at)
            people.plan(session, participant, FLOW, at, EVERY_DAYS)
