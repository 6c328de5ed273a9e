"""Verdicts of staff: given under a text, and all of them on one page for those who keep the reading good."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.core.kinds import Need
from bot.learning import COUNTED, is_worked_on, judge, latest, mistakes, take_out
from bot.models import Message, Role, Verdict, VerdictKind
from bot.people import note
from bot.verdicts import a_verdict
from bot.web.access import may_see_flag, readable_texts
from bot.web.auth import me, roles
from bot.web.fields import chosen
from bot.web.standby import standby
from bot.web.words import iso_day, present, words

verdicts = Blueprint("verdicts", __name__)
READERS = (Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN)  # each only of texts that they may read
KEEPERS = (Role.SUPERVISOR, Role.ADMIN)  # an admin reads only what an alert put before them, and counts all
NOT_YOURS = "This text is not before you. Who may read it can say what it was."


@verdicts.post("/texts/<int:message_id>/verdicts")
@roles(*READERS)
def give(message_id: int) -> ResponseReturnValue:
    """Say what one text was: not a need, or a need that was missed."""
    kind, _, need = request.form.get("verdict", "").partition(" ")
    if need not in set(Need) or kind not in set(VerdictKind):
        flash("Nothing was noted: choose what was missed.", "stop")
        return redirect(_back(message_id))
    with standby().db.writing() as session:
        urgent = bool(request.form.get("urgent"))
        verdict = a_verdict(_text(session, message_id), Need(need), VerdictKind(kind), me().id, present(), urgent)
        changes = judge(session, verdict, standby().post.rules)
        sentence = _sentence(session, verdict) if changes else "Nothing changed: that is how it stood already."
    standby().soon(standby().push)
    flash(sentence)
    return redirect(_back(message_id))


def _text(session: Session, message_id: int) -> Message:
    """The text to us that was read for needs, if this member of staff may read it."""
    message = session.get(Message, message_id)
    if message is None or message.handled_at is None or message.staff_id is not None:
        abort(404)
    if session.scalar(select(Message.id).where(Message.id == message_id, readable_texts(me(), present()))) is None:
        abort(403, NOT_YOURS)
    return message


def _sentence(session: Session, verdict: Verdict) -> str:
    """What is noted now, and what is still to be done about it."""
    noted = f"Noted: {words(verdict.need)}, {words(verdict.kind).lower()}."
    if not is_worked_on(session, verdict.message_id, verdict.need):
        return noted
    missed = verdict.kind is VerdictKind.MISSED
    left = "It has a flag, so that it is worked on." if missed else "Its flag stays until somebody resolves it."
    return f"{noted} {left}"


def _back(message_id: int) -> str:
    """To the text, on the page that the form stands on."""
    anchor, flag_id = f"m{message_id}", chosen(request.args, "flag_id")
    with standby().db.reading() as session:
        participant_id = _text(session, message_id).participant_id
        if participant_id is not None:
            before = chosen(request.args, "before") or None
            return url_for("thread.show", participant_id=participant_id, before=before, _anchor=anchor)
        if may_see_flag(session, me(), flag_id):
            return url_for("flags.number", flag_id=flag_id, _anchor=anchor)
    return url_for("flags.listed")


@verdicts.get("/learned")
@roles(*KEEPERS)
def learned() -> ResponseReturnValue:
    """What staff corrected lately, and how often each need is mistaken. That texts were looked at goes on record."""
    with standby().db.writing() as session:
        note(session, "learned_viewed", present(), me().id)
    with standby().db.reading() as session:
        return render_template(
            "learned.html",
            entries=latest(session, readable_texts(me(), present())),
            mistakes=mistakes(session, present()),
            days=COUNTED.days,
        )


@verdicts.post("/learned/texts.jsonl")
@roles(*KEEPERS)
def download() -> ResponseReturnValue:
    """The corrected texts as a file. A form that is posted, since it goes on record who took them."""
    with standby().db.writing() as session:
        lines = take_out(session, readable_texts(me(), present()), present(), me().id)
    name = f"standby-learned-{iso_day(present(), standby().settings.zone)}.jsonl"
    return Response(
        lines, mimetype="application/jsonl", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
