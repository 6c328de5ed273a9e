"""Pictures of a share by hour and weekday, as a heat map, and of how it grows with time."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import altair as alt

from bot.core.figure import ByHour, Curve
from bot.core.rates import MINIMUM_N, Share
from bot.drawing.dress import ACT, HEAT, INK, Sheet
from bot.drawing.marks import Drawing, Row, labelled, over, percent

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CELL, NARROW_CELL, GAP = 32, 24, 0.03  # px, px, and a part of a cell
HEIGHT = 240
STRONGEST = 0.62  # of the colour: words on it keep their contrast, in the light and in the dark
FEW = "·"
UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))  # of which five fit
STEPS = (1, 2, 3, 6, 12, 24, 48)


def by_hour(chart: ByHour, sheet: Sheet) -> Drawing:
    """A cell for each hour of the week with its percent in it. On a phone the days stand side by side."""
    found = [(hour // 24, hour % 24, share) for hour, share in chart.hours if share.of]
    first, last = min(hour for _, hour, _ in found), max(hour for _, hour, _ in found)
    every = 1 if sheet.narrow or last - first < 12 else 2
    clock = {hour + 0.5: _on_the_clock(hour) for hour in range(first, last + 1, every)}
    week = {day + 0.5: name for day, name in enumerate(WEEKDAYS)}
    if sheet.narrow:
        x, y = _across(week, 0, len(WEEKDAYS)), _down(clock, first, last + 1)
    else:
        x, y = _across(clock, first, last + 1), _down(week, 0, len(WEEKDAYS))
    cells = over(_cell(*((day, hour) if sheet.narrow else (hour, day)), share) for day, hour, share in found)
    strength = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.06, STRONGEST]), legend=None)
    layers = [
        cells.mark_rect(color=HEAT).encode(x, alt.X2("right"), y, alt.Y2("foot"), strength),
        cells.mark_text(color=INK).encode(alt.X("middle:Q"), alt.Y("centre:Q"), alt.Text("words:N")),
    ]
    few = f"; {FEW} too few to say (under {MINIMUM_N})" if any(share.too_few for *_, share in found) else ""
    height = (last + 1 - first) * NARROW_CELL if sheet.narrow else len(WEEKDAYS) * CELL
    return Drawing(layers, height, f"% {chart.measure}{few}")


def _across(names: dict[float, str], low: int, high: int) -> alt.X:
    axis = alt.Axis(orient="top", title=None, grid=False, domain=False, ticks=False, **labelled(names))
    return alt.X("left:Q", axis=axis, scale=alt.Scale(domain=[low, high], nice=False))


def _down(names: dict[float, str], low: int, high: int) -> alt.Y:
    axis = alt.Axis(title=None, grid=False, domain=False, ticks=False, labelOverlap=False, **labelled(names))
    return alt.Y("top:Q", axis=axis, scale=alt.Scale(domain=[high, low], nice=False))


def _cell(across: int, down: int, share: Share) -> Row:
    """Where its box lies and what stands in it: nothing that could be read as a rate where there are too few."""
    box = {"left": across + GAP, "right": across + 1 - GAP, "top": down + GAP, "foot": down + 1 - GAP}
    words = FEW if share.too_few else f"{100 * share.n / share.of:.0f}"
    rate = 0 if share.too_few else share.value
    return {**box, "middle": across + 0.5, "centre": down + 0.5, "words": words, "share": rate}


def _on_the_clock(hour: int) -> str:
    return f"{hour % 12 or 12} {'am' if hour < 12 else 'pm'}"


def curve(chart: Curve, sheet: Sheet) -> Drawing:
    """The share that is over by then, in steps, with its interval."""
    unit, name = next((each for each in UNITS if chart.points[-1].after >= 5 * each[0]), UNITS[-1])
    end = chart.points[-1].after / unit
    step = next((step for step in STEPS if end / step <= (5 if sheet.narrow else 10)), STEPS[-1])
    names: dict[float, str] = {place: f"{place} {name}" if place else "0" for place in range(0, int(end) + 1, step)}
    axis = alt.Axis(title=None, grid=False, labelFlush=8, **labelled(names))
    x = alt.X("after:Q", axis=axis, scale=alt.Scale(domain=[0, max(end, 1)], nice=False))
    y = percent(f"{chart.measure} by then")
    points = list(_points(chart, unit))
    begun = over(point for point in points if point["share"])  # before the first, all is possible: no news
    layers = [
        begun.mark_area(color=ACT, opacity=0.2, interpolate="step-after").encode(x, alt.Y("low:Q"), alt.Y2("high")),
        over(points).mark_line(color=ACT, strokeWidth=2, interpolate="step-after").encode(x, y),
    ]
    return Drawing(layers, HEIGHT)


def _points(chart: Curve, unit: timedelta) -> Iterable[dict[str, Any]]:
    for point in chart.points:
        yield {"after": point.after / unit, "share": point.share, "low": point.low, "high": point.high}
