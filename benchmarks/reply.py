"""How many whole replies a core handles: what it says, the machine's turn, flags and what is queued, all committed."""

import time
from collections.abc import Iterator

from benchmarks.crowd import enrol
from benchmarks.ground import KINDS, NOON, fresh, settings_at, standby_at
from benchmarks.people import number
from benchmarks.results import Result
from bot import inbox, starting
from bot.inbox import Incoming
from bot.wiring import Standby

BODIES = (
    "im good", "1", "i need a place to sleep tonight", "no job yet, still looking", "he hit me and i am scared",
    "todo bien gracias", "can somebody call me about food", "2", "my landlord wants us out by friday", "ok thanks",
)  # fmt: skip
TWICE = 2  # everybody answers so often


def measure(small: bool) -> Iterator[Result]:
    """Replies per second of processor and of the clock. On PostgreSQL the processor is ours alone, not the server's."""
    count = 10 if small else 300
    for kind in KINDS[: 1 if small else None]:
        with fresh(kind) as url, standby_at(settings_at(url)) as standby:
            _ask(standby, count)
            _answer(standby, count)
            yield from _handle(standby, kind)


def _ask(standby: Standby, count: int) -> None:
    enrol(standby.db, count)
    started = starting.start_due(standby.talk, NOON)
    assert started == count, f"{started} of {count} check-ins began"


def _answer(standby: Standby, count: int) -> None:
    for place in range(count * TWICE):
        body = BODIES[place % len(BODIES)]
        inbox.receive(standby.db, Incoming("sms", f"SM{place:032x}", number(place % count + 1), body), NOON)


def _handle(standby: Standby, kind: str) -> Iterator[Result]:
    reading = _seconds_to_read(standby)
    began, busy = time.perf_counter(), time.process_time()
    handled = inbox.handle_left_over(standby.inbox, NOON)
    took, worked = time.perf_counter() - began, time.process_time() - busy
    yield Result("whole replies, by one core", kind, handled / worked, "/s", "reading the words alone", 1 / reading)
    yield Result("whole replies, one after the other", kind, handled / took, "/s")


def _seconds_to_read(standby: Standby) -> float:
    """For one text, on average over the texts of this benchmark."""
    rounds = 20
    for body in BODIES:
        standby.inbox.find(body)
    busy = time.process_time()
    for _ in range(rounds):
        for body in BODIES:
            standby.inbox.find(body)
    return (time.process_time() - busy) / (rounds * len(BODIES))
