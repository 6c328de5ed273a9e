"""The export for research: what would be in it, the file itself, and which were taken before."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from bot.core.deidentify import MOST_SHIFT_DAYS, TABLES, Column, Dates, Extra, tables
from bot.models import Export, Role, Staff
from bot.reports.scope import ScopeProblem, address_of, latest, parse
from bot.research import ExportProblem, take, taken_before
from bot.study import Wanted, counts_of
from bot.web.auth import me, roles
from bot.web.standby import standby
from bot.web.words import iso_day, present

research = Blueprint("research", __name__)
READERS = (Role.RESEARCHER, Role.ADMIN)
ONE_AT_A_TIME = Lock()  # it takes a thread, and the processor, for a while


@research.get("/research")
@roles(*READERS)
def show() -> ResponseReturnValue:
    """The form, what such an export holds, and the exports taken before. Counts under 10 are not told."""
    problem, wanted = None, _usual()
    try:
        wanted = _wanted(request.args)
    except ScopeProblem as error:
        problem = str(error)
    with standby().db.reading() as session:
        return render_template(
            "research.html",
            wanted=wanted,
            weeks=address_of(wanted.scope),
            problem=problem,
            counts=counts_of(session, wanted.scope),
            tables=_described(wanted),
            taken=_taken(session),
            smallest=standby().settings.smallest_cell,
            shift=MOST_SHIFT_DAYS,
            reviewed=bool(standby().settings.research_texts),
            linked=standby().settings.research_linked,
        )


def _usual() -> Wanted:
    return Wanted(latest(present(), standby().settings.zone))


def _wanted(form: MultiDict[str, str]) -> Wanted:
    weeks = {name: form.get(name, "") for name in ("from", "to")}
    scope = parse(weeks, present(), standby().settings.zone)
    dates = form.get("dates", Dates.WEEK)
    extras = frozenset(each for each in Extra if each in form.getlist("with"))
    return Wanted(scope, Dates(dates) if dates in set(Dates) else Dates.WEEK, extras)


def _described(wanted: Wanted) -> dict[str, tuple[str, tuple[Column, ...]]]:
    """Each table with what it holds in a sentence, and its columns."""
    return {name: (TABLES[name].__doc__ or "", columns) for name, columns in tables(wanted.extras).items()}


def _taken(session: Session) -> list[tuple[Export, str]]:
    """The exports with who took each: a researcher is not told the names of staff."""
    rows = taken_before(session)
    ids = {each.staff_id for each in rows}
    names = {each.id: each.name for each in session.scalars(select(Staff).where(Staff.id.in_(ids)))}
    return [(each, _by(each.staff_id, names)) for each in rows]


def _by(staff_id: int | None, names: dict[int, str]) -> str:
    if staff_id is None:
        return "the command line"
    if staff_id == me().id:
        return "you"
    return names[staff_id] if me().role is Role.ADMIN else "somebody else"


@research.post("/research/export.zip")
@roles(*READERS)
def download() -> ResponseReturnValue:
    """The export as a file. A form that is posted, since it goes on record who took it; nothing of it stays here."""
    if not ONE_AT_A_TIME.acquire(blocking=False):
        return _back("Another export is being made. Try again in a minute.")
    try:
        return _made(_wanted(request.form), present())
    except (ExportProblem, ScopeProblem) as error:
        return _back(str(error))
    finally:
        ONE_AT_A_TIME.release()


def _made(wanted: Wanted, now: datetime) -> ResponseReturnValue:
    current = standby()
    with TemporaryDirectory(prefix="standby-research-") as folder:
        taken = take(current.db, current.settings, wanted, Path(folder) / "export.zip", now, me().id)
        file = taken.path.open("rb")  # it can be read to its end after its name is gone
    name = f"standby-research-{iso_day(now, current.settings.zone)}-{taken.checksum[:8]}.zip"
    return send_file(file, mimetype="application/zip", as_attachment=True, download_name=name)


def _back(sentence: str) -> ResponseReturnValue:
    """To the form as it was filled in."""
    flash(sentence, "stop")
    asked: dict[str, Any] = {name: request.form.getlist(name) for name in ("from", "to", "dates", "with")}
    return redirect(url_for("research.show", **asked))
