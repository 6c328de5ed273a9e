"""Starting the check-ins that are due: many people at once, each by the rules of bot/core/starting.py."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, bindparam, insert, select, update
from sqlalchemy.orm import Session

from bot.assignments import Assigned, assign, assigned_among
from bot.casework import in_danger_among
from bot.checkins import give_way, running_among
from bot.core.delivery import Status
from bot.core.flow import Flow
from bot.core.hours import week_of
from bot.core.starting import TRY_AGAIN, Due, IsLeftOut, Starts, Waits, becomes_of, due_next
from bot.core.turn import Assigns, Say
from bot.db import claim, do_each, free, insert_once
from bot.due import Moment, any_free
from bot.models import CheckIn, FlowVersion, Participant, Plan
from bot.openings import Opening, Openings, Wordings
from bot.outbox import Draft, Recipient, queue_firsts, texts_of
from bot.people import Asked, counted, note, reached, workers_among
from bot.scene import Scene, Talk
from bot.week_counts import forget_week

log = structlog.get_logger()

LEASE = timedelta(minutes=2)
BATCH = 1000

IN_ORDER = (Plan.next_check_in_at, Plan.id)
MOVED = update(Plan).where(Plan.id == bindparam("whose"))
MOVED = MOVED.values(lease_until=bindparam("lease_until"), next_check_in_at=bindparam("next_check_in_at"))


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
    try:
        taken, started = _start_those(talk, _due_by(now) & free(Plan, now), now)
    except Exception:
        log.exception("starting_failed")
        return _start_each(talk, now)
    if taken == BATCH:
        talk.post.db.let_others_write()
    return started if taken else None


def any_due(now: Moment) -> ColumnElement[bool]:
    """Whether `start_due` may have something to do."""
    return any_free(Plan, _due_by(now), now)


def _due_by(now: Moment) -> ColumnElement[bool]:
    return Plan.next_check_in_at <= now


def _start_each(talk: Talk, now: datetime) -> int | None:
    """The same, each in a transaction of its own. They are leased: what fails again stands before nobody."""
    with talk.post.db.writing() as session:
        ids = claim(session, Plan, _due_by(now), IN_ORDER, BATCH, now, LEASE)
    if not ids:
        return None
    return do_each(ids, lambda plan_id: _start_those(talk, _due_by(now) & (Plan.id == plan_id), now)[1], "starting")


def _start_those(talk: Talk, which: ColumnElement[bool], now: datetime) -> tuple[int, int]:
    """How many of these plans were taken up, BATCH at most, and how many check-ins began.

    Plans and check-ins change in one transaction: a crash repeats none. Of one person only the first plan is looked at;
    the others stay due, and see what became of it.
    """
    talk = replace(talk, shelf=talk.shelf.as_it_stands())
    with talk.post.db.writing() as session:
        planned = _gather(session, which)
        openings = Openings(talk, _wordings(session, talk, planned), now)
        starting: list[_Start] = []
        moved = []
        seen: set[int] = set()
        for each in planned:
            if each.person.id in seen:
                continue
            seen.add(each.person.id)
            starts, change = _look_at(session, openings, each)
            moved.append({"whose": each.id, "lease_until": None, "next_check_in_at": each.due.at, **change})
            starting += [starts] if starts else []
        if moved:
            session.connection().execute(MOVED, moved)
        if starting:
            _keep_versions(session, [each.flow for each in starting])
            week = week_of(now, talk.post.settings.zone)
            _begin(session, talk, starting, week, now)
            forget_week(session, week)  # kept already where the clock was weeks ahead
        return len(planned), len(starting)


@dataclass(frozen=True)
class _Planned:
    """A plan that is due, whose it is and where they are texted. Both are held."""

    id: int
    flow_name: str
    flag_id: int | None
    due: Due
    person: Asked
    to: Recipient | None


@dataclass(frozen=True)
class _Start:
    """A check-in that starts, with its first turn."""

    flow: Flow
    flag_id: int | None
    person: Asked
    to: Recipient
    opening: Opening
    send_before: datetime | None


def _gather(session: Session, which: ColumnElement[bool]) -> list[_Planned]:
    """These plans, in order, with their people; both are held. Where others hold one of the two, it is left to them or
    to the next time: whoever holds a person may be ending the plan, or starting it.
    """
    columns: tuple[Any, ...] = (
        Plan.id, Plan.flow_name, Plan.flag_id, Plan.next_check_in_at, Plan.repeat_days, Plan.given,
        Plan.participant_id, Participant.language, Participant.zone, Participant.cohort, Participant.paused_until,
        Participant.talk_until, Participant.safety_said_at, Participant.caseworker_id,
    )  # fmt: skip
    held = select(*columns).join(Participant, Participant.id == Plan.participant_id).where(which)
    held = held.order_by(*IN_ORDER).limit(BATCH)
    held = held.with_for_update(of=(Participant, Plan), skip_locked=True, key_share=True)
    rows = session.connection().execute(held).all()  # plain rows: nothing keeps track of them
    ids = {row.participant_id for row in rows}
    workers = workers_among(session, {row.caseworker_id for row in rows})
    to = reached(session, ids)
    in_danger, running = in_danger_among(session, ids), running_among(session, ids)
    planned = []
    for (
        plan_id, flow_name, flag_id, at, repeat_days, values,
        whose, language, zone, cohort, paused_until, talk_until, safety_said_at, worker_id,
    ) in rows:  # fmt: skip
        there, worker = to.get(whose), workers.get(worker_id)
        agreed = there is not None and there.agreed
        danger = whose in in_danger
        due = Due(at, repeat_days, values, zone, agreed, danger, paused_until, talk_until, running.get(whose))
        person = Asked(whose, language, zone, cohort, safety_said_at, worker)
        planned.append(_Planned(plan_id, flow_name, flag_id, due, person, there.at if there else None))
    return planned


def _wordings(session: Session, talk: Talk, planned: Sequence[_Planned]) -> Wordings:
    """Those that are assigned already of the flows that compare some."""
    names = {each.flow_name for each in planned}
    compared = [flow.name for name in names if (flow := talk.shelf.flows.get(name)) and flow.compares]
    return assigned_among(session, [each.person.id for each in planned], compared) if compared else {}


def _look_at(session: Session, openings: Openings, plan: _Planned) -> tuple[_Start | None, dict[str, Any]]:
    """The check-in that starts, if one does, and what changes in the plan."""
    talk, now = openings.talk, openings.now
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
                give_way(session, talk, session.get_one(Participant, person.id), now)
            opening = openings.of(flow, due, person)
            start = _Start(flow, plan.flag_id, person, plan.to, opening, send_before)
            return start, {"next_check_in_at": due_next(due, now)}


def _keep_versions(session: Session, flows: Collection[Flow]) -> None:
    """What a check-in began with stays, whatever becomes of the file."""
    wanted = {flow.version: flow for flow in flows}
    there = set(session.scalars(select(FlowVersion.version).where(FlowVersion.version.in_(wanted))))
    for version in sorted(wanted.keys() - there):  # two clocks write them in one order
        flow = wanted[version]
        insert_once(session, FlowVersion(version=version, name=flow.name, source=flow.source))


def _begin(session: Session, talk: Talk, starting: Sequence[_Start], week: date, now: datetime) -> None:
    """Write the check-ins down and queue their first texts, of all at once; what else a first turn does is rare."""
    session.flush()  # the end of what another cuts in on: one check-in of a person runs at a time
    session.connection().execute(insert(CheckIn), [_row(each, week, now) for each in starting])
    running = select(CheckIn.participant_id, CheckIn.id).where(CheckIn.ended_at.is_(None))
    running = running.where(CheckIn.participant_id.in_([each.person.id for each in starting]))
    rows = session.connection().execute(running)
    ids = {participant_id: check_in_id for participant_id, check_in_id in rows}
    said = [(each, say) for each in starting for say in each.opening.says]
    tokens = queue_firsts(session, [_draft(each, say, ids) for each, say in said], now)
    new = [(start, say.assigns, token) for (start, say), token in zip(said, tokens, strict=True) if say.assigns]
    texts = texts_of(session, [token for _, _, token in new])
    assign(session, [_assigned(start, wording, ids, texts[token]) for start, wording, token in new], now)
    for each in starting:
        if each.opening.rest:
            person = session.get_one(Participant, each.person.id)
            check_in = session.get_one(CheckIn, ids[person.id])
            Scene(session, talk, person, check_in, each.to, now).perform(each.opening.rest)


def _row(start: _Start, week: date, now: datetime) -> dict[str, Any]:
    flow = start.flow
    return {
        "participant_id": start.person.id,
        "flow_name": flow.name,
        "flow_version": flow.version,
        "flag_id": start.flag_id,
        "position": start.opening.position,
        "started_at": now,
        "nudge_at": now + flow.nudge_after if flow.nudge_after else None,
        "silent_after": now + flow.answer_within,
        "channel": start.to.channel,
        "language": start.person.language,
        "first_status": Status.QUEUED if start.opening.says else None,
        **counted(start.person, week),
    }


def _draft(start: _Start, say: Say, ids: Mapping[int, int]) -> Draft:
    check_in_id = ids[start.person.id]
    return Draft(start.to, say.text, say.purpose, check_in_id=check_in_id, send_before=start.send_before)


def _assigned(start: _Start, wording: Assigns, ids: Mapping[int, int], message_id: int) -> Assigned:
    whose, flow = start.person.id, start.flow
    return Assigned(whose, flow.name, flow.version, ids[whose], wording, message_id)
