"""How soon a person comes, who waits now, and whom the programme loses."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from datetime import datetime

from sqlalchemy.orm import Session

from bot.core.figure import Cell, Dot, Dots, Figure, Table, Tone
from bot.core.lengths import MINUTE, lasted, within
from bot.core.times import times
from bot.figures.needs import counted, left_out
from bot.figures.view import View, count_cell, many, on_the_clock, said, share_of, span, told
from bot.reports import humans, people
from bot.reports.humans import Case
from bot.reports.scope import Scope

PERSON = "Person no."  # pages put the name in its place for those who may know it; files keep the number
LOST = (
    ("Gone quiet", Tone.QUIET), ("Unreachable", Tone.TODAY), ("Opted out", Tone.PLAIN), ("Wrong number", Tone.TODAY)
)  # fmt: skip


def danger(session: Session, scope: Scope, view: View) -> Figure:
    """From each *now* flag to the person who took it: in time means before the alert went on to others."""
    cases = humans.cases(session, scope)
    shown = view.shown([_in_time(cases, view)])
    dots = tuple(
        Dot(on_the_clock(each.since, scope).replace(tzinfo=None), each.waited(view.now), each.taken_at is None)
        for each in cases
    )
    return Figure(
        "danger-to-person",
        "From danger to a person",
        f"{span(scope)}: {_how_soon(cases, shown.cells[0], view)}",
        _each_case(cases, scope, view) if view.names else _summed(shown.cells[0]),
        Dots(dots if view.names else (), view.promise),
    )


def _in_time(cases: Sequence[Case], view: View) -> tuple[int, int, int]:
    """How many were taken within the promise, were not, and may be yet."""
    late = sum(each.waited(view.now) > view.promise for each in cases)
    yet = sum(each.taken_at is None and each.waited(view.now) <= view.promise for each in cases)
    return len(cases) - late - yet, late, yet


def _how_soon(cases: Sequence[Case], parts: Sequence[int | None], view: View) -> str:
    if not cases:
        return "nobody was in danger that we know of."
    share = share_of(parts[0], parts[1])
    promise = f"the promise is that a person takes it {within(view.promise)}, before the alert goes on to others"
    return f"{promise}. Kept: {said(share)}. {_median(cases, view)}"


def _median(cases: Sequence[Case], view: View) -> str:
    found = times(
        [each.waited(view.now) for each in cases if each.taken_at],
        [each.waited(view.now) for each in cases if not each.taken_at],
    )
    if found.too_few or len(cases) < 2 * view.smallest:  # half of them would be few, and the limit one person's
        return "Too few cases to say how long it usually takes."
    if found.median is None:
        return "Not half are taken yet."
    nine = "when nine in ten are, is not reached yet" if found.p90 is None else f"nine in ten {within(found.p90)}"
    if len(cases) < 10 * view.smallest:
        nine = "nine in ten: hidden"
    waits = "" if view.smallest else f"; {found.waiting} still wait" if found.waiting != 1 else "; 1 still waits"
    return f"Half are taken {within(found.median)}, {nine}{waits}."


def _each_case(cases: Iterable[Case], scope: Scope, view: View) -> Table:
    columns = ("Open since", PERSON, "Minutes", "Taken")
    return Table(columns, tuple(_case(each, scope, view) for each in cases))


def _case(case: Case, scope: Scope, view: View) -> tuple[Cell, ...]:
    in_time = case.waited(view.now) <= view.promise
    taken = ("in time" if in_time else "late") if case.taken_at else ("not yet" if in_time else "not yet, late")
    since, minutes = on_the_clock(case.since, scope), round(case.waited(view.now) / MINUTE, 1)
    return since, case.participant_id or "unknown number", minutes, taken


def _summed(parts: Iterable[int | None]) -> Table:
    names = ("in time", "late", "not yet")
    return Table(("Taken", "Cases"), tuple((name, count_cell(n)) for name, n in zip(names, parts, strict=True)))


def danger_now(session: Session, scope: Scope, view: View) -> Figure:
    """Danger that nobody has taken, whatever its week, the longest first."""
    cases = humans.waiting_cases(session, scope)
    since = [(each.participant_id or "unknown number", each.since) for each in cases]
    count = view.shown([[len(cases)]]).total
    whom = f"{many(count, 'danger stands', 'dangers stand')} open that nobody has taken"
    return Figure(
        "danger-now",
        "Danger that nobody has taken",
        _longest(whom, since, view) if cases else "No danger stands open: a person has taken each.",
        _waiting(since, count, scope, view),
    )


def waiting_now(session: Session, scope: Scope, view: View) -> Figure:
    """Who wrote something that a person should answer, and nobody has; the longest waits."""
    found = humans.waiting_now(session, scope)
    count = view.shown([[found.count]]).total
    whom = f"{many(count, 'person waits', 'people wait')} for an answer from a person"
    return Figure(
        "waiting-now",
        "Who waits for an answer",
        _longest(whom, found.longest, view) if found.count else "Nobody waits for an answer.",
        _waiting(found.longest, count, scope, view),
    )


def _longest(whom: str, since: Iterable[tuple[object, datetime]], view: View) -> str:
    if not view.names:
        return f"Now {whom}."
    return f"Now {whom}, the longest for {lasted(view.now - min(at for _, at in since))}."


def _waiting(since: Iterable[tuple[int | str, datetime]], count: int | None, scope: Scope, view: View) -> Table:
    if not view.names:
        return Table(("Wait now",), ((count_cell(count),),))
    rows = (
        (who, lasted(view.now - at), on_the_clock(at, scope), round((view.now - at) / MINUTE)) for who, at in since
    )
    return Table((PERSON, "Waits for", "Since", "Minutes"), tuple(rows))


def lost(session: Session, scope: Scope, view: View) -> Figure:
    """Gone quiet, unreachable, opted out, wrong numbers: by week, and how many of each are unresolved today."""
    found = people.by_week(session, scope)
    columns = zip(*(astuple(each) for each in found.values()), strict=True)
    by_kind = dict(zip(LOST, columns, strict=True))
    table, chart, totals = counted(scope, view, by_kind)
    still = view.shown([astuple(people.still_lost(session, scope))]).cells[0]
    names = [name for name, _ in LOST]
    lately, today = _listed(names, totals.values()), _listed(names, still)
    says = f"{span(scope)}: {lately}. Unresolved today, from whatever week: {today}.{left_out(chart, by_kind)}"
    return Figure("lost-by-week", "Whom texts lose", says, table, chart)


def _listed(names: Iterable[str], counts: Iterable[int | None]) -> str:
    each = (f"{name.lower()} {told(count)}" for name, count in zip(names, counts, strict=True) if count != 0)
    return ", ".join(each) or "nobody"
