"""How fast a text is taken in: signature checked, stored, committed, answered. Against a bare Flask route, in turns.

Once the web alone, where nothing follows the answer, and once app.py as it is, which handles meanwhile what it took in.
"""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count

from sqlalchemy import exists, select

from benchmarks.crowd import enrol
from benchmarks.ground import KINDS, OUR_NUMBER, SQLITE, TOKEN, environment, fresh, settings_at, standby_at
from benchmarks.load import Load, posted, send_all
from benchmarks.people import number
from benchmarks.results import Result
from benchmarks.served import free_ports, running, wait_for
from bot.carrier.twilio import signature
from bot.config import Settings
from bot.db import Database
from bot.models import Direction, Message

GOAL, CONNECTIONS, PEOPLE = 0.6, 16, 200
PATH = "/twilio/sms"
BODIES = ("im good, thanks", "1", "doing ok this week", "work is fine", "todo bien gracias")
SETTLED_WITHIN_S = 300
BARE, ALONE, WHOLE = "bare route", "webhook alone", "webhook, handling too"
_ids = count(1)


def measure(small: bool) -> Iterator[Result]:
    """Requests per second and the 99th percentile of their milliseconds, on each kind of database."""
    rounds, requests = (1, 40) if small else (3, 600)
    for kind in KINDS[: 1 if small else None]:
        alone = ["-m", "benchmarks.serve", "benchmarks.taking:create_app"]
        yield from _measure(kind, ALONE, alone, rounds, requests)
        yield from _measure(kind, WHOLE, ["app.py"], rounds, requests)


def _measure(kind: str, what: str, program: Sequence[str], rounds: int, requests: int) -> Iterator[Result]:
    loads: dict[str, list[Load]] = {BARE: [], what: []}
    with fresh(kind) as url, fresh(kind) as bare_url:
        (bare_port, port), given = free_ports(2), {"BARE_DATABASE_URL": bare_url}
        settings = settings_at(url, port=port, public_url=f"http://127.0.0.1:{port}")
        with (
            _served(["-m", "benchmarks.serve", "benchmarks.bare:create_app", str(bare_port)], given, bare_port),
            _served([*program, str(port)], environment(settings), port),
            standby_at(settings) as standby,
        ):
            enrol(standby.db, PEOPLE)
            for _ in range(rounds + 1):
                loads[BARE].append(send_all(bare_port, _texts(settings, requests), CONNECTIONS))
                loads[what].append(send_all(port, _texts(settings, requests), CONNECTIONS))
                if what == WHOLE:
                    _wait_until_handled(standby.db)
    yield from _compared(kind, what, loads[what][1:], loads[BARE][1:])  # the first of each warmed up


@contextmanager
def _served(arguments: Sequence[str], given: Mapping[str, str], port: int) -> Iterator[None]:
    with running(arguments, given) as process:
        wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield


def _texts(settings: Settings, requests: int) -> list[bytes]:
    return [_text(settings, next(_ids)) for _ in range(requests)]


def _text(settings: Settings, place: int) -> bytes:
    sid = f"SM{place:032x}"
    form = {
        "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "AccountSid": settings.account_sid,
        "From": number(place % PEOPLE + 1), "To": OUR_NUMBER, "Body": BODIES[place % len(BODIES)], "NumMedia": "0",
        "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01",
    }  # fmt: skip
    return posted(PATH, form, {"X-Twilio-Signature": signature(settings.public_url + PATH, form, TOKEN)})


def _wait_until_handled(database: Database) -> None:
    """So that what one round left behind does not burden the next. Raises RuntimeError where that takes too long."""
    waits = select(exists().where(Message.direction == Direction.IN, Message.handled_at.is_(None)))
    end = time.monotonic() + SETTLED_WITHIN_S
    while time.monotonic() < end:
        with database.reading() as session:
            if not session.scalar(waits):
                return
        time.sleep(0.1)
    raise RuntimeError("what was taken in is not handled")


def _compared(kind: str, what: str, loads: list[Load], bare: list[Load]) -> Iterator[Result]:
    rate, bare_rate = (statistics.median(each.per_second for each in some) for some in (loads, bare))
    p99, bare_p99 = (_p99_ms(some) for some in (loads, bare))
    judged = kind == SQLITE and what == ALONE
    yield Result(
        what, kind, rate, "/s", BARE, bare_rate, f">= {GOAL}" if judged else "",
        rate / bare_rate >= GOAL if judged else None,
    )  # fmt: skip
    yield Result(
        f"{what}: p99", kind, p99, "ms", BARE, bare_p99, "<= 1" if judged else "",
        p99 <= bare_p99 if judged else None,
    )  # fmt: skip


def _p99_ms(loads: list[Load]) -> float:
    return statistics.quantiles([each * 1000 for load in loads for each in load.each_s], n=100)[98]
