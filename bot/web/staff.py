"""The staff: who works here, new colleagues, new passwords, who is let go. And everybody's own password."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import staffing
from bot.duty import hears
from bot.handovers import takers
from bot.models import Participant, Role, Staff
from bot.passwords import SHORTEST, fits, hash_password
from bot.people import note
from bot.staffing import NotStaffed, Office, Told
from bot.web.auth import enter, me, roles
from bot.web.fields import chosen
from bot.web.standby import standby
from bot.web.words import present

staff = Blueprint("staff", __name__, url_prefix="/staff")
KEEPERS = (Role.SUPERVISOR, Role.ADMIN)


@staff.get("")
@roles(*KEEPERS)
def show() -> ResponseReturnValue:
    """Who works here, and the forms."""
    return _page()


def _page(handed: tuple[str, str] | None = None) -> str:
    """`handed`: somebody's name and the password to hand over, which is shown this once."""
    with standby().db.reading() as session:
        everybody = sorted(session.scalars(select(Staff)), key=lambda each: each.name.casefold())
        counted = select(Participant.caseworker_id, func.count()).group_by(Participant.caseworker_id)
        return render_template(
            "staff.html",
            handed=handed,
            working=[each for each in everybody if each.active],
            gone=[each for each in everybody if not each.active],
            hearing={each.id for each in everybody if each.active and hears(session, each)},
            people=dict(session.execute(counted).all()),
            takers=takers(session),
            teams=sorted({each.team for each in everybody} - {""}),
            roles=[role for role in Role if role is not Role.ADMIN or me().role is Role.ADMIN],
        )


def _change(deed: Callable[[Office], str]) -> ResponseReturnValue:
    """Do it in one transaction, say what was done or why not, and show the staff again."""
    try:
        with standby().db.writing() as session:
            done = deed(_office(session))
        flash(done)
    except (NotStaffed, IntegrityError) as problem:
        flash(_nothing(problem), "stop")
    return redirect(url_for("staff.show"))


def _hand(deed: Callable[[Office], tuple[Staff, str]]) -> ResponseReturnValue:
    """The same where a password is to be handed over. It is on this answer alone: no cookie and no address holds it."""
    try:
        with standby().db.writing() as session:
            whose, password = deed(_office(session))
        return _page((whose.name, password))
    except (NotStaffed, IntegrityError) as problem:
        flash(_nothing(problem), "stop")
        return redirect(url_for("staff.show"))


def _nothing(problem: Exception) -> str:
    """Where two write down the same e-mail address or number at once, the database refuses the second."""
    why = str(problem) if isinstance(problem, NotStaffed) else "Somebody else wrote that down a moment ago. Look again."
    return f"Nothing was changed. {why}"


def _office(session: Session) -> Office:
    return Office(session, standby().post, session.get_one(Staff, me().id), present())


def _told() -> Told:
    role = next((role for role in Role if role == request.form.get("role")), None)
    if role is None:
        raise NotStaffed("Choose what they may do.")
    email, name, phone, team = (request.form.get(field, "") for field in ("email", "name", "phone", "team"))
    return Told(email, name, phone, role, team)


@staff.post("")
@roles(*KEEPERS)
def add() -> ResponseReturnValue:
    """A new colleague."""
    return _hand(lambda office: staffing.add(office, _told()))


@staff.post("/<int:staff_id>")
@roles(*KEEPERS)
def edit(staff_id: int) -> ResponseReturnValue:
    """Another name, address, phone, role or team."""
    return _change(lambda office: f"{staffing.change(office, staff_id, _told()).name} is changed.")


@staff.post("/<int:staff_id>/password")
@roles(*KEEPERS)
def renew(staff_id: int) -> ResponseReturnValue:
    """A new password for somebody."""
    return _hand(lambda office: staffing.renew_password(office, staff_id))


@staff.post("/<int:staff_id>/away")
@roles(*KEEPERS)
def let_go(staff_id: int) -> ResponseReturnValue:
    """They do not work here any more."""

    def deed(office: Office) -> str:
        gone = staffing.let_go(office, staff_id, chosen(request.form, "to"))
        return f"{gone.name} does not sign in any more, and no alert goes there."

    return _change(deed)


@staff.post("/<int:staff_id>/back")
@roles(*KEEPERS)
def take_back(staff_id: int) -> ResponseReturnValue:
    """They work here again."""
    return _hand(lambda office: staffing.take_back(office, staff_id))


@staff.get("/me")
@roles(*Role)
def mine() -> ResponseReturnValue:
    """A form for one's own password."""
    return render_template("password.html", shortest=SHORTEST)


@staff.post("/me")
@roles(*Role)
def take_mine() -> ResponseReturnValue:
    """One's own new password, where the old one is known. Every other place that is signed in is out."""
    wrong = _why_not(request.form.get("new", ""), request.form.get("again", ""))
    with standby().db.writing() as session:
        myself = session.get_one(Staff, me().id, with_for_update={"key_share": True})
        if not fits(myself.password_hash, request.form.get("old", "")):
            wrong = "That is not the password you have now."
        if wrong is None:
            myself.password_hash = hash_password(request.form["new"])
            note(session, "password_changed", present(), myself.id)
    if wrong is not None:
        flash(f"Nothing was changed. {wrong}", "stop")
        return redirect(url_for("staff.mine"))
    enter(myself)
    flash("Your password is changed.")
    return redirect(url_for("caseload.people"))


def _why_not(new: str, again: str) -> str | None:
    if len(new) < SHORTEST:
        return f"A password needs {SHORTEST} characters at least. Four words are easy to keep."
    return None if new == again else "The new password was typed in two ways."
