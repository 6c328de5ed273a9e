"""The programme of a run, written into a fresh database before anything goes wrong."""

from datetime import date

from bot import people
from bot.config import Settings
from bot.core.kinds import Language
from bot.core.rota import Layer
from bot.db import Database
from bot.duty import always_on_call
from bot.models import Role, Staff
from tests.faults.town import STAFF, START_AT, Resident

CONSENTED_ON = date(2026, 2, 2)


def seed_programme(settings: Settings, residents: list[Resident]) -> None:
    """Staff with phones that were verified, and participants who are due for the weekly check-in."""
    database = Database(settings.database_url, settings.data_keys)
    with database.writing() as session:
        staff = [
            Staff(
                email=f"{each.name.lower()}@example.org",
                name=each.name,
                phone=each.number,
                phone_hash=database.fingerprint(each.number),
                role=Role(each.role),
                phone_verified_at=START_AT,
            )
            for each in STAFF
        ]
        session.add_all(staff)
        session.flush()
        for row, each in zip(staff, STAFF, strict=True):
            session.add_all(always_on_call(row.id, Layer(each.layer)) if each.layer else ())
        workers = [row.id for row, each in zip(staff, STAFF, strict=True) if each.role == "caseworker"]
    for place, person in enumerate(residents):
        _enrol(database, person, workers[place % len(workers)])
    database.engine.dispose()


def _enrol(database: Database, person: Resident, caseworker_id: int) -> None:
    with database.writing() as session:
        enrolment = people.Enrolment(
            name=person.name,
            channel="sms",
            address=person.number,
            language=Language(person.language),
            zone=person.zone,
            caseworker_id=caseworker_id,
            consent_on=CONSENTED_ON if person.consents else None,
            consent_by="Dana",
        )
        participant = people.enrol(database, session, enrolment, START_AT)
        people.plan(session, participant, "weekly", person.first_due_at, repeat_days=7)
