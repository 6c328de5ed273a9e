"""A page to add one person by hand."""

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.arrangements import NotArranged
from bot.core.kinds import Language
from bot.enrolling import Newcomer, take_in
from bot.first_texts import startable_flows
from bot.handovers import takers
from bot.importing import Register
from bot.models import Role, Staff
from bot.web.auth import me, roles
from bot.web.fields import chosen
from bot.web.standby import standby
from bot.web.words import present

enrolling = Blueprint("enrolling", __name__, url_prefix="/people")
ENROLLERS = (Role.CASEWORKER, Role.SUPERVISOR)


@enrolling.get("/new")
@roles(*ENROLLERS)
def form() -> ResponseReturnValue:
    """The empty form."""
    with standby().db.reading() as session:
        return _page(session)


def _page(session: Session) -> str:
    return render_template(
        "enrol.html",
        typed=request.form,
        takers=takers(session),
        startable=startable_flows(standby().shelf),
        languages=Language,
    )


@enrolling.post("/new")
@roles(*ENROLLERS)
def add() -> ResponseReturnValue:
    """Take the person in, or show the form again with what is wrong."""
    current = standby()
    register = Register(current.db, current.settings, current.shelf)
    try:
        with current.db.writing() as session:
            person = take_in(register, session, session.get_one(Staff, me().id), _newcomer(), present())
            participant_id = person.id
    except IntegrityError:  # posted twice at the same moment
        flash("Nobody was added: somebody else with this number was added a moment ago.", "stop")
        return redirect(url_for("caseload.people"))
    except NotArranged as problem:
        flash(f"Nobody was added. {problem}", "stop")
        with current.db.reading() as session:
            return _page(session), 422
    flash("They are in.")
    return redirect(url_for("thread.show", participant_id=participant_id))


def _newcomer() -> Newcomer:
    """A caseworker's newcomers are theirs."""
    told = request.form
    worker_id = chosen(told, "caseworker") or None
    return Newcomer(
        name=told.get("name", ""),
        phone=told.get("phone", ""),
        language=Language(told["language"]) if told.get("language") in set(Language) else Language.EN,
        zone=told.get("zone", "").strip(),
        cohort=" ".join(told.get("cohort", "").split()),
        caseworker_id=worker_id if me().role is Role.SUPERVISOR else me().id,
        method=told.get("method", ""),
        given_on=_day(told.get("given_on", "")),
        flow=told.get("flow", ""),
    )


def _day(told: str) -> date | None:
    try:
        return date.fromisoformat(told)
    except ValueError:
        return None
