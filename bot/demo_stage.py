"""The demo while it runs: this process plays the carrier and starts the web, which is the clock too.

It knows little and is small: `bot.demo` made the programme, wrote the settings into the environment, and made way.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import requests

from bot.carrier.postings import Account
from bot.carrier.simulated import SimulatedCarrier

ROOT = Path(__file__).resolve().parent.parent
UP_WITHIN_S = 60
ENDS_WITHIN_S = 10
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # SIGHUP: the terminal's window was closed


def main() -> None:
    """Play until Ctrl-C. Given: the demo's database, the carrier's journal, and what to say once all is up."""
    database, journal, welcome = sys.argv[1:]
    told_to_end = threading.Event()
    for number in ENDING:
        signal.signal(number, lambda *_: told_to_end.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # what came while this process began waited
    _play(_carrier(Path(database), Path(journal)), welcome, told_to_end)
    print("\nEnded.")


def _carrier(database: Path, journal: Path) -> SimulatedCarrier:
    given = os.environ
    sid, token, number = (given[f"TWILIO_{name}"] for name in ("ACCOUNT_SID", "AUTH_TOKEN", "FROM_NUMBER"))
    return SimulatedCarrier(
        now=partial(_now, database),
        account=Account(sid=sid, auth_token=token, numbers=(number,)),
        sms_url=f"{given['STANDBY_PUBLIC_URL']}/twilio/sms",
        pace=timedelta(milliseconds=400),
        journal=journal,
    )


def _now(database: Path) -> datetime:
    """As `wiring.rehearsal_now`, without the 30 MB that our models take."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True)) as connection:
        wound_s = connection.execute("SELECT wound_s FROM rehearsals").fetchone()
    return datetime.now(UTC) + timedelta(seconds=wound_s[0] if wound_s else 0)


def _play(carrier: SimulatedCarrier, welcome: str, told_to_end: threading.Event) -> None:
    """Signals only set the event: whatever runs when one comes, the web is ended in order."""
    carrier.start(port=int(os.environ["STANDBY_PORT"]) + 1, pump=True)
    web = _web()
    try:
        if _is_up(web, told_to_end):
            print(welcome, flush=True)
        while not told_to_end.wait(0.5):
            _must_live(web)
    finally:
        _end(web)
        carrier.stop()


def _web() -> subprocess.Popen[bytes]:
    """The web in a group of its own: Ctrl-C reaches us alone, and we end it in order."""
    return subprocess.Popen([sys.executable, str(ROOT / "app.py")], cwd=ROOT, start_new_session=True)


def _is_up(web: subprocess.Popen[bytes], told_to_end: threading.Event) -> bool:
    """True once it answers, False where it need not any more."""
    end = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < end:
        _must_live(web)
        if _answers():
            return True
        if told_to_end.wait(0.1):
            return False
    raise SystemExit(f"The web did not answer within {UP_WITHIN_S} s; the lines above should say why.")


def _answers() -> bool:
    try:
        return requests.get(f"{os.environ['STANDBY_PUBLIC_URL']}/healthz", timeout=1).ok
    except requests.RequestException:
        return False


def _must_live(web: subprocess.Popen[bytes]) -> None:
    if (code := web.poll()) is not None:
        why = f"it was killed by signal {-code}" if code < 0 else "the lines above should say why"
        raise SystemExit(f"app.py ended; {why}.")


def _end(web: subprocess.Popen[bytes]) -> None:
    """Ask it to end, wait, and end its whole group if it does not."""
    web.terminate()
    with suppress(subprocess.TimeoutExpired):
        web.wait(timeout=ENDS_WITHIN_S)
    with suppress(ProcessLookupError):  # nobody of its group is left
        os.killpg(web.pid, signal.SIGKILL)  # what it left behind too, where it was killed itself
    web.wait()


if __name__ == "__main__":
    main()
