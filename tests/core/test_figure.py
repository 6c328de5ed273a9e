"""Figures hold together, and their tables become CSV that any spreadsheet reads."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.figure import ByGroup, ByHour, ByKind, ByWeek, Dots, Figure, Funnel, Kind, Table, as_csv
from bot.core.rates import Share

MONDAY = date(2026, 11, 23)
TABLE = Table(("week", "answered"), ((MONDAY, 12),))
FIGURE = Figure("answers-by-week", "Answers by week", "Twelve answered.", TABLE, ByWeek(((MONDAY, Share(12, 20)),)))


def test_the_table_is_written_with_its_columns_and_iso_dates():
    row = (MONDAY, datetime(2026, 11, 23, 9, tzinfo=UTC), "weekly", 0.5, None)
    table = Table(("week", "at", "flow", "share", "n"), (row,))
    assert as_csv(table) == "week,at,flow,share,n\r\n2026-11-23,2026-11-23T09:00:00+00:00,weekly,0.5,\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum(a1)", "\tx"])
def test_no_text_is_run_as_a_formula(text):
    assert next(csv.reader(io.StringIO(as_csv(Table((text,), ())), newline=""))) == [f"'{text}"]


def test_numbers_under_zero_stay_numbers():
    assert as_csv(Table(("difference",), ((-0.25,), (-3,)))) == "difference\r\n-0.25\r\n-3\r\n"


PRINTED = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20)


@given(st.lists(st.tuples(PRINTED, PRINTED, st.integers()), max_size=5))
def test_what_is_written_is_read_back(rows):
    read = list(csv.reader(io.StringIO(as_csv(Table(("a", "b", "c"), tuple(rows))), newline="")))
    assert read == [["a", "b", "c"], *([_guarded(a), _guarded(b), str(c)] for a, b, c in rows)]


def _guarded(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and text else text


@pytest.mark.parametrize("name", ["Answers", "answers by week", "../secrets", "", "-a", "a--b"])
def test_a_name_is_fit_for_an_address(name):
    with pytest.raises(ValueError, match="no name of a figure"):
        replace(FIGURE, name=name)


def test_a_row_has_as_many_cells_as_there_are_columns():
    with pytest.raises(ValueError, match="every row"):
        Table(("a", "b"), ((1,),))


def test_a_funnel_never_widens():
    with pytest.raises(ValueError, match="never widens"):
        Funnel((("sent", 10), ("delivered", 11)))


def test_a_kind_has_a_count_for_every_week():
    with pytest.raises(ValueError, match="one count for each week"):
        ByKind((MONDAY,), (Kind("housing", (1, 2)),))


@pytest.mark.parametrize("hour", [-1, 168])
def test_a_week_has_168_hours(hour):
    with pytest.raises(ValueError, match="0 to 167"):
        ByHour(((hour, Share(1, 2)),))


@pytest.mark.parametrize(
    "chart, empty",
    [
        (None, True),
        (ByWeek(()), True),
        (ByWeek(((MONDAY, Share(0, 0)),)), True),
        (ByWeek(((MONDAY, Share(0, 3)),)), False),
        (ByGroup((("weekly", Share(0, 0)),)), True),
        (ByHour(((0, Share(0, 0)),)), True),
        (ByKind((MONDAY,), (Kind("housing", (0,)),)), True),
        (Funnel((("sent", 0),)), True),
        (Dots((), promise=datetime.resolution), True),
    ],
)
def test_a_figure_knows_that_it_has_nothing_to_draw(chart, empty):
    assert replace(FIGURE, chart=chart).empty is empty


def test_the_same_figure_is_the_same_key():
    assert len({FIGURE, replace(FIGURE), replace(FIGURE, says="Thirteen answered.")}) == 2


def test_a_column_holds_numbers_whatever_stands_in_for_some():
    assert Table(("a", "b", "c"), (("x", "hidden", None), ("y", 2, "z"))).numeric == (False, True, False)
