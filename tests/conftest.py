"""What every test may ask for, and what no test may leave behind: an unexpected text, an error in the log."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from structlog.testing import LogCapture

from tests.databases import FRESH
from tests.world import World

FLOWS = Path(__file__).resolve().parent.parent / "flows"

settings.register_profile("standby", deadline=None)  # reading a message takes as long as the machine is busy
settings.load_profile("standby")


class Log(LogCapture):
    """Everything logged during a test. An error that is not expected fails the test."""

    def expects(self, event: str) -> int:
        """This was logged, once or more; how often. It fails nothing any more."""
        found = [entry for entry in self.entries if entry["event"] == event]
        assert found, f"{event} was not logged"
        self.entries[:] = [entry for entry in self.entries if entry not in found]
        return len(found)


@pytest.fixture
def log() -> Iterator[Log]:
    """Everything logged during the test; an error that stays in it fails the test."""
    capture = Log()
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
def world(database_url: str, tmp_path: Path, log: Log) -> Iterator[World]:
    """A programme on a wound clock, on a Monday at 10:00, with a copy of the shipped flows."""
    flows = tmp_path / "flows"
    shutil.copytree(FLOWS, flows)
    world = World(database_url, flows)
    yield world
    world.expects_figures_in_step()
    world.ends()
    world.expects_no_more()
