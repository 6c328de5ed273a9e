"""Which wording of a text a participant was assigned, and whether they answered it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bot.core.flow import Flow, State
from bot.core.kinds import Answer
from bot.core.turn import Assigns
from bot.core.wordings import USUAL
from bot.models import Assignment, CheckIn


def assigned(session: Session, participant_id: int, flow_name: str) -> dict[str, str]:
    """The wordings that the participant has of states of this flow, by state, from whichever check-in."""
    return assigned_among(session, [participant_id], [flow_name]).get((participant_id, flow_name), {})


def assigned_among(
    session: Session, participant_ids: Collection[int], flow_names: Collection[str]
) -> dict[tuple[int, str], dict[str, str]]:
    """The same of several participants and flows, by the two."""
    columns = (Assignment.participant_id, Assignment.flow_name, Assignment.state, Assignment.variant)
    theirs = Assignment.participant_id.in_(participant_ids), Assignment.flow_name.in_(flow_names)
    found: dict[tuple[int, str], dict[str, str]] = {}
    for participant_id, flow_name, state, wording in session.execute(select(*columns).where(*theirs)):
        found.setdefault((participant_id, flow_name), {})[state] = wording
    return found


def wording_of(session: Session, check_in: CheckIn, state: State) -> str:
    """The wording in which the participant hears this state of the check-in."""
    wording = USUAL
    if state.wordings:
        wording = assigned(session, check_in.participant_id, check_in.flow_name).get(state.name, USUAL)
    return wording if wording in state.worded else USUAL


@dataclass(frozen=True)
class Assigned:
    """A wording that a participant is assigned in a check-in; `message_id` is the text, None where none can be sent."""

    participant_id: int
    flow_name: str
    flow_version: str
    check_in_id: int
    wording: Assigns
    message_id: int | None


def assign(session: Session, these: Collection[Assigned], now: datetime) -> None:
    """On record together with the texts that are queued: a crash leaves both or neither."""
    if these:
        session.execute(insert(Assignment).execution_options(render_nulls=True), [_row(each, now) for each in these])


def _row(new: Assigned, now: datetime) -> dict[str, Any]:
    return {
        "participant_id": new.participant_id,
        "flow_name": new.flow_name,
        "state": new.wording.state,
        "variant": new.wording.wording,
        "at": now,
        "flow_version": new.flow_version,
        "check_in_id": new.check_in_id,
        "message_id": new.message_id,
    }


def note_answer_to_wordings(session: Session, check_in: CheckIn, flow: Flow, answer: Answer) -> None:
    """What was first said in this check-in in a wording has this answer, unless it had one before."""
    if not flow.compares:
        return
    theirs = Assignment.participant_id == check_in.participant_id, Assignment.flow_name == check_in.flow_name
    waiting = Assignment.check_in_id == check_in.id, Assignment.answer.is_(None)
    session.execute(update(Assignment).where(*theirs, *waiting).values(answer=answer))
