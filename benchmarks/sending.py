"""Handing texts to a carrier that takes 100 ms: as fast as it goes, and at a pace that is set."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select

from benchmarks.crowd import gather
from benchmarks.ground import KINDS, NOON, fresh, settings_at, standby_at
from benchmarks.results import Result
from benchmarks.served import free_ports, running, wait_for_port
from bot import dispatch
from bot.config import Settings
from bot.core.kinds import Purpose
from bot.models import Address
from bot.outbox import Draft, Recipient, queue
from bot.wiring import Standby

LIFTED, PACE = 1e6, 20.0  # segments a second; each text here is one segment
GOAL = 300
OFF_BY = 0.02  # of the pace


def measure(small: bool) -> Iterator[Result]:
    """Texts per second from one process."""
    texts, seconds = (20, 2) if small else (1500, 10)
    (port,) = free_ports()
    with running(["-m", "benchmarks.slow_carrier", str(port)]) as carrier:
        wait_for_port(port, carrier)
        for kind in KINDS[: 1 if small else None]:
            yield _lifted(kind, port, texts)
            yield _paced(kind, port, seconds)


def _lifted(kind: str, port: int, texts: int) -> Result:
    with fresh(kind) as url, standby_at(_settings(url, port, LIFTED)) as standby:
        _queue(standby, texts)
        began = time.perf_counter()
        sent = dispatch.send_due(standby.post, NOON)
        rate = sent / (time.perf_counter() - began)
    assert sent == texts, f"{sent} of {texts} texts left"
    return Result("sending, pace lifted", kind, rate, "texts/s", "the goal", GOAL, f">= {GOAL} texts/s", rate >= GOAL)


def _paced(kind: str, port: int, seconds: int) -> Result:
    """As the clock does it, once a second. The first round is left out: it may go a second ahead."""
    with fresh(kind) as url, standby_at(_settings(url, port, PACE)) as standby:
        _queue(standby, int(PACE * (seconds + 2)))
        began, first_at, sent = time.monotonic(), NOON, 0
        dispatch.send_due(standby.post, first_at)
        for second in range(1, seconds + 1):
            time.sleep(max(0.0, began + second - time.monotonic()))
            at = _clock(began)
            sent += dispatch.send_due(standby.post, at)
    rate = sent / (at - first_at).total_seconds()
    right = abs(rate - PACE) <= OFF_BY * PACE
    return Result(f"sending, pace {PACE:.0f}/s", kind, rate, "texts/s", "the pace", PACE, "the pace", right)


def _settings(url: str, port: int, pace: float) -> Settings:
    return settings_at(url, api_url=f"http://127.0.0.1:{port}", segments_per_second=pace)


def _queue(standby: Standby, texts: int) -> None:
    """So many texts, each to a participant of its own."""
    gather(standby.db, texts, NOON)
    with standby.db.writing() as session:
        for address in session.scalars(select(Address)).all():
            to = Recipient(address.channel, address.value, address.value_hash, participant_id=address.participant_id)
            queue(session, Draft(to, "Hi, it's Dana. How is your week going?", Purpose.WRITTEN), NOON)


def _clock(began: float) -> datetime:
    """NOON when it began, and real seconds since."""
    return NOON + timedelta(seconds=time.monotonic() - began)
