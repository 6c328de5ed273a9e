"""Who is alerted, and when: ladders that are climbed until a person takes the flag.

Ladders are data. A rung that would reach nobody is skipped at once; when the ladder ends it keeps ringing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.hours import Window, add_open_time, next_open
from bot.core.kinds import Attention


class Urgency(StrEnum):
    """How soon a flag wants a person."""

    NOW = "now"
    TODAY = "today"


class Whom(StrEnum):
    """Whom a rung alerts."""

    CASEWORKER = "caseworker"
    ON_CALL = "on_call"
    SUPERVISORS = "supervisors"
    EVERYONE = "everyone"


@dataclass(frozen=True)
class Rung:
    """Alert these, then wait this long for somebody to take the flag."""

    whom: Whom
    wait: timedelta


@dataclass(frozen=True)
class Ladder:
    """The rungs in order, then `last` again and again. Taken without an outcome for `outcome_within`, it opens again.

    With `working_hours` both alerts and waiting happen in working hours only.
    """

    rungs: tuple[Rung, ...]
    last: Rung
    outcome_within: timedelta
    working_hours: bool


LADDERS = {
    Urgency.NOW: Ladder(
        rungs=(
            Rung(Whom.CASEWORKER, timedelta(minutes=3)),
            Rung(Whom.ON_CALL, timedelta(minutes=4)),
            Rung(Whom.SUPERVISORS, timedelta(minutes=5)),
        ),
        last=Rung(Whom.SUPERVISORS, timedelta(minutes=10)),
        outcome_within=timedelta(hours=2),
        working_hours=False,
    ),
    Urgency.TODAY: Ladder(
        rungs=(
            Rung(Whom.CASEWORKER, timedelta(hours=4)),
            Rung(Whom.ON_CALL, timedelta(hours=4)),
        ),
        last=Rung(Whom.SUPERVISORS, timedelta(hours=8)),
        outcome_within=timedelta(hours=24),
        working_hours=True,
    ),
}


TOLD_ONCE = frozenset({Attention.STOPPED, Attention.WRONG_NUMBER})  # news, no need: it does not climb
NEW_WORDS_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class Climb:
    """What one look at a flag leads to: these people are alerted now; the next look is at `next_at`, from `rung`."""

    staff: tuple[int, ...]
    rung: int
    next_at: datetime


def first_look(urgency: Urgency, raised_at: datetime, zone: str, window: Window) -> datetime:
    """When a new flag's first alert is due."""
    return next_open(window, raised_at, zone) if LADDERS[urgency].working_hours else raised_at


def climb(
    urgency: Urgency, rung: int, reach: Mapping[Whom, tuple[int, ...]], now: datetime, zone: str, window: Window
) -> Climb:
    """The alerts due at `now` for a flag that stands at `rung` (0 is the first), and when to look again.

    `reach` lists whom each kind of rung reaches now. Rungs that reach nobody are skipped at once; where even the
    supervisors are nobody, everyone who can be reached is alerted. Nobody at all: `staff` is empty, and the next look
    comes all the same.
    """
    ladder = LADDERS[urgency]
    while rung < len(ladder.rungs) and not reach.get(ladder.rungs[rung].whom):
        rung += 1
    step = ladder.rungs[rung] if rung < len(ladder.rungs) else ladder.last
    staff = reach.get(step.whom) or reach.get(Whom.EVERYONE) or ()
    return Climb(staff, min(rung + 1, len(ladder.rungs)), _later(ladder, step.wait, now, zone, window))


def opens_again_at(urgency: Urgency, taken_at: datetime, zone: str, window: Window) -> datetime:
    """When a flag that was taken is open again if nobody wrote down an outcome."""
    ladder = LADDERS[urgency]
    return _later(ladder, ladder.outcome_within, taken_at, zone, window)


def new_words_look_at(urgency: Urgency, said_at: datetime, zone: str, window: Window) -> datetime:
    """When a taken flag to which the person has said more is open again, if nobody closed it with that in view."""
    return _later(LADDERS[urgency], NEW_WORDS_WAIT, said_at, zone, window)


def _later(ladder: Ladder, span: timedelta, now: datetime, zone: str, window: Window) -> datetime:
    return add_open_time(window, now, span, zone) if ladder.working_hours else now + span


def same_episode(safety_said_at: datetime | None, danger_open: bool, now: datetime) -> bool:
    """Whether the safety text was already sent in this episode: within half a day, or while a *now* flag is unresolved.

    Source of the rule: at most one safety text an episode, so that a frightened person is not talked at by a machine.
    """
    if safety_said_at is None:
        return False
    return danger_open or now - safety_said_at < timedelta(hours=12)
