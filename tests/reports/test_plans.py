"""Figures of any size of programme are read from indexes, and only of the weeks that were asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from bot.db import Database
from bot.reports import checkins, humans, needs, people
from bot.reports.scope import Scope, latest
from tests.databases import DATA_KEY, fresh_sqlite
from tests.kept import NOW, ZONE

SCOPE = latest(NOW, ZONE, 2)
Figure = Callable[[Session, Scope], object]
COUNTS: tuple[Figure, ...] = (
    checkins.by_week, checkins.by_flow, checkins.by_cohort, checkins.by_caseworker, checkins.by_language,
    checkins.by_channel, checkins.by_hour, lambda session, scope: checkins.waits(session, scope, NOW),
)  # fmt: skip
OTHERS: tuple[Figure, ...] = (
    checkins.funnel_of, needs.raised, humans.cases, humans.waiting_cases, humans.waiting_now, humans.mistakes,
    people.by_week, people.still_lost,
)  # fmt: skip
NARROWED: tuple[dict[str, Any], ...] = ({"cohort": "Fall"}, {"team": "North"}, {"caseworker_id": 1})


@contextmanager
def _plans() -> Iterator[tuple[Session, list[str]]]:
    """A session on SQLite, and the steps of every plan that it makes from then on."""
    steps: list[str] = []
    with fresh_sqlite() as url:
        database = Database(url, DATA_KEY)

        def explain(_c: Any, cursor: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:
            if statement.startswith("SELECT"):
                asked = cursor.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                steps.extend(row[3] for row in asked)

        with database.reading() as session:
            event.listen(database.engine, "before_cursor_execute", explain)
            yield session, steps
        database.engine.dispose()


@pytest.mark.parametrize("figure", COUNTS)
def test_check_ins_are_counted_by_one_index_a_week_at_a_time(figure: Figure) -> None:
    with _plans() as (session, steps):
        for scope in (SCOPE, replace(SCOPE, flow="weekly")):
            figure(session, scope)
    read = [step for step in steps if "check_ins" in step and "figures_of_running" not in step]
    assert read and all("COVERING INDEX figures_of_week (week=?)" in step for step in read), steps


@pytest.mark.parametrize("figure", COUNTS)
@pytest.mark.parametrize("narrowed", NARROWED)
def test_of_some_only_those_are_read(figure: Figure, narrowed: dict[str, Any]) -> None:
    with _plans() as (session, steps):
        figure(session, replace(SCOPE, **narrowed))
        figure(session, replace(SCOPE, flow="weekly", **narrowed))
    (name,) = narrowed
    read = [step for step in steps if "check_ins" in step and "figures_of_running" not in step]
    assert read and all(f"{name}=?" in step and "week" in step for step in read), steps


@pytest.mark.parametrize("figure", (*COUNTS, *OTHERS))
def test_no_figure_walks_through_a_table(figure: Figure) -> None:
    with _plans() as (session, steps):
        for narrowed in ({}, {"flow": "weekly"}, *NARROWED):
            figure(session, replace(SCOPE, **narrowed))
    small = ("SCAN staff", "SCAN anon_1")  # the second: what one week's counts were grouped into
    walked = [step for step in steps if step.startswith("SCAN") and "INDEX" not in step and step not in small]
    assert steps and not walked
