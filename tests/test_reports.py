"""Response rates, against rows counted by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.delivery import Status
from bot.core.kinds import Outcome, Purpose
from bot.models import Beat, CheckIn, Direction, FlowVersion, Message
from bot.reports import Rate, late_jobs, response_rates, week_starts
from tests.world import Colleague, World

ZONE = "America/Chicago"
NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)  # a Wednesday
THIS_WEEK = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WEEK_BEFORE = THIS_WEEK - timedelta(weeks=1)


def _check_in(
    world: World,
    at: datetime,
    status: Status | None = Status.DELIVERED,
    answered: bool = False,
    outcome: Outcome | None = None,
    flow: str = "weekly",
    caseworker: Colleague | None = None,
) -> None:
    """A check-in as the database would hold it; `outcome` None means that it still runs."""
    person = world.participant("Ana", caseworker or world.colleague(f"Dana{len(world.phones)}"))
    with world.standby.db.writing() as session:
        session.merge(FlowVersion(version=flow, name=flow, source=""))
        session.flush()
        check_in = CheckIn(
            participant_id=person.id,
            flow_name=flow,
            flow_version=flow,
            started_at=at,
            answered_at=at + timedelta(hours=1) if answered else None,
            ended_at=at + timedelta(days=1) if outcome else None,
            outcome=outcome,
        )
        session.add(check_in)
        session.flush()
        for each in [] if status is None else [status, Status.DELIVERED]:  # a later text must not count for the first
            session.add(_text(person.id, check_in.id, each, at))
            session.flush()


def _text(participant_id: int, check_in_id: int, status: Status, at: datetime) -> Message:
    return Message(
        direction=Direction.OUT,
        channel="sms",
        other="+18165550199",
        other_hash="hash",
        participant_id=participant_id,
        check_in_id=check_in_id,
        body="How is your week?",
        at=at,
        purpose=Purpose.CHECK_IN,
        status=status,
    )


def test_each_check_in_falls_in_one_place(world: World) -> None:
    at = THIS_WEEK + timedelta(hours=10)
    for status in (Status.TAKEN, Status.SENT, Status.DELIVERED, Status.READ):
        _check_in(world, at, status, outcome=Outcome.SILENT)
    _check_in(world, at, answered=True, outcome=Outcome.FINISHED)
    _check_in(world, at, answered=True)
    _check_in(world, at, answered=True, outcome=Outcome.STOPPED)
    _check_in(world, at, Status.UNKNOWN, answered=True, outcome=Outcome.FINISHED)
    _check_in(world, at)
    _check_in(world, at, Status.QUEUED)
    _check_in(world, at, outcome=Outcome.STOPPED)
    _check_in(world, at, outcome=Outcome.REPLACED)
    for status in (Status.UNDELIVERED, Status.FAILED, Status.REFUSED, Status.DROPPED, Status.UNKNOWN):
        _check_in(world, at, status, outcome=Outcome.SILENT)
    _check_in(world, at, None, outcome=Outcome.SILENT)
    with world.standby.db.reading() as session:
        rate = response_rates(session, NOW, ZONE).at(THIS_WEEK, "weekly")
    assert rate == Rate(answered=4, unanswered=4, open=2, cut_short=2, not_reached=6)
    assert (rate.counted, rate.percent, rate.started) == (8, 50, 18)


def test_weeks_and_flows_are_kept_apart(world: World) -> None:
    _check_in(world, THIS_WEEK, answered=True, outcome=Outcome.FINISHED)
    _check_in(world, THIS_WEEK - timedelta(seconds=1), outcome=Outcome.SILENT)
    _check_in(world, WEEK_BEFORE, answered=True, outcome=Outcome.FINISHED)
    _check_in(world, WEEK_BEFORE, answered=True, outcome=Outcome.FINISHED)
    _check_in(world, WEEK_BEFORE, outcome=Outcome.SILENT, flow="job")
    _check_in(world, THIS_WEEK - timedelta(weeks=8), answered=True, outcome=Outcome.FINISHED)  # too long ago
    with world.standby.db.reading() as session:
        rates = response_rates(session, NOW, ZONE)
    assert rates.flows == ("weekly", "job")
    assert rates.at(THIS_WEEK, "weekly") == Rate(answered=1)
    assert rates.at(WEEK_BEFORE, "weekly") == Rate(answered=2, unanswered=1)
    assert rates.at(WEEK_BEFORE, "weekly").percent == 67
    assert rates.at(THIS_WEEK, "job").percent is None
    assert rates.total("weekly") == Rate(answered=3, unanswered=1)


def test_a_caseworker_is_shown_their_own_people(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    _check_in(world, THIS_WEEK, answered=True, outcome=Outcome.FINISHED, caseworker=dana)
    _check_in(world, THIS_WEEK, outcome=Outcome.SILENT, caseworker=omar)
    with world.standby.db.reading() as session:
        assert response_rates(session, NOW, ZONE, dana.id).total("weekly") == Rate(answered=1)
        assert response_rates(session, NOW, ZONE).total("weekly") == Rate(answered=1, unanswered=1)


def test_nothing_began_nothing_is_shown(world: World) -> None:
    with world.standby.db.reading() as session:
        assert response_rates(session, NOW, ZONE).flows == ()


@pytest.mark.parametrize(
    ("now", "first", "second"),
    [
        # Clocks go back on Sunday 1 November 2026: that week is an hour longer.
        ("2026-11-02T06:00Z", "2026-11-02T06:00Z", "2026-10-26T05:00Z"),
        ("2026-11-02T05:59Z", "2026-10-26T05:00Z", "2026-10-19T05:00Z"),
    ],
)
def test_weeks_begin_on_monday_on_the_programmes_clock(now: str, first: str, second: str) -> None:
    starts = week_starts(datetime.fromisoformat(now), ZONE)
    assert starts[:2] == (datetime.fromisoformat(first), datetime.fromisoformat(second))
    assert len(starts) == 8


def test_each_job_is_late_at_its_own_pace(world: World) -> None:
    with world.standby.db.writing() as session:
        assert late_jobs(session, NOW) == ("every job",)
        session.add_all(
            [
                Beat(job="quick", every_s=5, at=NOW - timedelta(minutes=3)),
                Beat(job="slow", every_s=120, at=NOW - timedelta(minutes=3)),
                Beat(job="stuck", every_s=120, at=NOW - timedelta(minutes=7)),
                Beat(job="never", every_s=5, at=None),
                Beat(job="fresh", every_s=5, at=NOW),
            ]
        )
        session.flush()
        assert late_jobs(session, NOW) == ("never", "quick", "stuck")
