"""One tick of the clock with nothing to do, among a million participants who are due some other day."""

import statistics
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from benchmarks.crowd import gather
from benchmarks.ground import KINDS, NOON, fresh, settings_at, standby_at
from benchmarks.results import Result
from bot.carrier import HeardText, OutgoingText, Picture, Standing, Taken
from bot.wiring import Standby
from scheduler import tick

PEOPLE, TEXTS, RUNS = 1_000_000, 100_000, 50
GOAL_MS = 5
FEW = 100  # participants of the programme that the million is held against


class QuietCarrier:
    """A carrier that has nothing for us, and that nothing is sent by."""

    def send(self, text: OutgoingText) -> Taken:
        raise AssertionError("there was nothing to send")

    def find(self, text: OutgoingText, since: datetime) -> list[Taken]:
        return []

    def heard(self, since: datetime) -> list[HeardText]:
        return []

    def picture(self, url: str) -> Picture:
        raise AssertionError("there was no picture")

    def standing(self) -> Standing:
        raise AssertionError("nobody asks how we stand")


def measure(small: bool) -> Iterator[Result]:
    """The median of a tick, in milliseconds: every job of the clock once, the carrier's answers not counted."""
    people, texts, runs = (1000, 100, 5) if small else (PEOPLE, TEXTS, RUNS)
    for kind in KINDS[: 1 if small else None]:
        few, many = _tick_ms(kind, FEW, FEW, runs), _tick_ms(kind, people, texts, runs)
        yield Result(
            f"idle tick among {people:,}", kind, many, "ms", f"among {FEW}", few, f"< {GOAL_MS} ms", many < GOAL_MS
        )


def _tick_ms(kind: str, people: int, texts: int, runs: int) -> float:
    with fresh(kind) as url, standby_at(settings_at(url), carrier=QuietCarrier()) as standby:
        gather(standby.db, people, NOON + timedelta(days=1), apart=timedelta(hours=1), texts=texts)
        took = [_timed(standby, NOON + timedelta(seconds=15 * run)) for run in range(runs + 1)]
    return statistics.median(took[1:])


def _timed(standby: Standby, at: datetime) -> float:
    began = time.perf_counter()
    done = tick(standby, at)
    took = (time.perf_counter() - began) * 1000
    assert not any(done.values()), f"there was something to do: {done}"
    return took
