"""The programme's policy on alerts, read from `escalation.toml` among the flows; the file explains each line."""

import re
import tomllib
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bot.core.escalation import Edge, Ladder, Means, Policy, Rung, Urgency, Whom
from bot.core.flow import FlowError
from bot.core.hours import Window

POLICY = "escalation.toml"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = re.compile(r"(\d{1,4}) (minute|hour|day)s?")
SHORTEST_DAY = timedelta(hours=2)
LIKE = 'write it like "15 minutes", "2 hours" or "1 day"'


class PolicyError(FlowError):
    """The policy cannot be used. The message names every fault, where it is and what to write."""


def load_policy(path: Path) -> Policy:
    """Read the policy from its file. Raises PolicyError."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError(f"{path.name}: cannot be read: {error}") from error
    try:
        return _File.model_validate(told).policy
    except ValidationError as error:
        raise PolicyError("\n".join(f"{path.name}: {_fault(each)}" for each in error.errors())) from error


def _fault(error: Any) -> str:
    where = ".".join(str(each + 1) if isinstance(each, int) else each for each in error["loc"])
    said = {
        "missing": "is missing",
        "extra_forbidden": "is a line nobody knows; is it misspelt?",
    }.get(error["type"], error["msg"].removeprefix("Value error, "))
    return f"{where}: {said}" if where else said


def _span(told: object) -> timedelta:
    found = SPAN.fullmatch(told) if isinstance(told, str) else None
    if found is None:
        raise ValueError(LIKE)
    return timedelta(**{f"{found[2]}s": int(found[1])})


def _moment(told: object) -> timedelta | Edge:
    return Edge(told) if isinstance(told, str) and told in set(Edge) else _span(told)


Span = Annotated[timedelta, BeforeValidator(_span)]
Moment = Annotated[timedelta | Edge, BeforeValidator(_moment)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Alert(_Part):
    whom: tuple[Whom, ...] = Field(min_length=1)
    by: tuple[Means, ...] = Field((Means.TEXT,), min_length=1)


class _Step(_Alert):
    after: Moment


class _Again(_Alert):
    every: Moment


class _Ladder(_Part):
    alerts: Literal["at any hour", "in working hours"]
    outcome_within: Span
    grace: Span
    step: tuple[_Step, ...] = Field(min_length=1)
    again: tuple[_Again, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _begins_at_once(self) -> "_Ladder":
        if self.step[0].after != timedelta(0):
            raise ValueError('the first step must come after "0 minutes": nobody would be alerted until then')
        spans = [each.after for each in self.step if isinstance(each.after, timedelta)]
        if any(later <= earlier for earlier, later in zip(spans, spans[1:], strict=False)):
            raise ValueError("each step must come later than the one before it")
        if any(each.every == timedelta(0) for each in self.again):
            raise ValueError('"every" must be at least "1 minute"')
        if self.alerts == "at any hour" and any(isinstance(each, Edge) for each in self._moments):
            raise ValueError("a ladder that alerts at any hour cannot wait for the working day")
        return self

    @property
    def _moments(self) -> list[timedelta | Edge]:
        return [*(each.after for each in self.step), *(each.every for each in self.again)]

    def ladder(self, workday: timedelta) -> Ladder:
        """In working hours "1 day" is a working day, as long as `workday`."""
        in_hours = self.alerts == "in working hours"

        def wait(moment: timedelta | Edge) -> timedelta | Edge:
            return _worked(moment, workday) if in_hours and isinstance(moment, timedelta) else moment

        starts, turns = [each.after for each in self.step], [each.every for each in self.again]
        first_waits = [*map(_between, starts, starts[1:]), turns[0]]
        then_waits = turns[1:] + turns[:1]
        return Ladder(
            rungs=tuple(Rung(each.whom, wait(so), each.by) for each, so in zip(self.step, first_waits, strict=True)),
            again=tuple(Rung(each.whom, wait(so), each.by) for each, so in zip(self.again, then_waits, strict=True)),
            outcome_within=_worked(self.outcome_within, workday) if in_hours else self.outcome_within,
            grace=_worked(self.grace, workday) if in_hours else self.grace,
            working_hours=in_hours,
        )


def _worked(span: timedelta, workday: timedelta) -> timedelta:
    return span.days * workday + timedelta(seconds=span.seconds)


def _between(one: timedelta | Edge, other: timedelta | Edge) -> timedelta | Edge:
    """How long to wait on one step for the next: steps count from the raising of the flag."""
    return other - one if isinstance(one, timedelta) and isinstance(other, timedelta) else other


class _Hours(_Part):
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(min_length=1)
    opens: time
    closes: time
    holidays: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _are_long_enough(self) -> "_Hours":
        if self.opens.tzinfo or self.closes.tzinfo or self.workday < SHORTEST_DAY:
            raise ValueError('write like opens = "09:00", closes = "17:00"; the day must have two hours at least')
        return self

    @property
    def window(self) -> Window:
        days = frozenset(DAYS.index(each) for each in self.days)
        return Window(self.opens, self.closes, days, frozenset(self.holidays))

    @property
    def workday(self) -> timedelta:
        return _since_midnight(self.closes) - _since_midnight(self.opens)


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)


class _File(_Part):
    hours: _Hours
    alerts_an_hour: int = Field(ge=6)
    quiet_after: int = Field(ge=1)
    now: _Ladder
    today: _Ladder
    silence: _Ladder

    @property
    def policy(self) -> Policy:
        ladders = {Urgency.NOW: self.now, Urgency.TODAY: self.today, Urgency.SILENCE: self.silence}
        return Policy(
            ladders={urgency: each.ladder(self.hours.workday) for urgency, each in ladders.items()},
            hours=self.hours.window,
            alerts_an_hour=self.alerts_an_hour,
            quiet_after=self.quiet_after,
        )
