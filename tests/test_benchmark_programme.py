"""The benchmark's programme keeps for the figures what Standby itself would have kept."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benchmarks.people import ZONE
from benchmarks.programme import DATA_KEY, Size, make
from benchmarks.rows import TABLES
from bot.checkins import flow_of
from bot.core.delivery import Status
from bot.core.escalation import Urgency
from bot.core.hours import hour_of_week, minutes_between, week_of
from bot.core.kinds import Answer, Intent, Outcome
from bot.core.turn import Position
from bot.db import Database
from bot.models import (
    CheckIn,
    Danger,
    Direction,
    Event,
    Flag,
    FlagState,
    Handover,
    Mark,
    Message,
    Participant,
    Resolution,
    Staff,
)
from tests.databases import FRESH

SIZE = Size(participants=50, weeks=30, caseworkers=6)
OPENED = ("flag_raised", "flag_urgent_again", "flag_reopened", "flag_opened_again")
TAKEN = ("flag_taken", "flag_resolved")


@pytest.fixture(scope="module", params=FRESH)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A small programme in a database of each kind."""
    with FRESH[request.param]() as url:
        database = Database(url, DATA_KEY)
        list(make(database, SIZE))
        yield database
        database.engine.dispose()


@pytest.fixture(scope="module")
def session(database: Database) -> Iterator[Session]:
    with database.reading() as session:
        yield session


def test_check_ins_keep_where_their_first_text_stands(session: Session) -> None:
    firsts: dict[int | None, Message] = {}
    for text in session.scalars(select(Message).where(Message.check_in_id.is_not(None)).order_by(Message.id)):
        firsts.setdefault(text.check_in_id, text)
    zones = {each.id: each.zone for each in session.scalars(select(Participant))}
    check_ins = session.scalars(select(CheckIn)).all()
    assert len(check_ins) > 300
    for each in check_ins:
        first = firsts[each.id]
        assert (each.first_status, each.asked_at, each.channel) == (first.status, first.sent_at, first.channel)
        asked_at = each.asked_at
        assert each.local_hour == (hour_of_week(asked_at, zones[each.participant_id]) if asked_at else None)


def test_check_ins_and_flags_count_where_they_began(session: Session) -> None:
    handovers = session.scalars(select(Handover).order_by(Handover.at)).all()
    people = {each.id: each for each in session.scalars(select(Participant))}
    teams = {each.id: each.team for each in session.scalars(select(Staff))}
    began = [(each, each.started_at) for each in session.scalars(select(CheckIn))]
    raised = [(each, each.raised_at) for each in session.scalars(select(Flag).where(Flag.participant_id.is_not(None)))]
    for row, at in (*began, *raised):
        person = people[row.participant_id or 0]
        later = [each.from_id for each in handovers if each.participant_id == person.id and each.at > at]
        worker_id = later[0] if later else person.caseworker_id
        assert worker_id is not None
        assert (row.caseworker_id, row.team, row.cohort) == (worker_id, teams[worker_id], person.cohort)
        assert row.week == week_of(at, ZONE)


def test_check_ins_are_answered_by_the_first_text_that_came_in(session: Session) -> None:
    came = session.scalars(select(Message).where(Message.direction == Direction.IN).order_by(Message.at)).all()
    for each in session.scalars(select(CheckIn)):
        until = each.ended_at or SIZE.until
        theirs = [text for text in came if text.participant_id == each.participant_id]
        during = [text for text in theirs if each.started_at <= text.at <= until]
        answers = [text for text in during if text.intent not in (Intent.STOP, Intent.WRONG_NUMBER)]
        assert each.answered_at == (answers[0].at if answers else None)
        if each.answered_at and each.asked_at:
            in_time = each.answered_at < each.asked_at + flow_of(session, each).answer_within
            assert each.answer is (Answer.IN_TIME if in_time else Answer.LATE)
        over_at = each.answered_at or each.ended_at
        assert each.waited_min == (minutes_between(each.asked_at, over_at) if over_at else None)


def test_who_answered_in_part_was_not_silent(session: Session) -> None:
    for each in session.scalars(select(CheckIn).where(CheckIn.ended_at.is_(None))):
        assert each.outcome is None and each.silent_after is not None
        assert Position.from_dict(each.position or {}).state in flow_of(session, each).states
    ended = session.scalars(select(CheckIn).where(CheckIn.ended_at.is_not(None))).all()
    assert all(each.outcome and each.position is None and each.silent_after is None for each in ended)
    assert {Outcome.FINISHED, Outcome.SILENT} <= {each.outcome for each in ended}


def test_nobody_has_two_check_ins_at_once(session: Session) -> None:
    free_at = dict[int, object]()
    for each in session.scalars(select(CheckIn).order_by(CheckIn.participant_id, CheckIn.started_at)):
        before = free_at.get(each.participant_id)
        assert before is None or (each.started_at > before)  # type: ignore[operator]
        free_at[each.participant_id] = each.ended_at or SIZE.until


def test_flags_keep_who_took_them_first_and_when(session: Session) -> None:
    events = session.scalars(select(Event).where(Event.flag_id.is_not(None)).order_by(Event.at, Event.id)).all()
    for flag in session.scalars(select(Flag)):
        taken = [each.at for each in events if each.flag_id == flag.id and each.what in TAKEN]
        assert flag.first_taken_at == (min(taken) if taken else None)
        assert (flag.state is FlagState.OPEN) == (flag.taken_at is None)
        assert (flag.state is FlagState.RESOLVED) == (flag.resolved_at is not None) == (flag.resolution is not None)
        opened = [each.at for each in events if each.flag_id == flag.id and each.what in OPENED]
        dangers = session.scalars(select(Danger).where(Danger.flag_id == flag.id).order_by(Danger.since)).all()
        expected = [(at, next((each for each in taken if each >= at), None)) for at in opened]
        urgent = flag.urgency is Urgency.NOW
        assert [(each.since, each.taken_at) for each in dangers] == (expected if urgent else [])


def test_flags_keep_the_check_in_during_which_they_were_raised(session: Session) -> None:
    check_ins = session.scalars(select(CheckIn)).all()
    for flag in session.scalars(select(Flag)):
        theirs = [each for each in check_ins if each.participant_id == flag.participant_id]
        runs = [each for each in theirs if each.started_at <= flag.raised_at <= (each.ended_at or SIZE.until)]
        during = (runs[-1].id, runs[-1].week) if runs else (None, None)
        assert (flag.check_in_id, flag.check_in_week) == during


def test_words_that_raised_a_flag_are_in_the_text(session: Session) -> None:
    marks = session.scalars(select(Mark)).all()
    assert any(mark.end for mark in marks)
    assert all(mark.end <= len(mark.message.body) for mark in marks)


def test_everything_of_a_programme_is_in_it(session: Session) -> None:
    rows = {each.__tablename__: session.scalar(select(func.count()).select_from(each)) for each in TABLES.values()}
    empty = {table for table, count in rows.items() if not count}
    assert empty <= {"handovers", "verdicts"}, "so few people may have had none of these, but no others"
    statuses = set(session.scalars(select(CheckIn.first_status).distinct()))
    assert {Status.DELIVERED, Status.UNDELIVERED} <= statuses
    assert set(session.scalars(select(Flag.resolution).distinct())) >= set(Resolution)


def test_rows_that_come_next_find_free_ids(database: Database) -> None:
    with Session(database.engine) as session:
        last = session.scalars(select(Message.id).order_by(Message.id.desc()).limit(1)).one()
        copied = session.get_one(Message, last)
        fresh = Message(direction=copied.direction, channel="sms", other="x", other_hash="x", body="x", at=SIZE.until)
        session.add(fresh)
        session.flush()
        assert fresh.id == last + 1
        session.rollback()


def test_the_same_seed_makes_the_same_programme(tmp_path: Path) -> None:
    small = replace(SIZE, participants=10, weeks=8)
    made = []
    for name in ("one", "two"):
        database = Database(f"sqlite:///{tmp_path / name}.db", DATA_KEY)
        list(make(database, small))
        with database.reading() as session:
            rows = session.execute(select(Message.id, Message.at, Message.body, Message.status).order_by(Message.id))
            made.append([tuple(row) for row in rows])
        database.engine.dispose()
    assert made[0] == made[1] and len(made[0]) > 50


def test_without_its_history_the_last_weeks_are_the_same(tmp_path: Path) -> None:
    since = SIZE.until - timedelta(weeks=3)
    made = []
    for name, history in (("whole", None), ("short", 4)):
        database = Database(f"sqlite:///{tmp_path / name}.db", DATA_KEY)
        list(make(database, replace(SIZE, participants=20, weeks=12, history=history)))
        with database.reading() as session:
            columns = (CheckIn.id, CheckIn.started_at, CheckIn.answered_at, CheckIn.first_status, CheckIn.outcome)
            rows = session.execute(select(*columns).where(CheckIn.started_at >= since).order_by(CheckIn.id))
            made.append(([tuple(row) for row in rows], session.scalar(select(func.count()).select_from(CheckIn))))
        database.engine.dispose()
    assert made[0][0] == made[1][0] and made[0][0]
    assert (made[0][1] or 0) > 2 * (made[1][1] or 0)


def test_people_may_come_without_a_history(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'people'}.db", DATA_KEY)
    list(make(database, replace(SIZE, participants=30), with_history=False))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Participant)) == 30
        assert session.scalar(select(func.count()).select_from(CheckIn)) == 0
    database.engine.dispose()
