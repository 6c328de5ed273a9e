"""How long something may take while things go wrong.

A limit counts calm time: it begins anew after every blow that can have held the matter up. So "within five minutes
once anything was alive" means: in no calm stretch of five minutes did it stay undone.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.faults.evidence import Evidence

Span = tuple[datetime, datetime]


def blows(evidence: Evidence, handsets: frozenset[str]) -> list[Span]:
    """What can have held up a matter of these handsets: what befell our processes, and the carrier's faults there."""
    ours = [(each.since, each.until) for each in evidence.diary.happenings]
    theirs = [(at, at) for at, _, handset in evidence.faults if handset in handsets]
    return sorted([*ours, *evidence.diary.still, *theirs])


def deadline(since: datetime, limit: timedelta, felt: Iterable[Span]) -> datetime:
    """Until when something that is due from `since` on has to be done; `felt` are the blows, earliest first."""
    until = since + limit
    for began, ended in felt:
        if began > until:
            break
        if ended >= since:
            until = max(until, ended + limit)
    return until
