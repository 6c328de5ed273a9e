"""Flags: what is open, who took it, what became of it; and the way in from an alert."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from bot import casework
from bot.casework import MOST_PRESSING, Closing, Result
from bot.consents import is_blocked
from bot.directory import services
from bot.models import Alert, Flag, FlagState, Mark, Message, Resolution, Role, Service, Staff
from bot.people import note
from bot.talking import last_words, needs_no_answer
from bot.waiting import unresolved
from bot.web.access import may_open, may_see_flag, visible_flags
from bot.web.auth import me, roles
from bot.web.bubbles import conversation
from bot.web.fields import chosen
from bot.web.fragments import fragment
from bot.web.joining import owners
from bot.web.standby import standby
from bot.web.words import present, words

flags = Blueprint("flags", __name__)
HANDLERS = (Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN)  # an admin sees only what an alert put before them
SHOWN = {"open": FlagState.OPEN, "taken": FlagState.ACKNOWLEDGED, "resolved": FlagState.RESOLVED}
AT_MOST = 200
NOT_YOURS = "This flag is not before you: it is about somebody else's person."
NOTE_AT_MOST = 1000


@flags.get("/flags")
@roles(*HANDLERS)
def listed() -> ResponseReturnValue:
    """The flags in one state, with how many there are in each."""
    with standby().db.reading() as session:
        return render_template("flags.html", **_listing(session))


@flags.get("/flags/list")
@roles(*HANDLERS)
def rows() -> ResponseReturnValue:
    """The list alone, for the page that is open."""
    with standby().db.reading() as session:
        return fragment("_flags.html", **_listing(session))


def _listing(session: Session) -> dict[str, object]:
    show = request.args.get("show", "open")
    state = SHOWN.get(show) or abort(404)
    wanted = (
        select(Flag)
        .where(visible_flags(me()), Flag.state == state)
        .options(joinedload(Flag.participant), selectinload(Flag.marks).joinedload(Mark.message))
    )
    order = (Flag.resolved_at.desc(),) if state is FlagState.RESOLVED else (MOST_PRESSING, Flag.raised_at)
    found = session.scalars(wanted.order_by(*order).limit(AT_MOST)).all()
    counted = select(Flag.state, func.count()).where(visible_flags(me())).group_by(Flag.state)
    counts = dict(session.execute(counted).all())
    return {
        "flags": found,
        "show": show,
        "counts": {name: counts.get(each, 0) for name, each in SHOWN.items()},
        "outcomes": Resolution,
        "services": services(session),
    }


@flags.get("/flags/banner")
@roles(*Role)
def banner() -> ResponseReturnValue:
    """How many open flags want somebody now, for the top of every page."""
    return fragment("_banner.html")


def _seen(session: Session, flag_id: int) -> None:
    if session.get(Flag, flag_id) is None:
        abort(404)
    if not may_see_flag(session, me(), flag_id):
        abort(403, NOT_YOURS)


@flags.post("/flags/<int:flag_id>/take")
@roles(*HANDLERS)
def take(flag_id: int) -> ResponseReturnValue:
    """The first to take it has it; the others are told who."""
    with standby().db.writing() as session:
        _seen(session, flag_id)
        staff = session.get_one(Staff, me().id)
        if casework.take(session, flag_id, staff, standby().post.rules, present()):
            flash("It is yours. Write down what became of it when you are done.")
        else:
            flash(_too_late(session.get_one(Flag, flag_id)), "stop")
    return redirect(_back(flag_id))


def _too_late(flag: Flag) -> str:
    if flag.state is FlagState.RESOLVED:
        return "It is resolved already."
    if flag.taken_by == me().id:
        return "You have it already."
    return f"{flag.taker.name if flag.taker else 'Somebody'} has it already."


@flags.post("/flags/<int:flag_id>/resolve")
@roles(*HANDLERS)
def resolve(flag_id: int) -> ResponseReturnValue:
    """Close it with its outcome and a note."""
    outcome = request.form.get("outcome", "")
    if outcome not in set(Resolution):
        flash("Not resolved: say what became of it.", "stop")
        return redirect(_back(flag_id))
    seen = request.form.get("seen", "")
    note = request.form.get("note", "").strip()[:NOTE_AT_MOST]
    with standby().db.writing() as session:
        _seen(session, flag_id)
        staff = session.get_one(Staff, me().id)
        service = session.get(Service, chosen(request.form, "service"))
        last_seen = int(seen) if seen.isdecimal() else None
        result = Result(Resolution(outcome), note, last_seen, service.id if service else None)
        closing = casework.resolve(session, flag_id, staff, result, present())
        person = session.get_one(Flag, flag_id).participant
        if closing is Closing.CLOSED and person is not None and request.form.get("answered"):
            read = max((mark.message_id for mark in session.get_one(Flag, flag_id).marks), default=0)
            needs_no_answer(session, person, read or last_words(session, person), staff.id, present())
    match closing:
        case Closing.CLOSED:
            flash(f"Resolved: {words(result.resolution).lower()}.")
        case Closing.CLOSED_BEFORE:
            flash("It was resolved already.")
        case Closing.NEW_WORDS:
            flash("Not resolved: they have said more meanwhile. Read it first.", "stop")
    return redirect(_back(flag_id))


def _back(flag_id: int) -> str:
    """To the page that the form stands on: the thread, the unknown number, or the list."""
    with standby().db.reading() as session:
        flag = session.get(Flag, flag_id)
        person = flag.participant if flag else None
        if request.form.get("from") == "thread" and person and may_open(session, me(), person, present()):
            return url_for("thread.show", participant_id=person.id)
        if request.form.get("from") == "number" and flag and flag.state is not FlagState.RESOLVED:
            return url_for("flags.number", flag_id=flag_id)
    return url_for("flags.listed")


@flags.get("/alerts/<link>")
@roles(*HANDLERS)
def alert(link: str) -> ResponseReturnValue:
    """From the text of an alert to what it is about."""
    with standby().db.reading() as session:
        found = session.scalar(select(Alert).where(Alert.link == link))
        if found is None or not found.flags:
            abort(404)
        flag = next((each for each in found.flags if each.state is not FlagState.RESOLVED), found.flags[0])
        if flag.state is FlagState.RESOLVED and not may_see_flag(session, me(), flag.id):
            flash("That one is resolved. Nothing is left to do.")
            return redirect(url_for("flags.listed"))
        if flag.participant_id is None:
            return redirect(url_for("flags.number", flag_id=flag.id))
        return redirect(url_for("thread.show", participant_id=flag.participant_id))


@flags.get("/numbers/<int:flag_id>")
@roles(*HANDLERS)
def number(flag_id: int) -> ResponseReturnValue:
    """The texts of a number that nobody is known at. That they were looked at goes on record."""
    with standby().db.writing() as session:
        _seen(session, flag_id)
        note(session, "number_viewed", present(), me().id, flag_id=flag_id)
    with standby().db.reading() as session:
        flag = session.get_one(Flag, flag_id)
        if flag.participant_id is not None:
            return redirect(url_for("thread.show", participant_id=flag.participant_id))
        same = select(Flag).where(
            unresolved(), Flag.address_hash == flag.address_hash, Flag.participant_id.is_(None)
        )
        nobodys = Message.participant_id.is_(None)  # what a former owner of the number wrote is theirs
        talk = conversation(session, (Message.other_hash == flag.address_hash) & nobodys)
        shown = session.scalars(same.order_by(MOST_PRESSING, Flag.raised_at)).all() or [flag]
        ended = flag.address_hash is not None and is_blocked(session, flag.address_hash)
        around = {"flag_id": flag.id, "owners": owners(session), "ended": ended, "services": services(session)}
        return render_template("number.html", talk=talk, flags=shown, outcomes=Resolution, **around)
