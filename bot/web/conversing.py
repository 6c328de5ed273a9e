"""What staff do in a conversation: write, now or later, take a text back, note, hand the word back, see pictures."""

from dataclasses import replace
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.carrier import CarrierError
from bot.casework import end_running
from bot.core.hours import on_wall_clock
from bot.core.kinds import Outcome, Purpose
from bot.models import Message, Note, Participant, Role
from bot.outbox import Draft, queue, take_back
from bot.people import hold, note
from bot.talking import hand_back, last_words, needs_no_answer, people_talk, they_wait_again
from bot.web.auth import me, roles
from bot.web.fields import chosen
from bot.web.standby import standby
from bot.web.thread import READERS, Unsent, page, readable
from bot.web.words import present
from bot.web.writing import LONGEST, Prospect, prospect, telling_words

conversing = Blueprint("conversing", __name__, url_prefix="/people/<int:participant_id>")
FARTHEST = timedelta(days=60)
LONGEST_NOTE, LONGEST_REASON = 2000, 300
SHOWN_HERE = ("image/jpeg", "image/png", "image/gif", "image/webp")  # what a browser shows and cannot run


class NotSent(Exception):
    """A text was not taken. The message says why, and what to do."""


def _to_thread(participant_id: int, anchor: str = "write") -> ResponseReturnValue:
    return redirect(url_for("thread.show", participant_id=participant_id, _anchor=anchor))


@conversing.post("/texts")
@roles(*READERS)
def write(participant_id: int) -> ResponseReturnValue:
    """Queue a text to the person, if any text may leave. Words that tell too much are asked about once.

    Who writes now has the word: what the machine still meant to ask is not asked, until it is handed back.
    """
    typed = _typed()
    try:
        with standby().db.reading() as session:
            participant = readable(session, participant_id)
            leave_at = _leave_at(typed, participant)
            ahead = prospect(session, participant, standby().settings, present(), leave_at, bool(typed.anyway))
            telling = () if request.form.get("sure") else telling_words(typed.body, participant)
            _must_go(typed, ahead)
            if telling:
                return page(session, participant, replace(typed, telling=telling)), 422
    except NotSent as problem:
        flash(f"Not sent. {problem}", "stop")
        with standby().db.reading() as session:
            return page(session, readable(session, participant_id), typed), 422
    all_read = _queue(participant_id, typed, ahead, leave_at)
    flash(f"Your text is written down. {ahead.sentence}")
    if not all_read:
        flash("They have written since you looked. Read that too.", "stop")
    return _to_thread(participant_id)


def _typed() -> Unsent:
    form = request.form
    body = form.get("body", "").replace("\r\n", "\n").strip()
    leave_at = form.get("leave_at", "") if form.get("when") == "later" else ""
    return Unsent(body, (), leave_at, " ".join(form.get("anyway", "").split())[:LONGEST_REASON])


def _leave_at(typed: Unsent, participant: Participant) -> datetime | None:
    """The instant that was chosen, on the participant's clock; None for now."""
    if not typed.leave_at:
        if request.form.get("when") == "later":
            raise NotSent("Choose the day and the hour at which it leaves.")
        return None
    try:
        told = datetime.fromisoformat(typed.leave_at)
        at = on_wall_clock(told.date(), told.time().replace(tzinfo=None), participant.zone)
    except (ValueError, OverflowError) as error:
        raise NotSent("Choose the day and the hour at which it leaves.") from error
    if not present() < at <= present() + FARTHEST:
        raise NotSent(f"Choose a time ahead, within {FARTHEST.days} days.")
    return at


def _must_go(typed: Unsent, ahead: Prospect) -> None:
    if ahead.to is None:
        raise NotSent(ahead.sentence)
    if not typed.body:
        raise NotSent("The box is empty.")
    if len(typed.body) > LONGEST:
        raise NotSent(f"Shorten it to {LONGEST} characters.")


def _queue(participant_id: int, typed: Unsent, ahead: Prospect, leave_at: datetime | None) -> bool:
    """Whether what they wrote was all read by who writes now; what leaves later answers nothing yet."""
    assert ahead.to is not None
    all_read = True
    draft = Draft(
        ahead.to,
        typed.body,
        Purpose.WRITTEN,
        written_by=me().id,
        not_before=leave_at,
        anyway=typed.anyway or None,
    )
    with standby().db.writing() as session:
        participant = hold(session, participant_id)
        message = queue(session, draft, present())
        if leave_at is None:
            end_running(session, participant_id, Outcome.HANDED_OVER, present())
            read = chosen(request.form, "read") or last_words(session, participant)
            all_read = people_talk(session, participant, read, present())
        note(session, "text_written", present(), me().id, participant_id, detail=f"message {message.id}")
        if typed.anyway:
            note(session, "sent_outside_hours", present(), me().id, participant_id, detail=f"message {message.id}")
    standby().soon(standby().push)
    return all_read


@conversing.post("/texts/<int:message_id>/back")
@roles(*READERS)
def take_text_back(participant_id: int, message_id: int) -> ResponseReturnValue:
    """A text that waits does not leave."""
    with standby().db.writing() as session:
        participant = _held(session, participant_id)
        taken = take_back(session, (Message.id == message_id) & (Message.participant_id == participant_id))
        if taken:
            they_wait_again(session, participant)
            note(session, "text_taken_back", present(), me().id, participant_id, detail=f"message {message_id}")
    flash(*(("Taken back: it does not leave.",) if taken else ("Too late: it has left.", "stop")))
    return _to_thread(participant_id)


@conversing.post("/notes")
@roles(*READERS)
def add_note(participant_id: int) -> ResponseReturnValue:
    """Write something down for colleagues. It is never sent."""
    body = request.form.get("note", "").replace("\r\n", "\n").strip()[:LONGEST_NOTE]
    if not body:
        flash("Nothing was noted: the box is empty.", "stop")
        return _to_thread(participant_id, "note")
    with standby().db.writing() as session:
        readable(session, participant_id)
        session.add(Note(participant_id=participant_id, staff_id=me().id, body=body, at=present()))
        note(session, "noted", present(), me().id, participant_id)
    flash("Noted, for colleagues only.")
    return _to_thread(participant_id, "note")


@conversing.post("/no-answer-needed")
@roles(*READERS)
def answer_not_needed(participant_id: int) -> ResponseReturnValue:
    """What they wrote wants no answer: the mark goes."""
    with standby().db.writing() as session:
        read = chosen(request.form, "read")
        all_read = needs_no_answer(session, _held(session, participant_id), read, me().id, present())
    flash(*(("Noted: no answer needed.",) if all_read else ("They have written since. Read that first.", "stop")))
    return _to_thread(participant_id)


@conversing.post("/hand-back")
@roles(*READERS)
def hand_word_back(participant_id: int) -> ResponseReturnValue:
    """The machine may speak again."""
    with standby().db.writing() as session:
        hand_back(session, _held(session, participant_id), me().id, present())
    flash("Handed back: Standby answers and checks in again.")
    return _to_thread(participant_id)


def _held(session: Session, participant_id: int) -> Participant:
    readable(session, participant_id)
    return hold(session, participant_id)


@conversing.get("/pictures/<int:message_id>/<int:place>")
@roles(Role.CASEWORKER, Role.SUPERVISOR)
def picture(participant_id: int, message_id: int, place: int) -> ResponseReturnValue:
    """A picture that came in, fetched from the carrier for this look and kept nowhere."""
    with standby().db.reading() as session:
        readable(session, participant_id)
        message = session.get(Message, message_id) or abort(404)
        pictures = message.media or []
        if message.participant_id != participant_id or place >= len(pictures) or not pictures[place][0]:
            abort(404)
        url = pictures[place][0]
    try:
        fetched = standby().post.carrier.picture(url)
    except CarrierError:
        abort(404)
    if fetched.content_type not in SHOWN_HERE:
        abort(404)
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": "inline"}
    return Response(fetched.content, mimetype=fetched.content_type, headers=headers)
