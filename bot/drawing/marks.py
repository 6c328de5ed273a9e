"""What all kinds of pictures are put together from."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import altair as alt

from bot.drawing.dress import NO_XML, Sheet

Row = Mapping[str, Any]
PERCENT: dict[float, str] = {0: "0 %", 0.25: "25 %", 0.5: "50 %", 0.75: "75 %", 1: "100 %"}


@dataclass(frozen=True)
class Drawing:
    """Layers of marks over each other, how high they are together (px), and a note under them."""

    layers: list[alt.Chart]
    height: int
    note: str = ""

    def on(self, sheet: Sheet) -> Any:
        """The whole chart, exactly as wide as the sheet."""
        return alt.layer(*self.layers).properties(
            width=sheet.width,
            height=self.height,
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
            title=self.note,
        )


def over(rows: Iterable[Row]) -> alt.Chart:
    """A chart of these rows, without marks yet. Letters that no XML can hold, which end the engine, are left out."""
    values = [{key: NO_XML.sub("", it) if isinstance(it, str) else it for key, it in row.items()} for row in rows]
    return alt.Chart(alt.InlineData(values=values))


def percent(measure: str) -> alt.Y:
    """The height of a share, from none to all."""
    axis = alt.Axis(title=measure, domain=False, ticks=False, **labelled(PERCENT))
    return alt.Y("share:Q", axis=axis, scale=alt.Scale(domain=[0, 1]))


def moment(at: date | datetime) -> float:
    """Where a day or a wall-clock time lies on an axis of time, in ms. Axes know no zone, so that none shifts a day."""
    wall = datetime.combine(at, time(0)) if not isinstance(at, datetime) else at
    return wall.replace(tzinfo=UTC).timestamp() * 1000


def labelled(names: Mapping[float, str]) -> dict[str, Any]:
    """An axis that has these values, by these names."""
    by_text = {str(int(at) if at == int(at) else at): name for at, name in names.items()}  # as JavaScript writes them
    name = f"({json.dumps(by_text, ensure_ascii=False)})[toNumber(datum.value)]"
    # Where no count is given, Vega drops every other value.
    return {"values": list(names), "tickCount": len(names), "labelExpr": name}


def named(name: str, words: str, letters: int) -> str:
    """A name and words about it in one line of so many letters; the name is what is cut short."""
    return f"{cut(name, letters - len(words) - 2)}: {words}"


def cut(text: str, letters: int) -> str:
    """The text in so many letters. Vega's own limit may cut an emoji in two, which ends the engine."""
    return text if len(text) <= letters else f"{text[: max(letters, 1) - 1]}…"
