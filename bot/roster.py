"""Keeping the rota: weekly shifts, covers and swaps, absences with a stand-in. Every change is on record."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.core.rota import Layer
from bot.models import Absence, Cover, Role, Staff, WeeklyShift
from bot.people import note

FARTHEST = timedelta(days=366)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class NotKept(Exception):
    """The rota cannot be changed so, and was not. The message says why, and what to do instead."""


@dataclass(frozen=True)
class Roster:
    """Where one member of staff changes the rota, inside one transaction."""

    session: Session
    by: Staff
    zone: str
    now: datetime

    def note(self, what: str, staff_id: int, detail: str = "") -> None:
        """Put it on record: what was changed, by whom, and for whom."""
        note(self.session, what, self.now, self.by.id, detail=f"staff {staff_id} {detail}".strip())


def on_call_staff(session: Session) -> list[Staff]:
    """Who may be on call: everybody at work but researchers, by name."""
    working = session.scalars(select(Staff).where(Staff.active, Staff.role != Role.RESEARCHER))
    return sorted(working, key=lambda each: each.name.casefold())


def add_shifts(roster: Roster, layer: Layer, staff_id: int, weekdays: list[int], starts: time, ends: time) -> int:
    """On these days of every week this person is on call; how many shifts were new. Raises NotKept."""
    staff = _at_work(roster, staff_id)
    if not weekdays:
        raise NotKept("Choose at least one day of the week.")
    added = 0
    for weekday in sorted(set(weekdays)):
        same = (WeeklyShift.layer == layer) & (WeeklyShift.staff_id == staff.id) & (WeeklyShift.weekday == weekday)
        hours = (WeeklyShift.starts == starts) & (WeeklyShift.ends == ends)
        if roster.session.scalar(select(WeeklyShift.id).where(same, hours)) is None:
            shift = WeeklyShift(layer=layer, staff_id=staff.id, weekday=weekday, starts=starts, ends=ends)
            roster.session.add(shift)
            added += 1
    if not added:
        raise NotKept("These shifts are on the rota already.")
    roster.note("shifts_added", staff.id, f"{layer}: {added}")
    return added


def take_away_shift(roster: Roster, shift_id: int) -> None:
    """The shift is not on the rota any more. Raises NotKept where it was not."""
    shift = roster.session.get(WeeklyShift, shift_id)
    if shift is None:
        raise NotKept("That shift is not on the rota any more.")
    roster.session.delete(shift)
    roster.note("shift_taken_away", shift.staff_id, f"{shift.layer}: {DAYS[shift.weekday]}")


def cover(roster: Roster, layer: Layer, staff_id: int, since: datetime, until: datetime) -> None:
    """For this while that person is on call in place of whom the shifts name. Raises NotKept."""
    staff = _at_work(roster, staff_id)
    _must_lie_ahead(roster, since, until)
    overlap = (Cover.layer == layer) & (Cover.since < until) & (Cover.until > since)
    if roster.session.scalar(select(Cover.id).where(overlap)):
        raise NotKept("Somebody covers a part of that time already. Take that away first.")
    roster.session.add(Cover(layer=layer, staff_id=staff.id, since=since, until=until))
    roster.note("cover_made", staff.id, layer)


def take_away_cover(roster: Roster, cover_id: int) -> None:
    """The shifts count again in that time. Raises NotKept where the cover is gone."""
    made = roster.session.get(Cover, cover_id)
    if made is None:
        raise NotKept("That was taken away already.")
    roster.session.delete(made)
    roster.note("cover_taken_away", made.staff_id, made.layer)


def be_away(roster: Roster, staff_id: int, since: datetime, until: datetime, stand_in_id: int | None) -> None:
    """This person is not there, and who stands in for them: with their people, and when they are on call.

    Raises NotKept.
    """
    staff = _at_work(roster, staff_id)
    _must_lie_ahead(roster, since, until)
    if stand_in_id is not None:
        _may_stand_in(roster, staff, _at_work(roster, stand_in_id), since, until)
    overlap = (Absence.staff_id == staff.id) & (Absence.since < until) & (Absence.until > since)
    if roster.session.scalar(select(Absence.id).where(overlap)):
        raise NotKept(f"{staff.name} is away in a part of that time already. End that first.")
    absence = Absence(staff_id=staff.id, since=since, until=until, stand_in_id=stand_in_id)
    roster.session.add(absence)
    roster.note("absence_made", staff.id)


def be_back(roster: Roster, absence_id: int) -> None:
    """The absence ends now, or does not begin. Raises NotKept where it is over already."""
    absence = roster.session.get(Absence, absence_id)
    if absence is None or absence.until <= roster.now:
        raise NotKept("That absence is over already.")
    if absence.since >= roster.now:
        roster.session.delete(absence)
    else:
        absence.until = roster.now
    roster.note("absence_ended", absence.staff_id)


def _at_work(roster: Roster, staff_id: int) -> Staff:
    staff = roster.session.get(Staff, staff_id)
    if staff is None or not staff.active or staff.role is Role.RESEARCHER:
        raise NotKept("Choose somebody of the staff.")
    return staff


def _may_stand_in(roster: Roster, staff: Staff, stand_in: Staff, since: datetime, until: datetime) -> None:
    if stand_in.id == staff.id:
        raise NotKept("Nobody can stand in for themselves. Choose somebody else, or nobody.")
    gone = (Absence.staff_id == stand_in.id) & (Absence.since < until) & (Absence.until > since)
    if roster.session.scalar(select(Absence.id).where(gone)):
        raise NotKept(f"{stand_in.name} is away in that time too. Choose somebody else.")


def _must_lie_ahead(roster: Roster, since: datetime, until: datetime) -> None:
    if until <= since:
        raise NotKept("The end lies before the beginning. Look at the days and hours again.")
    if until <= roster.now:
        raise NotKept("That time has passed. Write a time to come.")
    if until > roster.now + FARTHEST:
        raise NotKept("That is more than a year away. Look at the year.")
