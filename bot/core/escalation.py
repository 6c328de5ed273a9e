"""Who is alerted, and when: ladders that are climbed until a person takes the flag.

The ladders are the programme's policy (`policy.py` reads them). A rung that would reach nobody is skipped at once;
when the ladder ends it goes on from its last rungs again and again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.hours import Window, add_open_time, closing_after, next_open
from bot.core.kinds import Attention

LAST_CALL = timedelta(minutes=30)  # "end of day" is this long before closing: what is heard then can still be done
A_FAIR_CHANCE = timedelta(hours=1)  # to answer, before the day's end passes a flag on


class Urgency(StrEnum):
    """How soon a flag wants a person."""

    NOW = "now"
    TODAY = "today"
    SILENCE = "silence"


class Whom(StrEnum):
    """Whom a rung alerts."""

    CASEWORKER = "caseworker"
    TEAM = "team"
    ON_CALL = "on_call"
    BACKUP = "backup"
    SUPERVISORS = "supervisors"
    EVERYONE = "everyone"


class Means(StrEnum):
    """How somebody is alerted. A call is spoken by a machine, and pressing 1 takes the flags."""

    TEXT = "text"
    EMAIL = "email"
    CALL = "call"


class Edge(StrEnum):
    """An hour of the working day that a rung waits for."""

    END_OF_DAY = "end of day"
    NEXT_MORNING = "next morning"


@dataclass(frozen=True)
class Rung:
    """Alert these by these means, then wait so long for somebody to take the flag."""

    whom: tuple[Whom, ...]
    wait: timedelta | Edge
    by: tuple[Means, ...] = (Means.TEXT,)


@dataclass(frozen=True)
class Ladder:
    """The rungs in order, then `again` over and over.

    Who took a flag and has written no outcome after `outcome_within` is asked for it; `grace` later it opens again.
    With `working_hours` alerts and waiting happen in working hours only.
    """

    rungs: tuple[Rung, ...]
    again: tuple[Rung, ...]
    outcome_within: timedelta
    grace: timedelta
    working_hours: bool

    @property
    def all(self) -> tuple[Rung, ...]:
        return self.rungs + self.again

    @property
    def promise(self) -> timedelta:
        """How long those whom it alerts first have it to themselves: within that a person should have taken the flag.

        A first alert that goes to everybody at once gives nobody time, so then it is the first wait that is any. Hours
        of the day that a rung waits for promise no length and end it.
        """
        whole = timedelta()
        for rung in self.all:
            if isinstance(rung.wait, Edge) or (whole and rung.whom != self.all[0].whom):
                break
            whole += rung.wait
        return whole

    @property
    def longest_wait(self) -> timedelta:
        """The longest that it waits from one step to the next, hours of the day left aside."""
        return max((rung.wait for rung in self.all if isinstance(rung.wait, timedelta)), default=timedelta())

    def at(self, rung: int) -> Rung:
        """The rung with this number; 0 is the first."""
        return self.all[self.known(rung)]

    def known(self, rung: int) -> int:
        """The number of the same rung on this ladder; the ladder may have been shortened since it was stored."""
        return rung if rung < len(self.all) else len(self.rungs)

    def after(self, rung: int) -> int:
        """The number of the rung that follows."""
        return self.known(rung + 1)


@dataclass(frozen=True)
class Policy:
    """What the programme promises: a ladder for each urgency, working hours, and how often one number may be rung.

    Beyond `alerts_an_hour` a carrier takes us for a nuisance and blocks the number. After `quiet_after` check-ins in a
    row that nobody answered the participant has gone quiet.
    """

    ladders: Mapping[Urgency, Ladder]
    hours: Window
    alerts_an_hour: int
    quiet_after: int


@dataclass(frozen=True)
class Rules:
    """The policy, on the clocks of the programme's zone."""

    policy: Policy
    zone: str

    @property
    def hours(self) -> Window:
        """The working hours."""
        return self.policy.hours

    def ladder(self, urgency: Urgency) -> Ladder:
        return self.policy.ladders[urgency]


TOLD_ONCE = frozenset({Attention.STOPPED, Attention.WRONG_NUMBER})  # news, no need: it does not climb
NEW_WORDS_WAIT = timedelta(hours=1)


Ring = tuple[int, Means]  # the id of a member of staff, and how they are alerted
Reach = Mapping[Means, Mapping[Whom, tuple[int, ...]]]  # whom each word means now, of those whom each means reaches


@dataclass(frozen=True)
class Climb:
    """What one look at a flag leads to: these people are alerted now; the next look is at `next_at`, from `rung`.

    `skipped` are the rungs that would have reached nobody.
    """

    rings: tuple[Ring, ...]
    rung: int
    next_at: datetime
    skipped: tuple[int, ...] = ()

    @property
    def staff(self) -> tuple[int, ...]:
        """Who is alerted, by whatever means."""
        return tuple(dict.fromkeys(staff_id for staff_id, _ in self.rings))


def first_look(urgency: Urgency, raised_at: datetime, rules: Rules) -> datetime:
    """When a new flag's first alert is due."""
    if not rules.ladder(urgency).working_hours:
        return raised_at
    return next_open(rules.hours, raised_at, rules.zone)


def climb(urgency: Urgency, rung: int, reach: Reach, now: datetime, rules: Rules) -> Climb:
    """The alerts due at `now` for a flag that stands at `rung` (0 is the first), and when to look again.

    Rungs that reach nobody are skipped at once; where the whole ladder reaches nobody, everyone is alerted by the first
    means that reaches anybody. Nobody at all: `rings` is empty, and the next look comes all the same.
    """
    ladder = rules.ladder(urgency)
    skipped: list[int] = []
    rung = ladder.known(rung)
    while not (rings := _reached(ladder.at(rung), reach)) and len(skipped) < len(ladder.all):
        skipped.append(rung)
        rung = ladder.after(rung)
    next_at = _wait(ladder, ladder.at(rung).wait, now, rules)
    return Climb(rings or _everyone(reach), ladder.after(rung), next_at, tuple(dict.fromkeys(skipped)))


def _reached(rung: Rung, reach: Reach) -> tuple[Ring, ...]:
    each = ((staff_id, by) for by in rung.by for whom in rung.whom for staff_id in reach.get(by, {}).get(whom, ()))
    return tuple(dict.fromkeys(each))


def _everyone(reach: Reach) -> tuple[Ring, ...]:
    found = (tuple((staff_id, by) for staff_id in reach.get(by, {}).get(Whom.EVERYONE, ())) for by in Means)
    return next((rings for rings in found if rings), ())


def asked_at(urgency: Urgency, taken_at: datetime, rules: Rules) -> datetime:
    """When who took a flag is asked for its outcome."""
    ladder = rules.ladder(urgency)
    return _wait(ladder, ladder.outcome_within, taken_at, rules)


def opens_again_at(urgency: Urgency, asked: datetime, rules: Rules) -> datetime:
    """When a flag is open again whose taker was asked at this instant and did not say what became of it."""
    ladder = rules.ladder(urgency)
    return _wait(ladder, ladder.grace, asked, rules)


def new_words_look_at(urgency: Urgency, said_at: datetime, rules: Rules) -> datetime:
    """When a taken flag to which the person has said more is open again, if nobody closed it with that in view."""
    return _wait(rules.ladder(urgency), NEW_WORDS_WAIT, said_at, rules)


def _wait(ladder: Ladder, span: timedelta | Edge, now: datetime, rules: Rules) -> datetime:
    match span:
        case Edge.END_OF_DAY:
            return closing_after(rules.hours, now + A_FAIR_CHANCE + LAST_CALL, rules.zone) - LAST_CALL
        case Edge.NEXT_MORNING:
            return next_open(rules.hours, closing_after(rules.hours, now, rules.zone), rules.zone)
        case _:
            return add_open_time(rules.hours, now, span, rules.zone) if ladder.working_hours else now + span


def same_episode(safety_said_at: datetime | None, danger_open: bool, now: datetime) -> bool:
    """Whether the safety text was already sent in this episode: within half a day, or while a *now* flag is unresolved.

    Source of the rule: at most one safety text an episode, so that a frightened person is not talked at by a machine.
    """
    if safety_said_at is None:
        return False
    return danger_open or now - safety_said_at < timedelta(hours=12)
