"""What every test may ask for, and what no test may leave behind: an unexpected text, an error in the log."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture

from tests.databases import FRESH
from tests.world import World

FLOWS = Path(__file__).resolve().parent.parent / "flows"


@pytest.fixture
def log() -> Iterator[LogCapture]:
    """Everything logged during the test. Take an expected error out of `log.entries`; one that stays fails the test."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture
    structlog.configure(**before)
    errors = [entry for entry in capture.entries if entry["log_level"] in ("error", "critical")]
    assert not errors, f"errors in the log: {errors}"


@pytest.fixture(params=FRESH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, migrated database: the test runs on SQLite and on PostgreSQL."""
    with FRESH[request.param]() as url:
        yield url


@pytest.fixture
def world(database_url: str, tmp_path: Path, log: LogCapture) -> Iterator[World]:
    """A programme on a wound clock, on a Monday at 10:00, with a copy of the shipped flows."""
    flows = tmp_path / "flows"
    shutil.copytree(FLOWS, flows)
    world = World(database_url, flows)
    yield world
    world.ends()
    world.expects_no_more()
