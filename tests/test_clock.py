"""The metronome itself, on the real clock."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from bot.models import Beat
from scheduler import JOBS, keep_up, metronome
from tests.conftest import Log
from tests.world import World


def test_no_job_waits_for_a_clock_that_was_set_back(world: World, log: Log) -> None:
    scheduler = metronome(world.standby)
    scheduler.start(paused=True)
    now = datetime.now(UTC)
    for job in JOBS:
        scheduler.get_job(job.name).modify(next_run_time=now + timedelta(hours=1, seconds=1))
    keep_up(scheduler, now)
    late = [each.id for each in scheduler.get_jobs() if each.next_run_time > now + timedelta(hours=1)]
    scheduler.shutdown(wait=False)
    assert not late
    assert log.expects("clock_was_set_back")


def test_a_clock_that_is_right_is_left_alone(world: World) -> None:
    scheduler = metronome(world.standby)
    scheduler.start(paused=True)
    before = [each.next_run_time for each in scheduler.get_jobs()]
    keep_up(scheduler, datetime.now(UTC) - timedelta(seconds=3))
    after = [each.next_run_time for each in scheduler.get_jobs()]
    scheduler.shutdown(wait=False)
    assert before == after


def test_a_starting_clock_keeps_when_jobs_ran_and_notes_how_often_they_mean_to(world: World) -> None:
    world.settles()
    with world.standby.db.writing() as session:
        session.execute(update(Beat).where(Beat.job == JOBS[0].name).values(every_s=999))
    metronome(world.standby)
    with world.standby.db.reading() as session:
        beats = {beat.job: (beat.every_s, beat.at) for beat in session.scalars(select(Beat))}
    assert beats == {job.name: (job.every_s, world.now) for job in JOBS}
