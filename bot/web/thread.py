"""One participant: the conversation, flags beside it, what the check-in learned, and a box to write."""

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.casework import MOST_PRESSING
from bot.core.kinds import Purpose
from bot.models import Flag, FlagState, Message, Participant, Plan, Resolution, Role
from bot.outbox import Draft, queue
from bot.people import note
from bot.web.access import may_open
from bot.web.arrangements import offers
from bot.web.auth import me, roles
from bot.web.bubbles import conversation
from bot.web.fragments import fragment
from bot.web.learned import learned
from bot.web.standby import standby
from bot.web.standing import standings
from bot.web.words import present
from bot.web.writing import LONGEST, Prospect, prospect, telling_words

thread = Blueprint("thread", __name__, url_prefix="/people/<int:participant_id>")
READERS = (Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN)  # an admin only where an alert reached nobody else
NOT_YOURS = "This person is not one of yours. A supervisor can open the conversation, or hand the person over to you."
RESOLVED_SHOWN = 5


def _person(session: Session, participant_id: int) -> Participant:
    """The participant, if this member of staff may read the conversation."""
    participant = session.get(Participant, participant_id)
    if participant is None:
        abort(404)
    if not may_open(session, me(), participant):
        abort(403, NOT_YOURS)
    return participant


@thread.get("")
@roles(*READERS)
def show(participant_id: int) -> ResponseReturnValue:
    """The whole page. That it was looked at goes on record."""
    with standby().db.writing() as session:  # short: while a page is drawn, nobody may wait to write
        note(session, "thread_viewed", present(), me().id, _person(session, participant_id).id)
    with standby().db.reading() as session:
        return _page(session, _person(session, participant_id))


def _page(session: Session, participant: Participant, typed: str = "", telling: tuple[str, ...] = ()) -> str:
    before = request.args.get("before", None, int)
    return render_template(
        "thread.html",
        talk=conversation(session, Message.participant_id == participant.id, before),
        before=before,
        flags=_unresolved(session, participant),
        outcomes=Resolution,
        place="thread",
        prospect=prospect(session, participant, standby().settings, present()),
        longest=LONGEST,
        typed=typed,
        telling=telling,
        **offers(session, participant),
        **_facts(session, participant),
    )


def _facts(session: Session, participant: Participant) -> dict[str, object]:
    return {
        "person": participant,
        "standing": standings(session, [participant])[participant.id],
        "learned": learned(session, participant, standby()),
        "next": session.scalar(select(func.min(Plan.next_check_in_at)).where(Plan.participant_id == participant.id)),
        "resolved": _resolved(session, participant),
    }


def _unresolved(session: Session, participant: Participant) -> Sequence[Flag]:
    """Urgent first, untaken first, then the longest wait."""
    theirs = (Flag.participant_id == participant.id) & (Flag.state != FlagState.RESOLVED)
    return session.scalars(select(Flag).where(theirs).order_by(MOST_PRESSING, Flag.state.desc(), Flag.raised_at)).all()


def _resolved(session: Session, participant: Participant) -> Sequence[Flag]:
    theirs = (Flag.participant_id == participant.id) & (Flag.state == FlagState.RESOLVED)
    return session.scalars(select(Flag).where(theirs).order_by(Flag.resolved_at.desc()).limit(RESOLVED_SHOWN)).all()


@thread.get("/talk")
@roles(*READERS)
def talk(participant_id: int) -> ResponseReturnValue:
    """The bubbles alone, for the page that is open."""
    with standby().db.reading() as session:
        participant = _person(session, participant_id)
        talk = conversation(session, Message.participant_id == participant.id)
        return fragment("_talk.html", talk=talk, person=participant)


@thread.get("/flags")
@roles(*READERS)
def flags(participant_id: int) -> ResponseReturnValue:
    """The unresolved flags alone."""
    with standby().db.reading() as session:
        participant = _person(session, participant_id)
        return fragment("_cards.html", flags=_unresolved(session, participant), outcomes=Resolution, place="thread")


@thread.get("/facts")
@roles(*READERS)
def facts(participant_id: int) -> ResponseReturnValue:
    """What else is known: the check-in, consent, and what was resolved lately."""
    with standby().db.reading() as session:
        return fragment("_facts.html", **_facts(session, _person(session, participant_id)))


@thread.post("/texts")
@roles(*READERS)
def write(participant_id: int) -> ResponseReturnValue:
    """Queue a text to the person, if any text may leave. Words that tell too much are asked about once."""
    body = request.form.get("body", "").replace("\r\n", "\n").strip()
    with standby().db.reading() as session:
        participant = _person(session, participant_id)
        ahead = prospect(session, participant, standby().settings, present())
        telling = () if request.form.get("sure") else telling_words(body, participant)
        if ahead.to is None or telling or not 0 < len(body) <= LONGEST:
            _say_why_not(body, ahead)
            return _page(session, participant, body, telling), 422
    with standby().db.writing() as session:
        queue(session, Draft(ahead.to, body, Purpose.WRITTEN, written_by=me().id), present())
        note(session, "text_written", present(), me().id, participant_id)
    standby().soon(standby().push)
    flash(f"Your text is written down. {ahead.sentence}")
    return redirect(url_for("thread.show", participant_id=participant_id, _anchor="write"))


def _say_why_not(body: str, ahead: Prospect) -> None:
    if ahead.to is None:
        flash(f"Not sent. {ahead.sentence}", "stop")
    elif not body:
        flash("Nothing was sent: the box is empty.", "stop")
    elif len(body) > LONGEST:
        flash(f"Not sent: shorten it to {LONGEST} characters.", "stop")
