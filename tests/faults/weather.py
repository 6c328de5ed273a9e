"""What goes wrong in a run, and when: drawn from its seed before it begins."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.carrier.faults import Fault, FaultKind
from tests.faults.diary import Blow
from tests.faults.town import STAFF
from tests.faults.worker import POINTS

HOUR = timedelta(hours=1)
FAULTS_A_KILL = 3  # at the carrier
POINTS_SHARE = 0.6  # of the kills
TIMES_A_WEEK = {Blow.OUTAGE: 2, Blow.DROP: 12, Blow.DISK: 4, Blow.JUMP: 4}
FAILURES = {FaultKind.FAIL: (30008, 30003, 30007), FaultKind.UNDELIVER: (30003, 30005, 30006)}
OFTEN = {
    FaultKind.REFUSE: 4, FaultKind.RESET: 3, FaultKind.STALL: 2,
    FaultKind.TAKE_AND_REFUSE: 2, FaultKind.TAKE_AND_RESET: 3, FaultKind.TAKE_AND_STALL: 2,
    FaultKind.HOLD: 1, FaultKind.FAIL: 1, FaultKind.UNDELIVER: 1,
    FaultKind.DROP_CALLBACKS: 2, FaultKind.REPEAT_CALLBACKS: 2, FaultKind.REORDER_CALLBACKS: 2,
    FaultKind.DELAY_CALLBACKS: 2, FaultKind.DROP_INBOUND: 3, FaultKind.REPEAT_INBOUND: 3, FaultKind.DELAY_INBOUND: 2,
}  # fmt: skip


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong at this instant. `lasts` for what is not over at once, `by` for how far a clock jumps.

    A kill with a `point` waits there for its process; one without comes at a random moment of real time.
    """

    at: datetime
    kind: Blow | Fault
    lasts: timedelta = timedelta(0)
    point: str = ""
    passes: int = 0
    role: str = ""
    by: timedelta = timedelta(0)


def forecast(moments: list[datetime], kills: int, weeks: float, seed: int) -> list[Trouble]:
    """All that goes wrong, in order: kills and faults of the carrier at moments when something happens."""
    chance = random.Random(f"{seed} weather")
    start, end = min(moments), max(moments)
    troubles = [_kill(chance.choice(moments), chance) for _ in range(kills)]
    troubles += [Trouble(chance.choice(moments), _fault(chance)) for _ in range(FAULTS_A_KILL * kills)]
    for kind, a_week in TIMES_A_WEEK.items():
        for count in range(max(1, round(a_week * weeks))):
            at = chance.choice(moments) if kind is Blow.DROP else start + (end - start) * chance.random()
            troubles.append(_blow(kind, at, count, chance))
    return sorted(troubles, key=lambda each: each.at)


def _kill(at: datetime, chance: random.Random) -> Trouble:
    role, back_in = chance.choice(("web", "clock")), _away(chance)
    if chance.random() > POINTS_SHARE:
        return Trouble(at, Blow.KILL, back_in, role=role)
    return Trouble(at, Blow.DOOM, back_in, chance.choice(POINTS), chance.randrange(1, 12), role)


def _away(chance: random.Random) -> timedelta:
    """Mostly whoever died is started again at once, sometimes nobody looks for a while."""
    return timedelta(minutes=chance.randrange(1, 45)) if chance.random() < 0.2 else timedelta(0)


def _fault(chance: random.Random) -> Fault:
    kind = chance.choices(list(OFTEN), list(OFTEN.values()))[0]
    handset = chance.choice(STAFF).number if chance.random() < 0.25 else None
    match kind:
        case FaultKind.REFUSE if chance.random() < 0.5:
            return Fault(kind, handset, code=20429, http_status=429)
        case FaultKind.STALL | FaultKind.TAKE_AND_STALL:
            return Fault(kind, handset, seconds=1.5)
        case FaultKind.HOLD:
            return Fault(kind, handset, seconds=chance.randrange(600, 5 * 3600))
        case FaultKind.DELAY_CALLBACKS | FaultKind.DELAY_INBOUND:
            return Fault(kind, handset, seconds=chance.randrange(5, 1800))
        case FaultKind.FAIL | FaultKind.UNDELIVER:
            return Fault(kind, handset, code=chance.choice(FAILURES[kind]))
    return Fault(kind, handset)


def _blow(kind: Blow, at: datetime, count: int, chance: random.Random) -> Trouble:
    minutes = {Blow.OUTAGE: 6 * 60, Blow.DISK: 30, Blow.JUMP: 5 * 60}.get(kind, 2)
    lasts = timedelta(minutes=chance.randrange(1, minutes))
    by = (HOUR if count % 2 else -HOUR) if kind is Blow.JUMP else timedelta(0)
    return Trouble(at, kind, lasts, by=by)
