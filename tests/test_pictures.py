"""Pictures: what is drawn is what the figure says, for every reader."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot import pictures
from bot.core.figure import (
    ByGroup,
    ByHour,
    ByKind,
    ByWeek,
    Chart,
    Compared,
    Curve,
    Differences,
    Dot,
    Dots,
    Figure,
    Funnel,
    Kind,
    Size,
    Table,
    Tone,
)
from bot.core.rates import ByThen, Share, difference
from bot.drawing.dress import COLOURS, HEAT, INK, NOW, SHEETS
from bot.drawing.grids import STRONGEST

SVG = "{http://www.w3.org/2000/svg}"
MONDAY = date(2026, 8, 31)


def on(day: int, hour: int) -> datetime:
    """In September, on the programme's clock."""
    return datetime(2026, 9, day, hour, tzinfo=ZoneInfo("America/Chicago"))


WEEKS = tuple(MONDAY + timedelta(weeks=week) for week in range(4))
SIZES = pytest.mark.parametrize("size", Size)
CHARTS: dict[str, Chart] = {
    "week": ByWeek(tuple(zip(WEEKS, (Share(40, 80), Share(30, 40), Share(2, 9), Share(54, 60)), strict=True))),
    "group": ByGroup((("weekly", Share(56, 70)), ("court <b> & more", Share(5, 20)), ("new", Share(3, 9)))),
    "hour": ByHour(((9, Share(10, 20)), (24 * 6 + 19, Share(99, 99)), (12, Share(1, 2)), (13, Share(0, 0)))),
    "kind": ByKind(WEEKS, (Kind("Safety", (0, 1, 0, 2), Tone.NOW), Kind("Housing", (10, 5, 20, 0)))),
    "funnel": Funnel((("Sent", 1200), ("Delivered", 900), ("Answered", 300), ("Resolved", 0))),
    "dots": Dots(
        (
            Dot(on(1, 9), timedelta(minutes=3)),
            Dot(on(8, 23), timedelta(seconds=5)),
            Dot(on(9, 9), timedelta(minutes=45)),
            Dot(on(20, 9), timedelta(hours=20), waits=True),
        ),
        promise=timedelta(minutes=10),
    ),
    "curve": Curve((ByThen(timedelta(hours=1), 0.25, 0.2, 0.3), ByThen(timedelta(hours=48), 0.5, 0.4, 0.6))),
    "differences": Differences(
        (
            Compared("Warm", difference(Share(56, 70), Share(48, 80)), 70, 388),
            Compared("Short", difference(Share(5, 56), Share(0, 29)), 29, 388),
            Compared("Late", difference(Share(9, 9), Share(0, 9)), 9, 388),
        )
    ),
}
KINDS = pytest.mark.parametrize("kind", CHARTS)


@pytest.fixture(autouse=True, scope="module")
def _at_rest() -> Iterator[None]:
    yield
    pictures.ARTIST.rest()


def figure(chart: Chart | None, says: str = "Half answered.") -> Figure:
    return Figure("answers", "Answers & <more>", says, Table(("a",), ((1,),)), chart)


def drawn(kind: str, size: Size = Size.LAPTOP) -> ElementTree.Element:
    return ElementTree.fromstring(pictures.svg(figure(CHARTS[kind]), size))


def texts(picture: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in picture.iter(f"{SVG}text")]


def marks(picture: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    """The marks of one kind, legend and axes left out."""
    groups = [each for each in picture.iter(f"{SVG}g") if f"mark-{kind} role-mark" in each.get("class", "")]
    return [mark for group in groups for mark in group if mark.tag != f"{SVG}g"]


def place(mark: ElementTree.Element) -> tuple[float, float]:
    found = re.match(r"translate\(([\d.-]+),([\d.-]+)\)", mark.get("transform", ""))
    assert found
    return float(found[1]), float(found[2])


@KINDS
@SIZES
def test_a_picture_has_its_size_a_role_a_title_and_a_text(kind, size):
    picture = drawn(kind, size)
    assert float(picture.get("width", 0)) == pytest.approx(SHEETS[size].width, abs=1)
    assert picture.get("role") == "img"
    names = {each.get("id"): each.text for each in picture if each.get("id")}
    told = [names[name] for name in picture.get("aria-labelledby", "").split()]
    assert told == ["Answers & <more>", "Half answered."]


@KINDS
def test_nothing_in_it_runs_or_points_elsewhere(kind):
    source = pictures.svg(figure(CHARTS[kind]))
    assert "<script" not in source and not re.search(r"\son\w+=|href=|url\(|@import", source)
    assert set(re.findall(r"https?://[^\"]+", source)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


@KINDS
@SIZES
def test_the_same_figure_gives_the_same_bytes(kind, size):
    def anew() -> str:
        return pictures.ARTIST.draw(pictures.Order(figure(CHARTS[kind]), size, pictures.Form.SVG))

    assert anew() == anew()


def test_another_process_draws_the_same():
    before = pictures.svg(figure(CHARTS["week"]))
    pictures.ARTIST.rest()
    again = pictures.Order(figure(CHARTS["week"]), Size.LAPTOP, pictures.Form.SVG)
    assert pictures.ARTIST.draw(again) == before


def test_weeks_lie_at_their_share_and_too_few_are_a_cross():
    picture = drawn("week")
    dots = [place(mark) for mark in marks(picture, "symbol")]
    assert [1 - y / 240 for _, y in dots] == pytest.approx([0.5, 0.75, 0.9])
    assert dots[2][0] - dots[1][0] == pytest.approx(2 * (dots[1][0] - dots[0][0])), "the third week is a gap"
    assert texts(picture).count("×") == 1
    assert "× too few to say (under 10)" in texts(picture)
    assert "90 %" in texts(picture), "the latest"


@SIZES
def test_groups_are_told_with_n_and_interval_and_too_few_have_no_dot(size):
    picture = drawn("group", size)
    said = " ".join(texts(picture))
    for words in ("weekly", "80 % (69 to 88, n = 70)", "court <b> & more", "25 % (11 to 47, n = 20)", "new"):
        assert words in said
    assert "too few to say (n = 9)" in said
    places = [place(mark)[0] for mark in marks(picture, "symbol")]
    zero, one = (place(mark)[0] for mark in _at(picture, "0 %", "100 %"))
    if size is Size.LAPTOP:
        assert [(x - zero) / (one - zero) for x in places] == pytest.approx([0.8, 0.25], abs=0.01)


def _at(picture: ElementTree.Element, *words: str) -> list[ElementTree.Element]:
    return [next(each for each in picture.iter(f"{SVG}text") if each.text == word) for word in words]


@SIZES
def test_hours_of_the_week_hold_their_percent(size):
    picture = drawn("hour", size)
    cells = [each.text for each in marks(picture, "text")]
    assert cells == ["50", "100", "·"], "too few have a dot, nobody has no cell"
    assert {"Mon", "Sun", "9 am", "12 pm", "7 pm"} <= set(texts(picture))
    assert "% answered; · too few to say (under 10)" in texts(picture)


def test_kinds_stand_one_above_the_other_and_danger_has_its_colour():
    picture = drawn("kind")
    assert [each.text for each in marks(picture, "text")] == [
        "Safety: 3 (up to 2 a week)",
        "Housing: 35 (up to 20 a week)",
    ]
    bars = marks(picture, "rect")
    assert len(bars) == 8
    assert [bar.get("fill") == NOW for bar in bars] == [True] * 4 + [False] * 4


@SIZES
def test_the_bars_of_a_funnel_are_as_long_as_their_counts(size):
    picture = drawn("funnel", size)
    lengths = [_width(bar) for bar in marks(picture, "rect")]
    assert [length / lengths[0] for length in lengths] == pytest.approx([1, 0.75, 0.25, 0], abs=0.002)
    said = " ".join(texts(picture))
    assert all(words in said for words in ("1,200", "900 (75 % of those)", "300 (33 % of those)", "0 (0 % of those)"))


def _width(bar: ElementTree.Element) -> float:
    found = re.match(r"M[\d.-]+,[\d.-]+h([\d.-]+)", bar.get("d", ""))
    assert found
    return abs(float(found[1]))


@SIZES
def test_who_waits_is_open_and_who_was_late_has_another_shape(size):
    picture = drawn("dots", size)
    looks = [(mark.get("fill"), mark.get("d")) for mark in marks(picture, "symbol")]
    (in_time, circle), (also, same), (late, triangle), (waits, its) = looks
    assert (in_time, circle) == (also, same)
    assert late == NOW and triangle != circle
    assert waits is None and its == triangle, "twenty hours are late already"
    assert {"in time", "late", "still waits, late"} <= set(texts(picture)) and "still waits" not in texts(picture)
    assert "– – promised: 10 min" in texts(picture)


def test_what_took_longer_is_higher_and_the_line_between():
    picture = drawn("dots")
    heights = [place(mark)[1] for mark in marks(picture, "symbol")]
    (promise,) = [place(mark)[1] for mark in marks(picture, "rule")]
    assert heights[3] < heights[2] < promise < heights[0] < heights[1]


def test_a_difference_stands_beside_the_line_of_none():
    picture = drawn("differences")
    zero, ten = (place(mark)[0] for mark in _at(picture, "0", "+10"))
    points = [(place(mark)[0] - zero) / (ten - zero) for mark in marks(picture, "symbol")]
    assert points == pytest.approx([2.0, 0.893], abs=0.02)
    said = {"+20 points (70 of 388 planned)", "shows nothing (29 of 388 planned)", "too few to say (9 of 388 planned)"}
    assert said <= set(texts(picture)), "and of too few there is no dot"


@SIZES
@pytest.mark.parametrize("chart", [None, ByWeek(()), ByGroup(()), ByHour(()), ByKind((), ()), Funnel(()), Curve(())])
def test_with_nothing_to_draw_it_says_so(chart, size):
    says = "Nobody was asked anything between August 31 and September 21, so there is nothing to show."
    picture = ElementTree.fromstring(pictures.svg(figure(chart, says), size))
    assert " ".join(texts(picture)) == says
    assert not list(picture.iter(f"{SVG}path")) and not list(picture.iter(f"{SVG}line"))


LONELY = (ByWeek(((MONDAY, Share(1, 1)),)), Dots((Dot(on(1, 9), timedelta(0)),), timedelta(0)))


@pytest.mark.parametrize("chart", LONELY)
def test_one_lonely_case_is_drawn(chart):
    assert len(texts(ElementTree.fromstring(pictures.svg(figure(chart))))) > 1


def test_a_long_name_is_cut_on_a_phone_and_the_numbers_are_not():
    chart = ByGroup((("a name that somebody typed without an end in sight", Share(56, 70)),))
    picture = ElementTree.fromstring(pictures.svg(figure(chart), Size.PHONE))
    (said,) = [each.text or "" for each in marks(picture, "text")]
    assert said.endswith("…: 80 % (69 to 88, n = 70)") and len(said) <= 48


NAMES = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)
SHARES = st.integers(0, 500).flatmap(lambda of: st.builds(Share, st.integers(0, of), st.just(of)))


@settings(max_examples=25, deadline=None)
@example("", "", [("\b", Share(0, 1))], Size.LAPTOP)
@example("", "", [("\N{ARABIC LETTER BEH}\N{GRINNING FACE}" * 40, Share(0, 1))], Size.LAPTOP)
@given(NAMES, NAMES, st.lists(st.tuples(NAMES, SHARES), max_size=6), st.sampled_from(Size))
def test_whatever_people_type_the_picture_can_be_read(title, says, groups, size):
    whatever = replace(figure(ByGroup(tuple(groups))), title=title, says=says)
    assert ElementTree.fromstring(pictures.svg(whatever, size)).get("role") == "img"


@settings(max_examples=15, deadline=None)
@given(st.lists(SHARES, min_size=1, max_size=60), st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(Size))
def test_any_run_of_weeks_is_drawn(shares, first, size):
    monday = first - timedelta(days=first.weekday())
    chart = ByWeek(tuple((monday + timedelta(weeks=week), share) for week, share in enumerate(shares)))
    picture = ElementTree.fromstring(pictures.svg(figure(chart), size))
    assert len(marks(picture, "symbol")) == sum(not share.too_few for share in shares)


def test_a_letter_gets_a_png_on_white():
    image = pictures.png(figure(CHARTS["week"]))
    assert image.startswith(b"\x89PNG")
    assert int.from_bytes(image[16:20]) == 2 * SHEETS[Size.LAPTOP].width


def test_what_was_drawn_is_kept():
    first = pictures.svg(figure(CHARTS["funnel"]))
    assert pictures.svg(replace(figure(CHARTS["funnel"]), table=Table(("b",), ()))) is first, "tables are not drawn"


def test_a_broken_figure_costs_no_other_its_picture():
    far = date(9999, 12, 27)
    with pytest.raises(pictures.PictureError, match="figure answers could not be drawn: OverflowError"):
        pictures.svg(figure(ByKind((far,), (Kind("Housing", (3,)),))))
    assert pictures.svg(figure(CHARTS["curve"]))


def test_a_process_that_died_is_begun_anew():
    artist = pictures.Artist()
    order = pictures.Order(figure(CHARTS["funnel"]), Size.PHONE, pictures.Form.SVG)
    before = artist.draw(order)
    assert artist._process
    artist._process.kill()
    artist._process.wait()
    assert artist.draw(order) == before
    artist.rest()


@pytest.mark.parametrize("said", ['{"picture": "<svg', '{"picture": 3}\n'])
def test_what_a_dying_process_says_is_no_picture_and_is_not_repeated(monkeypatch, said):
    dying = [sys.executable, "-c", f"input(); print({said!r}, end='')"]
    monkeypatch.setattr(pictures, "_begin", lambda: subprocess.Popen(dying, stdin=-1, stdout=-1))
    artist = pictures.Artist()
    with pytest.raises(pictures.PictureError) as raised:
        artist.draw(pictures.Order(figure(CHARTS["week"]), Size.LAPTOP, pictures.Form.SVG))
    assert "svg" not in str(raised.value) and (raised.value.__suppress_context__ or "no answer" in str(raised.value))
    artist.rest()


def test_a_process_that_hangs_is_given_up():
    artist = pictures.Artist(patience=0.01)
    with pytest.raises(pictures.PictureError, match=r"not drawn within 0.01 seconds"):
        artist.draw(pictures.Order(figure(CHARTS["week"]), Size.LAPTOP, pictures.Form.SVG))
    assert artist._process is None


def test_whoever_asks_for_pictures_does_not_hold_the_engine():
    asks = "import sys, bot.pictures; print({'altair', 'vl_convert', 'scipy'} & set(sys.modules))"
    root = Path(__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", asks], cwd=root, capture_output=True, text=True).stdout == "set()\n"


def _stylesheet() -> tuple[dict[str, str], dict[str, str]]:
    """Its colours, in the light and in the dark."""
    css = (Path(pictures.ROOT) / "bot/web/static/standby.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", part)) for part in css.split("@media", 2)[:2])
    return light, dark


@pytest.mark.parametrize("name", [name for name in COLOURS if name != "heat"])
def test_colours_are_the_stylesheets(name):
    long = [re.sub(r"^#(.)(.)(.)$", r"#\1\1\2\2\3\3", sheet[name]) for sheet in _stylesheet()]
    assert list(COLOURS[name]) == long


def _light(colour: tuple[float, ...]) -> float:
    """Relative luminance, WCAG 2.2."""
    red, green, blue = ((c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


@pytest.mark.parametrize("shade", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("strength", [0.0, 0.3, STRONGEST])
def test_words_in_the_heat_map_keep_their_contrast(shade, strength):
    by_light = {light: both for light, *_ in COLOURS.values() for both in COLOURS.values() if both[0] == light}
    heat, card, ink = (_rgb(by_light[colour][shade]) for colour in (HEAT, "#ffffff", INK))
    behind = tuple(strength * over + (1 - strength) * under for over, under in zip(heat, card, strict=True))
    high, low = sorted((_light(behind), _light(ink)), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5
