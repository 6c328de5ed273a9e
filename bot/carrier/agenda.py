"""What the simulated carrier has yet to do, and when: changes of status, and forms to post."""

import heapq
import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.carrier.faults import CALLBACKS, INBOUND, Fault, FaultKind, FaultQueue
from bot.carrier.postings import FINISHED, Account, Message, Posting, callback_form, inbound_form


@dataclass(frozen=True)
class Step:
    """A change of status that becomes due."""

    sid: str
    status: str
    error_code: int | None = None


Event = Step | Posting


class Agenda:
    """Events in the order of their due times; planned faults drop, repeat, delay and reorder the forms.

    Not safe between threads: whoever owns it holds a lock.
    """

    def __init__(self, account: Account, faults: FaultQueue) -> None:
        self._account = account
        self._faults = faults
        self._heap: list[tuple[datetime, int, Event]] = []
        self._counter = itertools.count()
        self._callback_faults: dict[str, Fault] = {}
        self._held_back: dict[str, list[Posting]] = {}

    def add(self, at: datetime, event: Event) -> None:
        heapq.heappush(self._heap, (at, next(self._counter), event))

    def next_at(self) -> datetime | None:
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: datetime) -> tuple[datetime, Event] | None:
        """The earliest event and its due time, if that has come."""
        if not self._heap or self._heap[0][0] > now:
            return None
        at, _, event = heapq.heappop(self._heap)
        return at, event

    def watch(self, message: Message) -> None:
        """Let the next planned callback fault befall every callback of this new text."""
        fault = self._faults.take(CALLBACKS, message.to)
        if fault:
            self._callback_faults[message.sid] = fault

    def announce_inbound(self, message: Message, sms_url: str) -> None:
        fault = self._faults.take(INBOUND, message.handset)
        if fault and fault.kind is FaultKind.DROP_INBOUND:
            return
        posting = Posting(sms_url, inbound_form(message, self._account))
        for _ in range(2 if fault and fault.kind is FaultKind.REPEAT_INBOUND else 1):
            self.add(message.created_at + _lateness(fault), posting)

    def announce_status(self, message: Message) -> None:
        """Call back about the status a text has now, if its sender asked for that."""
        if not message.status_callback:
            return
        at = message.updated_at
        posting = Posting(message.status_callback, callback_form(message, self._account))
        fault = self._callback_faults.get(message.sid)
        match fault.kind if fault else None:
            case FaultKind.DROP_CALLBACKS:
                return
            case FaultKind.REORDER_CALLBACKS:
                self._hold_back(message, posting)
            case FaultKind.REPEAT_CALLBACKS:
                self.add(at, posting)
                self.add(at, posting)
            case _:
                self.add(at + _lateness(fault), posting)

    def _hold_back(self, message: Message, posting: Posting) -> None:
        self._held_back.setdefault(message.sid, []).append(posting)
        if message.status in FINISHED:
            for late in reversed(self._held_back.pop(message.sid)):
                self.add(message.updated_at, late)


def _lateness(fault: Fault | None) -> timedelta:
    return timedelta(seconds=fault.seconds if fault else 0)
