"""Who talks with a participant: people, while the machine is silent, or the machine; and who waits for an answer."""

from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from bot.core.delivery import Status
from bot.core.hours import is_ahead
from bot.core.kinds import Lane, Purpose
from bot.models import Direction, Message, Participant
from bot.people import note

TALK_FOR = timedelta(days=2)  # after staff wrote last: a talk that nobody hands back must not end the follow-ups


def is_talking(participant: Participant, now: datetime) -> bool:
    """Whether people talk with them, so that the machine says nothing but what danger wants said."""
    return is_ahead(participant.talk_until, now)


def people_talk(session: Session, participant: Participant, read: int, now: datetime) -> bool:
    """A person who read up to this text wrote to them: that is the answer they waited for, and the machine is silent
    from now on. False where they have written since: for that they wait on.
    """
    participant.waits_since = _unread_since(session, participant, read)
    participant.talk_until = now + TALK_FOR
    return participant.waits_since is None


def they_wait(session: Session, participant_id: int, at: datetime) -> None:
    """They wrote what a person has to read: they wait for an answer, from the first of such texts on.

    Touches nothing that is encrypted, so that it works for a text that cannot be decrypted too.
    """
    waits = func.coalesce(Participant.waits_since, at)
    session.execute(update(Participant).where(Participant.id == participant_id).values(waits_since=waits))


def they_wait_again(session: Session, participant: Participant) -> None:
    """What was to answer them does not leave. They wait as before, since their last text that a person has to read,
    unless another text of a person's has left or will, at once, since then.
    """
    of_theirs = (Message.participant_id == participant.id) & (Message.direction == Direction.IN)
    last = session.scalar(select(func.max(Message.at)).where(of_theirs, Message.lane != Lane.CLOSED))
    answers = (Message.participant_id == participant.id) & (Message.purpose == Purpose.WRITTEN)
    answers &= Message.not_before.is_(None) & (Message.status != Status.DROPPED)
    if last and not session.scalar(select(exists().where(answers, Message.at > last))):
        participant.waits_since = participant.waits_since or last


def hand_back(session: Session, participant: Participant, staff_id: int, now: datetime) -> None:
    """The machine goes on: it answers again, and check-ins that waited begin."""
    participant.talk_until = None
    note(session, "handed_back", now, staff_id, participant.id)


def last_words(session: Session, participant: Participant) -> int:
    """The id of their latest text, 0 without any: what somebody has read who says that no answer is needed."""
    theirs = (Message.participant_id == participant.id) & (Message.direction == Direction.IN)
    return session.scalar(select(func.max(Message.id)).where(theirs)) or 0


def needs_no_answer(session: Session, participant: Participant, read: int, staff_id: int, now: datetime) -> bool:
    """Who read what they wrote, up to this text, says that it wants no answer. False where they have written since:
    then they wait, from the first of those texts on.
    """
    participant.waits_since = _unread_since(session, participant, read)
    note(session, "no_answer_needed", now, staff_id, participant.id)
    return participant.waits_since is None


def _unread_since(session: Session, participant: Participant, read: int) -> datetime | None:
    """When the first text came that a person has to read, of those after this one; one not understood yet is one."""
    theirs = (Message.participant_id == participant.id) & (Message.direction == Direction.IN) & (Message.id > read)
    to_read = func.coalesce(Message.lane, Lane.TODAY) != Lane.CLOSED
    return session.scalar(select(func.min(Message.at)).where(theirs, to_read))
