"""One figure, drawn."""

import vl_convert

from bot.core.figure import ByGroup, ByHour, ByKind, ByWeek, Chart, Curve, Differences, Dots, Figure, Funnel, Size
from bot.drawing.dress import CONFIG, SHEETS, Sheet, finish, on_paper, sentence
from bot.drawing.grids import by_hour, curve
from bot.drawing.marks import Drawing
from bot.drawing.rows import by_group, differences, funnel
from bot.drawing.weeks import by_kind, by_week, dots

VEGA_LITE = "6.4"  # the version that this Altair writes for; another one would draw the same words otherwise
SHARP = 2.0  # dots for each px of a PNG, as phones have them


def svg(figure: Figure, size: Size) -> str:
    """The figure as SVG, as wide as the size asks; its sentence where there is nothing to draw. No script in it."""
    sheet = SHEETS[size]
    drawn = sentence(figure, sheet) if figure.chart is None or figure.empty else _drawn(figure.chart, sheet)
    return finish(drawn, figure, sheet)


def png(figure: Figure, size: Size) -> bytes:
    """The same as PNG, light, on white, with two dots for each px."""
    return vl_convert.svg_to_png(on_paper(svg(figure, size)), scale=SHARP)


def _drawn(chart: Chart, sheet: Sheet) -> str:
    spec = _drawing(chart, sheet).on(sheet).to_dict(validate=False)  # checking it takes as long as drawing it
    return vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, config=CONFIG)


def _drawing(chart: Chart, sheet: Sheet) -> Drawing:
    match chart:
        case ByWeek():
            return by_week(chart, sheet)
        case ByGroup():
            return by_group(chart, sheet)
        case ByHour():
            return by_hour(chart, sheet)
        case ByKind():
            return by_kind(chart, sheet)
        case Funnel():
            return funnel(chart, sheet)
        case Dots():
            return dots(chart, sheet)
        case Curve():
            return curve(chart, sheet)
        case Differences():
            return differences(chart, sheet)
