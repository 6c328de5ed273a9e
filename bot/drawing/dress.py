"""How pictures look: the stylesheet's colours, sizes, and what makes an SVG readable by people and by machines."""

import re
import textwrap
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bot.core.figure import Figure, Size, Tone

# Light and dark as in web/static/standby.css, by its names; `heat` is behind words, so it stays mid-tone in the dark.
COLOURS = {
    "ink": ("#17212b", "#e6ebf0"),
    "quiet": ("#55606d", "#a9b4c0"),
    "line": ("#c9d1d9", "#39434e"),
    "card": ("#ffffff", "#182028"),
    "act": ("#0b4a8f", "#8ec1f7"),
    "now": ("#a3161f", "#ff9a94"),
    "today": ("#7a4d00", "#f0c069"),
    "fine": ("#14663a", "#7fd3a2"),
    "heat": ("#0b4a90", "#4a8ad6"),
}
INK, QUIET, LINE, CARD, ACT, NOW, TODAY, FINE, HEAT = (light for light, _ in COLOURS.values())
TONES = {Tone.PLAIN: ACT, Tone.NOW: NOW, Tone.TODAY: TODAY, Tone.QUIET: QUIET, Tone.FINE: FINE}
FONT = "system-ui, sans-serif"
TEXT = 13  # px; smaller is not read on a phone
ABOUT_A_LETTER = 7.6  # px wide at that size in the widest font of those that readers have (DejaVu Sans)


@dataclass(frozen=True)
class Sheet:
    """What there is to draw on, in px."""

    size: Size
    width: int

    @property
    def letters(self) -> int:
        """How many letters go into a line across it."""
        return int(self.width / ABOUT_A_LETTER) - 1

    @property
    def narrow(self) -> bool:
        return self.size is Size.PHONE


SHEETS = {Size.LAPTOP: Sheet(Size.LAPTOP, 720), Size.PHONE: Sheet(Size.PHONE, 340)}

CONFIG = {
    "font": FONT,
    "background": None,  # the page's own, or the paper's
    "aria": False,  # the picture as a whole has its text; two hundred marks read out one by one help nobody
    "title": {"color": QUIET, "fontSize": TEXT, "fontWeight": "normal", "orient": "bottom", "anchor": "start"},
    "view": {"stroke": None},
    "text": {"color": INK, "fontSize": TEXT},
    "axis": {
        "labelColor": INK, "titleColor": INK, "gridColor": LINE, "domainColor": QUIET, "tickColor": QUIET,
        "labelFontSize": TEXT, "titleFontSize": TEXT, "titleFontWeight": "normal", "labelPadding": 4,
    },
    "legend": {"labelColor": INK, "labelFontSize": TEXT, "title": None, "orient": "top", "labelLimit": 0,
               "columnPadding": 22},
}  # fmt: skip

# A picture in a page is an image of its own: it follows the reader's device by itself. On paper it is never dark.
DARK = "".join(
    f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}' for light, dark in COLOURS.values()
)
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # may not stand in it, even escaped
STYLE = f"<style>@media screen and (prefers-color-scheme:dark){{{DARK}}}</style>"


def finish(svg: str, figure: Figure, sheet: Sheet) -> str:
    """The same SVG as an image with a title and a description, that turns dark with the reader's device."""
    name = f"{figure.name}-{sheet.size}"
    head, rest = svg.split(">", 1)
    head += f' role="img" aria-labelledby="{name}-title {name}-says"'
    title, says = (escape(NO_XML.sub("", words)) for words in (figure.title, figure.says))
    return f'{head}><title id="{name}-title">{title}</title><desc id="{name}-says">{says}</desc>{STYLE}{rest}'


def on_paper(svg: str) -> str:
    """The same on white, for letters and PNG."""
    head, rest = svg.split(">", 1)
    return f'{head}><rect width="100%" height="100%" fill="#ffffff"/>{rest}'


def sentence(figure: Figure, sheet: Sheet) -> str:
    """What there is to see where there is nothing to draw: the sentence itself, in the frame of an empty list."""
    lines = textwrap.wrap(NO_XML.sub("", figure.says), int((sheet.width - 40) / ABOUT_A_LETTER))
    height = 40 + 20 * len(lines)
    words = "".join(f'<text x="20" y="{34 + 20 * place}">{escape(line)}</text>' for place, line in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{sheet.width}" height="{height}"'
        f' viewBox="0 0 {sheet.width} {height}">'
        f'<rect x="1" y="1" width="{sheet.width - 2}" height="{height - 2}" rx="8" fill="none" stroke="{LINE}"'
        f' stroke-dasharray="4 3"/><g font-family="{FONT}" font-size="{TEXT + 1}" fill="{INK}">{words}</g></svg>'
    )
