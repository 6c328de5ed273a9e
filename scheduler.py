"""The clock: the JOBS table and main(). APScheduler lives here alone.

It is only the metronome: due times are columns of the database, so any number of clocks may run, be killed and be late.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from types import FrameType

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from bot import alerts, auditor, casework, checkins, deliveries, dispatch, inbox, logs, starting, summary
from bot.config import ConfigError, load_settings
from bot.core.flow import FlowError
from bot.db import insert_once
from bot.due import Moment, Question
from bot.hearing import Inbox
from bot.models import Beat
from bot.outbox import Post
from bot.scene import Talk
from bot.week_counts import keep_settled
from bot.wiring import Standby, build, finish_first, ready, settle_down

log = structlog.get_logger()

LOOKS_EVERY_S = 5  # at the wall clock, whether it was set back
BEATS_APART = timedelta(seconds=10)  # a job that runs every second need not write so every second
TO_NOTE = "note that they ran"


@dataclass(frozen=True)
class Job:
    """Something to look after every so many seconds. It may run twice, late, or next to itself.

    `due`: whether there may be anything for it; None: it looks for itself. `first_after_s`: so long after the start it
    runs first.
    """

    name: str
    every_s: int
    run: Callable[[Standby, datetime], int]
    due: Callable[[Moment], ColumnElement[bool]] | None = None
    first_after_s: int = 0  # at once: what a clock that was down left behind waits for no interval


def _inbox(deed: Callable[[Inbox, datetime], int]) -> Callable[[Standby, datetime], int]:
    return lambda standby, now: deed(standby.inbox, now)


def _talk(deed: Callable[[Talk, datetime], int]) -> Callable[[Standby, datetime], int]:
    return lambda standby, now: deed(standby.talk, now)


def _post(deed: Callable[[Post, datetime], int]) -> Callable[[Standby, datetime], int]:
    return lambda standby, now: deed(standby.post, now)


JOBS = (
    Job(inbox.FETCH, 60, _inbox(inbox.fetch_missed)),
    Job("handle replies left over", 5, _inbox(inbox.handle_left_over), inbox.any_left_over),
    Job("start check-ins", 15, _talk(starting.start_due), starting.any_due),
    Job("nudge", 60, _talk(checkins.nudge_due), checkins.any_to_nudge),
    Job("notice silence", 60, _talk(checkins.notice_silence), checkins.any_silent),
    Job("flag texts that failed", 30, _post(casework.follow_up_failures), casework.any_unseen_failure),
    Job("learn whether alerts arrived", 30, _post(deliveries.learn_ends_of_alerts), deliveries.any_alert_unheard),
    Job("climb on where alerts failed", 10, _post(alerts.follow_up_alerts), alerts.any_missed),
    Job("escalate", 5, _post(alerts.escalate), alerts.any_to_climb),
    Job("send the outbox", 1, _post(dispatch.send_due), dispatch.any_to_send),
    Job("reconcile with the carrier", 30, _post(deliveries.reconcile), deliveries.any_without_outcome),
    Job("learn what became of texts", 1800, _post(deliveries.learn_ends), deliveries.any_end_unheard),
    Job("count weeks that are over", 600, lambda standby, now: keep_settled(standby.db, standby.settings.zone, now)),
    Job("send the weekly letter", 600, lambda standby, now: summary.send_due(standby.talk, standby.mail, now)),
    Job(auditor.AUDIT, 120, _post(auditor.audit), first_after_s=20),  # others first
)


def tick(standby: Standby, now: datetime) -> dict[str, int | None]:
    """Run every job once, in the order of the table; what each says it did, None where it failed."""
    *others, audit = JOBS
    return run_jobs(others, standby, now) | run_jobs([audit], standby, now)  # it looks at when the others ran


def run_jobs(jobs: Sequence[Job], standby: Standby, now: datetime) -> dict[str, int | None]:
    """Run those of these for which there is something, one after the other, and note which got through; what each says
    it did, None where it failed. That is logged and does not keep the others from running.
    """
    done: dict[Job, int | None] = {}
    due: set[str] | None = None
    to_note = False
    for job in jobs:
        if due is None:
            due = _due(tuple(jobs), standby, now)
            to_note |= TO_NOTE in due
        done[job] = _run(job, standby, now) if job.name in due else 0
        if job.due and job.name in due or done[job] != 0:
            due = None  # what one did may be something for the next
    ran = [job for job, count in done.items() if count is not None]
    try:
        if ran and to_note:
            _beat(standby, ran, now)
    except Exception:
        log.exception("beats_not_written")
    return {job.name: count for job, count in done.items()}


def _due(jobs: tuple[Job, ...], standby: Standby, now: datetime) -> set[str]:
    """The names of those for which there may be something, and TO_NOTE; all of it where that cannot be asked."""
    question = _question(jobs)
    every = {TO_NOTE, *(job.name for job in jobs)}
    if not question.names:
        return every
    try:
        with standby.db.asking() as asking:
            return every - question.names | question.answered_yes(asking, now)
    except Exception:
        log.exception("jobs_not_asked_for")
        return every


@cache
def _question(jobs: tuple[Job, ...]) -> Question:
    """Which of these have anything to do; and where all of them run so often, whether that they ran is to be noted."""

    def any_to_note(now: Moment) -> ColumnElement[bool]:
        lately = Beat.job.in_([job.name for job in jobs]), Beat.at > now - BEATS_APART, Beat.at <= now
        return select(func.count()).where(*lately).scalar_subquery() < len(jobs)

    run_often = all(timedelta(seconds=job.every_s) < BEATS_APART for job in jobs)
    return Question({job.name: job.due for job in jobs if job.due} | ({TO_NOTE: any_to_note} if run_often else {}))


def _run(job: Job, standby: Standby, now: datetime) -> int | None:
    try:
        done = job.run(standby, now)
    except Exception:
        log.exception("job_failed", job=job.name)
        return None
    if done:
        log.info("job_done", job=job.name, count=done)
    return done


def _beat(standby: Standby, jobs: Sequence[Job], at: datetime) -> None:
    """Note that these jobs ran."""
    with standby.db.writing() as session:
        names = [job.name for job in jobs]
        known = session.scalars(update(Beat).where(Beat.job.in_(names)).values(at=at).returning(Beat.job)).all()
        _make_known(session, [job for job in jobs if job.name not in known], at)


def _make_known(session: Session, jobs: Iterable[Job], at: datetime | None = None) -> None:
    """These jobs are meant to run, and ran at this instant: one that never gets through is missed."""
    for job in jobs:
        known = update(Beat).where(Beat.job == job.name).values(every_s=job.every_s).returning(Beat.job)
        if session.scalar(known) is None:
            insert_once(session, Beat(job=job.name, every_s=job.every_s, at=at))


def metronome(standby: Standby) -> BackgroundScheduler:
    """A scheduler that runs every job at its pace. It keeps nothing: what it misses is due in the database still."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a round skipped because the last still runs is no news
    scheduler = BackgroundScheduler(
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}, timezone="UTC"
    )
    with standby.db.writing() as session:
        _make_known(session, JOBS)
    for job in JOBS:
        scheduler.add_job(
            lambda job=job: run_jobs([job], standby, standby.now()),
            "interval",
            seconds=job.every_s,
            id=job.name,
            next_run_time=datetime.now(UTC) + timedelta(seconds=job.first_after_s),
        )
    return scheduler


def keep_up(scheduler: BackgroundScheduler, now: datetime) -> None:
    """No job waits for longer than its pace. Where the wall clock was set back, the metronome would wait for it to get
    there again, for an hour maybe, with everything at a standstill.
    """
    for job in JOBS:
        planned = scheduler.get_job(job.name)
        at = planned.next_run_time if planned else None
        if at is not None and at > now + timedelta(seconds=max(job.every_s, job.first_after_s) + LOOKS_EVERY_S):
            log.warning("clock_was_set_back", job=job.name)
            planned.modify(next_run_time=now)


def keep_ticking(scheduler: BackgroundScheduler, stop: threading.Event) -> None:
    """Tick until told to stop; what runs then is finished first."""
    scheduler.start()
    log.info("clock_started", jobs=len(JOBS))
    try:
        while not stop.wait(LOOKS_EVERY_S):
            keep_up(scheduler, datetime.now(UTC))
    finally:
        scheduler.shutdown(wait=True)


def tick_beside(standby: Standby) -> None:
    """Tick in threads of this process, which has other work as well, until it ends. A clock that breaks ends the
    process: whoever keeps that running starts both anew.
    """
    scheduler, stop = metronome(standby), threading.Event()

    def keep() -> None:
        try:
            keep_ticking(scheduler, stop)
        except Exception:
            log.exception("clock_broke")
            os.kill(os.getpid(), signal.SIGTERM)

    def end() -> None:
        stop.set()
        clock.join()

    clock = threading.Thread(target=keep, name="clock")
    finish_first(end)
    clock.start()


def main() -> None:
    """Tick until SIGINT or SIGTERM."""
    logs.set_up()
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    try:
        scheduler = metronome(ready(build(load_settings())))
    except (ConfigError, FlowError) as error:
        sys.exit(str(error))
    settle_down()
    keep_ticking(scheduler, stop)


if __name__ == "__main__":
    main()
