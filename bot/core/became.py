"""What became of a check-in: the one definition by which every rate and every funnel counts.

A check-in *counts* when its first text arrived: it was delivered, or taken or sent where the carrier reports no
delivery. It is *answered* by any reply within its time, and a reply proves arrival, whatever the carrier said. Those
who opted out, whom the text did not reach, whom something cut short and who may answer yet are counted apart: they are
neither answers nor silence (AAPOR Standard Definitions, 10th edition, keeps refusals, non-contacts and unknown
outcomes apart in the same way).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import takewhile
from operator import itemgetter

from bot.core.delivery import Status
from bot.core.kinds import Outcome


class Became(StrEnum):
    """What became of a check-in. Each is exactly one of these."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    OPEN = "open"
    OPTED_OUT = "opted_out"
    CUT_SHORT = "cut_short"
    NOT_DELIVERED = "not_delivered"
    TOLD = "told"  # it asked nothing, so nothing was to answer


COUNTED = frozenset({Became.ANSWERED, Became.UNANSWERED})
ARRIVED = frozenset({Status.TAKEN, Status.SENT, Status.DELIVERED, Status.READ})
WENT = ARRIVED | {Status.UNDELIVERED, Status.FAILED, Status.CANCELED}
ON_ITS_WAY = frozenset({Status.QUEUED, Status.SENDING})
NEVER_LEFT = frozenset({None, Status.QUEUED, Status.DROPPED, Status.REFUSED})
ENDED = {
    Outcome.SILENT: Became.UNANSWERED,
    Outcome.FINISHED: Became.TOLD,
    Outcome.STOPPED: Became.OPTED_OUT,
    Outcome.REPLACED: Became.CUT_SHORT,
    Outcome.HANDED_OVER: Became.CUT_SHORT,
    Outcome.BROKEN: Became.CUT_SHORT,
}


def became(first: Status | None, answered: bool, running: bool, outcome: Outcome | None, late: bool) -> Became:
    """What became of it.

    `first` is where its first text stands, None where it had none; `answered`: a reply came while it ran, `late`: when
    the time for it was over. Words that came before its first text had left answer nothing.
    """
    if answered and first not in NEVER_LEFT:
        return Became.UNANSWERED if late else Became.ANSWERED
    if outcome is Outcome.STOPPED:
        return Became.OPTED_OUT
    if first not in ARRIVED and not (running and first in ON_ITS_WAY):
        return Became.NOT_DELIVERED
    return Became.OPEN if running or outcome is None else ENDED[outcome]


@dataclass(frozen=True)
class Tally:
    """How many check-ins became what. The parts add up to `started`; a rate is `answered` of `counted`."""

    answered: int = 0
    unanswered: int = 0
    open: int = 0
    opted_out: int = 0
    cut_short: int = 0
    not_delivered: int = 0
    told: int = 0

    @property
    def counted(self) -> int:
        return self.answered + self.unanswered

    @property
    def started(self) -> int:
        return sum(getattr(self, each.name) for each in fields(self))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def tally(found: Iterable[tuple[Became, int]]) -> Tally:
    """So many of each, added up."""
    counts = Counter[str]()
    for what, count in found:
        counts[what] += count
    return Tally(**counts)


class Step(StrEnum):
    """The steps from a text to help, in their order."""

    SENT = "sent"
    DELIVERED = "delivered"
    ANSWERED = "answered"
    NEED_RAISED = "need_raised"
    TAKEN = "taken"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Needs:
    """How many new needs one check-in raised, and how many of them a person took and resolved."""

    raised: int = 0
    taken: int = 0
    resolved: int = 0


NONE_RAISED = Needs()


def steps(first: Status | None, what: Became, needs: Needs = NONE_RAISED) -> tuple[Step, ...]:
    """The steps that a check-in took, up to the first that it did not: so no funnel widens.

    It is taken when a person took every need that it raised, and resolved when every one is.
    """
    arrived = what in COUNTED or first in ARRIVED
    took = (
        (Step.SENT, arrived or first in WENT),
        (Step.DELIVERED, arrived),
        (Step.ANSWERED, what is Became.ANSWERED),
        (Step.NEED_RAISED, needs.raised > 0),
        (Step.TAKEN, needs.taken >= needs.raised),
        (Step.RESOLVED, needs.resolved >= needs.raised),
    )
    return tuple(step for step, _ in takewhile(itemgetter(1), took))


def funnel(found: Iterable[tuple[tuple[Step, ...], int]]) -> dict[Step, int]:
    """How many took each step, in the order of the steps."""
    counts = Counter[Step]()
    for taken, count in found:
        counts.update(dict.fromkeys(taken, count))
    return {step: counts[step] for step in Step}
