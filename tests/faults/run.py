"""One run from a fresh database to its verdict."""

import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.databases import DATA_KEY, fresh_postgresql, fresh_sqlite
from tests.faults.books import Books
from tests.faults.carrier import Place
from tests.faults.checker import check
from tests.faults.driver import Driver
from tests.faults.evidence import Evidence, read_carrier, read_faults, read_tables
from tests.faults.seeding import seed_programme
from tests.faults.town import STAFF, residents
from tests.faults.worker import settings_of
from tests.ports import two_free_ports

MEMORY = Path("/dev/shm")  # a file there outlives any process; only a power cut would take it, which is not played


@dataclass(frozen=True)
class Order:
    """What a run is to be like."""

    database: str
    kills: int
    people: int
    weeks: float
    seed: int
    minutes: float


@dataclass(frozen=True)
class Verdict:
    """What was seen in a run, and every violation by promise."""

    evidence: Evidence
    violations: dict[str, list[str]]
    seconds: float

    @property
    def holds(self) -> bool:
        return not any(self.violations.values())


def run(order: Order, keep_in: Path | None = None) -> Verdict:
    """Run it and judge it. Everything it makes is gone afterwards, save what goes to `keep_in`."""
    start = monotonic()
    with tempfile.TemporaryDirectory(prefix="standby-faults-") as folder, _database(order.database) as url:
        place = Place(keep_in or Path(folder), *_ports())
        people = residents(order.people, order.seed)
        seed_programme(settings_of(place, url, DATA_KEY), people)
        driver = Driver(place, url, DATA_KEY, people, order.kills, order.weeks, order.seed, order.minutes)
        driver.run()
        books = Books(url)
        evidence = Evidence(
            texts=read_carrier(place.journal),
            tables=read_tables(books),
            faults=read_faults(place.faults),
            diary=driver.diary,
            people={each.number: each for each in people},
            staff=frozenset(each.number for each in STAFF),
            ends_at=driver.clock.true(),
        )
        books.close()
    if keep_in:
        (keep_in / "evidence.pickle").write_bytes(pickle.dumps(evidence))
    return Verdict(evidence, check(evidence), monotonic() - start)


@contextmanager
def _database(kind: str) -> Iterator[str]:
    """A fresh one. Thousands of commits that each wait for a disk would be most of a run."""
    within = str(MEMORY) if MEMORY.is_dir() else None
    with fresh_sqlite(within) if kind == "sqlite" else fresh_postgresql() as url:
        if kind != "sqlite":
            books = Books(url)
            books.commits_wait()
            books.close()
        yield url


def _ports() -> tuple[int, int]:
    first = two_free_ports()
    return first, first + 1
