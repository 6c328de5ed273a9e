"""How participants stand with us: whether texts may reach them, and since when not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, case, select, true
from sqlalchemy.orm import Session

from bot.core.starting import may_begin_at
from bot.models import Address, Consent, OptOut, Participant, Plan
from bot.web.standby import standby
from bot.web.words import present


class _Owned(Protocol):
    @property
    def participant_id(self) -> int: ...


Owned = TypeVar("Owned", bound=_Owned)

# when a check-in that is planned begins, or where something holds it up, when it is looked at again
BEGINS_AT = case((Plan.lease_until > Plan.next_check_in_at, Plan.lease_until), else_=Plan.next_check_in_at)


def will_begin_at(planned: datetime | None, person: Participant) -> datetime | None:
    """The same, as it will be: a time ahead at which no text may leave is none at which it begins."""
    if planned is None or planned <= present():
        return planned
    return may_begin_at(planned, person.paused_until, standby().settings.sending_hours, person.zone)


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
    blocked = _blocked(session, OptOut.address_hash.in_(hashes))
    return {
        each.id: _standing(each, tuple(addresses.get(each.id, ())), consents.get(each.id, []), blocked)
        for each in participants
    }


def unreachable_among(session: Session, whose: ColumnElement[bool]) -> set[int]:
    """The participants, of these, whom texts should reach and do not. Of so many that only what tells it is read."""
    known = select(Address.participant_id, Address.value_hash, Address.reachable)
    numbers = _grouped(session.execute(known.join(Participant, Participant.id == Address.participant_id).where(whose)))
    live = select(Consent.participant_id).join(Participant, Participant.id == Consent.participant_id)
    agreed = set(session.scalars(live.where(whose, Consent.revoked_at.is_(None))))
    blocked = _blocked(session, true())
    return {each for each in agreed if _state(numbers.get(each, ()), True, blocked, None) is State.UNREACHABLE}


def _blocked(session: Session, which: ColumnElement[bool]) -> dict[str, datetime]:
    return dict(session.execute(select(OptOut.address_hash, OptOut.since).where(which, OptOut.until.is_(None))).all())


def _grouped(rows: Iterable[Owned]) -> dict[int, list[Owned]]:
    found: dict[int, list[Owned]] = {}
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
    state = _state(numbers, bool(live), blocked, participant.paused_until)
    since = {State.OPTED_OUT: max(outs, default=None), State.PAUSED: participant.paused_until}.get(state)
    return Standing(state, since, given, numbers, unagreed)


def _state(
    numbers: Sequence[Any], has_agreed: bool, blocked: dict[str, datetime], paused_until: datetime | None
) -> State:
    """Of whose addresses are these, or as much of them as tells where they are and whether texts get there."""
    if numbers and all(number.value_hash in blocked for number in numbers):
        return State.OPTED_OUT
    if not has_agreed:
        return State.NO_CONSENT
    if not any(number.reachable and number.value_hash not in blocked for number in numbers):
        return State.UNREACHABLE
    return State.PAUSED if paused_until and paused_until > present() else State.FINE
