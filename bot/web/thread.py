"""One participant: the conversation, flags beside it, what the check-in learned, and a box to write."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.casework import MOST_PRESSING
from bot.directory import services
from bot.models import Flag, FlagState, Message, Opening, Participant, Plan, Resolution, Role, Staff
from bot.people import note
from bot.talking import is_talking, last_words
from bot.waiting import unresolved
from bot.web.access import may_ask_to_open, may_open, open_for_a_reason
from bot.web.arrangements import offers
from bot.web.auth import FRAGMENT, me, roles
from bot.web.bubbles import conversation
from bot.web.fields import chosen
from bot.web.fragments import fragment
from bot.web.learned import learned
from bot.web.standby import standby
from bot.web.standing import BEGINS_AT, standings, will_begin_at
from bot.web.words import present
from bot.web.writing import LONGEST, prospect

thread = Blueprint("thread", __name__, url_prefix="/people/<int:participant_id>")
READERS = (Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN)  # an admin only where an alert reached nobody else
NOT_YOURS = "This person is not one of yours. A supervisor can open the conversation, or hand the person over to you."
RESOLVED_SHOWN = 5
LONGEST_REASON = 300


@dataclass(frozen=True)
class Unsent:
    """What stands in the box again because it was not sent: the words, those that tell too much, and the choices."""

    body: str = ""
    telling: tuple[str, ...] = ()
    leave_at: str = ""
    anyway: str = ""


def known(session: Session, participant_id: int) -> Participant:
    """The participant with this id; 404 where there is none."""
    return session.get(Participant, participant_id) or abort(404)


def readable(session: Session, participant_id: int) -> Participant:
    """The participant, if this member of staff may read the conversation now; 404 and 403 where not."""
    participant = known(session, participant_id)
    if not may_open(session, me(), participant, present()):
        abort(403, NOT_YOURS)
    return participant


@thread.get("")
@roles(*READERS)
def show(participant_id: int) -> ResponseReturnValue:
    """The whole page. That it was looked at goes on record. Somebody else's person is opened for a reason."""
    with standby().db.reading() as session:
        participant = known(session, participant_id)
        asks = not may_open(session, me(), participant, present()) and may_ask_to_open(me(), participant)
        if asks and FRAGMENT not in request.headers:
            return redirect(url_for("thread.ask", participant_id=participant_id))
        readable(session, participant_id)
    with standby().db.writing() as session:  # short: while a page is drawn, nobody may wait to write
        note(session, "thread_viewed", present(), me().id, participant_id)
    with standby().db.reading() as session:
        return page(session, readable(session, participant_id))


def page(session: Session, participant: Participant, unsent: Unsent | None = None) -> str:
    """The conversation with everything around it; what was typed and not sent stands in the box again."""
    before = chosen(request.args, "before") or None
    return render_template(
        "thread.html",
        talk=conversation(session, Message.participant_id == participant.id, before, participant),
        before=before,
        flags=_unresolved(session, participant),
        outcomes=Resolution,
        services=services(session),
        place="thread",
        prospect=prospect(session, participant, standby().settings, present()),
        quick_answers=standby().shelf.quick_answers,
        longest=LONGEST,
        unsent=unsent or Unsent(),
        **offers(session, participant),
        **(_state(session, participant) | _facts(session, participant)),
    )


def _state(session: Session, participant: Participant) -> dict[str, object]:
    """Who has the word."""
    talking = is_talking(participant, present())
    return {"person": participant, "talking": talking, "last_words": last_words(session, participant)}


def _facts(session: Session, participant: Participant) -> dict[str, object]:
    planned = session.scalar(select(func.min(BEGINS_AT)).where(Plan.participant_id == participant.id))
    return {
        "person": participant,
        "standing": standings(session, [participant])[participant.id],
        "learned": learned(session, participant, standby()),
        "next": will_begin_at(planned, participant),
        "resolved": _resolved(session, participant),
        "openings": _openings(session, participant),
    }


def _unresolved(session: Session, participant: Participant) -> Sequence[Flag]:
    """Urgent first, untaken first, then the longest wait."""
    theirs = unresolved() & (Flag.participant_id == participant.id)
    return session.scalars(select(Flag).where(theirs).order_by(MOST_PRESSING, Flag.state.desc(), Flag.raised_at)).all()


def _resolved(session: Session, participant: Participant) -> Sequence[Flag]:
    theirs = (Flag.participant_id == participant.id) & (Flag.state == FlagState.RESOLVED)
    return session.scalars(select(Flag).where(theirs).order_by(Flag.resolved_at.desc()).limit(RESOLVED_SHOWN)).all()


def _openings(session: Session, participant: Participant) -> list[tuple[Opening, str]]:
    """Who opened this conversation for a reason, the latest first, with their names."""
    rows = select(Opening, Staff.name).join(Staff, Opening.staff_id == Staff.id)
    theirs = rows.where(Opening.participant_id == participant.id).order_by(Opening.id.desc()).limit(RESOLVED_SHOWN)
    return [(opening, name) for opening, name in session.execute(theirs)]


@thread.get("/talk")
@roles(*READERS)
def talk(participant_id: int) -> ResponseReturnValue:
    """The bubbles alone, for the page that is open."""
    with standby().db.reading() as session:
        participant = readable(session, participant_id)
        talk = conversation(session, Message.participant_id == participant.id, None, participant)
        return fragment("_talk.html", talk=talk, person=participant)


@thread.get("/flags")
@roles(*READERS)
def flags(participant_id: int) -> ResponseReturnValue:
    """The unresolved flags alone."""
    with standby().db.reading() as session:
        participant = readable(session, participant_id)
        shown = {"flags": _unresolved(session, participant), "outcomes": Resolution, "services": services(session)}
        return fragment("_cards.html", place="thread", **shown)


@thread.get("/state")
@roles(*READERS)
def state(participant_id: int) -> ResponseReturnValue:
    """Who has the word, alone."""
    with standby().db.reading() as session:
        return fragment("_state.html", **_state(session, readable(session, participant_id)))


@thread.get("/facts")
@roles(*READERS)
def facts(participant_id: int) -> ResponseReturnValue:
    """What else is known: the check-in, consent, and what was resolved lately."""
    with standby().db.reading() as session:
        return fragment("_facts.html", **_facts(session, readable(session, participant_id)))


@thread.get("/open")
@roles(*READERS)
def ask(participant_id: int) -> ResponseReturnValue:
    """Why do you open it? Asked of who may open somebody else's conversation."""
    with standby().db.reading() as session:
        return render_template("open.html", person=_askable(session, participant_id), longest=LONGEST_REASON)


@thread.post("/open")
@roles(*READERS)
def open_it(participant_id: int) -> ResponseReturnValue:
    """Open it for a reason, which goes on record and is shown to whoever looks after the person."""
    reason = " ".join(request.form.get("reason", "").split())[:LONGEST_REASON]
    with standby().db.writing() as session:
        participant = _askable(session, participant_id)
        if not reason:
            flash("Not opened: write a reason first.", "stop")
            return redirect(url_for("thread.ask", participant_id=participant_id))
        open_for_a_reason(session, me(), participant, reason, present())
    return redirect(url_for("thread.show", participant_id=participant_id))


def _askable(session: Session, participant_id: int) -> Participant:
    participant = known(session, participant_id)
    if not may_ask_to_open(me(), participant):
        abort(403, NOT_YOURS)
    return participant
