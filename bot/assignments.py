"""Which wording of a text a participant was assigned, and whether they answered it."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.core.flow import Flow, State
from bot.core.kinds import Answer
from bot.core.turn import Assigns
from bot.core.wordings import USUAL
from bot.models import Assignment, CheckIn, Message


def assigned(session: Session, participant_id: int, flow_name: str) -> dict[str, str]:
    """The wordings that the participant has of states of this flow, by state, from whichever check-in."""
    theirs = Assignment.participant_id == participant_id, Assignment.flow_name == flow_name
    rows = session.execute(select(Assignment.state, Assignment.variant).where(*theirs))
    return {state: wording for state, wording in rows}


def wording_of(session: Session, check_in: CheckIn, state: State) -> str:
    """The wording in which the participant hears this state of the check-in."""
    wording = USUAL
    if state.wordings:
        wording = assigned(session, check_in.participant_id, check_in.flow_name).get(state.name, USUAL)
    return wording if wording in state.worded else USUAL


def assign(session: Session, check_in: CheckIn, wording: Assigns, said: Message | None, now: datetime) -> None:
    """On record together with the text that is queued, None where there is nowhere to send it: a crash leaves both or
    neither.
    """
    session.flush()  # what it points at may not be stored yet
    row = Assignment(
        participant_id=check_in.participant_id,
        flow_name=check_in.flow_name,
        state=wording.state,
        variant=wording.wording,
        at=now,
        flow_version=check_in.flow_version,
        check_in_id=check_in.id,
        message_id=said.id if said else None,
    )
    session.add(row)


def note_answer_to_wordings(session: Session, check_in: CheckIn, flow: Flow, answer: Answer) -> None:
    """What was first said in this check-in in a wording has this answer, unless it had one before."""
    if not any(state.wordings for state in flow.states.values()):
        return
    theirs = Assignment.participant_id == check_in.participant_id, Assignment.flow_name == check_in.flow_name
    waiting = Assignment.check_in_id == check_in.id, Assignment.answer.is_(None)
    session.execute(update(Assignment).where(*theirs, *waiting).values(answer=answer))
