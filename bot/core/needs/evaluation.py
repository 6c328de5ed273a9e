"""How well needs are found, measured against messages that people have labelled."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.core.kinds import Found, Intent, Lane, Need
from bot.core.needs import find


@dataclass(frozen=True)
class Labelled:
    """One message and what a careful reader found in it."""

    text: str
    lang: str
    needs: frozenset[Need]
    urgent: bool
    intent: Intent

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
        counts = self.needs.values()
        tp, wrong = sum(count.tp for count in counts), sum(count.fp + count.fn for count in counts)
        return 2 * tp / (2 * tp + wrong) if tp or wrong else 1.0

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


def _count(pairs: Iterable[tuple[bool, bool]]) -> Count:
    """Count pairs of expected and found."""
    counted = Counter(pairs)
    return Count(tp=counted[True, True], fp=counted[False, True], fn=counted[True, False])


def _reach(lanes: dict[Lane, int]) -> dict[str, int]:
    return {"n": sum(lanes.values()), "now": lanes[Lane.NOW], "seen": lanes[Lane.NOW] + lanes[Lane.TODAY]}


def _disturbed(lanes: dict[Lane, int]) -> dict[str, int]:
    return {"n": sum(lanes.values()), "now": lanes[Lane.NOW], "today": lanes[Lane.TODAY]}
