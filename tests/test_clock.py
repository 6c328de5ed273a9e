"""The metronome itself, on the real clock."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from bot.config import ROOT
from bot.models import Beat
from scheduler import JOBS, keep_up, metronome
from tests.conftest import Log
from tests.databases import DATA_KEY, fresh_sqlite
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


A_PROCESS_THAT_ENDS_WHILE_A_JOB_RUNS = """
import threading
from concurrent.futures import ThreadPoolExecutor
import scheduler
from bot import logs, wiring
from bot.config import load_settings

logs.set_up()
begun, hands = threading.Event(), ThreadPoolExecutor()

def send(_standby, _now):
    begun.set()
    while metronome.running:  # until it is told of the end
        threading.Event().wait(0.01)
    return hands.submit(print, "sent").result() or 0

scheduler.JOBS = (scheduler.Job("send", 600, send),)
standby = wiring.ready(wiring.build(load_settings()))
metronome = scheduler.metronome(standby)
scheduler.metronome = lambda _standby: metronome
scheduler.tick_beside(standby)
begun.wait()
"""


def test_a_clock_beside_the_web_finishes_what_runs_as_the_process_ends() -> None:
    with fresh_sqlite() as url:
        keys = {"STANDBY_SECRET_KEY": "a key for tests only", "STANDBY_DATA_KEYS": DATA_KEY}
        parts = {"STANDBY_DATABASE_URL": url, "STANDBY_CARRIER": "simulated", "TWILIO_API_URL": "http://127.0.0.1:9"}
        ended = subprocess.run(
            [sys.executable, "-c", A_PROCESS_THAT_ENDS_WHILE_A_JOB_RUNS],
            cwd=ROOT, env={**os.environ, **keys, **parts}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, "sent\n"), ended.stderr
    assert "error" not in ended.stderr.lower()
