"""What people need, and what staff said was read wrongly."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from bot.core.figure import ByKind, Figure, Kind, Table, Tone
from bot.core.kinds import FlagKind, Need
from bot.core.names import KINDS
from bot.figures.view import View, count_cell, many, span, told
from bot.models import VerdictKind
from bot.reports import humans, needs
from bot.reports.scope import Scope

TONES: dict[FlagKind, Tone] = {Need.SAFETY: Tone.NOW}
MISTAKES = {VerdictKind.NOT_A_NEED: ("False alarms", Tone.QUIET), VerdictKind.MISSED: ("Missed", Tone.NOW)}
MOST_SAID = 3


def by_week(session: Session, scope: Scope, view: View) -> Figure:
    """New needs by kind and by the week in which they were raised."""
    counts = needs.raised(session, scope)
    kinds = list(needs.by_kind(counts))
    if view.smallest:
        kinds.sort(key=lambda kind: KINDS[kind])  # by their counts, their order would tell of those that are hidden
    by_kind = {(KINDS[kind], TONES.get(kind, Tone.PLAIN)): [counts.get((week, kind), 0) for week in scope.weeks]
               for kind in kinds}  # fmt: skip
    table, chart, totals = counted(scope, view, by_kind)
    known = sorted(((name, count) for name, count in totals.items() if count is not None), key=lambda each: -each[1])
    each = [f"{name} ({told(count)})" for name, count in known[:MOST_SAID]]
    whole = None if len(known) < len(totals) else sum(count for _, count in known)
    often = f", most often {', '.join(each)}" if each else ""
    raised = f"{many(whole, 'new need was', 'new needs were')} raised{often}." if totals else "no new need was raised."
    says = f"{span(scope)}: {raised}{left_out(chart, by_kind)}"
    return Figure("needs-by-week", "Needs, week by week", says, table, chart)


def mistakes(session: Session, scope: Scope, view: View) -> Figure:
    """What staff corrected, by the week in which they said so."""
    found = humans.mistakes(session, scope)
    by_kind = {MISTAKES[kind]: [0] * len(scope.weeks) for kind in MISTAKES}
    for (week, _, kind), count in found.items():
        by_kind[MISTAKES[kind]][scope.weeks.index(week)] += count
    table, chart, totals = counted(scope, view, by_kind)
    false, missed = totals.values()
    says = (
        f"{span(scope)}: staff marked {many(false, 'need as a false alarm', 'needs as false alarms')} and "
        f"{many(missed, 'need', 'needs')} as missed by the machine.{left_out(chart, by_kind)}"
    )
    return Figure("mistakes-by-week", "False alarms and missed needs", says, table, chart)


Counted = Mapping[tuple[str, Tone], Sequence[int]]


def counted(scope: Scope, view: View, kinds: Counted) -> tuple[Table, ByKind, dict[str, int | None]]:
    """Counts by week and kind: the table, the picture of those kinds of which nothing is hidden, and the sums."""
    lines = list(zip(*kinds.values(), strict=True)) if kinds else [()] * len(scope.weeks)
    shown = view.shown(lines)
    rows = (
        (week, *map(count_cell, cells), count_cell(total))
        for week, cells, total in zip(scope.weeks, shown.cells, shown.rows, strict=True)
    )
    names = [name for name, _ in kinds]
    drawn = [
        Kind(name, tuple(counts), tone)
        for place, ((name, tone), counts) in enumerate(kinds.items())
        if all(cells[place] is not None for cells in shown.cells)
    ]
    table = Table(("Week of", *names, "All"), tuple(rows))
    return table, ByKind(scope.weeks, tuple(drawn)), dict(zip(names, shown.columns, strict=True))


def left_out(chart: ByKind, kinds: Counted) -> str:
    """What a sentence says of kinds that the picture leaves out."""
    hidden = len(kinds) - len(chart.kinds)
    return " The picture leaves out what would tell of too few people." if hidden else ""
