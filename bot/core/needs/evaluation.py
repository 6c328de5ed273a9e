"""How well needs are found, measured against messages that people have labelled."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.core.kinds import Found, Intent, Lane, Need
from bot.core.needs import find

DRAWS = 1000


@dataclass(frozen=True)
class Labelled:
    """One message and what a careful reader found in it."""

    text: str
    lang: str
    needs: frozenset[Need]
    urgent: bool
    intent: Intent
    kind: str = ""

    @property
    def harmless(self) -> bool:
        return not self.needs and self.intent is Intent.REPLY


@dataclass(frozen=True)
class Count:
    """Rightly found, wrongly found, and missed."""

    tp: int = 0
    fp: int = 0
    fn: int = 0


@dataclass(frozen=True)
class Evaluation:
    """The lanes and counts of a labelled set. `us_per_message` is None where no timer was given."""

    rows: tuple[tuple[Labelled, Found], ...]
    us_per_message: float | None

    @property
    def needs(self) -> dict[Need, Count]:
        return {need: _count((need in row.needs, need in found.needs) for row, found in self.rows) for need in Need}

    @property
    def intents(self) -> dict[Intent, Count]:
        return {
            intent: _count((row.intent is intent, found.intent is intent) for row, found in self.rows)
            for intent in Intent
        }

    @property
    def micro_f1(self) -> float:
        """F1 over all needs together; 1 where there was nothing to find and nothing was found."""
        return _f1(np.array([_right_and_wrong(row, found) for row, found in self.rows]).reshape(-1, 2))

    @property
    def micro_f1_interval(self) -> tuple[float, float]:
        """The 95 % interval of the F1: drawn a thousand times from the messages (Efron 1979), the same each time."""
        if not self.rows:
            return 0.0, 1.0
        counts = np.array([_right_and_wrong(row, found) for row, found in self.rows])
        draws = np.random.default_rng(0).integers(len(counts), size=(DRAWS, len(counts)))
        low, high = np.quantile([_f1(counts[draw]) for draw in draws], (0.025, 0.975))
        return float(low), float(high)

    def only(self, chosen: Callable[[Labelled], bool]) -> "Evaluation":
        """The same for some of the rows."""
        return Evaluation(tuple(pair for pair in self.rows if chosen(pair[0])), self.us_per_message)

    def lanes(self, chosen: Callable[[Labelled], bool]) -> dict[Lane, int]:
        """How many of the chosen rows went to each lane."""
        found = [found.lane for row, found in self.rows if chosen(row)]
        return {lane: found.count(lane) for lane in Lane}

    def as_object(self) -> dict[str, object]:
        """The object that `needs evaluate --json` prints."""
        return {
            "n": len(self.rows),
            "needs": {need.value: vars(count) for need, count in self.needs.items()},
            "micro_f1": self.micro_f1,
            "safety": _reach(self.lanes(lambda row: Need.SAFETY in row.needs)),
            "urgent": _reach(self.lanes(lambda row: row.urgent)),
            "harmless": _disturbed(self.lanes(lambda row: row.harmless)),
            "intent": {intent.value: vars(count) for intent, count in self.intents.items()},
            "us_per_message": self.us_per_message,
        }


def evaluate(
    rows: Iterable[Labelled],
    timer: Callable[[], float] | None = None,
    read: Callable[[str], Found] = find,
) -> Evaluation:
    """Read every message and hold it against its labels.

    `timer` returns seconds (time.perf_counter). It times a second reading, as in a process that has
    long been running: the first one compiles the phrases.
    """
    labelled = list(rows)
    found = [read(row.text) for row in labelled]
    per_message = _seconds(timer, read, labelled) / len(labelled) * 1e6 if timer and labelled else None
    return Evaluation(tuple(zip(labelled, found, strict=True)), per_message)


def _seconds(timer: Callable[[], float], read: Callable[[str], Found], rows: list[Labelled]) -> float:
    started = timer()
    for row in rows:
        read(row.text)
    return timer() - started


def _right_and_wrong(row: Labelled, found: Found) -> tuple[int, int]:
    told = frozenset(found.needs)
    return len(row.needs & told), len(row.needs ^ told)


def _f1(counts: Sequence[Sequence[int]] | np.ndarray) -> float:
    right, wrong = np.asarray(counts).sum(axis=0)
    return float(2 * right / (2 * right + wrong)) if right or wrong else 1.0


def _count(pairs: Iterable[tuple[bool, bool]]) -> Count:
    """Count pairs of expected and found."""
    counted = Counter(pairs)
    return Count(tp=counted[True, True], fp=counted[False, True], fn=counted[True, False])


def _reach(lanes: dict[Lane, int]) -> dict[str, int]:
    return {"n": sum(lanes.values()), "now": lanes[Lane.NOW], "seen": lanes[Lane.NOW] + lanes[Lane.TODAY]}


def _disturbed(lanes: dict[Lane, int]) -> dict[str, int]:
    return {"n": sum(lanes.values()), "now": lanes[Lane.NOW], "today": lanes[Lane.TODAY]}
