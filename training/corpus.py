"""The corpus: its rows, who writes for what, and the numbers a network learns from a row."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.core.kinds import Intent, Need
from bot.core.needs.model import ALARM, OUTPUTS, URGENT
from bot.core.needs.written import written
from bot.core.normal import normalise

HERE = Path(__file__).resolve().parent
AUTHORS = tomllib.loads((HERE / "authors.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Row:
    """One text with its settled labels. `there` holds the names of the model's outputs that are true of it."""

    author: str
    text: str
    lang: str
    kind: str
    there: frozenset[str]

    @property
    def form(self) -> str:
        return written(self.text, normalise(self.text)).text

    @property
    def harmless(self) -> bool:
        return self.there == {Intent.REPLY.value}


def rows_for(purpose: str) -> list[Row]:
    """The rows of every author of a purpose (a key of authors.toml), in a fixed order."""
    return [row for author in AUTHORS[purpose] for row in _rows_of(author)]


def _rows_of(author: str) -> list[Row]:
    lines = (HERE / "corpus" / f"{author}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_row(author, json.loads(line)) for line in lines]


def _row(author: str, told: dict) -> Row:
    there = {Need(need).value for need in told["needs"]} | {Intent(told["intent"]).value}
    if told["urgent"]:
        there.add(URGENT)
    if told["urgent"] or Need.SAFETY in told["needs"]:
        there.add(ALARM)
    return Row(author, told["text"], told["lang"], told["kind"], frozenset(there))


def labels(rows: list[Row]) -> np.ndarray:
    """Ones and zeros (rows, outputs)."""
    return np.array([[name in row.there for name in OUTPUTS] for row in rows], np.float32)


def fingerprint() -> str:
    """A hash of every text and label that training and tuning read."""
    digest = hashlib.sha256()
    for author in sorted(AUTHORS["train"] + AUTHORS["tune"]):
        digest.update((HERE / "corpus" / f"{author}.jsonl").read_bytes())
    return digest.hexdigest()
