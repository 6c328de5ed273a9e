"""How long things take, told from what is over and from what still waits.

Written out, and held against scipy by the tests: its statistics cost whoever imports them 79 MB and half a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from bot.core.rates import MINIMUM_N, ByThen, Z

NEARLY = 1e-9  # what rounding may add to a share


@dataclass(frozen=True)
class Times:
    """How long it takes. None: not reached yet.

    `median` is the first time by which half are over, `p90` by which nine in ten are. `interval` is the 95 % interval
    of the median; its upper end, or both, may not be reached yet while the median is.
    """

    n: int
    waiting: int
    median: timedelta | None
    interval: tuple[timedelta | None, timedelta | None]
    p90: timedelta | None
    curve: tuple[ByThen, ...] = ()

    @property
    def too_few(self) -> bool:
        """Whether this many are too few to say anything."""
        return self.n < MINIMUM_N


def times(over: Sequence[timedelta], waiting: Sequence[timedelta] = (), curve_at: Sequence[timedelta] = ()) -> Times:
    """The median and the 90th percentile of a duration, where some have waited so long and wait still.

    `over` are durations that came to their end, `waiting` what the others have waited so far: censored, not left out
    (Kaplan & Meier 1958, JASA 53:457-481). The interval of the median is where the log-log interval of the curve
    holds one half (Brookmeyer & Crowley 1982, Biometrics 38:29-41). `curve_at`: moments at which the curve is wanted;
    those beyond the longest wait that was seen are left out.
    """
    if not over:
        return Times(len(waiting), len(waiting), None, (None, None), None)
    falling = _Falling.of(over, waiting)
    return Times(
        n=len(over) + len(waiting),
        waiting=len(waiting),
        median=falling.first_at_or_under(falling.left, 0.5),
        interval=(falling.first_at_or_under(falling.low, 0.5), falling.first_at_or_under(falling.high, 0.5)),
        p90=falling.first_at_or_under(falling.left, 0.1),
        curve=tuple(falling.by_then(after) for after in sorted(curve_at) if falling.reaches(after)),
    )


@dataclass(frozen=True)
class _Falling:
    """The Kaplan-Meier curve: the share `left` at each of these `seconds`, 1 until the first is over."""

    seconds: list[float]
    left: list[float]
    low: list[float]
    high: list[float]

    @classmethod
    def of(cls, over: Sequence[timedelta], waiting: Sequence[timedelta]) -> "_Falling":
        """Greenwood's variance and the log-log interval; where these are not defined, at 1 and at 0, low is the curve
        itself and high is 1.
        """
        ended, so_far = (np.array([each.total_seconds() for each in lengths]) for lengths in (over, waiting))
        seconds = np.unique(np.concatenate((ended, so_far)))
        over_then = np.searchsorted(np.sort(ended), seconds, "right") - np.searchsorted(np.sort(ended), seconds, "left")
        gone = np.searchsorted(np.sort(np.concatenate((ended, so_far))), seconds, "left")
        watched = len(ended) + len(so_far) - gone
        left = np.cumprod(1 - over_then / watched)
        known = (left < 1 - NEARLY) & (left > NEARLY)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt(np.cumsum(over_then / (watched * (watched - over_then)))) / np.log(left)
            low, high = left ** np.exp(-Z * spread), left ** np.exp(Z * spread)
        low, high = np.where(known, low, np.round(left)), np.where(known, high, 1.0)
        return cls(seconds.tolist(), left.tolist(), low.tolist(), high.tolist())

    def first_at_or_under(self, curve: list[float], share: float) -> timedelta | None:
        each = zip(self.seconds, curve, strict=True)
        found = next((seconds for seconds, left in each if left <= share + NEARLY), None)
        return None if found is None else timedelta(seconds=found)

    def reaches(self, after: timedelta) -> bool:
        """Whether it tells of that moment: somebody was watched for so long, or nobody was left."""
        return after.total_seconds() <= self.seconds[-1] or self.left[-1] < NEARLY

    def by_then(self, after: timedelta) -> ByThen:
        place = int(np.searchsorted(self.seconds, after.total_seconds(), side="right")) - 1
        if place < 0 or self.left[place] == 1:
            return ByThen(after, 0.0, 0.0, 1.0)
        return ByThen(after, 1 - self.left[place], 1 - self.high[place], 1 - self.low[place])
