"""A text that staff write to a participant: when it would leave, and what in it a stranger should not read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bot.config import Settings
from bot.core.flow_texts import GIVEAWAYS
from bot.core.kinds import Language, Purpose
from bot.core.normal import normalise
from bot.core.sending import Drop, Facts, Wait, may_send
from bot.models import Consent, Participant
from bot.outbox import Recipient
from bot.people import is_opted_out, recipient
from bot.web.words import moment

LONGEST = 800


@dataclass(frozen=True)
class Prospect:
    """What would become of a text written now. Without `to` it cannot leave at all."""

    to: Recipient | None
    sentence: str


def prospect(session: Session, participant: Participant, settings: Settings, now: datetime) -> Prospect:
    """Whether and when a text written now would leave, in a sentence: the outbox' own rule, asked beforehand."""
    to = recipient(session, participant)
    if is_opted_out(session, participant):
        return Prospect(None, "Opted out: no text may leave, until they text START. Call instead.")
    if to is None:
        return Prospect(None, "No working number: texts do not arrive. Find another way to reach them.")
    facts = Facts(
        purpose=Purpose.WRITTEN,
        to_staff=False,
        consented=_consented(session, to),
        blocked=False,
        zone=participant.zone,
        queued_at=now,
    )
    match may_send(facts, now, settings.sending_hours):
        case Drop():
            return Prospect(None, "No consent on record: no text may leave. Ask them in person first.")
        case Wait(until):
            return Prospect(to, f"It is night for them: it leaves {moment(until, participant.zone)}, their time.")
    return Prospect(to, "It leaves at once.")


def _consented(session: Session, to: Recipient) -> bool:
    given = (
        (Consent.participant_id == to.participant_id)
        & (Consent.address_hash == to.value_hash)
        & (Consent.channel == to.channel)
        & Consent.revoked_at.is_(None)
    )
    return bool(session.scalar(select(exists().where(given))))


def telling_words(text: str, participant: Participant) -> tuple[str, ...]:
    """Words that would tell whoever reads over a shoulder what this is about, and the person's own name."""
    plain = normalise(text).text
    listed = (found[0].strip() for language in Language for found in GIVEAWAYS[language].finditer(plain))
    return tuple(dict.fromkeys((*listed, *_own_names(plain, participant))))


def _own_names(plain: str, participant: Participant) -> Iterator[str]:
    spoken = plain.split()
    return (name for name in normalise(participant.name).text.split() if len(name) > 2 and name in spoken)
