"""Whom the programme loses: gone quiet, unreachable, opted out, numbers that are somebody else's."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import BindParameter, bindparam, exists, func, select
from sqlalchemy.orm import Session

from bot.core.hours import week_of
from bot.core.keywords import Kind
from bot.core.kinds import Attention, FlagKind
from bot.models import Event, Flag, FlagState, Participant
from bot.reports.needs import raised
from bot.reports.scope import Scope

# written into the statement: a parameter would hide from SQLite that its index holds
OPTED_OUT: BindParameter[str] = bindparam("what", "opted_out", literal_execute=True)
NOT_THEIR_WORD = (Kind.WRONG_NUMBER, "merged")
KINDS = (Attention.QUIET, Attention.UNREACHABLE, Attention.WRONG_NUMBER)


@dataclass(frozen=True)
class Lost:
    """How many people went quiet, could not be reached, opted out, or were not who the number was thought to be."""

    gone_quiet: int = 0
    unreachable: int = 0
    opted_out: int = 0
    wrong_number: int = 0


def by_week(session: Session, scope: Scope) -> dict[date, Lost]:
    """By week, every week of the range, the oldest first. Opt-outs count whatever the flow."""
    flags: defaultdict[date, dict[FlagKind, int]] = defaultdict(dict)
    for (week, kind), count in raised(session, scope, KINDS).items():
        flags[week][kind] = count
    out = _opt_outs(session, scope)
    return {week: _lost(flags[week], out[week]) for week in scope.weeks}


def still_lost(session: Session, scope: Scope) -> Lost:
    """How many flags of these kinds are unresolved today, from whatever week; of opt-outs whatever the flow."""
    unresolved = select(Flag.kind, func.count()).where(Flag.state != FlagState.RESOLVED).group_by(Flag.kind)
    counts: dict[FlagKind, int] = {}
    for kinds, whose in ((KINDS, scope), ((Attention.STOPPED,), replace(scope, flow=None))):
        rows = session.execute(unresolved.where(Flag.kind.in_(kinds), whose.whose(Flag)))
        counts |= {kind: count for kind, count in rows}
    return _lost(counts, counts.get(Attention.STOPPED, 0))


def _lost(flags: dict[FlagKind, int], opted_out: int) -> Lost:
    quiet, unreachable, wrong_number = (flags.get(kind, 0) for kind in KINDS)
    return Lost(quiet, unreachable, opted_out, wrong_number)


def _opt_outs(session: Session, scope: Scope) -> Counter[date]:
    """That two entries were one person, or that a number is a stranger's, is nobody's wish."""
    said = (Event.what == OPTED_OUT) & Event.detail.not_in(NOT_THEIR_WORD)
    rows = select(Event.at).where(said, Event.at >= scope.since, Event.at < scope.until)
    if scope.is_of_some:
        # a join lets SQLite begin with the people, and walk through all that ever happened to them
        rows = rows.where(exists().where(Participant.id == Event.participant_id, scope.people()))
    return Counter(week_of(at, scope.zone) for at in session.scalars(rows))
