"""What a benchmark found: one row each, shown as a table and kept as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True)
class Result:
    """One figure. `against` names what was measured in the same run to compare it with, `ratio` is value / that.

    `met` is None where no goal was set.
    """

    what: str
    database: str
    value: float
    unit: str
    against: str = ""
    against_value: float | None = None
    goal: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.against_value if self.against_value else None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


def table(results: Sequence[Result]) -> Table:
    """As a table, one line a figure."""
    shown = Table("what", "database", "value", "against", "ratio", "goal", "met")
    for each in results:
        compared = f"{each.against}: {_short(each.against_value)}" if each.against_value else each.against
        ratio = f"{each.ratio:.2f}" if each.ratio is not None else ""
        met = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[each.met]
        value = f"{_short(each.value)} {each.unit}"
        shown.add_row(each.what, each.database, value, compared, ratio, each.goal, met)
    return shown


def _short(value: float | None) -> str:
    """Three figures that count, and no more digits behind the point than they need."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"
