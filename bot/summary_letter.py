"""How the weekly letter reads: the same in HTML and in plain text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.core.figure import Figure, Table

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "letters"), autoescape=True, undefined=StrictUndefined
)


@dataclass(frozen=True)
class Part:
    """One subject of the letter: sentences, a table whose cells are words, and a picture of the same."""

    title: str
    says: tuple[str, ...]
    table: Table | None = None
    picture: Figure | None = None


@dataclass(frozen=True)
class Summary:
    """What the letter about one week says. `monday` is the first day of that week."""

    programme: str
    monday: date
    parts: tuple[Part, ...]
    link: str
    smallest: int

    @property
    def title(self) -> str:
        last = self.monday + timedelta(days=6)
        month = "" if last.month == self.monday.month else f"{last:%B} "
        return f"{self.programme}: {self.monday:%B} {self.monday.day} to {month}{last.day}, {last.year}"

    @property
    def foot(self) -> str:
        return (
            f"This letter leaves the building, so it hides every number that tells of fewer than {self.smallest} "
            "people, and those it could be worked out from. The pages show them."
        )

    @property
    def figures(self) -> tuple[Figure, ...]:
        """What is drawn."""
        return tuple(part.picture for part in self.parts if part.picture and not part.picture.empty)


def as_html(summary: Summary, sources: Mapping[str, str]) -> str:
    """The letter as HTML; `sources` says where the picture of each figure is, by its name. Those without have none."""
    return TEMPLATES.get_template("summary.html").render(summary=summary, sources=sources)


def as_text(summary: Summary) -> str:
    """The letter for whoever reads no HTML: all of it but the pictures, whose sentences it has."""
    parts = ("\n".join(_lines(part)) for part in summary.parts)
    return "\n\n\n".join((f"{summary.title}\n{summary.link}", *parts, summary.foot)) + "\n"


def _lines(part: Part) -> Iterator[str]:
    yield part.title
    yield "-" * len(part.title)
    yield from part.says
    if part.table:
        yield ""
        yield from _columns((part.table.columns, *part.table.rows))


def _columns(rows: tuple[tuple[object, ...], ...]) -> Iterator[str]:
    """The first column to the left, the others to the right."""
    wide = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = (f"{cell!s:>{width}}" for cell, width in zip(others, wide[1:], strict=True))
        yield "  ".join((f"{first!s:<{wide[0]}}", *cells)).rstrip()
