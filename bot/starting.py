"""Starting the check-ins that are due: many people at once, each by the rules of bot/core/starting.py."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import structlog
from sqlalchemy import ColumnElement, bindparam, insert, select, update
from sqlalchemy.orm import Session

from bot.assignments import Assigned, assign, assigned_among
from bot.casework import in_danger_among
from bot.checkins import give_way, running_among
from bot.core import machine
from bot.core.delivery import Status
from bot.core.flow import Flow
from bot.core.hours import week_of
from bot.core.starting import TRY_AGAIN, Due, IsLeftOut, Starts, Waits, becomes_of, due_next
from bot.core.turn import Assigns, Effect, Say, Turn
from bot.db import claim, do_each, insert_once
from bot.due import Moment, any_free
from bot.models import CheckIn, FlowVersion, Participant, Plan
from bot.outbox import Draft, Recipient, queue_firsts, texts_of
from bot.people import counted, hold_all, note, reached
from bot.scene import Scene, Talk, given_to
from bot.week_counts import forget_week

log = structlog.get_logger()

LEASE = timedelta(minutes=2)
BATCH = 500

MOVED = update(Plan).where(Plan.id == bindparam("whose"))
MOVED = MOVED.values(lease_until=bindparam("lease_until"), next_check_in_at=bindparam("next_check_in_at"))
Wordings = Mapping[tuple[int, str], Mapping[str, str]]  # by participant and flow: by state


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
        planned = _gather(session, plan_ids, now)
        wordings = _wordings(session, talk, planned)
        starting: list[_Start] = []
        moved = []
        seen: set[int] = set()
        for each in planned:
            first = each.person.id not in seen
            seen.add(each.person.id)
            starts, change = _look_at(session, talk, each, wordings, now) if first else (None, {})
            moved.append({"whose": each.id, "lease_until": None, "next_check_in_at": each.due.at, **change})
            starting += [starts] if starts else []
        if moved:
            session.connection().execute(MOVED, moved)
        if starting:
            _keep_versions(session, [each.flow for each in starting])
            _begin(session, talk, starting, now)
            forget_week(session, week_of(now, talk.post.settings.zone))  # kept already where the clock was weeks ahead
        return len(starting)


@dataclass(frozen=True)
class _Planned:
    """A plan that is due, whose it is and where they are texted. Both are held."""

    id: int
    flow_name: str
    flag_id: int | None
    due: Due
    person: Participant
    to: Recipient | None


@dataclass(frozen=True)
class _Start:
    """A check-in that starts, with its first turn."""

    flow: Flow
    flag_id: int | None
    person: Participant
    to: Recipient
    turn: Turn
    send_before: datetime | None

    @cached_property
    def says(self) -> list[Say]:
        return [each for each in self.turn.effects if isinstance(each, Say) and each.text]

    @property
    def rest(self) -> tuple[Effect, ...]:
        """What it does beside talking: with nearly every flow nothing."""
        return tuple(each for each in self.turn.effects if not isinstance(each, Say))


def _gather(session: Session, plan_ids: Sequence[int], now: datetime) -> list[_Planned]:
    """People are locked before their plans, as everywhere; a merge may have moved or ended a plan meanwhile."""
    owners = session.execute(select(Plan.id, Plan.participant_id).where(Plan.id.in_(plan_ids)))
    whose = {plan_id: participant_id for plan_id, participant_id in owners}
    people = {each.id: each for each in hold_all(session, set(whose.values()))}
    columns = (
        Plan.id, Plan.participant_id, Plan.flow_name, Plan.flag_id, Plan.next_check_in_at, Plan.repeat_days, Plan.given
    )  # fmt: skip
    held = select(*columns).where(Plan.id.in_(plan_ids), _due_by(now))
    rows = session.execute(held.order_by(Plan.next_check_in_at, Plan.id).with_for_update()).all()
    to = reached(session, people)
    in_danger, running = in_danger_among(session, people), running_among(session, people)
    planned = []
    for plan_id, participant_id, flow_name, flag_id, at, repeat_days, values in rows:
        if participant_id != whose[plan_id] or at is None:
            continue
        person, there = people[participant_id], to.get(participant_id)
        due = Due(
            at,
            repeat_days,
            values,
            person.zone,
            there is not None and there.agreed,
            participant_id in in_danger,
            person.paused_until,
            person.talk_until,
            running.get(participant_id),
        )
        planned.append(_Planned(plan_id, flow_name, flag_id, due, person, there.at if there else None))
    return planned


def _wordings(session: Session, talk: Talk, planned: Sequence[_Planned]) -> Wordings:
    """Those that are assigned already of the flows that compare some."""
    names = {each.flow_name for each in planned}
    compared = [flow.name for name in names if (flow := talk.shelf.flows.get(name)) and flow.compares]
    return assigned_among(session, [each.person.id for each in planned], compared) if compared else {}


def _look_at(
    session: Session, talk: Talk, plan: _Planned, wordings: Wordings, now: datetime
) -> tuple[_Start | None, dict[str, Any]]:
    """The check-in that starts, if one does, and what changes in the plan."""
    flow, due, person = talk.shelf.flows.get(plan.flow_name), plan.due, plan.person
    if flow is None:
        log.error("flow_unusable", flow=plan.flow_name, plan=plan.id)
        return None, {"lease_until": now + TRY_AGAIN}
    match becomes_of(due, flow, talk.post.settings.sending_hours, now):
        case Waits(until):
            return None, {"lease_until": until}
        case IsLeftOut(lapsed):
            if lapsed:
                note(session, "check_in_lapsed", now, participant_id=person.id, detail=flow.name)
            return None, {"next_check_in_at": due_next(due, now)}
        case Starts(send_before):
            assert plan.to is not None, "who starts is reached"
            if flow.expires:  # what is bound to a date cannot wait for an answer to something else
                give_way(session, talk, person, now)
            theirs = wordings.get((person.id, flow.name), {})
            turn = machine.begin(flow, due.values, given_to(talk, person, due.in_danger, theirs, now))
            start = _Start(flow, plan.flag_id, person, plan.to, turn, send_before)
            return start, {"next_check_in_at": due_next(due, now)}


def _keep_versions(session: Session, flows: Collection[Flow]) -> None:
    """What a check-in began with stays, whatever becomes of the file."""
    wanted = {flow.version: flow for flow in flows}
    there = set(session.scalars(select(FlowVersion.version).where(FlowVersion.version.in_(wanted))))
    for version in sorted(wanted.keys() - there):  # two clocks write them in one order
        flow = wanted[version]
        insert_once(session, FlowVersion(version=version, name=flow.name, source=flow.source))


def _begin(session: Session, talk: Talk, starting: Sequence[_Start], now: datetime) -> None:
    """Write the check-ins down and queue their first texts, of all at once; what else a first turn does is rare."""
    session.flush()  # the end of what another cuts in on: one check-in of a person runs at a time
    session.connection().execute(insert(CheckIn), [_row(each, talk, now) for each in starting])
    running = select(CheckIn.participant_id, CheckIn.id).where(CheckIn.ended_at.is_(None))
    rows = session.execute(running.where(CheckIn.participant_id.in_([each.person.id for each in starting])))
    ids = {participant_id: check_in_id for participant_id, check_in_id in rows}
    said = [(each, say) for each in starting for say in each.says]
    tokens = queue_firsts(session, [_draft(each, say, ids) for each, say in said], now)
    new = [(start, say.assigns, token) for (start, say), token in zip(said, tokens, strict=True) if say.assigns]
    texts = texts_of(session, [token for _, _, token in new])
    assign(session, [_assigned(start, wording, ids, texts[token]) for start, wording, token in new], now)
    for each in starting:
        if rest := each.rest:
            check_in = session.get_one(CheckIn, ids[each.person.id])
            Scene(session, talk, each.person, check_in, each.to, now).perform(replace(each.turn, effects=rest))


def _row(start: _Start, talk: Talk, now: datetime) -> dict[str, Any]:
    flow, turn = start.flow, start.turn
    return {
        "participant_id": start.person.id,
        "flow_name": flow.name,
        "flow_version": flow.version,
        "flag_id": start.flag_id,
        "position": turn.position.to_dict() if turn.position else None,
        "started_at": now,
        "nudge_at": now + flow.nudge_after if flow.nudge_after else None,
        "silent_after": now + flow.answer_within,
        "channel": start.to.channel,
        "language": start.person.language,
        "first_status": Status.QUEUED if start.says else None,
        **counted(start.person, now, talk.post.settings.zone),
    }


def _draft(start: _Start, say: Say, ids: Mapping[int, int]) -> Draft:
    check_in_id = ids[start.person.id]
    return Draft(start.to, say.text, say.purpose, check_in_id=check_in_id, send_before=start.send_before)


def _assigned(start: _Start, wording: Assigns, ids: Mapping[int, int], message_id: int) -> Assigned:
    whose, flow = start.person.id, start.flow
    return Assigned(whose, flow.name, flow.version, ids[whose], wording, message_id)
