"""Many conditions are one question to the database, asked of the moment at hand."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, event, exists, text

from bot import auditor
from bot.carrier.faults import Fault, FaultKind
from bot.db import Database
from bot.dispatch import send_due
from bot.due import Hand, Moment, Question
from bot.models import Role, Sender
from bot.wiring import Standby
from scheduler import JOBS, _due, _question, tick
from tests.databases import DATA_KEY, fresh_postgresql
from tests.world import World

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ASKED_BY_AN_IDLE_TICK = 7  # questions; what each new one costs, every clock pays every second


def _was_held(now: Moment) -> ColumnElement[bool]:
    return exists().where(Sender.held_until <= now - timedelta(minutes=2))


def _will_be(now: Moment) -> ColumnElement[bool]:
    return exists().where(Sender.held_until > now + timedelta(seconds=30))


def test_each_condition_is_asked_of_the_moment_at_hand(database_url: str) -> None:
    database = Database(database_url, DATA_KEY)
    question = Question({"was held": _was_held, "will be": _will_be})
    with database.writing() as session:
        session.add(Sender(name="us", taken_until=NOON, held_until=NOON))
    with database.asking() as asking:
        asked = [
            question.answered_yes(asking, NOON + timedelta(seconds=apart)) for apart in (-31, -30, 0, 119, 120, 9999)
        ]
    database.engine.dispose()
    assert asked == [{"will be"}, set(), set(), set(), {"was held"}, {"was held"}]


def test_the_hand_moves_as_instants_do() -> None:
    minute = timedelta(minutes=1)
    assert Hand() + minute - 3 * minute == Hand(-2 * minute)


def test_a_tick_with_nothing_to_do_asks_little(world: World) -> None:
    world.participant("Ana", world.colleague("Dana"))
    world.settles()
    asked: list[str] = []
    db = world.standby.db
    for engine in (db.engine, db._for_questions)[: 1 if db.engine.dialect.name == "sqlite" else 2]:
        event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2].split("\n")[0]))
    assert not any(tick(world.standby, world.now + timedelta(seconds=15)).values())
    asked = [each for each in asked if not each.startswith("BEGIN")]
    assert len(asked) <= ASKED_BY_AN_IDLE_TICK, asked


def test_every_condition_is_false_in_a_programme_at_rest_and_true_of_work(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.settles()
    question = Question({job.name: job.due for job in JOBS if job.due})
    with world.standby.db.asking() as asking:
        assert question.answered_yes(asking, world.now) == set()
    world.is_due(ana, "weekly")
    ana.sends("he hit me")
    world.carrier.run_due()
    with world.standby.db.asking() as asking:
        assert question.answered_yes(asking, world.now) == {"handle replies left over", "start check-ins"}
    world.settles()
    ana.hears_all()
    dana.hears("danger")


WALKED_THROUGH = re.compile(r"Seq Scan on (?!beats|senders|broken_promises)")  # which hold a handful of rows each
PREPARED = """
    SELECT name, array_length(parameter_types, 1), generic_plans, custom_plans FROM pg_prepared_statements
    WHERE statement LIKE '%EXISTS%' AND statement NOT LIKE '%pg_prepared_statements%'
"""


@pytest.mark.parametrize("question", [_question(JOBS), auditor._question(timedelta(hours=1), timedelta(seconds=24))])
def test_postgresql_plans_what_the_clock_asks_once_and_by_indexes(question: Question) -> None:
    """Planned for the values at hand it would take three times as long, and planned once as PostgreSQL likes it might
    walk through everybody, every second.
    """
    with fresh_postgresql() as url:
        database = Database(url, DATA_KEY)
        for _ in range(8):  # on its own PostgreSQL would think again after the fifth
            with database.asking() as asking:
                question.answered_yes(asking, NOON)
        with database.asking() as asking:
            name, parameters, generic, custom = asking.execute(text(PREPARED)).one()
            compiled = asking.scalar(text("SHOW jit"))
            as_planned = f'EXPLAIN EXECUTE "{name}" ({", ".join(["NULL"] * parameters)})'
            plan = asking.execute(text(as_planned)).scalars().all()
        database.engine.dispose()
    assert (generic, custom, compiled) == (8, 0, "off")
    assert not [step for step in plan if WALKED_THROUGH.search(step)]


WRITES = ("INSERT", "UPDATE", "DELETE")


@pytest.fixture
def watched(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in which every job that a tick would leave out is run, and must then find nothing to do."""
    written: list[str] = []

    def note(*call: Any) -> None:
        if call[2].startswith(WRITES):
            written.append(call[2])

    def tick_with_care(standby: Standby, now: datetime) -> dict[str, int]:
        event.listen(standby.db.engine, "before_cursor_execute", note)
        for job in JOBS:
            if job.due and job.name not in _due(JOBS, standby, now):
                assert job.run(standby, now) == 0, job.name
                assert not written, (job.name, written)
        event.remove(standby.db.engine, "before_cursor_execute", note)
        return tick(standby, now)

    send_due(world.standby.post, world.now)  # makes the row of the sender, once
    monkeypatch.setattr("tests.world.tick", tick_with_care)
    return world


def test_no_job_that_is_left_out_had_anything_to_do(watched: World) -> None:
    """Nine days with much of what may come."""
    dana, sam = watched.colleague("Dana"), watched.colleague("Sam", Role.SUPERVISOR, on_call=True)
    ana, luz, ray = (watched.participant(name, dana) for name in ("Ana", "Luz", "Ray"))
    for person in (ana, luz, ray):
        watched.is_due(person, "weekly", repeat_days=7)
    watched.passes(hours=2)
    watched.goes_wrong(Fault(FaultKind.TAKE_AND_RESET), times=2)
    watched.goes_wrong(Fault(FaultKind.DROP_CALLBACKS), times=2)  # which would tell what became of them
    ana.texts("lights getting shut off friday")
    watched.passes(hours=1)
    watched.goes_wrong(Fault(FaultKind.REFUSE, http_status=429, code=20429), times=3)
    watched.goes_wrong(Fault(FaultKind.DROP_CALLBACKS), times=2)
    ana.texts("necesito hablar con alguien")
    watched.passes(hours=6)
    watched.goes_wrong(Fault(FaultKind.UNDELIVER, code=30005, handset=ray.number))
    watched.passes(days=8)
    ray.texts("STOP")
    watched.goes_wrong(Fault(FaultKind.UNDELIVER, code=30003, handset=dana.number))
    luz.texts("he hit me")
    watched.passes(minutes=15)
    for phone in (dana, sam, ana, luz, ray):
        phone.hears_all()
