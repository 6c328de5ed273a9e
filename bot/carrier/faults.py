"""What can go wrong at a carrier, planned ahead: each fault waits for the next text it fits."""

import threading
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """One thing that goes wrong once."""

    REFUSE = "refuse"  # answered with an error, not taken
    RESET = "reset"  # the connection breaks, not taken
    STALL = "stall"  # nothing is answered for `seconds`, then the connection breaks; not taken
    TAKE_AND_REFUSE = "take_and_refuse"  # taken, answered with an error all the same
    TAKE_AND_RESET = "take_and_reset"  # taken, the connection breaks before the answer
    TAKE_AND_STALL = "take_and_stall"  # taken, the answer comes `seconds` late

    HOLD = "hold"  # waits `seconds` in the carrier's queue, or until its validity is over
    FAIL = "fail"  # ends as failed with `code`
    UNDELIVER = "undeliver"  # ends as undelivered with `code`

    DROP_CALLBACKS = "drop_callbacks"
    REPEAT_CALLBACKS = "repeat_callbacks"
    REORDER_CALLBACKS = "reorder_callbacks"  # all of them at the end, the last one first
    DELAY_CALLBACKS = "delay_callbacks"  # each `seconds` late

    DROP_INBOUND = "drop_inbound"  # the record is there, the webhook never comes
    REPEAT_INBOUND = "repeat_inbound"
    DELAY_INBOUND = "delay_inbound"


Kinds = frozenset[FaultKind]

BEFORE_TAKING: Kinds = frozenset({FaultKind.REFUSE, FaultKind.RESET, FaultKind.STALL})
AFTER_TAKING: Kinds = frozenset({FaultKind.TAKE_AND_REFUSE, FaultKind.TAKE_AND_RESET, FaultKind.TAKE_AND_STALL})
ANSWERS = BEFORE_TAKING | AFTER_TAKING
FATES: Kinds = frozenset({FaultKind.HOLD, FaultKind.FAIL, FaultKind.UNDELIVER})
CALLBACKS: Kinds = frozenset(kind for kind in FaultKind if kind.value.endswith("_callbacks"))
INBOUND: Kinds = frozenset(kind for kind in FaultKind if kind.value.endswith("_inbound"))

DEFAULT_CODES = {FaultKind.REFUSE: 20500, FaultKind.TAKE_AND_REFUSE: 20500, FaultKind.FAIL: 30008}
DEFAULT_CODE = 30003


@dataclass(frozen=True)
class Fault:
    """One planned fault; `handset` keeps it for texts from or to one number.

    `http_status` and `code` are what a refusal answers; `code` is also the error code of a failed or undelivered text.
    """

    kind: FaultKind
    handset: str | None = None
    code: int | None = None
    http_status: int = 500
    seconds: float = 0.0

    @property
    def error_code(self) -> int:
        return self.code or DEFAULT_CODES.get(self.kind, DEFAULT_CODE)


class FaultQueue:
    """Planned faults in order. One text takes at most one of each group: answer, fate, callbacks, inbound."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []
        self._lock = threading.Lock()

    def plan(self, fault: Fault, times: int = 1) -> None:
        with self._lock:
            self._planned.extend([fault] * times)

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()

    def take(self, kinds: Kinds, handset: str) -> Fault | None:
        """The first planned fault of these kinds for this handset, which is then used up."""
        with self._lock:
            for index, fault in enumerate(self._planned):
                if fault.kind in kinds and fault.handset in (None, handset):
                    return self._planned.pop(index)
        return None
