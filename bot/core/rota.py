"""Who is on call when: weekly shifts in layers, overrides, and absences with a stand-in.

Hours are those of wall clocks in the programme's zone, so a shift from 22:00 to 6:00 ends at 6:00 also in the night
when clocks change. Instants are aware; what is returned is UTC.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.core.hours import on_wall_clock

DAY = timedelta(days=1)


class Layer(StrEnum):
    """Who is rung first, and who when the first do not answer."""

    FIRST = "first"
    BACKUP = "backup"


@dataclass(frozen=True)
class Shift:
    """Every week on this day (Monday is 0), from `starts` to `ends`; where `ends` is not later, to the next day's."""

    layer: Layer
    staff_id: int
    weekday: int
    starts: time
    ends: time


@dataclass(frozen=True)
class Override:
    """From `since` until `until` this person is on call instead of all whom the shifts of the layer name."""

    layer: Layer
    staff_id: int
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Away:
    """Not there; the stand-in is asked instead, where one is named."""

    staff_id: int
    since: datetime
    until: datetime
    stand_in_id: int | None = None


@dataclass(frozen=True)
class Rota:
    """All of it, in one zone."""

    zone: str
    shifts: tuple[Shift, ...] = ()
    overrides: tuple[Override, ...] = ()
    aways: tuple[Away, ...] = ()

    def on_call(self, layer: Layer, at: datetime) -> tuple[int, ...]:
        """Who is on call in this layer at this instant; ids of staff, each once, in order."""
        instead = {each.staff_id for each in self.overrides if each.layer is layer and each.since <= at < each.until}
        planned = instead or {each.staff_id for each in self.shifts if each.layer is layer and self._runs(each, at)}
        there = (self.there(staff_id, at) for staff_id in planned)
        return tuple(sorted({each for each in there if each is not None}))

    def there(self, staff_id: int, at: datetime) -> int | None:
        """This person, or who stands in while they are away; None where nobody does."""
        asked: set[int] = set()
        while (away := self._away(staff_id, at)) is not None:
            asked.add(staff_id)
            if away.stand_in_id is None or away.stand_in_id in asked:
                return None
            staff_id = away.stand_in_id
        return staff_id

    def stood_in_for(self, staff_id: int, at: datetime) -> tuple[int, ...]:
        """For whom this person stands in at this instant."""
        gone = {each.staff_id for each in self.aways if each.since <= at < each.until}
        return tuple(sorted(each for each in gone - {staff_id} if self.there(each, at) == staff_id))

    def _away(self, staff_id: int, at: datetime) -> Away | None:
        theirs = (each for each in self.aways if each.staff_id == staff_id and each.since <= at < each.until)
        return next(theirs, None)

    def _runs(self, shift: Shift, at: datetime) -> bool:
        today = at.astimezone(ZoneInfo(self.zone)).date()
        return any(start <= at < end for start, end in self._spans(shift, today - DAY, today))

    def _spans(self, shift: Shift, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        """The runs of a shift that begin on these days."""
        for day in _days(first, last):
            if day.weekday() == shift.weekday:
                ends_on = day if shift.ends > shift.starts else day + DAY
                yield on_wall_clock(day, shift.starts, self.zone), on_wall_clock(ends_on, shift.ends, self.zone)

    def stretches(self, layer: Layer, since: datetime, until: datetime) -> list["Stretch"]:
        """What the layer looks like between two instants, cut where it changes; without gaps, in order."""
        cuts = sorted({since, until, *(each for each in self._changes(layer, since, until) if since < each < until)})
        found: list[Stretch] = []
        for start, end in zip(cuts, cuts[1:], strict=False):
            staff = self.on_call(layer, start)
            if found and found[-1].staff == staff:
                found[-1] = replace(found[-1], until=end)
            else:
                found.append(Stretch(start, end, staff))
        return found

    def _changes(self, layer: Layer, since: datetime, until: datetime) -> Iterator[datetime]:
        zone = ZoneInfo(self.zone)
        first, last = since.astimezone(zone).date() - DAY, until.astimezone(zone).date()
        for shift in self.shifts:
            if shift.layer is layer:
                for span in self._spans(shift, first, last):
                    yield from span
        changes: tuple[Override | Away, ...] = self.overrides + self.aways
        for each in changes:
            yield from (each.since.astimezone(UTC), each.until.astimezone(UTC))


@dataclass(frozen=True)
class Stretch:
    """From `since` until `until` these are on call."""

    since: datetime
    until: datetime
    staff: tuple[int, ...]


def gaps(stretches: Iterable[Stretch], reachable: frozenset[int]) -> list[Stretch]:
    """The stretches in which nobody of those who can be reached is on call; neighbours are joined."""
    found: list[Stretch] = []
    for each in stretches:
        if reachable & set(each.staff):
            continue
        if found and found[-1].until == each.since:
            found[-1] = Stretch(found[-1].since, each.until, ())
        else:
            found.append(Stretch(each.since, each.until, ()))
    return found


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY
