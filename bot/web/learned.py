"""What the latest check-in asked and heard, in the words of its flow."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.assignments import wording_of
from bot.checkins import flow_of
from bot.core.flow import Expect, State
from bot.core.kinds import Language
from bot.core.speech import render
from bot.models import CheckIn, Participant, Reply
from bot.wiring import Standby


@dataclass(frozen=True)
class Learned:
    """The latest check-in: its title, and each question with what was answered."""

    check_in: CheckIn
    title: str
    answers: tuple[tuple[str, str], ...]


def learned(session: Session, participant: Participant, standby: Standby) -> Learned | None:
    """The check-in that runs, or else the last one; None where there never was one."""
    theirs = select(CheckIn).where(CheckIn.participant_id == participant.id)
    check_in = session.scalar(theirs.order_by(CheckIn.id.desc()).limit(1))
    if check_in is None:
        return None
    replies = session.scalars(select(Reply).where(Reply.check_in_id == check_in.id).order_by(Reply.id))
    answers = tuple(in_words(session, check_in, reply, standby) for reply in replies)
    return Learned(check_in, flow_of(session, check_in).title, answers)


def in_words(session: Session, check_in: CheckIn, reply: Reply, standby: Standby) -> tuple[str, str]:
    """A question and its answer. Staff read English, whatever language the question was asked in."""
    states = flow_of(session, check_in).states.values()
    state = next((each for each in states if each.remember == reply.name), None)
    if state is None:
        return reply.name, reply.value
    caseworker = check_in.participant.caseworker
    worker = caseworker.name.split()[0] if caseworker else standby.settings.programme
    asked = state.worded[wording_of(session, check_in, state)]
    return render(asked[Language.EN], {"worker": worker}, Language.EN), _value_in_words(state, reply.value)


def _value_in_words(state: State, value: str) -> str:
    answer = next((each for each in state.answers if each.key == value and each.words), None)
    return f"{value}: {answer.words[0]}" if answer and state.expect is Expect.CHOICE else value
