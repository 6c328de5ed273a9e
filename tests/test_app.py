"""`python app.py` before it serves: it says what is wrong, makes nothing, and ends when it is told to."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from cryptography.fernet import Fernet

import app
from bot.config import ROOT, ConfigError
from bot.db import Database
from tests.databases import DATA_KEY, fresh_sqlite
from tests.ports import two_free_ports
from tests.world import World


def test_a_port_that_is_taken_is_named() -> None:
    """Two webs on one port would share what comes in."""
    port = two_free_ports()
    app._check_address("127.0.0.1", port)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ConfigError, match=f"port {port} cannot"):
        app._check_address("127.0.0.1", port)


def test_a_host_that_is_not_of_this_machine_is_named() -> None:
    with pytest.raises(ConfigError, match="STANDBY_HOST"):
        app._check_address("192.0.2.1", two_free_ports())  # RFC 5737: nobody's


def test_a_database_that_is_not_there_is_not_made(world: World, tmp_path: Path) -> None:
    missing = tmp_path / "standby.db"
    settings = world.settings.model_copy(update={"database_url": f"sqlite:///{missing}"})
    with pytest.raises(ConfigError, match="There is no database"):
        app._check_database(settings)
    assert not missing.exists()


def test_what_may_be_mended_while_it_runs_is_said(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    gone = "postgresql://nobody@127.0.0.1:1/standby"
    app._check_database(world.settings.model_copy(update={"database_url": gone}))
    assert "The database does not answer" in capsys.readouterr().err


def test_with_the_clock_inside_nothing_starts_before_it_is_mended(world: World) -> None:
    """The clock would not tick, and nobody would be told."""
    gone = {"database_url": "postgresql://nobody@127.0.0.1:1/standby", "clock_in_web": True}
    with pytest.raises(ConfigError, match="The database does not answer"):
        app._check_database(world.settings.model_copy(update=gone))


def test_keys_that_do_not_open_the_database_are_told_before_anything_is_served(world: World) -> None:
    with fresh_sqlite() as url:
        Database(url, DATA_KEY).fingerprint("made with these")
        other = world.settings.model_copy(update={"database_url": url, "data_keys": Fernet.generate_key().decode()})
        with pytest.raises(ConfigError, match="STANDBY_DATA_KEYS do not open"):
            app._check_database(other)
    Database(world.settings.database_url, DATA_KEY).engine.dispose()  # the usual keys again


def test_all_is_well_and_nothing_is_said(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with fresh_sqlite() as url:
        app._check_database(world.settings.model_copy(update={"database_url": url}))
    assert capsys.readouterr().err == ""


@contextmanager
def _starting(clock_in_web: bool) -> Iterator[subprocess.Popen[bytes]]:
    """app.py for real, as soon as the process that will answer is there; nothing is left of it afterwards."""
    keys = {"STANDBY_SECRET_KEY": "a key for tests only", "STANDBY_DATA_KEYS": DATA_KEY}
    where = {"STANDBY_PORT": str(two_free_ports()), "STANDBY_CARRIER": "simulated", "TWILIO_API_URL": "http://127.0.0.1:9"}
    with fresh_sqlite() as url:
        given = {**keys, **where, "STANDBY_DATABASE_URL": url, "STANDBY_CLOCK_IN_WEB": str(clock_in_web)}
        settings = {**os.environ, **given}
        web = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=settings, start_new_session=True)
        try:
            end = monotonic() + 60
            while not (serving := _serving(web)) and monotonic() < end:
                sleep(0.02)
            assert serving
            yield web
        finally:
            if web.poll() is None:
                os.killpg(web.pid, signal.SIGKILL)
            web.wait()


def _serving(web: subprocess.Popen[bytes]) -> bool:
    """Whether the process that answers was started, whatever it does by now."""
    found = Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text().split()
    return any(b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes() for child in found)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks for processes under /proc")
@pytest.mark.parametrize("clock_in_web", [False, True])
def test_a_web_that_is_told_to_end_while_it_starts_ends(clock_in_web: bool) -> None:
    """One that missed it would be waited for, and go on as the clock meanwhile."""
    with _starting(clock_in_web) as web:
        web.terminate()
        assert web.wait(timeout=10) == 0
