"""What a newcomer would build: one APScheduler job for each participant, kept in its SQLAlchemy store.

Each job does the least there is: one row, one commit. The whole check-in that Standby starts is held against it. Their
database is set up as it comes; Standby sets SQLite up so that commits cost less and readers and writers do not wait for
each other (bot/engines.py).
"""

import threading
import time
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import URL, Engine, create_engine, make_url, text

WITHIN_S = 900
log = structlog.get_logger()
_engines: list[Engine] = []  # a stored job is named, not kept: it finds the database here


def run_all(url: str, count: int) -> float:
    """Seconds from the start of the clock until `count` jobs, all due at once, have run on this empty database.

    They may be late: with what APScheduler comes with, it would leave out all that are late by a second.
    """
    _engines[:] = [_engine(make_url(url))]
    with _engines[0].begin() as connection:
        connection.execute(text("CREATE TABLE newcomers (participant_id INTEGER NOT NULL, asked_at VARCHAR(40))"))
    scheduler, done = _scheduler(count)
    scheduler.start(paused=True)
    _add_jobs(scheduler, count)
    began = time.perf_counter()
    scheduler.resume()
    if not done.wait(WITHIN_S):
        raise RuntimeError(f"not all jobs ran within {WITHIN_S} s")
    took = time.perf_counter() - began
    scheduler.shutdown()
    _engines.pop().dispose()
    return took


def _engine(url: URL) -> Engine:
    """As a newcomer would make it, but that nobody gives up while another thread writes."""
    if url.get_backend_name() == "sqlite":
        return create_engine(url, connect_args={"timeout": WITHIN_S})
    return create_engine(url.set(drivername="postgresql+psycopg"))


def _scheduler(count: int) -> tuple[BackgroundScheduler, threading.Event]:
    scheduler = BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(engine=_engines[0])},
        job_defaults={"misfire_grace_time": None},
        timezone="UTC",
    )
    done, ran = threading.Event(), [0]

    def on_end(ended: JobExecutionEvent) -> None:
        ran[0] += 1
        if ended.code != EVENT_JOB_EXECUTED:
            log.error("newcomer_failed", job=ended.job_id)
        if ran[0] >= count:
            done.set()

    scheduler.add_listener(on_end, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    return scheduler, done


def _add_jobs(scheduler: BackgroundScheduler, count: int) -> None:
    """Weekly jobs, all due now."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    for place in range(1, count + 1):
        scheduler.add_job(ask, "interval", weeks=1, args=[place], id=str(place), next_run_time=now)


def ask(participant_id: int) -> None:
    """One row, one commit."""
    with _engines[0].begin() as connection:
        row = {"whose": participant_id, "at": datetime.now(UTC).isoformat()}
        connection.execute(text("INSERT INTO newcomers VALUES (:whose, :at)"), row)
