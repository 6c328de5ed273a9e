"""Who looks after a participant, at which number, whether two entries are one person; a check-in out of turn."""

from datetime import datetime

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from bot.arrangements import Desk, NotArranged, check_in_once
from bot.core.hours import on_wall_clock
from bot.handovers import hand_over
from bot.merging import merge
from bot.models import Participant
from bot.numbers import NewNumber, change_number
from bot.web.access import may_arrange
from bot.web.arrangements import ARRANGERS, NOT_YOURS, arrange, day_of, hour_of
from bot.web.auth import me, roles
from bot.web.fields import chosen
from bot.web.standby import standby
from bot.web.words import moment

care = Blueprint("care", __name__, url_prefix="/people/<int:participant_id>")


@care.post("/worker")
@roles(*ARRANGERS)
def change_worker(participant_id: int) -> ResponseReturnValue:
    """Somebody else looks after them from now on."""

    def deed(desk: Desk) -> str:
        return hand_over(desk, chosen(request.form, "worker"), bool(request.form.get("tell")))

    answer = arrange(participant_id, deed)
    standby().soon(standby().push)
    with standby().db.reading() as session:
        kept = may_arrange(me(), session.get(Participant, participant_id) or abort(404))
    return answer if kept else redirect(url_for("caseload.people"))


@care.post("/number")
@roles(*ARRANGERS)
def change_their_number(participant_id: int) -> ResponseReturnValue:
    """They have another number; the old one is not texted again."""

    def deed(desk: Desk) -> str:
        form = request.form
        method = form.get("method", "")
        given_on = day_of("given_on") if method else None
        new = NewNumber(chosen(form, "address_id"), form.get("number", ""), method, given_on)
        change_number(standby().db, desk, new)
        left = "Texts go there from now on." if method else "No text leaves to it until you record consent."
        return f"The number is changed. Nothing goes to the old one any more, not even what waited for it. {left}"

    return arrange(participant_id, deed)


@care.post("/merge")
@roles(*ARRANGERS)
def merge_double(participant_id: int) -> ResponseReturnValue:
    """Another entry is the same person."""
    double_id = chosen(request.form, "double")

    def deed(desk: Desk) -> str:
        double = desk.session.get(Participant, double_id)
        if double is None or not request.form.get("sure"):
            raise NotArranged("Choose the other entry, and tick that they are one person.")
        if not may_arrange(me(), double):
            abort(403, NOT_YOURS)
        merge(desk, double)
        return "The two are one now: numbers, texts, flags and notes are all here."

    return arrange(participant_id, deed, also=double_id)


@care.post("/check-in")
@roles(*ARRANGERS)
def check_in(participant_id: int) -> ResponseReturnValue:
    """One check-in out of turn, now or later."""

    def deed(desk: Desk) -> str:
        at = check_in_once(desk, request.form.get("flow", ""), _moment(desk))
        if at <= desk.now:
            return f"The check-in begins within a minute{UNLESS}"
        return f"The check-in begins {moment(at, desk.participant.zone)}, their time{UNLESS}"

    return arrange(participant_id, deed)


UNLESS = (
    ", unless it is night with them, another check-in runs, they asked for a pause, are in danger, or somebody talks "
    "with them: then it waits for the end of that."
)


def _moment(desk: Desk) -> datetime | None:
    """The day and hour that were chosen, on the participant's clock; None for now."""
    if not request.form.get("day"):
        return None
    try:
        return on_wall_clock(day_of("day"), hour_of("hour"), desk.participant.zone)
    except OverflowError as error:  # the last day of the calendar, mistyped
        raise NotArranged("Choose a day.") from error
