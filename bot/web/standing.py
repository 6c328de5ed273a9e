"""How participants stand with us: whether texts may reach them, and since when not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from bot.models import Address, Consent, OptOut, Participant, Plan
from bot.web.words import present

Row = TypeVar("Row", Address, Consent)

# when a check-in that is planned begins, or where something holds it up, when it is looked at again
BEGINS_AT = case((Plan.lease_until > Plan.next_check_in_at, Plan.lease_until), else_=Plan.next_check_in_at)


class State(StrEnum):
    """Why texts do or do not leave, the strongest reason alone."""

    OPTED_OUT = "opted out"
    NO_CONSENT = "no consent"
    UNREACHABLE = "unreachable"
    PAUSED = "paused"
    FINE = "texts on"


@dataclass(frozen=True)
class Standing:
    """One participant's state, with what the page says about it."""

    state: State
    since: datetime | None = None
    consent: Consent | None = None
    numbers: tuple[Address, ...] = ()
    unagreed: frozenset[int] = frozenset()  # the ids of the numbers without consent


def standings(session: Session, participants: Sequence[Participant]) -> dict[int, Standing]:
    """Each participant's standing, in three questions to the database however many there are."""
    ids = [participant.id for participant in participants]
    addresses = _grouped(session.scalars(select(Address).where(Address.participant_id.in_(ids)).order_by(Address.id)))
    consents = _grouped(session.scalars(select(Consent).where(Consent.participant_id.in_(ids)).order_by(Consent.id)))
    hashes = [address.value_hash for each in addresses.values() for address in each]
    out = select(OptOut.address_hash, OptOut.since).where(OptOut.address_hash.in_(hashes), OptOut.until.is_(None))
    blocked = dict(session.execute(out).all())
    return {
        each.id: _standing(each, tuple(addresses.get(each.id, ())), consents.get(each.id, []), blocked)
        for each in participants
    }


def _grouped(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.participant_id, []).append(row)
    return found


def _standing(
    participant: Participant, numbers: tuple[Address, ...], consents: list[Consent], blocked: dict[str, datetime]
) -> Standing:
    outs = [blocked[number.value_hash] for number in numbers if number.value_hash in blocked]
    live = [each for each in consents if each.revoked_at is None]
    given = live[-1] if live else None
    agreed = {(each.channel, each.address_hash) for each in live}
    unagreed = frozenset(each.id for each in numbers if (each.channel, each.value_hash) not in agreed)
    state, since = State.FINE, None
    if numbers and len(outs) == len(numbers):
        state, since = State.OPTED_OUT, max(outs)
    elif given is None:
        state = State.NO_CONSENT
    elif not any(number.reachable and number.value_hash not in blocked for number in numbers):
        state = State.UNREACHABLE
    elif participant.paused_until and participant.paused_until > present():
        state, since = State.PAUSED, participant.paused_until
    return Standing(state, since, given, numbers, unagreed)
