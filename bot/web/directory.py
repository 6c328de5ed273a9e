"""The directory of services: who helps with what, where staff refer people to."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.core.kinds import Need
from bot.directory import SERVICES, Entry, NotListed, import_services, keep, services, take_out
from bot.models import Role
from bot.people import note
from bot.sheets import ImportProblem, read_rows
from bot.web.auth import me, roles
from bot.web.standby import standby
from bot.web.words import present

directory = Blueprint("directory", __name__, url_prefix="/services")
READERS = (Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN)
KEEPERS = (Role.SUPERVISOR, Role.ADMIN)


@directory.get("")
@roles(*READERS)
def show() -> ResponseReturnValue:
    """The services, those for one need where one is asked for."""
    wanted = request.args.get("need", "")
    with standby().db.reading() as session:
        shown = [each for each in services(session) if not wanted or wanted in each.needs]
        return render_template("services.html", services=shown, wanted=wanted, keeps=me().role in KEEPERS)


def _change(deed: Callable[[Session], str]) -> ResponseReturnValue:
    """Do it in one transaction, say what was done or why not, and show the directory again."""
    try:
        with standby().db.writing() as session:
            done = deed(session)
            note(session, "directory_changed", present(), me().id)
        flash(done)
    except (NotListed, ImportProblem) as problem:
        flash(f"Nothing was changed. {problem}", "stop")
    return redirect(url_for("directory.show"))


@directory.post("")
@roles(*KEEPERS)
def add() -> ResponseReturnValue:
    """A new entry."""

    def deed(session: Session) -> str:
        return f"{keep(session, _entry()).name} is in the directory."

    return _change(deed)


@directory.post("/<int:service_id>")
@roles(*KEEPERS)
def edit(service_id: int) -> ResponseReturnValue:
    """An entry in other words."""

    def deed(session: Session) -> str:
        return f"{keep(session, _entry(), service_id).name} is changed."

    return _change(deed)


@directory.post("/<int:service_id>/away")
@roles(*KEEPERS)
def take_away(service_id: int) -> ResponseReturnValue:
    """Nobody is referred there any more."""

    def deed(session: Session) -> str:
        take_out(session, service_id)
        return "Taken out. Past referrals keep its name."

    return _change(deed)


@directory.post("/file")
@roles(*KEEPERS)
def take_file() -> ResponseReturnValue:
    """The services of a CSV file with Open Referral's column names."""

    def deed(session: Session) -> str:
        given = request.files.get("file")
        reports = import_services(session, read_rows(given.read() if given else b"", SERVICES))
        wrong = [f"line {each.line}: {each.problem}" for each in reports if each.done == "not taken"]
        done = [each.done for each in reports]
        counted = ", ".join(f"{done.count(word)} {word}" for word in dict.fromkeys(done))
        return f"{counted}. {'. '.join(wrong[:5])}".strip()

    return _change(deed)


def _entry() -> Entry:
    told = {name: " ".join(value.split()) for name, value in request.form.items()}
    return Entry(
        name=told.get("name", ""),
        needs=tuple(need for need in Need if need.value in request.form.getlist("needs")),
        contact=told.get("contact", ""),
        area=told.get("area", ""),
        hours=told.get("hours", ""),
        languages=told.get("languages", ""),
    )
