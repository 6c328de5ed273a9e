"""Starting the check-ins that are due: many people at once, each by the rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.assignments import assigned
from bot.casework import end_running, in_danger_among
from bot.checkins import TRY_AGAIN, asked_at, is_paused
from bot.consents import consented_among
from bot.core import machine
from bot.core.flow import Flow
from bot.core.hours import is_open, next_open, next_repeat, week_of
from bot.core.kinds import Outcome
from bot.core.machine import moment_of
from bot.db import claim, do_each, insert_once
from bot.due import Moment, any_free
from bot.models import CheckIn, FlowVersion, Participant, Plan
from bot.outbox import Recipient
from bot.people import counted, hold_all, note, recipients, running_among
from bot.scene import Scene, Talk, given_to
from bot.talking import is_talking
from bot.week_counts import forget_week

log = structlog.get_logger()

LEASE = timedelta(minutes=2)
BATCH = 200
FRESH_FOR = timedelta(hours=2)  # how long after a question a bare "3" surely answers that one


def start_due(talk: Talk, now: datetime) -> int:
    """Start the check-ins that are due: one each, however many were missed; how many were started."""
    started = 0
    while (some := start_some(talk, now)) is not None:
        started += some
    return started


def start_some(talk: Talk, now: datetime) -> int | None:
    """The same with one batch of those that are due, in one transaction; None where none are. Where they fail together,
    each is started alone, so that one that cannot be keeps no other waiting.
    """
    ids = _claim_plans(talk, now)
    if not ids:
        return None
    if len(ids) == BATCH:
        talk.post.db.let_others_write()
    try:
        return _start_together(talk, ids, now)
    except Exception:
        log.exception("starting_failed", count=len(ids))
        return do_each(ids, lambda plan_id: _start_together(talk, [plan_id], now), "starting")


def any_due(now: Moment) -> ColumnElement[bool]:
    """Whether `start_due` may have something to do."""
    return any_free(Plan, _due_by(now), now)


def _due_by(now: Moment) -> ColumnElement[bool]:
    return Plan.next_check_in_at <= now


def _claim_plans(talk: Talk, now: datetime) -> list[int]:
    with talk.post.db.writing() as session:
        return claim(session, Plan, _due_by(now), (Plan.next_check_in_at, Plan.id), BATCH, now, LEASE)


def _start_together(talk: Talk, plan_ids: Sequence[int], now: datetime) -> int:
    """Plans and check-ins change in one transaction: a crash repeats none. Of one person only the first plan is looked
    at; the others are due again at once, and see what became of it.
    """
    talk = replace(talk, shelf=talk.shelf.as_it_stands())
    with talk.post.db.writing() as session:
        crowd = _gather(session, plan_ids)
        seen: set[int] = set()
        started = 0
        for due in crowd.plans:
            due.lease_until = None
            if due.participant_id not in seen:
                seen.add(due.participant_id)
                started += _start(session, talk, due, crowd, now)
        if started:  # this week is kept already where the clock was ahead for weeks and was set back
            forget_week(session, week_of(now, talk.post.settings.zone))
        return started


@dataclass(frozen=True)
class _Crowd:
    """Plans that are due, with whose they are and what there is to know of these: where to text them, who agreed to it
    there, who is in danger, what runs with whom. People and plans are held. `versions` are those of flows on record.
    """

    plans: tuple[Plan, ...]
    people: dict[int, Participant]
    to: dict[int, Recipient]
    agreed: set[tuple[int | None, str, str]]
    in_danger: set[int]
    running: dict[int, CheckIn]
    versions: set[str]


def _gather(session: Session, plan_ids: Sequence[int]) -> _Crowd:
    """People are locked before their plans, as everywhere; a merge may have moved or ended a plan meanwhile."""
    owners = session.execute(select(Plan.id, Plan.participant_id).where(Plan.id.in_(plan_ids)))
    whose = {plan_id: participant_id for plan_id, participant_id in owners}
    people = {each.id: each for each in hold_all(session, set(whose.values()))}
    held = select(Plan).where(Plan.id.in_(plan_ids)).order_by(Plan.next_check_in_at, Plan.id).with_for_update()
    plans = tuple(each for each in session.scalars(held) if each.participant_id == whose[each.id])
    to = recipients(session, list(people.values()))
    agreed = consented_among(session, {each.value_hash for each in to.values()})
    versions = set(session.scalars(select(FlowVersion.version)))
    in_danger, running = in_danger_among(session, people), running_among(session, people)
    return _Crowd(plans, people, to, agreed, in_danger, running, versions)


def _start(session: Session, talk: Talk, due: Plan, crowd: _Crowd, now: datetime) -> bool:
    """Start one, or say when to look again."""
    if due.next_check_in_at is None or due.next_check_in_at > now:
        return False
    participant, flow = crowd.people[due.participant_id], talk.shelf.flows.get(due.flow_name)
    if flow is None:
        log.error("flow_unusable", flow=due.flow_name, plan=due.id)
        due.lease_until = now + TRY_AGAIN
        return False
    if _lapsed(flow, due, now, participant.zone):
        note(session, "check_in_lapsed", now, participant_id=participant.id, detail=flow.name)
        _advance(due, participant, now)
        return False
    to = crowd.to.get(participant.id)
    if to is None or (participant.id, to.channel, to.value_hash) not in crowd.agreed:
        _advance(due, participant, now)  # no text would leave
        return False
    if later := _not_yet(session, talk, participant, flow, crowd, now):
        due.lease_until = later  # and not its due time: that keeps the rhythm of those that follow
        return False
    _advance(due, participant, now)
    if flow.expires:  # what is bound to a date cannot wait for an answer to something else
        end_running(session, participant.id, Outcome.REPLACED, now)
    if flow.version not in crowd.versions:  # what a check-in began with stays, whatever becomes of the file
        insert_once(session, FlowVersion(version=flow.version, name=flow.name, source=flow.source))
        crowd.versions.add(flow.version)
    _begin(session, talk, participant, flow, due, to, participant.id in crowd.in_danger, now)
    return True


def _not_yet(
    session: Session, talk: Talk, participant: Participant, flow: Flow, crowd: _Crowd, now: datetime
) -> datetime | None:
    """When to look again at a plan that cannot start now; None where nothing holds it up."""
    hours = talk.post.settings.sending_hours
    if is_paused(participant, now):
        return participant.paused_until
    if participant.id in crowd.in_danger and not flow.expires:
        return now + TRY_AGAIN  # people talk to them now, and a machine's small talk would be in the way; dates stay
    if is_talking(participant, now) and not flow.expires:
        return now + TRY_AGAIN
    if not is_open(hours, now, participant.zone):
        return next_open(hours, now, participant.zone)
    running = crowd.running.get(participant.id)
    if running is None:
        return None
    if flow.expires:  # bound to a date: it cuts in, but not while the answer to another question may be on its way
        fresh_until = asked_at(session, running, now) + FRESH_FOR
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


def _begin(
    session: Session,
    talk: Talk,
    participant: Participant,
    flow: Flow,
    due: Plan,
    to: Recipient,
    in_danger: bool,
    now: datetime,
) -> None:
    """Begin a flow with a participant who has no check-in running; its first texts are queued."""
    values = dict(due.given)
    check_in = CheckIn(
        participant_id=participant.id,
        flow_name=flow.name,
        flow_version=flow.version,
        flag_id=due.flag_id,
        started_at=now,
        nudge_at=now + flow.nudge_after if flow.nudge_after else None,
        silent_after=now + flow.answer_within,
        channel=to.channel,
        language=participant.language,
        **counted(participant, now, talk.post.settings.zone),
    )
    session.add(check_in)
    compares = any(state.wordings for state in flow.states.values())
    wordings = assigned(session, participant.id, flow.name) if compares else {}
    turn = machine.begin(flow, values, given_to(talk, participant, in_danger, wordings, now))
    scene = Scene(session, talk, participant, check_in, to, now)
    scene.perform(turn, send_before=_expiry(flow, values, now, participant.zone))
