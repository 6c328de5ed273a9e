"""Shares, and what may be said of them.

Intervals are 95 % throughout. Wilson and Newcombe are written out: scipy's `binomtest` works out a p-value on the way,
0.2 to 0.5 ms for each share, and a page shows hundreds. The tests hold them against scipy.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil, hypot, sqrt
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)
MINIMUM_N = 10  # below it a rate is no news about the programme: one person more or less moves it by ten points


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927). Nothing counted says nothing: from 0 to 1."""
    if not whole:
        return 0.0, 1.0
    share, spread = part / whole, Z * Z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / whole + spread / whole / 4) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True)
class Share:
    """`n` of `of`: how many of those who count did it."""

    n: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.n <= self.of:
            raise ValueError(f"{self.n} of {self.of} is no share")

    @property
    def value(self) -> float | None:
        """From 0 to 1; None where nobody counts."""
        return self.n / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval, from 0 to 1 (Wilson 1927)."""
        return wilson(self.n, self.of)

    @property
    def too_few(self) -> bool:
        """Whether this many are too few to say anything."""
        return self.of < MINIMUM_N

    @property
    def words(self) -> str:
        """What may be said of it in a table or a letter: "80 % (70 to 88, n = 70)"."""
        if self.too_few:
            return f"too few to say (n = {self.of})"
        low, high = self.interval
        return f"{100 * self.n / self.of:.0f} % ({100 * low:.0f} to {100 * high:.0f}, n = {self.of})"


@dataclass(frozen=True)
class Difference:
    """How much larger one share is than another, with its 95 % interval; all from -1 to 1."""

    value: float
    low: float
    high: float

    @property
    def shows_nothing(self) -> bool:
        """Whether there may as well be no difference."""
        return self.low <= 0 <= self.high


def difference(a: Share, b: Share) -> Difference:
    """Share `a` less share `b`, of people who have nothing to do with each other.

    The hybrid score interval: Newcombe 1998, "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17:873-890, method 10. Where nobody counts on a side, that share is taken to be one half,
    of which nothing is known.
    """
    of_a, of_b = (0.5 if each.value is None else each.value for each in (a, b))
    (low_a, high_a), (low_b, high_b) = a.interval, b.interval
    value = of_a - of_b
    low, high = value - hypot(of_a - low_a, high_b - of_b), value + hypot(high_a - of_a, of_b - low_b)
    return Difference(value, max(-1.0, low), min(1.0, high))  # rounding may go past what a difference can be


def planned_n(base: float, smallest_difference: float, power: float = 0.8, alpha: float = 0.05) -> int:
    """How many people each of two groups needs, to find a share that differs from `base` by this much either way.

    A two-sided test at `alpha` finds it with the chance `power`. Two proportions, equal groups, the variance pooled
    under no difference: Fleiss, Levin & Paik 2003, "Statistical Methods for Rates and Proportions", eq. 4.14, without
    continuity correction (what R's power.prop.test gives). Of a rise and a fall the one that needs more people
    counts. Raises ValueError where neither leaves a share between 0 and 1.
    """
    others = [other for other in (base - smallest_difference, base + smallest_difference) if 0 <= other <= 1]
    if not others or not 0 <= base <= 1 or smallest_difference <= 0:
        raise ValueError(f"no share differs from {base} by {smallest_difference}")
    return max(_planned_n(base, other, power, alpha) for other in others)


def _planned_n(a: float, b: float, power: float, alpha: float) -> int:
    by_chance, found = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    middle = (a + b) / 2
    spread = by_chance * sqrt(2 * middle * (1 - middle)) + found * sqrt(a * (1 - a) + b * (1 - b))
    return ceil((spread / (a - b)) ** 2 - 1e-9)


@dataclass(frozen=True)
class ByThen:
    """The share that is over after so long, with its 95 % interval."""

    after: timedelta
    share: float
    low: float
    high: float
