"""The rota: who is on call in the days to come, gaps, and what changes it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import roster
from bot.core.hours import on_wall_clock
from bot.core.rota import Layer, Stretch, gaps
from bot.duty import Duty, hears
from bot.models import Absence, Cover, Role, Staff, WeeklyShift
from bot.roster import DAYS, NotKept, Roster
from bot.staff_replies import ask_for_code
from bot.web.auth import me, roles
from bot.web.fields import chosen
from bot.web.standby import standby
from bot.web.words import gaps_ahead, present

rota = Blueprint("rota", __name__, url_prefix="/rota")
READERS = (Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN)
KEEPERS = (Role.SUPERVISOR, Role.ADMIN)  # a caseworker may say when they themselves are away
AHEAD = 14
LAYERS = {Layer.FIRST: "On call", Layer.BACKUP: "Backup"}


@dataclass(frozen=True)
class Day:
    """One day of one layer, in stretches; those in which nobody can be reached are marked."""

    day: date
    stretches: dict[Layer, tuple[tuple[Stretch, bool], ...]]


@rota.get("")
@roles(*READERS)
def show() -> ResponseReturnValue:
    """The days to come, what is missing, and the forms."""
    with standby().db.reading() as session:
        return render_template("rota.html", **_rota(session))


def _rota(session: Session) -> dict[str, object]:
    rules, now = standby().post.rules, present()
    duty = Duty(session, standby().settings, rules, now)
    staff = roster.on_call_staff(session)
    return {
        "days": _days(duty, rules.zone),
        "layers": LAYERS,
        "weekdays": DAYS,
        "staff": staff,
        "names": {each.id: each.name for each in session.scalars(select(Staff))},
        "problems": gaps_ahead(session),
        "silent": [each for each in staff if not hears(session, each)],
        "shifts": session.scalars(select(WeeklyShift).order_by(WeeklyShift.weekday, WeeklyShift.starts)).all(),
        "covers": session.scalars(select(Cover).where(Cover.until > now).order_by(Cover.since)).all(),
        "absences": session.scalars(select(Absence).where(Absence.until > now).order_by(Absence.since)).all(),
        "keeps": me().role in KEEPERS,
    }


def _days(duty: Duty, zone: str) -> list[Day]:
    reachable = frozenset(each for each, staff in duty.staff.items() if each in duty.heard_by_text)
    today = duty.now.astimezone(ZoneInfo(zone)).date()
    return [_day(duty, today + timedelta(days=ahead), zone, reachable) for ahead in range(AHEAD)]


def _day(duty: Duty, day: date, zone: str, reachable: frozenset[int]) -> Day:
    since, until = on_wall_clock(day, time(0), zone), on_wall_clock(day + timedelta(days=1), time(0), zone)
    found = {}
    for layer in Layer:
        stretches = duty.rota.stretches(layer, max(since, duty.now), until)
        empty = {(gap.since, gap.until) for stretch in stretches for gap in gaps([stretch], reachable)}
        found[layer] = tuple((each, (each.since, each.until) in empty) for each in stretches)
    return Day(day, found)


def _change(deed: Callable[[Roster], str]) -> ResponseReturnValue:
    """Do it in one transaction, say in a sentence what was done or why not, and show the rota again."""
    try:
        with standby().db.writing() as session:
            by = session.get_one(Staff, me().id)
            done = deed(Roster(session, by, standby().settings.zone, present()))
        flash(done)
    except NotKept as problem:
        flash(f"Nothing was changed. {problem}", "stop")
    return redirect(url_for("rota.show"))


@rota.post("/shifts")
@roles(*KEEPERS)
def add_shifts() -> ResponseReturnValue:
    """Weekly shifts of one person."""

    def deed(keeper: Roster) -> str:
        weekdays = [int(each) for each in request.form.getlist("weekday") if each in map(str, range(7))]
        staff_id = chosen(request.form, "staff")
        added = roster.add_shifts(keeper, _layer(), staff_id, weekdays, _hour("starts"), _hour("ends"))
        return f"{added} shift{'s are' if added > 1 else ' is'} on the rota."

    return _change(deed)


@rota.post("/shifts/<int:shift_id>/away")
@roles(*KEEPERS)
def take_away_shift(shift_id: int) -> ResponseReturnValue:
    """One weekly shift ends."""

    def deed(keeper: Roster) -> str:
        roster.take_away_shift(keeper, shift_id)
        return "The shift is off the rota."

    return _change(deed)


@rota.post("/covers")
@roles(*KEEPERS)
def cover() -> ResponseReturnValue:
    """Somebody else for a while."""

    def deed(keeper: Roster) -> str:
        roster.cover(keeper, _layer(), chosen(request.form, "staff"), _moment("since"), _moment("until"))
        return "It is on the rota."

    return _change(deed)


@rota.post("/covers/<int:cover_id>/away")
@roles(*KEEPERS)
def take_away_cover(cover_id: int) -> ResponseReturnValue:
    """The usual shifts again."""

    def deed(keeper: Roster) -> str:
        roster.take_away_cover(keeper, cover_id)
        return "The usual shifts count again in that time."

    return _change(deed)


@rota.post("/absences")
@roles(*READERS)
def be_away() -> ResponseReturnValue:
    """Somebody is not there, and who stands in. A caseworker says so of themselves only."""
    if me().role not in KEEPERS and chosen(request.form, "staff") != me().id:
        abort(403, "You can say when you are away yourself. For a colleague, ask a supervisor.")

    def deed(keeper: Roster) -> str:
        stand_in_id = chosen(request.form, "stand_in") or None
        roster.be_away(keeper, chosen(request.form, "staff"), _moment("since"), _moment("until"), stand_in_id)
        return "It is on the rota." if stand_in_id else "It is on the rota. Nobody stands in: look at the gaps below."

    return _change(deed)


@rota.post("/absences/<int:absence_id>/end")
@roles(*READERS)
def be_back(absence_id: int) -> ResponseReturnValue:
    """They are back."""

    def deed(keeper: Roster) -> str:
        absence = keeper.session.get(Absence, absence_id)
        if me().role not in KEEPERS and (absence is None or absence.staff_id != me().id):
            raise NotKept("That is somebody else's absence. Ask a supervisor.")
        roster.be_back(keeper, absence_id)
        return "The absence is ended."

    return _change(deed)


@rota.post("/phones/<int:staff_id>/code")
@roles(*READERS)
def ask_again(staff_id: int) -> ResponseReturnValue:
    """Text the code anew to a phone that has not answered it. A caseworker asks it of their own phone only."""
    if me().role not in KEEPERS and staff_id != me().id:
        abort(403, "You can ask for a code for your own phone. For a colleague's, ask a supervisor.")

    def deed(keeper: Roster) -> str:
        staff = keeper.session.get(Staff, staff_id)
        if staff is None or staff.phone is None:
            raise NotKept("There is no number on record for them.")
        ask_for_code(keeper.session, staff, keeper.now)
        keeper.note("code_sent", staff.id)
        return f"A text with a code is on its way to {staff.name}. Alerts reach the phone once it was texted back."

    answer = _change(deed)
    standby().soon(standby().push)
    return answer


def _layer() -> Layer:
    told = request.form.get("layer", "")
    if told not in set(Layer):
        raise NotKept("Choose first or backup.")
    return Layer(told)


def _hour(name: str) -> time:
    try:
        return time.fromisoformat(request.form.get(name, "")).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError as error:
        raise NotKept("Write hours like 8:00 am.") from error


def _moment(name: str) -> datetime:
    """A local date and time on the programme's clocks."""
    try:
        told = datetime.fromisoformat(request.form.get(name, ""))
    except ValueError as error:
        raise NotKept("Write both days with their hours.") from error
    return on_wall_clock(told.date(), told.time().replace(tzinfo=None), standby().settings.zone)
