"""Who talks with a participant: people, while the machine is silent, or the machine; and who waits for an answer."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.models import Participant
from bot.people import note

TALK_FOR = timedelta(days=2)  # after the last word: a talk that nobody hands back must not end the follow-ups for good


def is_talking(participant: Participant, now: datetime) -> bool:
    """Whether people talk with them, so that the machine says nothing but what danger wants said."""
    return participant.talk_until is not None and participant.talk_until > now


def people_talk(participant: Participant, now: datetime) -> None:
    """A person wrote to them: that is the answer they waited for, and the machine is silent from now on."""
    participant.waits_since = None
    participant.talk_until = now + TALK_FOR


def they_said(participant: Participant, wants_reading: bool, at: datetime, now: datetime) -> None:
    """They wrote something. Where a person has to read it they wait for an answer, from the first of such texts on."""
    if wants_reading:
        participant.waits_since = participant.waits_since or at
    if is_talking(participant, now):
        participant.talk_until = now + TALK_FOR


def hand_back(session: Session, participant: Participant, staff_id: int, now: datetime) -> None:
    """The machine goes on: it answers again, and check-ins that waited begin."""
    participant.talk_until = None
    note(session, "handed_back", now, staff_id, participant.id)


def needs_no_answer(session: Session, participant: Participant, staff_id: int, now: datetime) -> None:
    """Who read what they wrote says that it wants no answer."""
    participant.waits_since = None
    note(session, "no_answer_needed", now, staff_id, participant.id)
