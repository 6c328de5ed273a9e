"""What people need: flags by kind and week."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.core.kinds import FlagKind, Need, flag_kind
from bot.models import Flag
from bot.reports.scope import Scope


def raised(session: Session, scope: Scope, kinds: Iterable[FlagKind] = Need) -> dict[tuple[date, FlagKind], int]:
    """How many flags of these kinds were raised, by the Monday of their week and kind; none is left out as 0.

    A need that is open already is not raised anew.
    """
    alike = (Flag.week, Flag.kind)
    rows = select(*alike, func.count()).where(scope.of(Flag), Flag.kind.in_(list(kinds))).group_by(*alike)
    return {(week, flag_kind(kind)): count for week, kind, count in session.execute(rows)}


def by_kind(counts: dict[tuple[date, FlagKind], int]) -> dict[FlagKind, int]:
    """The same over all weeks, the most frequent first."""
    totals = Counter[FlagKind]()
    for (_, kind), count in counts.items():
        totals[kind] += count
    return dict(sorted(totals.items(), key=lambda each: (-each[1], each[0])))
