"""Failed tries to sign in: how many are too many, by e-mail address and by where they come from."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

WITHIN = timedelta(minutes=10)
# Few guesses at one person from one place. More for a person from everywhere, so that a stranger cannot easily keep
# staff out; more from one place for everybody, since a whole office may sit behind one address.
PERSON_HERE, PERSON_ANYWHERE, ANYBODY_HERE = 10, 50, 100
REMEMBERED = 10_000

Knock = tuple[str, str]


def knocks_of(email: str, address: str) -> dict[Knock, int]:
    """What one try counts for, each with how many failures are too many. An empty string stands for any."""
    person = email[:200]
    return {(person, address): PERSON_HERE, (person, ""): PERSON_ANYWHERE, ("", address): ANYBODY_HERE}


@dataclass
class Tries:
    """When tries failed, in this process' memory."""

    failed: dict[Knock, deque[datetime]] = field(default_factory=dict)

    def too_many(self, knocks: dict[Knock, int], now: datetime) -> bool:
        """Whether whoever tries has to wait."""
        return any(self._lately(knock, now) >= limit for knock, limit in knocks.items())

    def count(self, knocks: dict[Knock, int], now: datetime) -> None:
        """One more failure. Made-up addresses must not fill the memory: what is long past is forgotten."""
        for knock in knocks:
            self.failed.setdefault(knock, deque()).append(now)
        if len(self.failed) > REMEMBERED:
            self.failed = {knock: times for knock, times in self.failed.items() if times[-1] > now - WITHIN}

    def _lately(self, knock: Knock, now: datetime) -> int:
        times = self.failed.get(knock, deque())
        while times and times[0] <= now - WITHIN:
            times.popleft()
        if not times:
            self.failed.pop(knock, None)
        return len(times)
