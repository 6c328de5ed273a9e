"""Weeks that are over for good are counted once, and whoever changes something of them afterwards is seen."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.core.delivery import Status
from bot.core.kinds import Language, Outcome, Purpose
from bot.db import Database
from bot.models import CheckIn, Direction, Message, WeekCount
from bot.reports import checkins
from bot.reports.scope import Scope, latest
from bot.statuses import hold_text, move, move_all
from bot.week_counts import forget, keep_settled
from tests.databases import DATA_KEY
from tests.kept import DAY, HOUR, NOW, THIS_WEEK, WEEK, ZONE, Kept

LONG_AGO = THIS_WEEK - 5 * WEEK
MONDAY = date(2026, 10, 19)  # of LONG_AGO
SCOPE = latest(NOW, ZONE, 8)
FIGURES: tuple[Callable[[Session, Scope], object], ...] = (
    checkins.by_week, checkins.by_flow, checkins.by_cohort, checkins.by_caseworker, checkins.by_language,
    checkins.by_channel, checkins.by_hour, checkins.funnel_of,
    lambda session, scope: checkins.waits(session, scope, NOW),
)  # fmt: skip


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, DATA_KEY)
    yield database
    database.engine.dispose()


def _counted(database: Database) -> set[date]:
    with database.reading() as session:
        return set(session.scalars(select(WeekCount.week).distinct()))


def _figures(database: Database) -> list[object]:
    scopes = (SCOPE, replace(SCOPE, flow="weekly"), replace(SCOPE, cohort="Fall"))
    with database.reading() as session:
        return [figure(session, scope) for figure, scope in product(FIGURES, scopes)]


def _one(database: Database, at: datetime = LONG_AGO, outcome: Outcome | None = Outcome.SILENT) -> int:
    """A check-in that nobody answered, whose first text the carrier still has; the id of that text."""
    with database.writing() as session:
        check_in = Kept(session).check_in(at, Status.SENT, outcome=outcome)
        text = Message(
            direction=Direction.OUT, channel="sms", other="+18165550101", other_hash="h", body="How are you?", at=at,
            participant_id=check_in.participant_id, check_in_id=check_in.id, purpose=Purpose.CHECK_IN,
            status=Status.SENT, sent_at=check_in.asked_at,
        )  # fmt: skip
        session.add(text)
        session.flush()
        return text.id


def _not_delivered(database: Database) -> int:
    with database.reading() as session:
        return checkins.by_week(session, SCOPE)[MONDAY].not_delivered


def test_figures_are_the_same_once_their_weeks_are_counted(database: Database) -> None:
    ways = (
        {"first": Status.DELIVERED, "answered": HOUR, "outcome": Outcome.FINISHED},
        {"first": Status.DELIVERED, "answered": 3 * DAY, "late": True, "outcome": Outcome.FINISHED, "ended": 4 * DAY},
        {"first": Status.READ, "outcome": Outcome.SILENT},
        {"first": Status.UNDELIVERED, "outcome": Outcome.BROKEN},
        {"first": None, "outcome": Outcome.STOPPED},
    )
    with database.writing() as session:
        kept = Kept(session)
        workers = [None, kept.worker("Dana", "North"), kept.worker("Omar", "South")]
        for week, (place, way) in product(range(8), enumerate(ways)):
            for turn in range(1 + (week + place) % 3):
                other = {"cohort": "Fall"} if turn else {"language": Language.ES, "channel": "whatsapp"}
                flow, worker = ("weekly", "court")[turn % 2], workers[(week + turn) % 3]
                kept.check_in(THIS_WEEK - week * WEEK + place * HOUR, flow=flow, worker=worker, **way, **other)  # type: ignore[arg-type]
        kept.check_in(THIS_WEEK)
    before = _figures(database)
    assert keep_settled(database, ZONE, NOW) == 5
    assert len(_counted(database)) == 5
    assert _figures(database) == before


def test_nothing_is_counted_that_may_change(database: Database) -> None:
    _one(database, LONG_AGO)
    _one(database, LONG_AGO - WEEK, outcome=None)  # runs still
    _one(database, THIS_WEEK - 2 * WEEK)  # over for less than two weeks
    assert keep_settled(database, ZONE, NOW) == 1
    assert _counted(database) == {MONDAY}


def test_the_end_of_a_week_is_that_of_the_programmes_zone(database: Database) -> None:
    _one(database, THIS_WEEK - 3 * WEEK)
    over_for_two_weeks = THIS_WEEK
    assert keep_settled(database, ZONE, over_for_two_weeks - timedelta(seconds=1)) == 0
    assert keep_settled(database, ZONE, over_for_two_weeks) == 1


def test_an_empty_programme_has_no_weeks(database: Database) -> None:
    assert keep_settled(database, ZONE, NOW) == 0


def test_what_the_carrier_says_late_is_seen_at_once_and_counted_anew(database: Database) -> None:
    text_id = _one(database)
    keep_settled(database, ZONE, NOW)
    assert _not_delivered(database) == 0
    with database.writing() as session:
        move(session, hold_text(session, text_id), Status.UNDELIVERED)
    assert _not_delivered(database) == 1 and not _counted(database)
    assert keep_settled(database, ZONE, NOW) == 1
    assert _not_delivered(database) == 1 and _counted(database) == {MONDAY}


def test_texts_that_are_moved_together_are_seen_too(database: Database) -> None:
    text_id = _one(database)
    keep_settled(database, ZONE, NOW)
    with database.writing() as session:
        move_all(session, Message.id == text_id, Status.FAILED, "why")
    assert _not_delivered(database) == 1


def test_weeks_are_counted_once_however_many_clocks_there_are(database: Database) -> None:
    _one(database)
    with database.writing() as session:
        Kept(session).check_in(LONG_AGO, answered=HOUR, outcome=Outcome.FINISHED)
    clocks = [threading.Thread(target=keep_settled, args=(database, ZONE, NOW)) for _ in range(4)]
    for clock in clocks:
        clock.start()
    for clock in clocks:
        clock.join()
    with database.reading() as session:
        tally = checkins.by_week(session, SCOPE)[MONDAY]
    assert (tally.answered, tally.unanswered, tally.started) == (1, 1, 2)
    assert _counted(database) == {MONDAY}


def test_a_change_that_is_under_way_is_waited_for(database: Database) -> None:
    """Who counts meanwhile counts what it leaves, and not what it found."""
    _one(database)
    counting = threading.Thread(target=keep_settled, args=(database, ZONE, NOW))
    with database.writing() as session:
        changed = update(CheckIn).values(first_status=Status.UNDELIVERED).returning(CheckIn.id)
        check_in_ids = session.scalars(changed).all()
        counting.start()
        counting.join(0.2)  # it cannot end before we do, however long it has
        assert counting.is_alive()
        forget(session, check_in_ids)
    counting.join()
    assert _counted(database) == {MONDAY}
    assert _not_delivered(database) == 1
