"""Check-ins that run: take a reply, nudge, notice silence."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import structlog
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.assignments import note_answer_to_wordings
from bot.casework import Concern, Subject, end_running, raise_flag
from bot.core import machine
from bot.core.delivery import Status
from bot.core.flow import Flow, parse
from bot.core.hours import is_ahead, is_open, minutes_between, next_open
from bot.core.kinds import Answer, Attention, Found, Lane, Outcome
from bot.core.sending import OUT_OF_DATE
from bot.core.starting import TRY_AGAIN, Running
from bot.core.turn import Position
from bot.db import claim, do_each
from bot.due import Moment, any_free
from bot.models import CheckIn, FlowVersion, Message, Participant
from bot.outbox import Recipient
from bot.people import hold_if_there, plan, recipient, running_check_in
from bot.scene import Scene, Talk

log = structlog.get_logger()

LEASE = timedelta(minutes=2)
BATCH = 100
RECONNECT_AFTER = 3  # check-ins in a row that nobody answered
RECONNECT = "reconnect"
FAR = datetime.max.replace(tzinfo=UTC)


@lru_cache(maxsize=64)
def as_kept(name: str, version: str, source: str) -> Flow:
    """The flow as it was in this version."""
    return parse(name, source)


def flow_of(session: Session, check_in: CheckIn) -> Flow:
    """The flow in the wording that this check-in began with."""
    kept = session.get_one(FlowVersion, check_in.flow_version)
    return as_kept(kept.name, kept.version, kept.source)


def take_reply(
    session: Session, talk: Talk, participant: Participant, message: Message, found: Found, now: datetime
) -> Lane:
    """One text of a participant who may be texted: an answer to the running check-in, something else, or both."""
    check_in = running_check_in(session, participant.id)
    back = Recipient(message.channel, message.other, message.other_hash, participant_id=participant.id)
    scene = Scene(session, talk, participant, check_in, back, now, message)
    participant.silences = 0
    if check_in is None or check_in.position is None:
        turn = machine.unprompted(found, scene.given())
    else:
        flow = flow_of(session, check_in)
        _note_answer(session, check_in, flow, message.at)
        check_in.nudge_at, check_in.silent_after = None, now + flow.answer_within
        turn = machine.reply(flow, Position.from_dict(check_in.position), message.body, found, scene.given())
    scene.perform(turn)
    return turn.lane


def _note_answer(session: Session, check_in: CheckIn, flow: Flow, came_at: datetime) -> None:
    """The first answer counts from when it came in, also where a crash kept it waiting; it may have come too late."""
    in_time = came_at < _asked_until(session, check_in, flow, came_at)
    answer = Answer.IN_TIME if in_time else Answer.LATE
    note_answer_to_wordings(session, check_in, flow, answer)
    if check_in.answered_at is None:
        check_in.answer = answer
        check_in.answered_at = max(came_at, check_in.started_at)
        check_in.waited_min = minutes_between(check_in.asked_at, check_in.answered_at)


def nudge_due(talk: Talk, now: datetime) -> int:
    """Ask once more where nobody has answered yet; how many."""
    return _with_each(talk, CheckIn.nudge_at, _nudge, now)


def notice_silence(talk: Talk, now: datetime) -> int:
    """End the check-ins that nobody answered in time; how many."""
    return _with_each(talk, CheckIn.silent_after, _silence, now)


def any_to_nudge(now: Moment) -> ColumnElement[bool]:
    """Whether `nudge_due` may have something to do."""
    return any_free(CheckIn, _runs_until(CheckIn.nudge_at, now), now)


def any_silent(now: Moment) -> ColumnElement[bool]:
    """Whether `notice_silence` may have something to do."""
    return any_free(CheckIn, _runs_until(CheckIn.silent_after, now), now)


def _runs_until(due_at: InstrumentedAttribute[datetime | None], now: Moment) -> ColumnElement[bool]:
    return CheckIn.ended_at.is_(None) & (due_at <= now)


Deed = Callable[[Session, Talk, CheckIn, datetime], bool]


def _with_each(talk: Talk, due_at: InstrumentedAttribute[datetime | None], deed: Deed, now: datetime) -> int:
    """Do this with every running check-in that is due, each in its own transaction; how many it was done with.

    In the order in which they came due: by their ids alone, SQLite would read through all that ever ran.
    """
    done = 0
    while True:
        with talk.post.db.writing() as session:
            ids = claim(session, CheckIn, _runs_until(due_at, now), (due_at, CheckIn.id), BATCH, now, LEASE)
        if not ids:
            return done
        done += do_each(ids, lambda check_in_id: _with_one(talk, check_in_id, deed, now), "looking_after")


def _with_one(talk: Talk, check_in_id: int, deed: Deed, now: datetime) -> bool:
    with talk.post.db.writing() as session:
        whose = session.get_one(CheckIn, check_in_id).participant_id
        if hold_if_there(session, whose) is None:
            return False  # merged away a moment ago: it is taken up again with the person that stays
        check_in = session.get_one(CheckIn, check_in_id, with_for_update=True)
        check_in.lease_until = None
        return check_in.ended_at is None and deed(session, talk, check_in, now)


def _nudge(session: Session, talk: Talk, check_in: CheckIn, now: datetime) -> bool:
    flow = flow_of(session, check_in)
    if check_in.nudge_at is None or check_in.nudge_at > now:
        return False
    if check_in.position is None or is_paused(check_in.participant, now):
        check_in.nudge_at = None
        return False
    hours, zone = talk.post.settings.sending_hours, check_in.participant.zone
    if not is_open(hours, now, zone):
        check_in.nudge_at = next_open(hours, now, zone)
        return False
    if _is_on_its_way(session, check_in):
        check_in.nudge_at = now + TRY_AGAIN  # a reminder would come before the question, or right behind it
        return False
    due_at = _asked_at(session, check_in, now) + (flow.nudge_after or timedelta(0))
    check_in.nudge_at = due_at if due_at > now else None
    if due_at > now:
        return False
    scene = _scene_of(session, talk, check_in, now)
    scene.perform(machine.nudge(flow, Position.from_dict(check_in.position), scene.given()))
    return True


def _silence(session: Session, talk: Talk, check_in: CheckIn, now: datetime) -> bool:
    flow = flow_of(session, check_in)
    if check_in.silent_after is None or check_in.silent_after > now:
        return False
    check_in.silent_after = _asked_until(session, check_in, flow, now)
    if check_in.silent_after > now:
        return False
    if check_in.answered_at is None and not _reached_anybody(session, check_in):
        _say_what_came_too_late(session, talk, check_in, now)
        end_running(session, check_in.participant_id, Outcome.BROKEN, now)
        return False  # nor here: no question arrived, which a flag says
    scene = _scene_of(session, talk, check_in, now)
    scene.perform(machine.silence(flow, _position(check_in, flow), scene.given()))
    _count_silence(session, talk, check_in, now)
    return True


def _say_what_came_too_late(session: Session, talk: Talk, check_in: CheckIn, now: datetime) -> None:
    """Of a reminder that never left before its date somebody has to know. Of texts that failed a flag tells already."""
    late = (Message.check_in_id == check_in.id) & (Message.status == Status.DROPPED) & (Message.reason == OUT_OF_DATE)
    if text := session.scalar(select(func.min(Message.id)).where(late)):
        concern = Concern(Attention.UNREACHABLE, False, text)
        raise_flag(session, Subject(check_in.participant_id), concern, talk.post.rules, now)


def give_way(session: Session, talk: Talk, participant: Participant, now: datetime) -> None:
    """The check-in that runs with them, if one does, ends for something that is bound to a date."""
    check_in = running_check_in(session, participant.id)
    if check_in is not None:
        flow, scene = flow_of(session, check_in), Scene(session, talk, participant, check_in, None, now)
        scene.perform(machine.replaced(flow, _position(check_in, flow), scene.given()))


def _position(check_in: CheckIn, flow: Flow) -> Position:
    return Position.from_dict(check_in.position) if check_in.position else Position(flow.start)


def _asked_until(session: Session, check_in: CheckIn, flow: Flow, at: datetime) -> datetime:
    """Until when an answer is in time, as it stands at this instant."""
    if check_in.silent_after is None or check_in.silent_after > at:
        return check_in.silent_after or FAR
    if is_paused(check_in.participant, at):
        return check_in.participant.paused_until or FAR  # who asked for a pause is not silent
    if _is_on_its_way(session, check_in):
        return at + flow.answer_within  # nobody was silent: the question has not left yet
    return _asked_at(session, check_in, check_in.silent_after - flow.answer_within) + flow.answer_within


def is_paused(participant: Participant, now: datetime) -> bool:
    """Whether they asked for a pause that is not over."""
    return is_ahead(participant.paused_until, now)


def _is_on_its_way(session: Session, check_in: CheckIn) -> bool:
    """Whether a text of this check-in still waits to leave."""
    waits = Message.status.in_((Status.QUEUED, Status.SENDING))
    return bool(session.scalar(select(exists().where(Message.check_in_id == check_in.id, waits))))


def _asked_at(session: Session, check_in: CheckIn, queued_by: datetime) -> datetime:
    """When the last text queued by then has left; before any has, when it began. A question that waited for the morning
    was asked in the morning.
    """
    ours = (Message.check_in_id == check_in.id) & (Message.at <= queued_by)
    return session.scalar(select(func.max(Message.sent_at)).where(ours)) or check_in.started_at


def running_among(session: Session, participant_ids: Collection[int]) -> dict[int, Running]:
    """The check-ins that wait for replies of these participants, by the participants' ids. None of them is locked."""
    columns = (CheckIn.participant_id, CheckIn.flow_name, CheckIn.silent_after, CheckIn.started_at)
    rows = select(*columns, func.max(Message.sent_at))
    rows = rows.outerjoin(Message, Message.check_in_id == CheckIn.id).group_by(CheckIn.id)
    rows = rows.where(CheckIn.participant_id.in_(participant_ids), CheckIn.ended_at.is_(None))
    found = session.execute(rows)
    return {
        whose: Running(flow, began_at, until, asked_at or began_at) for whose, flow, until, began_at, asked_at in found
    }


def _reached_anybody(session: Session, check_in: CheckIn) -> bool:
    went = Message.status.in_((Status.TAKEN, Status.SENT, Status.DELIVERED, Status.READ, Status.UNKNOWN))
    return bool(session.scalar(select(exists().where(Message.check_in_id == check_in.id, went))))


def _count_silence(session: Session, talk: Talk, check_in: CheckIn, now: datetime) -> None:
    """A check-in answered in part is no silence. After some in a row the caseworker hears of it, and the next words
    are a gentler flow's.
    """
    participant = check_in.participant
    if check_in.answered_at is not None:
        return
    participant.silences += 1
    if participant.silences == talk.post.policy().quiet_after:
        about, quiet = Subject(participant.id), Concern(Attention.QUIET, urgent=False)
        raise_flag(session, about, quiet, talk.post.rules, now)
    if participant.silences == RECONNECT_AFTER and check_in.flow_name != RECONNECT:
        plan(session, participant, RECONNECT, now)


def _scene_of(session: Session, talk: Talk, check_in: CheckIn, now: datetime) -> Scene:
    return Scene(session, talk, check_in.participant, check_in, recipient(session, check_in.participant), now)
