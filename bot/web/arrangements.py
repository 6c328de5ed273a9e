"""What a caseworker arranges on a participant's page: no more texts, consent, a pause, appointments."""

from collections.abc import Callable
from datetime import date, datetime, time

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import arrangements
from bot.appointments import appointments, make_appointment, take_away_appointment
from bot.arrangements import Agreement, Desk, NotArranged
from bot.first_texts import comes_regularly, startable_flows
from bot.handovers import takers
from bot.models import Participant, Role, Staff
from bot.numbers import numbers_of
from bot.people import hold, hold_all
from bot.web.access import may_arrange
from bot.web.auth import me, roles
from bot.web.fields import chosen
from bot.web.standby import standby
from bot.web.words import day, moment, present

arranging = Blueprint("arranging", __name__, url_prefix="/people/<int:participant_id>")
ARRANGERS = (Role.CASEWORKER, Role.SUPERVISOR)  # a caseworker only with own people
NOT_YOURS = "This person is not one of yours. Their caseworker or a supervisor can do this."


def offers(session: Session, participant: Participant) -> dict[str, object]:
    """What the page offers to arrange with this person and what is arranged; nothing where the reader may not."""
    if not may_arrange(me(), participant):
        return {"arranges": False}
    regular = comes_regularly(session, participant)
    return {
        "arranges": True,
        "to_agree": arrangements.open_to_consent(session, participant),
        "startable": {} if regular else startable_flows(standby().shelf),
        "appointments": appointments(session, participant, present()),
        "check_ins": startable_flows(standby().shelf),
        "takers": [each for each in takers(session) if each.id != participant.caseworker_id],
        "numbers": numbers_of(participant),
        "doubles": _doubles(session, participant),
    }


def _doubles(session: Session, participant: Participant) -> list[Participant]:
    """Whom this person may turn out to be too, as far as the reader looks after both."""
    others = session.scalars(select(Participant).where(Participant.id != participant.id))
    return sorted((each for each in others if may_arrange(me(), each)), key=lambda each: each.name.casefold())


def desk_for(session: Session, participant_id: int) -> Desk:
    """Where the signed-in staff arranges something with the participant, who is held. 404 and 403 as for the page."""
    if session.get(Participant, participant_id) is None:
        abort(404)
    participant = hold(session, participant_id)
    if not may_arrange(me(), participant):
        abort(403, NOT_YOURS)
    staff, current = session.get_one(Staff, me().id), standby()
    return Desk(session, current.settings, current.post.rules, current.shelf, participant, staff, present())


def arrange(participant_id: int, deed: Callable[[Desk], str], also: int = 0) -> ResponseReturnValue:
    """Do it in one transaction, say in a sentence what was done or why not, and show the page again.

    `also` is the id of another participant whom it concerns: both are held first, in the order in which whoever holds
    several does.
    """
    try:
        with standby().db.writing() as session:
            if also:
                hold_all(session, [participant_id, also])
            done = deed(desk_for(session, participant_id))
        flash(done)
    except NotArranged as problem:
        flash(f"Nothing was changed. {problem}", "stop")
    return redirect(url_for("thread.show", participant_id=participant_id))


@arranging.post("/opt-out")
@roles(*ARRANGERS)
def end_texts(participant_id: int) -> ResponseReturnValue:
    """They said that they want no more texts."""

    def deed(desk: Desk) -> str:
        fresh = arrangements.end_texts(desk)
        return "Written down: no more texts to them, from this moment on." if fresh else "They were opted out already."

    return arrange(participant_id, deed)


@arranging.post("/consent")
@roles(*ARRANGERS)
def take_consent(participant_id: int) -> ResponseReturnValue:
    """They agreed to texts, in person or on paper."""

    def deed(desk: Desk) -> str:
        form = request.form
        given = Agreement(
            chosen(form, "address_id"), day_of("given_on"), form.get("method", ""), form.get("flow", "")
        )
        welcome_at = arrangements.take_consent(desk, given)
        first = f" The welcome leaves {_soon(welcome_at, desk)}." if welcome_at else ""
        return f"Consent is on record.{first}"

    return arrange(participant_id, deed)


def _soon(at: datetime, desk: Desk) -> str:
    return "within a minute" if at <= desk.now else f"{moment(at, desk.participant.zone)}, their time"


@arranging.post("/pause")
@roles(*ARRANGERS)
def pause(participant_id: int) -> ResponseReturnValue:
    """No check-ins until a day."""

    def deed(desk: Desk) -> str:
        until = arrangements.pause_until(desk, day_of("until"))
        return f"Check-ins are paused until {day(until, desk.participant.zone)}."

    return arrange(participant_id, deed)


@arranging.post("/pause/end")
@roles(*ARRANGERS)
def end_pause(participant_id: int) -> ResponseReturnValue:
    """Check-ins go on."""

    def deed(desk: Desk) -> str:
        arrangements.end_pause(desk)
        return "The pause is over: check-ins go on as planned."

    return arrange(participant_id, deed)


@arranging.post("/appointments")
@roles(*ARRANGERS)
def make(participant_id: int) -> ResponseReturnValue:
    """Remind them of a time."""

    def deed(desk: Desk) -> str:
        made = make_appointment(desk, day_of("day"), hour_of("hour"))
        zone = desk.participant.zone
        assert made.remind_at is not None
        return f"They are reminded of {moment(made.at, zone)}: first {_soon(made.remind_at, desk)}."

    return arrange(participant_id, deed)


@arranging.post("/appointments/away")
@roles(*ARRANGERS)
def take_away(participant_id: int) -> ResponseReturnValue:
    """Remind them of a time no more."""

    def deed(desk: Desk) -> str:
        take_away_appointment(desk, _instant("at"))
        return "Taken away: no reminder of it leaves any more. Tell them yourself if they had heard of it."

    return arrange(participant_id, deed)


def day_of(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError as error:
        raise NotArranged("Choose a day.") from error


def hour_of(name: str) -> time:
    try:
        return time.fromisoformat(request.form.get(name, "")).replace(tzinfo=None)
    except ValueError as error:
        raise NotArranged("Choose a time, like 2:30 pm.") from error


def _instant(name: str) -> datetime:
    try:
        return datetime.fromisoformat(request.form.get(name, ""))
    except ValueError as error:
        raise NotArranged("It is not planned any more.") from error
