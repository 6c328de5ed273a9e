"""Faults of our own: one row that cannot be handled keeps nobody else waiting, and a job that stands still is seen."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text, update
from structlog.testing import LogCapture

from app import create_app
from bot import alerts, starting
from bot.core import machine
from bot.core.delivery import Status
from bot.db import Database
from bot.hearing import Inbox
from bot.models import Beat, Flag, Message, Role
from bot.reports.clock import late_jobs
from scheduler import JOBS, run_jobs
from tests.world import World


def _events(log: LogCapture) -> set[str]:
    found = {entry["event"] for entry in log.entries if entry["log_level"] in ("error", "critical")}
    log.entries.clear()
    return found


def test_a_text_that_cannot_be_decrypted_reaches_a_person_and_holds_up_nobody(world: World, log: LogCapture) -> None:
    dana = world.colleague("Dana")
    ana, luz = world.participant("Ana", dana), world.participant("Luz", dana)
    ana.sends("good morning")
    world.carrier.run_due()
    world.waiting.clear()
    with world.standby.db.writing() as session:
        session.execute(text("UPDATE messages SET body = 'no key opens this' WHERE direction = 'in'"))
    luz.texts("he hit me")
    luz.hears("911")
    dana.hears("danger")
    for _ in range(3):
        world.passes(minutes=2)
    assert world.flags(ana) == ["read now open"]
    assert "handling_failed" in _events(log)
    dana.hears_all()


@pytest.mark.parametrize("unreadable", ["addresses SET value", "messages SET body"])
def test_a_text_that_no_key_opens_reaches_a_person_and_holds_up_no_other(
    world: World, log: LogCapture, unreadable: str
) -> None:
    """Many are handed over at once, and all of them are read together."""
    world.settings = world.settings.model_copy(update={"calls_at_once": 8})
    world.dies()
    dana = world.colleague("Dana")
    ana, luz = world.participant("Ana", dana), world.participant("Luz", dana)
    world.is_due(ana, "weekly")
    if unreadable.startswith("addresses"):
        _spoil(world, unreadable)
    assert starting.start_due(world.standby.talk, world.now) == 1
    if unreadable.startswith("messages"):
        _spoil(world, unreadable)
    luz.texts("he hit me")
    luz.hears("911")
    dana.hears("danger")
    world.passes(minutes=2)
    ana.hears_nothing()
    assert world.flags(ana) == ["unreachable today open"]
    assert _events(log) == {"texts_unreadable"}
    dana.hears_all()
    with world.standby.db.writing() as session:  # read by what looks through all texts at the end
        this = update(Message).where(Message.status == Status.REFUSED)
        session.execute(this.values(body="was unreadable", other=ana.number))


@pytest.mark.parametrize("unreadable", ["staff SET name", "staff SET phone", "participants SET name"])
def test_a_name_or_phone_that_no_key_opens_keeps_no_alert_from_ringing(world: World, unreadable: str) -> None:
    """Dana's own or a colleague's, or the participant's; a phone that cannot be dialled passes the alert on."""
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    ana = world.participant("Ana", dana)
    whose = {"staff SET name": (sam.id, dana.id), "staff SET phone": (sam.id,)}.get(unreadable, (ana.id,))
    with world.standby.db.writing() as session:
        for each in whose:
            session.execute(text(f"UPDATE {unreadable} = 'no key opens this' WHERE id = {each}"))
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("danger")
    assert world.flags(ana) == ["safety now open"]
    world.is_due(ana, "weekly")
    world.passes(minutes=20)
    for each in (dana, sam):
        each.hears_all()


def _spoil(world: World, what: str) -> None:
    with world.standby.db.writing() as session:
        session.execute(text(f"UPDATE {what} = 'no key opens this' WHERE participant_id = 1"))


def test_a_check_in_that_cannot_start_holds_up_no_other(
    world: World, log: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana = world.colleague("Dana")
    ana, luz = world.participant("Ana", dana), world.participant("Luz", dana)
    world.is_due(ana, "weekly")
    world.is_due(luz, "weekly")
    whole = machine.begin

    def begin(flow, values, given):  # type: ignore[no-untyped-def]
        if given.participant_id == ana.id:
            raise RuntimeError("a fault of ours")
        return whole(flow, values, given)

    monkeypatch.setattr(machine, "begin", begin)
    world.settles()
    luz.hears("week")
    ana.hears_nothing()
    assert _events(log) == {"starting_failed"}


def test_an_alert_that_cannot_be_made_holds_up_no_other(
    world: World, log: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    ana, luz = world.participant("Ana", dana), world.participant("Luz", omar)
    whole = alerts._alert

    def alert(session, staff, *rest):  # type: ignore[no-untyped-def]
        if staff.id == dana.id:
            raise RuntimeError("a fault of ours")
        whole(session, staff, *rest)

    monkeypatch.setattr(alerts, "_alert", alert)
    ana.texts("he hit me")
    luz.texts("he hit me")
    ana.hears("911")
    luz.hears("911")
    omar.hears("danger")
    dana.hears_nothing()
    assert _events(log) == {"escalating_failed"}


def test_a_job_that_never_gets_through_is_late(world: World, log: LogCapture) -> None:
    world.settles()
    broken = JOBS[-1].__class__("escalate", 5, lambda standby, now: 1 // 0)
    for _ in range(3):
        world.sleeps(minutes=2)
        for job in JOBS:
            run_jobs([broken if job.name == "escalate" else job], world.standby, world.now)
    with world.standby.db.reading() as session:
        assert late_jobs(session, world.now) == ("escalate",)
    answer = world.app.test_client().get("/readyz")
    assert answer.status_code == 503 and "escalate" in answer.text
    assert _events(log) == {"job_failed", "promise_broken"}


def test_what_a_dead_job_left_is_taken_up(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.sends("he hit me")
    world.carrier.run_due()
    with world.standby.db.writing() as session:
        session.execute(update(Message).values(lease_until=world.now + timedelta(minutes=1)))
    world.dies()
    world.sleeps(minutes=2)
    world.settles()
    ana.hears("911")
    dana.hears("danger")
    with world.standby.db.reading() as session:
        assert session.get(Beat, "escalate") is not None
        assert session.query(Flag).count() == 1


def test_readyz_names_keys_that_do_not_open_the_database(world: World) -> None:
    """A web may start before its PostgreSQL does; its keys are only tried then."""
    world.settles()
    ours = world.standby.settings.data_keys
    late = Database(world.standby.settings.database_url, Fernet.generate_key().decode())
    web = create_app(replace(world.standby, inbox=_on(world.standby.inbox, late)))
    answer = web.test_client().get("/readyz")
    Database(world.standby.settings.database_url, ours).engine.dispose()  # the usual keys again
    late.engine.dispose()
    assert answer.status_code == 503 and "STANDBY_DATA_KEYS" in answer.text


def _on(inbox: Inbox, database: Database) -> Inbox:
    return replace(inbox, talk=replace(inbox.talk, post=replace(inbox.talk.post, db=database)))


def test_readyz_is_well_when_every_job_ran(world: World) -> None:
    world.colleague("Sam", Role.SUPERVISOR)
    world.settles()
    assert world.app.test_client().get("/readyz").status_code == 200
