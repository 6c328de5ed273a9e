"""What a report shows: a picture's data, the table of the same, and a sentence that says it.

Values alone. Every number of a chart is one that `rates.py`, `times.py` or a count gave; `pictures.py` draws them.
"""

import csv
import io
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.core.rates import MINIMUM_N, ByThen, Difference, Share

Cell = str | int | float | date | datetime | None
HIDDEN = "hidden"  # stands in a table for what would tell of too few people
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Tone(StrEnum):
    """What a colour means, here as on every page; always beside a word or a shape that says the same."""

    PLAIN = "plain"
    NOW = "now"
    TODAY = "today"
    QUIET = "quiet"
    FINE = "fine"


class Size(StrEnum):
    """What a picture is drawn for."""

    LAPTOP = "laptop"
    PHONE = "phone"


@dataclass(frozen=True)
class Table:
    """The figures in words and numbers, one row a line; the columns are headings for people."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"every row has the columns {self.columns}")

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers, whatever stands in for some."""
        return tuple(
            any(isinstance(row[place], int | float) for row in self.rows) for place in range(len(self.columns))
        )


@dataclass(frozen=True)
class ByWeek:
    """A share by week: a line with its interval. Weeks are named by their Monday, in order."""

    weeks: tuple[tuple[date, Share], ...]
    measure: str = "answered"

    @property
    def empty(self) -> bool:
        return not any(share.of for _, share in self.weeks)


@dataclass(frozen=True)
class ByGroup:
    """A share for each group: a dot with its interval, and its n."""

    groups: tuple[tuple[str, Share], ...]
    measure: str = "answered"

    @property
    def empty(self) -> bool:
        return not any(share.of for _, share in self.groups)


@dataclass(frozen=True)
class ByHour:
    """A share by hour of the week (0 to 167; Monday 0:00 is 0): a heat map."""

    hours: tuple[tuple[int, Share], ...]
    measure: str = "answered"

    def __post_init__(self) -> None:
        if any(not 0 <= hour < 168 for hour, _ in self.hours):
            raise ValueError("the hours of a week are 0 to 167")

    @property
    def empty(self) -> bool:
        return not any(share.of for _, share in self.hours)


@dataclass(frozen=True)
class Kind:
    """The counts of one kind, one for each week."""

    name: str
    counts: tuple[int, ...]
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class ByKind:
    """Counts by week and kind: a strip of bars for each kind, one above the other, each on its own scale.

    Not one pile of ten colours: only its lowest kind could be read, and the colours alone would tell the kinds apart.
    """

    weeks: tuple[date, ...]
    kinds: tuple[Kind, ...]

    def __post_init__(self) -> None:
        if any(len(kind.counts) != len(self.weeks) for kind in self.kinds):
            raise ValueError("every kind has one count for each week")

    @property
    def empty(self) -> bool:
        return not any(count for kind in self.kinds for count in kind.counts)


@dataclass(frozen=True)
class Funnel:
    """What became of how many, step by step: each step counts some of those of the step before."""

    steps: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        counts = [count for _, count in self.steps]
        if counts != sorted(counts, reverse=True):
            raise ValueError("a funnel never widens")

    @property
    def empty(self) -> bool:
        return not any(count for _, count in self.steps)


@dataclass(frozen=True)
class Dot:
    """One case: when it began, on the programme's clock, and how long it took, or has taken so far."""

    at: datetime
    took: timedelta
    waits: bool = False


@dataclass(frozen=True)
class Dots:
    """Cases over time, each a dot; what was promised is a line. Those who still wait are open marks."""

    dots: tuple[Dot, ...]
    promise: timedelta

    @property
    def empty(self) -> bool:
        return not self.dots


@dataclass(frozen=True)
class Curve:
    """The share that is over after so long, with its interval (`times.times(…).curve`)."""

    points: tuple[ByThen, ...]
    measure: str = "answered"

    @property
    def empty(self) -> bool:
        return not self.points


@dataclass(frozen=True)
class Compared:
    """One wording against the first: the difference, from how many people on its smaller side, of how many planned."""

    name: str
    difference: Difference
    n: int
    planned: int

    @property
    def too_few(self) -> bool:
        """Whether this many are too few to say anything."""
        return self.n < MINIMUM_N


@dataclass(frozen=True)
class Differences:
    """What wordings change: a dot with its interval each, around the line of no difference."""

    wordings: tuple[Compared, ...]
    measure: str = "answered"

    @property
    def empty(self) -> bool:
        return not self.wordings


Chart = ByWeek | ByGroup | ByHour | ByKind | Funnel | Dots | Curve | Differences


@dataclass(frozen=True)
class Figure:
    """One figure of a report.

    `name` is its permanent address and the name of its CSV file; `says` is one plain sentence of what it shows now,
    read out as the picture's text, and all there is to see where there is nothing to draw. Hashable.
    """

    name: str
    title: str
    says: str
    table: Table
    chart: Chart | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"'{self.name}' is no name of a figure: small letters and digits, with - between words")

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return self.chart is None or self.chart.empty


def as_csv(table: Table) -> str:
    """The table as CSV (RFC 4180), dates and instants as in ISO 8601, nothing where nothing is known.

    Text that a spreadsheet would run as a formula gets a ' before it (OWASP, "CSV Injection"): names of flows, cohorts
    and needs are typed by people.
    """
    file = io.StringIO(newline="")
    sheet = csv.writer(file)
    sheet.writerow([_written(column) for column in table.columns])
    sheet.writerows([_written(cell) for cell in row] for row in table.rows)
    return file.getvalue()


def never_run(text: str) -> str:
    """The text with a ' before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(A_FORMULA) else text


def _written(cell: Cell) -> str | int | float | None:
    match cell:
        case str():
            return never_run(cell)
        case date():  # and datetime, which is one
            return cell.isoformat()
        case _:
            return cell
