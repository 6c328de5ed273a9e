"""From the page of a number that we do not know: whose it is."""

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.arrangements import NotArranged
from bot.consents import is_blocked
from bot.joining import join_number
from bot.models import Flag, Participant, Role
from bot.web.access import may_see_flag
from bot.web.arrangements import ARRANGERS, desk_for
from bot.web.auth import me, roles
from bot.web.fields import chosen
from bot.web.standby import standby

joining = Blueprint("joining", __name__, url_prefix="/numbers/<int:flag_id>")
NOT_SHOWN = "This number is not before you: an alert about it went to somebody else."


def owners(session: Session) -> list[Participant]:
    """Whose the number may be, as far as the reader may say so: own people, or everybody's, by name."""
    if me().role not in ARRANGERS:
        return []
    wanted = select(Participant)
    if me().role is Role.CASEWORKER:
        wanted = wanted.where(Participant.caseworker_id == me().id)
    return sorted(session.scalars(wanted), key=lambda each: (each.name.casefold(), each.id))


@joining.post("/join")
@roles(*ARRANGERS)
def join(flag_id: int) -> ResponseReturnValue:
    """Give the number with its texts and flags to a participant."""
    participant_id = chosen(request.form, "participant_id")
    if not participant_id:
        flash("Nothing was changed. Choose whose number it is.", "stop")
        return redirect(url_for("flags.number", flag_id=flag_id))
    try:
        flash(_join(flag_id, participant_id))
    except NotArranged as problem:
        flash(f"Nothing was changed. {problem}", "stop")
        return redirect(url_for("flags.number", flag_id=flag_id))
    standby().soon(standby().push)
    return redirect(url_for("thread.show", participant_id=participant_id))


def _join(flag_id: int, participant_id: int) -> str:
    with standby().db.writing() as session:
        flag = session.get(Flag, flag_id) or abort(404)
        if not may_see_flag(session, me(), flag_id):
            abort(403, NOT_SHOWN)
        if flag.participant_id is not None or flag.address_hash is None:
            raise NotArranged("This number belongs to a participant already.")
        address_hash = flag.address_hash
        join_number(standby().db, desk_for(session, participant_id), address_hash)
        if is_blocked(session, address_hash):
            return "The number is theirs now, and no text may leave to it: an opt-out is on record."
    return "The number is theirs now. No text leaves to it until they agree: ask them, then write it down below."
