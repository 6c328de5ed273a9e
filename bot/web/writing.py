"""A text that staff write to a participant: when it would leave, and what in it a stranger should not read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.config import Settings
from bot.consents import has_consented
from bot.core.flow_texts import GIVEAWAYS
from bot.core.kinds import Language, Purpose
from bot.core.normal import normalise
from bot.core.sending import Drop, Facts, Wait, may_send
from bot.models import Participant
from bot.outbox import Recipient
from bot.people import is_opted_out, recipient
from bot.web.words import moment

LONGEST = 800


@dataclass(frozen=True)
class Prospect:
    """What would become of a text. Without `to` it cannot leave at all; `is_night`: it waits for the day."""

    to: Recipient | None
    sentence: str
    is_night: bool = False


def prospect(
    session: Session,
    participant: Participant,
    settings: Settings,
    now: datetime,
    leave_at: datetime | None = None,
    anyway: bool = False,
) -> Prospect:
    """Whether and when a text written now would leave, in a sentence: the outbox' own rule, asked beforehand.

    `leave_at` is when its writer wants it to leave; `anyway` says that it may leave at night.
    """
    to = recipient(session, participant)
    if is_opted_out(session, participant):
        return Prospect(None, "Opted out: no text may leave, until they text START. Call instead.")
    if to is None:
        return Prospect(None, "No working number: texts do not arrive. Find another way to reach them.")
    facts = Facts(
        purpose=Purpose.WRITTEN,
        to_staff=False,
        consented=has_consented(session, participant.id, to.channel, to.value_hash),
        blocked=False,
        zone=participant.zone,
        queued_at=now,
        anyway=anyway,
    )
    match may_send(facts, leave_at or now, settings.sending_hours):
        case Drop():
            return Prospect(None, "No consent on record: no text may leave. Ask them in person first.")
        case Wait(until):
            when = "It is night for them then" if leave_at else "It is night for them"
            return Prospect(to, f"{when}: it leaves {moment(until, participant.zone)}, their time.", is_night=True)
    if leave_at is None:
        return Prospect(to, "It leaves at once.")
    return Prospect(to, f"It leaves {moment(leave_at, participant.zone)}, their time.")


def telling_words(text: str, participant: Participant) -> tuple[str, ...]:
    """Words that would tell whoever reads over a shoulder what this is about, and the person's own name."""
    plain = normalise(text).text
    listed = (found[0].strip() for language in Language for found in GIVEAWAYS[language].finditer(plain))
    return tuple(dict.fromkeys((*listed, *_own_names(plain, participant))))


def _own_names(plain: str, participant: Participant) -> Iterator[str]:
    spoken = plain.split()
    return (name for name in normalise(participant.name).text.split() if len(name) > 2 and name in spoken)
