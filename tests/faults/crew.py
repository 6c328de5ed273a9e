"""Our processes in a run: started, asked, killed and started again. Only what was started here is ever killed."""

import multiprocessing
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any

from tests.faults.carrier import Place, serve
from tests.faults.worker import work

ROLES = ("web", "web", "clock", "clock")
HANGS_AFTER_S = 90.0
FORK = multiprocessing.get_context("forkserver")  # forked from a process that has everything imported: starts are cheap
FORK.set_forkserver_preload(["tests.faults.worker", "tests.faults.carrier"])


@dataclass
class Hand:
    """One process, and what it was asked and has not answered yet."""

    role: str
    process: Any
    pipe: Connection
    asked: list[str] = field(default_factory=list)
    back_at: datetime | None = None  # dead, and when it is started again

    @property
    def lives(self) -> bool:
        return self.back_at is None

    def ask(self, deed: str, *given: object) -> None:
        self.asked.append(deed)
        with suppress(OSError):  # it just died, as the next wait sees
            self.pipe.send((deed, given))

    def hear(self) -> tuple[str, Any] | None:
        """What it was asked first and what it answers; None where it died."""
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            return None
        return self.asked.pop(0), answer

    def kill(self) -> None:
        self.process.kill()


class Crew:
    """Two webs and two clocks beside the carrier. `on_death` is told of each that died and says when it is back."""

    on_death: Callable[[Hand], None]

    def __init__(self, place: Place, database_url: str, data_keys: str) -> None:
        self._given = (place, database_url, data_keys)
        self.carrier = self._start_carrier(place)
        self.hands = [self._start(role) for role in ROLES]
        self.gather()

    def alive(self, role: str | None = None) -> list[Hand]:
        return [each for each in self.hands if each.lives and role in (None, each.role)]

    def start_again(self, now: datetime) -> None:
        """Whoever is due to be back is started anew."""
        for place, hand in enumerate(self.hands):
            if hand.back_at is not None and hand.back_at <= now:
                self.hands[place] = self._start(hand.role)
        self.gather()

    def gather(self, moments: Iterable[tuple[float, Callable[[], None]]] = ()) -> list[tuple[Hand, str, Any]]:
        """Wait until everybody has answered or died; meanwhile do each deed when its moment (in seconds) has come."""
        start = monotonic()
        plan = sorted(moments, key=lambda each: each[0])
        heard: list[tuple[Hand, str, Any]] = []
        while busy := [each for each in [*self.alive(), self.carrier] if each.asked]:
            passed = monotonic() - start
            while plan and plan[0][0] <= passed:
                plan.pop(0)[1]()
            within = plan[0][0] - passed if plan else HANGS_AFTER_S - passed
            ready = wait([each.pipe for each in busy], max(0.0, within))
            if not ready and not plan:
                raise TimeoutError(f"no answer for {HANGS_AFTER_S} s: {[(each.role, each.asked) for each in busy]}")
            for hand in busy:
                if hand.pipe in ready:
                    answer = hand.hear()
                    if answer is None:
                        self._bury(hand)
                    else:
                        heard.append((hand, *answer))
        for _, deed in plan:
            deed()
        return heard

    def ask_carrier(self, deed: str, *given: object) -> Any:
        """One question to the carrier, answered at once."""
        self.carrier.ask(deed, *given)
        answer = self.carrier.hear()
        assert answer is not None, "the carrier died, which it never may"
        return answer[1]

    def bury_the_dead(self) -> None:
        """Whoever was killed while nothing was asked of them."""
        for hand in self.alive():
            if not hand.process.is_alive():
                self._bury(hand)

    def end(self) -> None:
        for hand in [*self.alive(), self.carrier]:
            hand.kill()
            hand.process.join()

    def _bury(self, hand: Hand) -> None:
        hand.process.join()
        hand.pipe.close()
        hand.asked.clear()
        self.on_death(hand)

    def _start(self, role: str) -> Hand:
        ours, theirs = FORK.Pipe()
        process = FORK.Process(target=work, args=(theirs, role, *self._given), daemon=True)
        process.start()
        theirs.close()
        return Hand(role, process, ours, ["start"])

    def _start_carrier(self, place: Place) -> Hand:
        ours, theirs = FORK.Pipe()
        process = FORK.Process(target=serve, args=(theirs, place), daemon=True)
        process.start()
        theirs.close()
        return Hand("carrier", process, ours)
