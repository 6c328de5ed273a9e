"""How a sender slows down while the carrier is in trouble, and when staff are told that nothing leaves.

Too many requests and an outage: after the first trouble the next text is tried alone, then the wait doubles from a
second on to 30 s, which is Twilio's own advice for 429. A queue that is full or a rate that a campaign has exceeded
drains by the minute: there it is from half a minute to ten.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.kinds import Purpose
from bot.core.sending import UNPACED

FULL = frozenset({21611, 30001, 30017, 30022, 30023})  # queue full; congestion; rate of a campaign exceeded
SECOND, HALF_A_MINUTE, LONGEST = timedelta(seconds=1), timedelta(seconds=30), timedelta(minutes=10)
TOLD_AFTER = timedelta(minutes=1)
TOLD_FROM = 3  # troubles in a row: one slow answer is no outage


@dataclass(frozen=True)
class Pressure:
    """How many rounds in a row ended in trouble, until when nothing but what rings people leaves, and since when the
    carrier has taken nothing.
    """

    troubles: int = 0
    held_until: datetime | None = None
    since: datetime | None = None

    def after_trouble(self, code: int | None, now: datetime) -> "Pressure":
        """After a round that ended in trouble; the carrier's code, None where it gave none."""
        times = 2 ** min(self.troubles, 10)
        wait = min(HALF_A_MINUTE * times, LONGEST) if code in FULL else min(SECOND * (times - 1), HALF_A_MINUTE)
        return Pressure(self.troubles + 1, max(now + wait, self.held_until or now), self.since or now)

    def after_success(self, now: datetime) -> "Pressure":
        """After a text that the carrier answered for. An alert that left while the sender was held proves little."""
        return CALM if self.held_until is None or self.held_until <= now else self

    def may_leave(self, purpose: Purpose, now: datetime) -> bool:
        """What rings people never waits for the carrier to be well: it is what tells whether it is."""
        return self.held_until is None or self.held_until <= now or purpose in UNPACED

    @property
    def at_once(self) -> int | None:
        """How many texts may be on their way at once: one, to see whether the carrier is back; None: any number."""
        return 1 if self.troubles else None

    def is_told(self, now: datetime) -> bool:
        """Whether staff are told that no text leaves."""
        return self.troubles >= TOLD_FROM and self.since is not None and now - self.since >= TOLD_AFTER


CALM = Pressure()
