"""What Standby promises of itself, and from when on a promise counts as broken."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Promise(StrEnum):
    """Something that must hold at every moment."""

    ALERTED = "alerted"
    HANDLED = "handled"
    SENT = "sent"
    TICKED = "ticked"


UNALERTED_AFTER = timedelta(minutes=2)  # of an open *now* flag without an alert, or whose next one is overdue
UNHANDLED_AFTER = timedelta(minutes=1)  # of a reply that nobody has taken in
UNSENT_AFTER = timedelta(minutes=5)  # of an alert or a safety text that should have left
PACED_UNSENT_AFTER = timedelta(hours=3)  # of any other text: thousands may be in line for one sender
TELL_AGAIN_AFTER = timedelta(hours=1)
IS_IT_RUNNING = "Is the clock running (scheduler.py, or app.py with STANDBY_CLOCK_IN_WEB)?"


@dataclass(frozen=True)
class Fault:
    """A promise that does not hold, and for how many."""

    promise: Promise
    count: int

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, for people who did not build it."""
        many = self.count > 1
        match self.promise:
            case Promise.ALERTED:
                who = f"{self.count} people in danger were" if many else "Somebody in danger was"
                return f"{who} not alerted about in time. Open the flags and take them by hand."
            case Promise.HANDLED:
                what = f"{self.count} texts were" if many else "A text was"
                return f"{what} not taken in yet. Look at the log of the web and of the clock."
            case Promise.SENT:
                what = f"{self.count} texts have" if many else "A text has"
                return f"{what} not left though it is time. Look at the carrier's status page and account."
            case Promise.TICKED:
                what = f"{self.count} jobs of the clock are" if many else "A job of the clock is"
                return f"{what} late. {IS_IT_RUNNING}"


def is_told(told_at: datetime | None, now: datetime) -> bool:
    """Whether supervisors know of it: told once, and again every hour while it lasts."""
    return told_at is not None and now - told_at < TELL_AGAIN_AFTER
