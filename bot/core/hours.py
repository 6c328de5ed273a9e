"""Sending hours and due times on people's own wall clocks, right across daylight-saving changes.

Instants are aware; zones are IANA names. Sending hours default to 9:00-20:00: inside every state's limits that are
known to us (Florida, Oklahoma and Washington end at 20:00; 47 CFR 64.1200(c)(1) allows 8:00-21:00).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Window:
    """A daily stretch of wall-clock time, `opens` included, `closes` not; `days` are weekdays, Monday is 0.

    It stays shut on `holidays`.
    """

    opens: time
    closes: time
    days: frozenset[int] = frozenset(range(7))
    holidays: frozenset[date] = frozenset()

    def is_on(self, day: date) -> bool:
        """Whether it opens on this day."""
        return day.weekday() in self.days and day not in self.holidays


LOOK_AHEAD = 60  # days; no programme closes for longer
SENDING_HOURS = Window(time(9), time(20))


def is_open(window: Window, at: datetime, zone: str) -> bool:
    """Whether the window is open at this instant on the wall clock of the zone."""
    local = at.astimezone(ZoneInfo(zone))
    return window.is_on(local.date()) and window.opens <= local.time() < window.closes


def next_open(window: Window, at: datetime, zone: str) -> datetime:
    """The first instant (UTC) at or after `at` when the window is open."""
    if is_open(window, at, zone):
        return at.astimezone(UTC)
    local = at.astimezone(ZoneInfo(zone))
    for days in range(LOOK_AHEAD):
        day = local.date() + timedelta(days=days)
        opening = on_wall_clock(day, window.opens, zone)
        if window.is_on(day) and opening >= at:
            return opening
    raise ValueError(f"a window must be open on some day of the next {LOOK_AHEAD}")


def closing_after(window: Window, at: datetime, zone: str) -> datetime:
    """The first instant (UTC) after `at` when the window closes."""
    local = at.astimezone(ZoneInfo(zone))
    for days in range(LOOK_AHEAD):
        day = local.date() + timedelta(days=days)
        closing = on_wall_clock(day, window.closes, zone)
        if window.is_on(day) and closing > at:
            return closing
    raise ValueError(f"a window must be open on some day of the next {LOOK_AHEAD}")


def on_wall_clock(day: date, hour: time, zone: str) -> datetime:
    """The instant (UTC) when clocks in the zone show this. A time the spring change skips is the one just after it."""
    wall = datetime.combine(day, hour, ZoneInfo(zone))
    return wall.astimezone(UTC)


def week_of(at: datetime, zone: str) -> date:
    """The Monday of the week that holds this instant, on the calendar of the zone."""
    day = at.astimezone(ZoneInfo(zone)).date()
    return day - timedelta(days=day.weekday())


def hour_of_week(at: datetime, zone: str) -> int:
    """The hour that clocks in the zone show at this instant, counted from 0 on Monday at midnight to 167."""
    local = at.astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour


def is_ahead(until: datetime | None, now: datetime) -> bool:
    """Whether what lasts until then lasts still; None: it is over."""
    return until is not None and until > now


def minutes_between(start: datetime | None, end: datetime) -> int | None:
    """Whole minutes, none below zero; None where nothing started."""
    return None if start is None else max(0, int((end - start).total_seconds() // 60))


def next_repeat(due: datetime, every_days: int, now: datetime, zone: str) -> datetime:
    """The next due instant after `now` that keeps the wall-clock time of `due` and its rhythm of `every_days`.

    Missed ones are not made up for: after a week without a clock there is one next time, not seven.
    """
    local = due.astimezone(ZoneInfo(zone))
    behind = max(0, (now.astimezone(ZoneInfo(zone)).date() - local.date()).days)
    steps = max(1, behind // every_days)
    while True:
        at = on_wall_clock(local.date() + timedelta(days=steps * every_days), local.time(), zone)
        if at > now:
            return at
        steps += 1


def add_open_time(window: Window, start: datetime, span: timedelta, zone: str) -> datetime:
    """When `span` of open time has passed since `start`: four working hours from Friday 16:00 end on Monday at 12:00.

    The window is open at the instant returned: what would end at closing time ends at the next opening.
    """
    at = next_open(window, start, zone)
    while True:
        closing = on_wall_clock(at.astimezone(ZoneInfo(zone)).date(), window.closes, zone)
        if at + span < closing:
            return at + span
        span -= closing - at
        at = next_open(window, closing, zone)
