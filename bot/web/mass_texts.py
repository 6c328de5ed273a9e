"""One text to many: write it, see who gets it and who does not, send it, watch it leave."""

import uuid
from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.core.flow_texts import GIVEAWAYS
from bot.core.kinds import Language
from bot.core.lengths import lasting
from bot.core.normal import normalise
from bot.handovers import takers
from bot.mass_texts import Audience, Filter, audience, progress, send_to_all, stop
from bot.models import MassText, Participant, Role, Staff
from bot.web.auth import me, roles
from bot.web.fields import chosen
from bot.web.fragments import fragment
from bot.web.standby import standby
from bot.web.words import present
from bot.web.writing import LONGEST

mass_texts = Blueprint("mass_texts", __name__, url_prefix="/many")
WRITERS = (Role.CASEWORKER, Role.SUPERVISOR)  # a caseworker to their own people only
LATEST = 10


@mass_texts.get("")
@roles(*WRITERS)
def write() -> ResponseReturnValue:
    """The empty form, and what was sent lately."""
    with standby().db.reading() as session:
        return _page(session)


@mass_texts.post("")
@roles(*WRITERS)
def preview() -> ResponseReturnValue:
    """Who would get it and who would not and why; nothing is sent yet."""
    with standby().db.reading() as session:
        bodies = _bodies()
        if problem := _problem(bodies):
            flash(problem, "stop")
            return _page(session), 422
        to = _audience(session, bodies)
        takes = lasting(to.takes(bodies, standby().settings.segments_per_second))
        shown = {"to": to, "bodies": bodies, "takes": takes, "key": uuid.uuid4().hex, "telling": _telling(bodies)}
        return _page(session, **shown)


@mass_texts.post("/send")
@roles(*WRITERS)
def send() -> ResponseReturnValue:
    """Queue it for whom the preview named. Posted twice, it is sent once."""
    bodies, key = _bodies(), request.form.get("key", "")
    if _problem(bodies) or len(key) != 32:
        abort(400)
    with standby().db.writing() as session:
        mass = send_to_all(session, me().id, key, bodies, _audience(session, bodies), present())
        mass_id = mass.id
    standby().soon(standby().push)
    flash("Written down. The texts leave one after the other, behind what is more pressing.")
    return redirect(url_for("mass_texts.show", mass_id=mass_id))


def _page(session: Session, **preview: object) -> str:
    """The form with what was typed, and a preview where one was asked for."""
    mine = select(MassText).order_by(MassText.id.desc()).limit(LATEST)
    sent = session.scalars(mine if me().role is Role.SUPERVISOR else mine.where(MassText.staff_id == me().id)).all()
    people = _theirs(session, Filter())
    return render_template(
        "many.html",
        typed=request.form,
        cohorts=sorted({each.cohort for each in people} - {""}),
        takers=takers(session) if me().role is Role.SUPERVISOR else [],
        languages=Language,
        longest=LONGEST,
        sent=[(each, progress(session, each.id)) for each in sent],
        **preview,
    )


def _bodies() -> dict[Language, str]:
    told = {each: request.form.get(f"body_{each}", "").replace("\r\n", "\n").strip() for each in Language}
    return {language: body for language, body in told.items() if body}


def _problem(bodies: dict[Language, str]) -> str:
    if not bodies:
        return "Nothing to show: write the text first."
    too_long = any(len(body) > LONGEST for body in bodies.values())
    return f"Shorten the text to {LONGEST} characters." if too_long else ""


def _telling(bodies: dict[Language, str]) -> list[str]:
    """Words that would tell a stranger what this is about."""
    plain = [(each, normalise(body).text) for each, body in bodies.items()]
    return list(dict.fromkeys(found[0].strip() for each, body in plain for found in GIVEAWAYS[each].finditer(body)))


def _filter() -> Filter:
    told = request.form
    language = told.get("language", "")
    return Filter(
        cohort=told.get("cohort", ""),
        caseworker_id=chosen(told, "caseworker") or None,
        language=Language(language) if language in set(Language) else None,
    )


def _theirs(session: Session, chosen: Filter) -> Sequence[Participant]:
    """The people whom the writer may text, as far as the filter takes them."""
    people = select(Participant)
    if me().role is not Role.SUPERVISOR:
        people = people.where(Participant.caseworker_id.in_((me().id, *me().stands_in_for)))
    return session.scalars(chosen.narrow(people)).all()


def _audience(session: Session, bodies: dict[Language, str]) -> Audience:
    return audience(session, _theirs(session, _filter()), bodies, present())


@mass_texts.get("/<int:mass_id>")
@roles(*WRITERS)
def show(mass_id: int) -> ResponseReturnValue:
    """How far it has come."""
    with standby().db.reading() as session:
        return render_template("many_sent.html", **_state(session, mass_id))


@mass_texts.get("/<int:mass_id>/progress")
@roles(*WRITERS)
def progress_part(mass_id: int) -> ResponseReturnValue:
    """The figures alone, for the page that is open."""
    with standby().db.reading() as session:
        return fragment("_progress.html", **_state(session, mass_id))


@mass_texts.post("/<int:mass_id>/stop")
@roles(*WRITERS)
def stop_it(mass_id: int) -> ResponseReturnValue:
    """What has not left yet does not leave."""
    with standby().db.writing() as session:
        held = stop(session, _sent(session, mass_id), me().id, present())
    flash(f"Stopped: {held} {'text does' if held == 1 else 'texts do'} not leave.")
    return redirect(url_for("mass_texts.show", mass_id=mass_id))


def _state(session: Session, mass_id: int) -> dict[str, object]:
    mass = _sent(session, mass_id)
    by = session.get_one(Staff, mass.staff_id)
    return {"mass": mass, "by": by.name, "progress": progress(session, mass.id)}


def _sent(session: Session, mass_id: int) -> MassText:
    """A text to many that this member of staff may look at: their own, or any for supervisors."""
    mass = session.get(MassText, mass_id)
    if mass is None or (me().role is not Role.SUPERVISOR and mass.staff_id != me().id):
        abort(404)
    return mass
