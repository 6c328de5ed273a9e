"""What becomes of a plan that is due: its check-in starts, waits, or does not come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.flow import Flow
from bot.core.hours import Window, is_ahead, is_open, next_open, next_repeat
from bot.core.machine import moment_of

TRY_AGAIN = timedelta(hours=1)
FRESH_FOR = timedelta(hours=2)  # how long after a question a bare "3" surely answers that one


@dataclass(frozen=True)
class Running:
    """A check-in that waits for the person's answer, until `silent_after`; they were asked last at `asked_at`."""

    flow: str
    began_at: datetime
    silent_after: datetime | None
    asked_at: datetime


@dataclass(frozen=True)
class Due:
    """A plan that is due, and how things stand with the person.

    `at`: when it became due; `repeat_days`, `values`: as planned. `reached`: there is an address that works, where they
    agreed to texts and want them. `talk_until`: until then people talk with them.
    """

    at: datetime
    repeat_days: int | None
    values: Mapping[str, str]
    zone: str
    reached: bool
    in_danger: bool = False
    paused_until: datetime | None = None
    talk_until: datetime | None = None
    running: Running | None = None


@dataclass(frozen=True)
class Starts:
    """Its check-in starts now. What it says first is of no use after `send_before`."""

    send_before: datetime | None = None


@dataclass(frozen=True)
class Waits:
    """Look again at this instant. It stays due, as that keeps the rhythm of those that follow."""

    until: datetime


@dataclass(frozen=True)
class IsLeftOut:
    """It does not come this time: its date is over (`lapsed`), no text would leave, or the same is being asked."""

    lapsed: bool


def becomes_of(due: Due, flow: Flow, hours: Window, now: datetime) -> Starts | Waits | IsLeftOut:
    """Whether the flow starts now with whom it was planned for. `hours`: when texts may leave."""
    expires = moment_of(due.values.get(flow.expires, ""), now.astimezone(ZoneInfo(due.zone))) if flow.expires else None
    if expires is not None and expires <= now:
        return IsLeftOut(lapsed=True)
    if not due.reached or (_is_being_asked(due, flow, now) and not flow.expires):
        return IsLeftOut(lapsed=False)
    later = _later(due, flow, hours, now)
    return Starts(expires) if later is None else Waits(later)


def _is_being_asked(due: Due, flow: Flow, now: datetime) -> bool:
    """Whether the same began out of turn less than half its rhythm ago, and runs still. One that has run for longer is
    the one before this, with much time to answer: then this one waits, or it would come every other time.
    """
    if due.repeat_days is None or due.running is None or due.running.flow != flow.name:
        return False
    return now - due.running.began_at < timedelta(days=due.repeat_days) / 2


def due_next(due: Due, now: datetime) -> datetime | None:
    """When it is due after this; None where it does not repeat. However many were missed, one comes."""
    return next_repeat(due.at, due.repeat_days, now, due.zone) if due.repeat_days else None


def may_begin_at(planned: datetime, paused_until: datetime | None, hours: Window, zone: str) -> datetime:
    """When what is planned for then begins, if nothing else comes between: after a pause, and when texts may leave."""
    return next_open(hours, max(planned, paused_until or planned), zone)


def _later(due: Due, flow: Flow, hours: Window, now: datetime) -> datetime | None:
    """When to look again; None where nothing holds it up. A flow that is bound to a date (`expires`) cuts in."""
    if is_ahead(due.paused_until, now):
        return due.paused_until
    if due.in_danger and not flow.expires:
        return now + TRY_AGAIN  # people talk to them now, and a machine's small talk would be in the way; dates stay
    if is_ahead(due.talk_until, now) and not flow.expires:
        return now + TRY_AGAIN
    if not is_open(hours, now, due.zone):
        return next_open(hours, now, due.zone)
    if due.running is None:
        return None
    if flow.expires:  # but not while the answer to another question may be on its way
        fresh_until = min(due.running.asked_at, now) + FRESH_FOR  # the clock may have been set back since
        return fresh_until if fresh_until > now else None
    return max(due.running.silent_after or now, now + TRY_AGAIN)
