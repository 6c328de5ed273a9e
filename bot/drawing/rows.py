"""Pictures of a line for each thing: shares by group, the funnel, what wordings change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import altair as alt

from bot.core.figure import ByGroup, Compared, Differences, Funnel
from bot.core.rates import Share
from bot.drawing.dress import ABOUT_A_LETTER, ACT, INK, LINE, Sheet
from bot.drawing.marks import PERCENT, Drawing, Row, cut, labelled, named, over

LINE_HEIGHT, NARROW_LINE = 34, 52  # px
BAR = 18  # px
MOST_LETTERS = 32  # of a name that stands beside its marks


@dataclass(frozen=True)
class Line:
    """One thing: its name, what is said of it in words, and the data of its marks."""

    name: str
    words: str
    marks: Row


@dataclass(frozen=True)
class Lines:
    """How lines are laid out: on a laptop words stand beside the marks, on a phone above them."""

    lines: Sequence[Line]
    sheet: Sheet

    @property
    def height(self) -> int:
        return len(self.lines) * (NARROW_LINE if self.sheet.narrow else LINE_HEIGHT)

    @property
    def left(self) -> float:
        """How much room the names take."""
        longest = max(len(line.name) for line in self.lines)
        return 4 if self.sheet.narrow else min(longest, MOST_LETTERS) * ABOUT_A_LETTER + 12

    @property
    def right(self) -> float:
        """Where the marks end and the words begin."""
        longest = max(len(line.words) for line in self.lines)
        return self.sheet.width - (12 if self.sheet.narrow else longest * ABOUT_A_LETTER + 20)

    def x(self, domain: tuple[float, float], ticks: dict[float, str]) -> alt.X:
        flush = 12 if self.sheet.narrow else False
        axis = alt.Axis(title=None, grid=False, domain=False, ticks=False, labelFlush=flush, **labelled(ticks))
        scale = alt.Scale(domain=list(domain), range=[self.left, self.right], nice=False)
        return alt.X("x:Q", axis=axis if ticks else None, scale=scale)

    def grid(self, x: alt.X, at: Iterable[float], colour: str = LINE) -> alt.Chart:
        """Rules at these places behind the marks, not behind the words."""
        top, foot = (0.48, 0.9) if self.sheet.narrow else (0.0, 1.0)
        places = [place for place, line in enumerate(self.lines) if line.marks or not self.sheet.narrow]
        rules = over({"x": each, "y": place + top, "foot": place + foot} for each in at for place in places)
        drawn: alt.Chart = rules.mark_rule(color=colour).encode(x, self.y, alt.Y2("foot"))
        return drawn

    @property
    def y(self) -> alt.Y:
        return alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[len(self.lines), 0], nice=False))

    def marks(self) -> alt.Chart:
        """The data of the marks, each at the height of its line."""
        middle = 0.68 if self.sheet.narrow else 0.5
        return over({**line.marks, "y": place + middle} for place, line in enumerate(self.lines) if line.marks)

    def words(self) -> list[alt.Chart]:
        """Names and words of all lines."""
        if self.sheet.narrow:
            said = (named(each.name, each.words, self.sheet.letters) for each in self.lines)
            told = over({"y": place + 0.24, "t": words} for place, words in enumerate(said))
            return [told.mark_text(align="left").encode(self.y, alt.Text("t:N"), x=alt.value(4))]
        names = [cut(each.name, MOST_LETTERS) for each in self.lines]
        told = over({"y": y + 0.5, "t": names[y], "w": each.words} for y, each in enumerate(self.lines))
        return [
            told.mark_text(align="left").encode(self.y, alt.Text("t:N"), x=alt.value(0)),
            told.mark_text(align="left").encode(self.y, alt.Text("w:N"), x=alt.value(self.right + 14)),
        ]


def by_group(chart: ByGroup, sheet: Sheet) -> Drawing:
    """A dot with its interval for each group; of too few people there is no dot to compare, only their n."""
    lines = Lines([Line(name, share.words, _whisker(share)) for name, share in chart.groups], sheet)
    x = lines.x((0, 1), PERCENT)
    return Drawing([lines.grid(x, PERCENT), *_dots(lines, x), *lines.words()], lines.height)


def _whisker(share: Share) -> Row:
    low, high = share.interval
    return {} if share.too_few else {"x": share.value, "low": low, "high": high}


def _dots(lines: Lines, x: alt.X) -> list[alt.Chart]:
    marks = lines.marks()
    return [
        marks.mark_rule(color=ACT, strokeWidth=2.5, opacity=0.55).encode(alt.X("low:Q"), alt.X2("high"), lines.y),
        marks.mark_point(color=ACT, filled=True, opacity=1, size=80).encode(x, lines.y),
    ]


def funnel(chart: Funnel, sheet: Sheet) -> Drawing:
    """A bar for each step, with how many that is of the step before."""
    first = chart.steps[0][1]
    before = [None, *(count for _, count in chart.steps)]
    each = zip(chart.steps, before, strict=False)
    lines = Lines([Line(name, _step(count, of), {"x": count, "from": 0}) for (name, count), of in each], sheet)
    bars = lines.marks().mark_bar(color=ACT, opacity=0.75, size=BAR)
    return Drawing([bars.encode(lines.x((0, first), {}), alt.X2("from"), lines.y), *lines.words()], lines.height)


def _step(count: int, before: int | None) -> str:
    return f"{count:,} ({100 * count / before:.0f} % of those)" if before else f"{count:,}"


def differences(chart: Differences, sheet: Sheet) -> Drawing:
    """A dot with its interval for each wording, and the line at which it changes nothing."""
    lines = Lines([Line(each.name, _said(each), _around(each)) for each in chart.wordings], sheet)
    told = [each.difference for each in chart.wordings if not each.too_few]
    reach = max([0.1, *(max(-each.low, each.high) for each in told)])
    marked = next((step for step in (0.05, 0.1, 0.2, 0.5) if reach <= 4 * step), 0.5)
    ticks = {place * marked: _points(place * marked) for place in range(-4, 5) if abs(place * marked) <= reach}
    x = lines.x((-reach, reach), ticks)
    return Drawing([lines.grid(x, ticks), lines.grid(x, [0], INK), *_dots(lines, x), *lines.words()], lines.height)


def _around(each: Compared) -> Row:
    found = each.difference
    return {} if each.too_few else {"x": found.value, "low": found.low, "high": found.high}


def _said(each: Compared) -> str:
    found = "shows nothing" if each.difference.shows_nothing else _points(each.difference.value) + " points"
    found = "too few to say" if each.too_few else found
    return f"{found} ({each.n:,} of {each.planned:,} planned)"


def _points(share: float) -> str:
    """In percentage points, with its sign."""
    return f"{100 * share:+.0f}".replace("-", "\N{MINUS SIGN}") if round(share, 3) else "0"
