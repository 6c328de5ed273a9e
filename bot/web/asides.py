"""What stands between the texts: notes, who looked after the person, check-ins, and what answers were taken for."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.checkins import flow_of
from bot.models import CheckIn, Handover, Note, Participant, Reply, Staff
from bot.web.learned import in_words
from bot.web.standby import standby
from bot.web.words import OUTCOMES


@dataclass(frozen=True)
class Aside:
    """One line between the texts. `key` is the same at every look; `by` wrote it, or is empty."""

    key: str
    at: datetime
    kind: str
    said: str
    by: str = ""
    is_text = False


def asides(session: Session, participant: Participant) -> list[Aside]:
    """Everything beside the texts, oldest first."""
    names = {staff.id: staff.name for staff in session.scalars(select(Staff))}
    found = [*_notes(session, participant, names), *_handovers(session, participant, names)]
    return sorted([*found, *_check_ins(session, participant)], key=lambda each: each.at)


def _notes(session: Session, participant: Participant, names: dict[int, str]) -> Iterator[Aside]:
    for row in session.scalars(select(Note).where(Note.participant_id == participant.id)):
        yield Aside(f"note-{row.id}", row.at, "note", row.body, names[row.staff_id])


def _handovers(session: Session, participant: Participant, names: dict[int, str]) -> Iterator[Aside]:
    for row in session.scalars(select(Handover).where(Handover.participant_id == participant.id)):
        before, to = names.get(row.from_id or 0, "nobody"), names.get(row.to_id or 0, "nobody")
        yield Aside(f"handover-{row.id}", row.at, "handover", f"With {to} from here on, before with {before}.")


def _check_ins(session: Session, participant: Participant) -> Iterator[Aside]:
    for row in session.scalars(select(CheckIn).where(CheckIn.participant_id == participant.id)):
        title = flow_of(session, row).title
        yield Aside(f"began-{row.id}", row.started_at, "check-in", f"{title} begins.")
        if row.ended_at is not None and row.outcome is not None:
            yield Aside(f"ended-{row.id}", row.ended_at, "check-in", f"{title} ends: {OUTCOMES[row.outcome]}.")


def understood(session: Session, message_ids: Sequence[int]) -> defaultdict[int, list[tuple[str, str]]]:
    """What each of these texts answered: the question and the answer as it was understood, by message id."""
    found: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    rows = select(Reply, CheckIn).join(CheckIn, Reply.check_in_id == CheckIn.id)
    for reply, check_in in session.execute(rows.where(Reply.message_id.in_(message_ids)).order_by(Reply.id)):
        found[reply.message_id or 0].append(in_words(session, check_in, reply, standby()))
    return found
