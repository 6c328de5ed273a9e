"""The town lives: people answer what their phones show, colleagues take alerts and write down what became of them."""

import heapq
import json
import random
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.faults.town import STAFF, Resident, Saying, answer, unprompted

CODE = re.compile(r"text back (\d+) to take")
TAKES = 0.75  # how often a colleague takes an alert that rings


@dataclass
class Tail:
    """The carrier's record, read on from where it was read last."""

    path: Path
    _read: int = 0

    def lines(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        with self.path.open(encoding="ascii") as file:
            file.seek(self._read)
            text = file.read()
            self._read = file.tell()
        return [json.loads(line) for line in text.splitlines() if line]


@dataclass
class Life:
    """What is going to be texted, and what follows from what is heard. `quiet`: participants text nothing more."""

    people: list[Resident]
    weeks: float
    seed: int
    agenda: list[Saying] = field(default_factory=list)
    quiet: bool = False
    _heard: dict[str, int] = field(default_factory=dict)
    _by_number: dict[str, Resident] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed} life")
        self._by_number = {each.number: each for each in self.people}
        self._staff = {each.number for each in STAFF}
        self.agenda = [saying for person in self.people for saying in unprompted(person, self.weeks, self.seed)]
        heapq.heapify(self.agenda)

    def due(self, now: datetime) -> list[Saying]:
        """What is texted by now."""
        found: list[Saying] = []
        while self.agenda and self.agenda[0].at <= now:
            found.append(heapq.heappop(self.agenda))
        return found

    def next_at(self) -> datetime | None:
        return self.agenda[0].at if self.agenda else None

    def hears(self, record: dict[str, Any], now: datetime) -> None:
        """A line of the carrier's record: where a phone shows a text of ours, somebody may answer it."""
        text = record.get("message")
        if text is None or text["direction"] != "outbound-api" or text["status"] != "delivered":
            return
        if text["to"] in self._staff:
            self._rings(text["to"], text["body"], now)
        elif not self.quiet:
            self._asked(self._by_number[text["to"]], now)

    def _rings(self, number: str, body: str, now: datetime) -> None:
        code = CODE.search(body)
        if code and self._chance.random() < TAKES:
            at = now + timedelta(seconds=self._chance.randrange(20, 480))
            heapq.heappush(self.agenda, Saying(at, number, code[1]))

    def _asked(self, person: Resident, now: datetime) -> None:
        heard = self._heard[person.number] = self._heard.get(person.number, 0) + 1
        said = answer(person, heard, now, self._chance)
        if said is not None:
            heapq.heappush(self.agenda, said)
