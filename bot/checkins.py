"""Check-ins: start what is due, take a reply, nudge, notice silence."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.assignments import note_answer_to_wordings
from bot.casework import Concern, Subject, danger_open, end_running, raise_flag
from bot.consents import has_consented
from bot.core import machine
from bot.core.delivery import Status
from bot.core.flow import Flow, parse
from bot.core.hours import is_open, minutes_between, next_open, next_repeat
from bot.core.kinds import Answer, Attention, Found, Lane, Outcome
from bot.core.machine import moment_of
from bot.core.turn import Position
from bot.db import claim, do_each, insert_once
from bot.models import CheckIn, FlowVersion, Message, Participant, Plan
from bot.outbox import Recipient
from bot.people import counted, hold_if_there, note, plan, recipient, running_check_in
from bot.scene import Scene, Talk
from bot.talking import is_talking

log = structlog.get_logger()

LEASE = timedelta(minutes=2)
BATCH = 100
TRY_AGAIN = timedelta(hours=1)
RECONNECT_AFTER = 3  # check-ins in a row that nobody answered
RECONNECT = "reconnect"
FAR = datetime.max.replace(tzinfo=UTC)
FRESH_FOR = timedelta(hours=2)  # how long after a question a bare "3" surely answers that one


def start_due(talk: Talk, now: datetime) -> int:
    """Start the check-ins that are due: one each, however many were missed; how many were started."""
    started = 0
    while (some := start_some(talk, now)) is not None:
        started += some
    return started


def start_some(talk: Talk, now: datetime) -> int | None:
    """The same with one batch of those that are due; None where none are."""
    ids = _claim_plans(talk, now)
    return do_each(ids, lambda plan_id: _start_one(talk, plan_id, now), "starting") if ids else None


def _start_one(talk: Talk, plan_id: int, now: datetime) -> bool:
    """The person is locked before their plan, as everywhere; a merge may have moved or ended the plan meanwhile."""
    with talk.post.db.writing() as session:
        whose = session.scalar(select(Plan.participant_id).where(Plan.id == plan_id))
        held = hold_if_there(session, whose) if whose else None
        due = session.get(Plan, plan_id, with_for_update=True) if held else None
        return due is not None and due.participant_id == whose and _start(session, talk, due, now)


def _claim_plans(talk: Talk, now: datetime) -> list[int]:
    with talk.post.db.writing() as session:
        return claim(session, Plan, Plan.next_check_in_at <= now, (Plan.next_check_in_at, Plan.id), BATCH, now, LEASE)


def _start(session: Session, talk: Talk, due: Plan, now: datetime) -> bool:
    """Start one, or say when to look again. Plan and check-in change in one transaction: a crash repeats neither."""
    if due.next_check_in_at is None or due.next_check_in_at > now:
        return False
    participant = session.get_one(Participant, due.participant_id)
    flow = talk.shelf.flows.get(due.flow_name)
    if flow is None:
        log.error("flow_unusable", flow=due.flow_name, plan=due.id)
        due.lease_until = now + TRY_AGAIN
        return False
    due.lease_until = None
    if _lapsed(flow, due, now, participant.zone):
        note(session, "check_in_lapsed", now, participant_id=participant.id, detail=flow.name)
        _advance(due, participant, now)
        return False
    to = recipient(session, participant)
    if not _may_be_asked(session, to):
        _advance(due, participant, now)
        return False
    if later := _not_yet(session, talk, participant, flow, now):
        due.lease_until = later  # and not its due time: that keeps the rhythm of those that follow
        return False
    _advance(due, participant, now)
    if flow.expires:  # what is bound to a date cannot wait for an answer to something else
        end_running(session, participant.id, Outcome.REPLACED, now)
    begin(session, talk, participant, flow, due, to, now)
    return True


def _may_be_asked(session: Session, to: Recipient | None) -> bool:
    """Whether a text to them would leave: an address that works, agreed to and not opted out."""
    return to is not None and has_consented(session, to.participant_id, to.channel, to.value_hash)


def _not_yet(session: Session, talk: Talk, participant: Participant, flow: Flow, now: datetime) -> datetime | None:
    """When to look again at a plan that cannot start now; None where nothing holds it up."""
    hours = talk.post.settings.sending_hours
    if _is_paused(participant, now):
        return participant.paused_until
    if danger_open(session, participant.id) and not flow.expires:
        return now + TRY_AGAIN  # people talk to them now, and a machine's small talk would be in the way; dates stay
    if is_talking(participant, now) and not flow.expires:
        return now + TRY_AGAIN
    if not is_open(hours, now, participant.zone):
        return next_open(hours, now, participant.zone)
    running = running_check_in(session, participant.id)
    if running is None:
        return None
    if flow.expires:  # bound to a date: it cuts in, but not while the answer to another question may be on its way
        fresh_until = _asked_at(session, running, now) + FRESH_FOR
        return fresh_until if fresh_until > now else None
    return max(running.silent_after or now, now + TRY_AGAIN)


def _advance(due: Plan, participant: Participant, now: datetime) -> None:
    assert due.next_check_in_at is not None
    repeats = due.repeat_days
    due.next_check_in_at = next_repeat(due.next_check_in_at, repeats, now, participant.zone) if repeats else None


def _lapsed(flow: Flow, due: Plan, now: datetime, zone: str) -> bool:
    expires = _expiry(flow, due.given, now, zone)
    return expires is not None and expires <= now


def _expiry(flow: Flow, given: dict[str, str], now: datetime, zone: str) -> datetime | None:
    return moment_of(given.get(flow.expires, ""), now.astimezone(ZoneInfo(zone))) if flow.expires else None


def begin(
    session: Session,
    talk: Talk,
    participant: Participant,
    flow: Flow,
    due: Plan,
    to: Recipient | None,
    now: datetime,
) -> None:
    """Begin a flow with a participant who has no check-in running; its first texts are queued."""
    values = dict(due.given)
    if session.get(FlowVersion, flow.version) is None:
        insert_once(session, FlowVersion(version=flow.version, name=flow.name, source=flow.source))
    check_in = CheckIn(
        participant_id=participant.id,
        flow_name=flow.name,
        flow_version=flow.version,
        flag_id=due.flag_id,
        started_at=now,
        nudge_at=now + flow.nudge_after if flow.nudge_after else None,
        silent_after=now + flow.answer_within,
        channel=to.channel if to else "",
        language=participant.language,
        **counted(participant, now, talk.post.settings.zone),
    )
    session.add(check_in)
    session.flush()
    scene = Scene(session, talk, participant, check_in, to, now)
    expires = _expiry(flow, values, now, participant.zone)
    scene.perform(machine.begin(flow, values, scene.given()), send_before=expires)


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


Deed = Callable[[Session, Talk, CheckIn, datetime], bool]


def _with_each(talk: Talk, due_at: InstrumentedAttribute[datetime | None], deed: Deed, now: datetime) -> int:
    """Do this with every running check-in that is due, each in its own transaction; how many it was done with.

    In the order in which they came due: by their ids alone, SQLite would read through all that ever ran.
    """
    done = 0
    running = CheckIn.ended_at.is_(None) & (due_at <= now)
    while True:
        with talk.post.db.writing() as session:
            ids = claim(session, CheckIn, running, (due_at, CheckIn.id), BATCH, now, LEASE)
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
    if check_in.position is None or _is_paused(check_in.participant, now):
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
        end_running(session, check_in.participant_id, Outcome.BROKEN, now)
        return False  # nor here: no question arrived, which a flag says already
    scene = _scene_of(session, talk, check_in, now)
    position = Position.from_dict(check_in.position) if check_in.position else Position(flow.start)
    scene.perform(machine.silence(flow, position, scene.given()))
    _count_silence(session, talk, check_in, now)
    return True


def _asked_until(session: Session, check_in: CheckIn, flow: Flow, at: datetime) -> datetime:
    """Until when an answer is in time, as it stands at this instant."""
    if check_in.silent_after is None or check_in.silent_after > at:
        return check_in.silent_after or FAR
    if _is_paused(check_in.participant, at):
        return check_in.participant.paused_until or FAR  # who asked for a pause is not silent
    if _is_on_its_way(session, check_in):
        return at + flow.answer_within  # nobody was silent: the question has not left yet
    return _asked_at(session, check_in, check_in.silent_after - flow.answer_within) + flow.answer_within


def _is_paused(participant: Participant, now: datetime) -> bool:
    return participant.paused_until is not None and participant.paused_until > now


def _is_on_its_way(session: Session, check_in: CheckIn) -> bool:
    """Whether a text of this check-in still waits to leave."""
    waits = Message.status.in_((Status.QUEUED, Status.SENDING))
    return bool(session.scalar(select(exists().where(Message.check_in_id == check_in.id, waits))))


def _asked_at(session: Session, check_in: CheckIn, queued_by: datetime) -> datetime:
    """When the last text queued by then has left: a question that waited for the morning was asked in the morning."""
    ours = (Message.check_in_id == check_in.id) & (Message.at <= queued_by)
    return session.scalar(select(func.max(Message.sent_at)).where(ours)) or check_in.started_at


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
