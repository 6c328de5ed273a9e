"""Many conditions are one question to the database, asked of the moment at hand."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, event, exists

from bot.db import Database
from bot.due import Hand, Moment, Question
from bot.models import Sender
from scheduler import JOBS, tick
from tests.databases import DATA_KEY
from tests.world import World

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ASKED_BY_AN_IDLE_TICK = 14  # questions; what each new one costs, every clock pays every second


def _was_held(now: Moment) -> ColumnElement[bool]:
    return exists().where(Sender.held_until <= now - timedelta(minutes=2))


def _will_be(now: Moment) -> ColumnElement[bool]:
    return exists().where(Sender.held_until > now + timedelta(seconds=30))


def test_each_condition_is_asked_of_the_moment_at_hand(database_url: str) -> None:
    database = Database(database_url, DATA_KEY)
    question = Question({"was held": _was_held, "will be": _will_be})
    with database.writing() as session:
        session.add(Sender(name="us", taken_until=NOON, held_until=NOON))
    with database.reading() as session:
        asked = [
            question.answered_yes(session, NOON + timedelta(seconds=apart)) for apart in (-31, -30, 0, 119, 120, 9999)
        ]
    database.engine.dispose()
    assert asked == [{"will be"}, set(), set(), set(), {"was held"}, {"was held"}]


def test_a_question_about_nothing_is_none(database_url: str) -> None:
    database = Database(database_url, DATA_KEY)
    with database.reading() as session:
        assert Question({}).answered_yes(session, NOON) == set()
    database.engine.dispose()


def test_the_hand_moves_as_instants_do() -> None:
    minute = timedelta(minutes=1)
    assert Hand() + minute - 3 * minute == Hand(-2 * minute)


def test_a_tick_with_nothing_to_do_asks_little(world: World) -> None:
    world.participant("Ana", world.colleague("Dana"))
    world.settles()
    asked: list[str] = []
    event.listen(world.standby.db.engine, "before_cursor_execute", lambda *call: asked.append(call[2].split("\n")[0]))
    assert not any(tick(world.standby, world.now + timedelta(seconds=15)).values())
    asked = [each for each in asked if not each.startswith("BEGIN")]
    assert len(asked) <= ASKED_BY_AN_IDLE_TICK, asked


def test_every_condition_is_false_in_a_programme_at_rest_and_true_of_work(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.settles()
    question = Question({job.name: job.due for job in JOBS if job.due})
    with world.standby.db.reading() as session:
        assert question.answered_yes(session, world.now) == set()
    world.is_due(ana, "weekly")
    ana.sends("he hit me")
    world.carrier.run_due()
    with world.standby.db.reading() as session:
        assert question.answered_yes(session, world.now) == {"handle replies left over", "start check-ins"}
    world.settles()
    ana.hears_all()
    dana.hears("danger")
