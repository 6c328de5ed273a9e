"""The demo as `make run` starts it, with the environment in place: seconds to the first page, and memory at rest."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ground import SQLITE
from benchmarks.results import Result
from benchmarks.served import Process, free_ports, running, wait_for

GOAL_MB = 200
REST_S = 20


def measure(small: bool) -> Iterator[Result]:
    """The first start makes the demo's weeks, the second finds them. Memory is that of all processes, shared once."""
    weeks, rest_s = (1, 0) if small else (8, REST_S)
    with tempfile.TemporaryDirectory(prefix="standby-bench-") as folder:
        first_s, _ = _start(folder, weeks, 0)
        again_s, (carrier_mb, *ours_mb) = _start(folder, weeks, rest_s)
    yield Result(f"first start, {weeks} weeks to make", SQLITE, first_s, "s to the first page")
    yield Result("start", SQLITE, again_s, "s to the first page", "the first start", first_s)
    memory_mb = sum(ours_mb)
    yield Result("memory at rest, web and clock", SQLITE, memory_mb, "MB")
    memory_mb += carrier_mb
    yield Result(
        "memory at rest, the demo's carrier too", SQLITE, memory_mb, "MB", "the goal", GOAL_MB, f"< {GOAL_MB} MB",
        memory_mb < GOAL_MB,
    )  # fmt: skip


def _start(folder: str, weeks: int, rest_s: float) -> tuple[float, list[float]]:
    """Seconds until the sign-in page is there, and MB of each process after a while at rest; the first is the one that
    plays the carrier and starts the others.
    """
    port = free_ports(2)[0]
    began = time.perf_counter()
    arguments = ["-m", "bot", "demo", "--folder", folder, "--weeks", str(weeks)]
    with running(arguments, {"STANDBY_PORT": str(port)}) as demo:
        wait_for(f"http://127.0.0.1:{port}/sign-in", demo)
        took = time.perf_counter() - began
        time.sleep(rest_s)
        return took, [_memory_mb(pid) for pid in _family(demo)]


def _family(process: Process) -> list[int]:
    """The process and all that it started."""
    parents = {int(each.name): _parent(each) for each in Path("/proc").iterdir() if each.name.isdigit()}
    found = [process.pid]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it ended meanwhile
        return 0


def _memory_mb(pid: int) -> float:
    """Its proportional share: memory that several processes share is counted once. Linux alone tells it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6
