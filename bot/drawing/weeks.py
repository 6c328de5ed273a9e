"""Pictures over time: a share by week, counts by week and kind, cases as dots."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import altair as alt

from bot.core.figure import ByKind, ByWeek, Dot, Dots
from bot.core.lengths import MINUTE, marked
from bot.core.rates import MINIMUM_N, Share
from bot.drawing.dress import ACT, FINE, INK, NOW, QUIET, TONES, Sheet
from bot.drawing.marks import Drawing, Row, labelled, moment, named, over, percent

HEIGHT = 240
STRIP, ITS_WORDS = 62, 26  # px: a kind's strip, and the line of words on top of it
WEEK, A_YEAR = timedelta(weeks=1), timedelta(days=365)
LABEL, LAST_WORD = 90, 48  # px that the name of a day takes, and the last share
MILLISECOND = timedelta(milliseconds=1)
MANY = 30  # weeks; their dots would run into each other
WAITS: dict[float, str] = {
    1: "≤ 1 min", 3: "3 min", 10: "10 min", 30: "30 min", 60: "1 h", 180: "3 h", 600: "10 h",
    1440: "1 day", 4320: "3 days", 14400: "10 days", 43200: "30 days", 525600: "1 year",
}  # fmt: skip


def by_week(chart: ByWeek, sheet: Sheet) -> Drawing:
    """Line and band; weeks of too few people are a gap with a small cross, so that nobody takes chance for news."""
    weeks = [week for week, _ in chart.weeks]
    x, y = _days(weeks, sheet, room=LAST_WORD), percent(chart.measure)
    low, high = alt.Y("low:Q"), alt.Y2("high")
    told = list(_told(chart.weeks))
    few = [{"at": moment(week), "share": 0} for week, share in chart.weeks if share.too_few]
    layers = [
        over(told).mark_area(color=ACT, opacity=0.2).encode(x, low, high, alt.Detail("run:N")),
        over(row for row in told if row["alone"]).mark_rule(color=ACT, strokeWidth=2, opacity=0.4).encode(x, low, high),
        over(told).mark_line(color=ACT, strokeWidth=2).encode(x, y, alt.Detail("run:N")),
        over(told).mark_point(color=ACT, filled=True, opacity=1, size=36 if len(weeks) <= MANY else 12).encode(x, y),
        over(told[-1:]).mark_text(align="left", dx=8, fontWeight="bold").encode(x, y, alt.Text("words:N")),
        over(few).mark_text(text="×", color=QUIET, fontSize=16, dy=-6).encode(x, y),
    ]
    return Drawing(layers, HEIGHT, f"× too few to say (under {MINIMUM_N})" if few else "")


def _told(weeks: Sequence[tuple[date, Share]]) -> Iterator[Row]:
    """The weeks of which something may be said; a run is a stretch of them without a gap."""
    for run, (few, stretch) in enumerate(groupby(weeks, key=lambda each: each[1].too_few)):
        shares = [] if few else list(stretch)
        for week, share in shares:
            low, high = share.interval
            row = {"at": moment(week), "share": share.value, "low": low, "high": high, "run": run}
            yield row | {"words": f"{100 * share.n / share.of:.0f} %", "alone": len(shares) == 1}


def by_kind(chart: ByKind, sheet: Sheet) -> Drawing:
    """A strip of bars for each kind, named above it. Each has its own scale: ten texts to read hide no single danger.

    A scale reaches to five at least, so that a single need does not look like a wave.
    """
    room = (STRIP - ITS_WORDS) / STRIP
    bars, told = list[Row](), list[Row]()
    for place, kind in enumerate(chart.kinds):
        foot, most = place + 1, max(kind.counts)
        words = f"{sum(kind.counts):,} (up to {most:,} a week)"
        told.append({"top": place, "words": named(kind.name, words, sheet.letters)})
        for week, count in zip(chart.weeks, kind.counts, strict=True):
            bar = {"foot": foot, "top": foot - room * count / max(most, 5), "tone": kind.tone}
            bars.append(bar | {"at": moment(week), "till": moment(week + WEEK)})
    x = _days(chart.weeks, sheet, till=chart.weeks[-1] + WEEK)
    y = alt.Y("foot:Q", axis=None, scale=alt.Scale(domain=[len(chart.kinds), 0], nice=False))
    colour = alt.Color("tone:N", scale=alt.Scale(domain=list(TONES), range=list(TONES.values())), legend=None)
    feet = [{"foot": place + 1} for place in range(len(chart.kinds))]
    layers = [
        over(feet).mark_rule(color=QUIET, opacity=0.5).encode(y),
        over(bars).mark_bar(binSpacing=1).encode(x, alt.X2("till"), y, alt.Y2("top"), colour),
        over(told).mark_text(align="left", dy=14).encode(alt.Y("top:Q"), alt.Text("words:N"), x=alt.value(0)),
    ]
    return Drawing(layers, STRIP * len(chart.kinds), "Each kind has its own scale.")


def dots(chart: Dots, sheet: Sheet) -> Drawing:
    """Each case a mark: a circle in time, a triangle late; filled when a person came, open while it waits."""
    longest = max(chart.promise, *(dot.took for dot in chart.dots))
    shown = {at: name for at, name in WAITS.items() if at <= max(longest / MINUTE, 10)}
    scale = alt.Scale(type="log", domain=[1, max(longest / MINUTE * 1.3, 12)], nice=False)
    y = alt.Y("minutes:Q", scale=scale, axis=alt.Axis(title=None, domain=False, ticks=False, **labelled(shown)))
    rows = [_dot(dot, chart.promise) for dot in chart.dots]
    x = _days([dot.at for dot in chart.dots], sheet)
    promise = over([{"minutes": chart.promise / MINUTE}])
    layers = [
        promise.mark_rule(color=INK, strokeDash=[6, 4], strokeWidth=1.5).encode(y),
        over(rows).mark_point(size=60, strokeWidth=1.8, opacity=1).encode(x, y, *_looks(rows, sheet)),
    ]
    return Drawing(layers, HEIGHT, f"– – promised: {marked(chart.promise)}")


STATES = {
    "in time": ("circle", FINE, FINE),
    "late": ("triangle-up", NOW, NOW),
    "still waits": ("circle", INK, "transparent"),
    "still waits, late": ("triangle-up", NOW, "transparent"),
}


def _looks(rows: Sequence[Row], sheet: Sheet) -> tuple[alt.Shape, alt.Stroke, alt.Fill]:
    """Shape, line and filling of each state, with one legend of those that occur."""
    present = [state for state in STATES if any(row["state"] == state for row in rows)]
    legend = alt.Legend(columns=2 if sheet.narrow else 4)

    def by_state(place: int) -> dict[str, Any]:
        return {"scale": alt.Scale(domain=present, range=[STATES[state][place] for state in present]), "legend": legend}

    return (
        alt.Shape("state:N", **by_state(0)),
        alt.Stroke("state:N", **by_state(1)),
        alt.Fill("state:N", **by_state(2)),
    )


def _dot(dot: Dot, promise: timedelta) -> Row:
    late = dot.took > promise
    state = ("still waits, late" if late else "still waits") if dot.waits else "late" if late else "in time"
    return {"at": moment(dot.at), "minutes": max(dot.took / MINUTE, 1), "state": state}


def _days(days: Sequence[date], sheet: Sheet, till: date | None = None, room: int = 8) -> alt.X:
    """The axis of time over these days, `room` px beyond the last, with as many Mondays named as there is place for."""
    names = labelled(_named(days, sheet.width // LABEL))
    axis = alt.Axis(title=None, grid=False, labelFlush=8, labelOverlap=False, **names)
    first, last = moment(min(days)), moment(till or max(days))
    px = max(last - first, WEEK / MILLISECOND) / (sheet.width - 60 - room)
    scale = alt.Scale(type="utc", domain=[first - 8 * px, last + room * px], nice=False)
    return alt.X("at:T", axis=axis, scale=scale)


def _named(days: Sequence[date], most: int) -> dict[float, str]:
    """Every so manieth Monday by its name, counted from the last; by month alone where they span a year."""
    first, last = _monday(min(days)), _monday(max(days))
    weeks = (last - first) // WEEK + 1
    apart = -(-weeks // most)
    mondays = [last - WEEK * back for back in range(0, weeks, apart)]
    form = "%b %-d" if last - first < A_YEAR else "%b %Y"
    return {moment(monday): monday.strftime(form) for monday in reversed(mondays)}


def _monday(day: date) -> date:
    plain = date(day.year, day.month, day.day)
    return plain - timedelta(days=plain.weekday())
