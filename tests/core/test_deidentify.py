"""Who is too rare to stand out, what becomes of days, and that the codebook says all of the tables."""

from collections import Counter
from dataclasses import fields
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.deidentify import (
    MOST_SHIFT_DAYS,
    OTHER,
    TABLES,
    Dates,
    Extra,
    PartOfDay,
    coarse,
    codebook,
    generalised,
    part_of_day,
    tables,
    window,
)

MONDAY = date(2026, 11, 23)
ALL = frozenset(Extra)


def people(**groups: int) -> dict[str, tuple[str, ...]]:
    return {f"{name}{n}": tuple(name.split("_")) for name, count in groups.items() for n in range(count)}


@pytest.mark.parametrize(
    ("groups", "left"),
    [
        ({"en_north": 10, "es_south": 10}, {"en_north": 10, "es_south": 10}),
        ({"en_north": 20, "es_north": 20, "en_few": 4, "en_rare": 6}, {"en_north": 20, "es_north": 20, "en_other": 10}),
        # the four es_other are hidden together with the smallest group that is left
        ({"en_north": 20, "es_north": 20, "en_few": 4, "es_few": 4, "en_rare": 6},
         {"en_north": 20, "es_north": 20, "other_other": 14}),
        ({"en_north": 40, "es_north": 3}, {"other_north": 43}),
        ({"en_north": 4, "es_south": 5}, {"other_other": 9}),
    ],
)  # fmt: skip
def test_nobody_stands_out(groups, left):
    found = Counter("_".join(each) for each in generalised(people(**groups), 10).values())
    assert found == left


VALUES = st.tuples(st.sampled_from("ab"), st.sampled_from("cdef"), st.sampled_from("ghi"))


@given(st.lists(VALUES, max_size=120), st.integers(1, 12))
def test_whoever_there_is_as_many_share_each_combination(rows, smallest):
    found = generalised(dict(enumerate(rows)), smallest)
    counts = Counter(found.values())
    assert list(found) == list(range(len(rows)))
    assert set(counts) <= {(OTHER, OTHER, OTHER)} or min(counts.values()) >= smallest
    for number, values in found.items():
        assert all(value in (OTHER, own) for value, own in zip(values, rows[number], strict=True))


def test_days_become_mondays_or_are_shifted():
    assert coarse(MONDAY + timedelta(days=6), Dates.WEEK, 5) == MONDAY
    assert coarse(MONDAY, Dates.SHIFTED, 5) == MONDAY - timedelta(days=5)


def test_rows_of_everybody_begin_and_end_on_the_same_shifted_days():
    first, last = MONDAY, MONDAY + timedelta(weeks=9)
    since, until = window(first, last, Dates.SHIFTED)
    whole = [first + timedelta(days=n) for n in range(70)]
    for shift in (0, 1, MOST_SHIFT_DAYS):
        kept = [day for day in (coarse(each, Dates.SHIFTED, shift) for each in whole) if since <= day <= until]
        assert (kept[0], kept[-1], len(kept)) == (since, until, 70 - MOST_SHIFT_DAYS)
    assert window(first, last, Dates.WEEK) == (first, last + timedelta(days=6))


@pytest.mark.parametrize(
    ("hour", "part"),
    [(None, None), (0, PartOfDay.NIGHT), (24 + 5, PartOfDay.NIGHT), (6, PartOfDay.MORNING), (36, PartOfDay.AFTERNOON),
     (167, PartOfDay.EVENING)],
)  # fmt: skip
def test_hours_become_parts_of_the_day(hour, part):
    assert part_of_day(hour) is part


def test_every_field_of_every_table_is_in_the_codebook():
    lines = [(line[0], line[1]) for line in codebook(tables(ALL), 10)[1:]]
    assert lines == [(name, each.name) for name, table in TABLES.items() for each in fields(table)]
    assert all(line[4] for line in codebook(tables(ALL), 10))


def test_extras_are_left_out_unless_they_are_asked_for():
    plain = {(name, each.name) for name, columns in tables(frozenset()).items() for each in columns}
    full = {(name, each.name) for name, columns in tables(ALL).items() for each in columns}
    texts = {("texts", each.name) for each in tables(ALL)["texts"]}
    assert full - plain == {("participants", "cohort"), ("participants", "zone"), *texts}
