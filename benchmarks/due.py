"""Starting check-ins that are all due at once, against one APScheduler job a participant; do many cost more each?"""

import statistics
import time
from collections.abc import Iterator

from benchmarks.crowd import gather
from benchmarks.ground import KINDS, NOON, empty, fresh, settings_at, standby_at
from benchmarks.newcomer import run_all
from benchmarks.results import Result
from bot import starting

SIZES, COMPARED_AT = (1_000, 10_000, 100_000), 8_000
RUNS = 5  # of the smallest size, which takes a tenth of a second
FASTER, DEARER = 20, 1.3


def measure(small: bool) -> Iterator[Result]:
    """Participants per second at one size, and milliseconds for each participant at several, on each database."""
    sizes, compared_at = ((10, 20), 10) if small else (SIZES, COMPARED_AT)
    for kind in KINDS[: 1 if small else None]:
        yield _against_newcomer(kind, compared_at)
        first = statistics.median(_ms_each(kind, sizes[0]) for _ in range(RUNS))
        yield Result(f"due check-ins: each of {sizes[0]:,}", kind, first, "ms")
        for size in sizes[1:]:
            each = _ms_each(kind, size)
            yield Result(
                f"due check-ins: each of {size:,}", kind, each, "ms", f"each of {sizes[0]:,}", first, f"<= {DEARER}",
                each <= DEARER * first,
            )  # fmt: skip


def _against_newcomer(kind: str, count: int) -> Result:
    ours = 1000 / _ms_each(kind, count)
    with empty(kind) as url:
        theirs = count / run_all(url, count)
    return Result(
        f"due check-ins: {count:,} at once", kind, ours, "/s", "a job each", theirs, f">= {FASTER}",
        ours / theirs >= FASTER,
    )  # fmt: skip


def _ms_each(kind: str, count: int) -> float:
    """For a check-in that starts and whose first text is queued, where so many are due at once."""
    with fresh(kind) as url, standby_at(settings_at(url)) as standby:
        gather(standby.db, count, NOON)
        began = time.perf_counter()
        started = starting.start_due(standby.talk, NOON)
        took_s = time.perf_counter() - began
        assert started == count, f"{started} of {count} check-ins began"
        return took_s / count * 1000
