"""The carrier of a run: a process of its own that is never killed, told what to do over a pipe."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bot.carrier.faults import Fault, Kinds
from bot.carrier.postings import Account
from bot.carrier.simulated import SimulatedCarrier
from tests.faults.clock import Clock
from tests.faults.town import OUR_NUMBER

ACCOUNT = Account(sid="AC" + "0" * 32, auth_token="the token", numbers=(OUR_NUMBER,))


@dataclass(frozen=True)
class Place:
    """The folder and ports of a run."""

    folder: Path
    web_port: int
    carrier_port: int

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    @property
    def journal(self) -> Path:
        """The carrier's own record: every text in every state, one JSON line each."""
        return self.folder / "carrier.jsonl"

    @property
    def faults(self) -> Path:
        """The faults that befell texts, one JSON line each."""
        return self.folder / "faults.jsonl"

    @property
    def log(self) -> Path:
        """What our processes log."""
        return self.folder / "log.txt"

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def carrier_url(self) -> str:
        return f"http://127.0.0.1:{self.carrier_port}"


def serve(pipe: Connection, place: Place) -> None:
    """Be the carrier until the driver hangs up."""
    logging.disable(logging.WARNING)  # webhooks that nobody takes are what this is about
    clock = Clock(place.clock)
    carrier = SimulatedCarrier(
        clock.true, ACCOUNT, f"{place.web_url}/twilio/sms", pace=timedelta(seconds=1), journal=place.journal
    )
    _keep_what_goes_wrong(carrier, clock, place.faults)
    carrier.start(place.carrier_port)
    deeds: dict[str, Callable[..., Any]] = {
        "post": carrier.run_due,
        "text": lambda number, body: carrier.handset_texts(number, body).sid,
        "fault": carrier.plan,
        "mend": carrier.exchange.faults.clear,
    }
    while True:
        try:
            deed, given = pipe.recv()
            pipe.send(deeds[deed](*given))
        except EOFError:
            return


def _keep_what_goes_wrong(carrier: SimulatedCarrier, clock: Clock, path: Path) -> None:
    queue = carrier.exchange.faults
    take = queue.take

    def take_and_tell(kinds: Kinds, handset: str) -> Fault | None:
        fault = take(kinds, handset)
        if fault is not None:
            with path.open("a") as file:
                told = {"at": clock.true().isoformat(), "kind": fault.kind.value, "handset": handset}
                file.write(json.dumps(told) + "\n")
        return fault

    queue.take = take_and_tell  # type: ignore[method-assign]
