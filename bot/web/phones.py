"""The rehearsal's phones: texts as the people hold them in their hands. Only with the simulated carrier."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import requests
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.core.rota import Layer
from bot.duty import load_rota
from bot.models import Address, Participant, Role, Staff
from bot.web.auth import enter
from bot.web.fragments import fragment
from bot.web.standby import standby
from bot.web.words import ROLES, present
from bot.wiring import wind_on

phones = Blueprint("phones", __name__, url_prefix="/phones")
STEPS = {
    "15m": ("+15 minutes", timedelta(minutes=15)),
    "3h": ("+3 hours", timedelta(hours=3)),
    "1d": ("+1 day", timedelta(days=1)),
    "1w": ("+1 week", timedelta(weeks=1)),
}
AT_MOST = 6
CARRIER_ANSWERS_WITHIN_S = 5


@dataclass(frozen=True)
class Handset:
    """One phone: whose it is, under the name that addresses of pages use (`p12`, `s3`), never its number."""

    key: str
    name: str
    number: str
    what: str
    staff_id: int | None = None


@phones.before_request
def only_in_rehearsal() -> None:
    """Everybody may see these pages, because there is nobody real in them; elsewhere they do not exist."""
    if not standby().settings.simulated:
        abort(404)


@phones.get("")
def show() -> ResponseReturnValue:
    """The chosen phones side by side, or a first choice."""
    with standby().db.reading() as session:
        everybody = _handsets(session)
        wanted = [each for each in request.args.getlist("show") if each in everybody] or _first_choice(session)
        chosen = [each for each in dict.fromkeys(wanted) if each in everybody][:AT_MOST]
    return render_template(
        "phones.html",
        everybody=everybody,
        chosen=[(everybody[key], _line_of(everybody[key])) for key in chosen],
        steps=STEPS,
    )


def _handsets(session: Session) -> dict[str, Handset]:
    """Everybody with a phone: staff first, then participants, by name."""
    staff = session.scalars(select(Staff).where(Staff.active, Staff.phone_hash.is_not(None))).all()
    on_call = load_rota(session, standby().settings.zone, present()).on_call(Layer.FIRST, present())
    held = select(Participant, Address.value).join(Address).order_by(Address.id.desc())  # the first number wins
    people = {person.id: (person, value) for person, value in session.execute(held)}
    found = [Handset(f"s{each.id}", each.name, each.phone or "", _post_of(each, on_call), each.id) for each in staff]
    found += [Handset(f"p{each.id}", each.name, value, "participant") for each, value in people.values()]
    return {each.key: each for each in sorted(found, key=lambda each: (each.staff_id is None, each.name.casefold()))}


def _post_of(staff: Staff, on_call: tuple[int, ...]) -> str:
    return ROLES[staff.role] + (", on call" if staff.id in on_call else "")


def _first_choice(session: Session) -> list[str]:
    """Two people of one caseworker, the caseworker, and a supervisor."""
    theirs = select(Participant).join(Staff).where(Staff.phone_hash.is_not(None), Staff.active)
    people = session.scalars(theirs.order_by(Participant.caseworker_id, Participant.id).limit(2)).all()
    own = [person.caseworker_id for person in people[:1]]
    above = select(Staff.id).where(Staff.role == Role.SUPERVISOR, Staff.phone_hash.is_not(None), Staff.active)
    staff = [*own, *session.scalars(above.limit(1))]
    return [f"p{person.id}" for person in people] + [f"s{each}" for each in staff]


def _line_of(handset: Handset) -> dict[str, Any] | None:
    """The conversation as the carrier has it, and whether it rings; None where the carrier does not answer."""
    try:
        with _line() as line:
            answer = line.get(
                f"{standby().settings.api_url}/simulated/phones/{quote(handset.number)}",
                timeout=CARRIER_ANSWERS_WITHIN_S,
            )
            answer.raise_for_status()
            spoken: dict[str, Any] = answer.json()
            return spoken
    except requests.RequestException:
        return None


def _line() -> requests.Session:
    line = requests.Session()
    line.trust_env = False  # a proxy of the environment cannot reach loopback
    return line


def _handset(key: str) -> Handset:
    with standby().db.reading() as session:
        return _handsets(session).get(key) or abort(404)


@phones.get("/<key>/talk")
def talk(key: str) -> ResponseReturnValue:
    """The bubbles of one phone, for the page that is open."""
    handset = _handset(key)
    return fragment("_phone.html", handset=handset, spoken=_line_of(handset))


@phones.post("/<key>/texts")
def text(key: str) -> ResponseReturnValue:
    """This phone sends a text."""
    handset, body = _handset(key), request.form.get("body", "")
    try:
        with _line() as line:
            line.post(
                f"{standby().settings.api_url}/simulated/texts",
                json={"from": handset.number, "body": body},
                timeout=CARRIER_ANSWERS_WITHIN_S,
            ).raise_for_status()
    except requests.RequestException:
        flash("The simulated carrier did not take the text. Does it run?", "stop")
    return redirect(_same_phones())


@phones.post("/<key>/answer")
def answer(key: str) -> ResponseReturnValue:
    """This phone picks up the call that rings, and presses 1 where that was chosen."""
    handset = _handset(key)
    try:
        with _line() as line:
            picked_up = line.post(
                f"{standby().settings.api_url}/simulated/phones/{quote(handset.number)}/answer",
                json={"key": request.form.get("key", "")},
                timeout=CARRIER_ANSWERS_WITHIN_S,
            )
            picked_up.raise_for_status()
            flash(f"The call said: {picked_up.json()['heard'] or 'nothing, it was over'}")
    except requests.RequestException:
        flash("The simulated carrier did not answer. Does it run?", "stop")
    return redirect(_same_phones())


@phones.get("/clock")
def clock() -> ResponseReturnValue:
    """The rehearsal's time, for the page that is open."""
    return fragment("_clock.html")


@phones.post("/clock")
def wind() -> ResponseReturnValue:
    """Wind the rehearsal's clock on."""
    words, span = STEPS.get(request.form.get("by", "")) or abort(400)
    wind_on(standby(), span)
    flash(f"The clock was wound on: {words}. What came due happens now.")
    return redirect(_same_phones())


@phones.post("/sign-in/<int:staff_id>")
def sign_in(staff_id: int) -> ResponseReturnValue:
    """Sign in as one of the demo's staff, without a password: who sees this page sees every text anyway."""
    with standby().db.reading() as session:
        staff = session.get(Staff, staff_id)
    if staff is None or not staff.active:
        abort(404)
    enter(staff, "rehearsal")
    return redirect(url_for("caseload.people"))


def _same_phones() -> str:
    return url_for("phones.show", show=request.form.getlist("show"))
