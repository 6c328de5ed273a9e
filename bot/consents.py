"""Who agreed to texts and who wants none, by address. Asked when a text is queued and again when it leaves."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from bot.core.delivery import Status
from bot.core.keywords import Kind
from bot.db import insert_once
from bot.models import Address, Consent, Message, OptOut
from bot.statuses import move_all
from bot.waiting import underway


def is_blocked(session: Session, address_hash: str) -> bool:
    """Whether this address wants no texts."""
    return bool(session.scalar(select(exists().where(OptOut.address_hash == address_hash, OptOut.until.is_(None)))))


def blocked_among(session: Session, hashes: Collection[str]) -> set[str]:
    """Which of these addresses want no texts."""
    rows = select(OptOut.address_hash).where(OptOut.address_hash.in_(hashes), OptOut.until.is_(None))
    return set(session.scalars(rows))


def consented_among(session: Session, hashes: Collection[str]) -> set[tuple[int | None, str, str]]:
    """Who agreed to texts at these addresses: participant, channel, address."""
    columns = (Consent.participant_id, Consent.channel, Consent.address_hash)
    rows = select(*columns).where(Consent.address_hash.in_(hashes), Consent.revoked_at.is_(None))
    return {(participant_id, channel, address) for participant_id, channel, address in session.execute(rows)}


def asked_for_no_more(session: Session, address_hash: str) -> bool:
    """Whether the person there asked for no more texts. A stranger's "wrong number" is no word of the person's."""
    open_now = (OptOut.address_hash == address_hash) & OptOut.until.is_(None)
    return bool(session.scalar(select(exists().where(open_now, OptOut.how != Kind.WRONG_NUMBER))))


def block(session: Session, address_hash: str, how: str, now: datetime) -> bool:
    """No more texts to this address: recorded, and what waits for it dropped. False where it was blocked already."""
    owners = select(Address.participant_id).where(Address.value_hash == address_hash)
    waiting = (Message.other_hash == address_hash) & underway() & (Message.status == Status.QUEUED)
    for whose in (Message.participant_id.in_(owners), Message.participant_id.is_(None)):  # each by an index of its own
        move_all(session, waiting & whose, Status.DROPPED, "opted out")
    if is_blocked(session, address_hash):
        return False
    return insert_once(session, OptOut(address_hash=address_hash, since=now, how=how))


def unblock(session: Session, address_hash: str, now: datetime) -> None:
    """The person at this address asked for texts again."""
    opened = update(OptOut).where(OptOut.address_hash == address_hash, OptOut.until.is_(None))
    session.execute(opened.values(until=now))


def has_consented(session: Session, participant_id: int | None, channel: str, address_hash: str) -> bool:
    """Whether this person agreed to texts at this address."""
    given = (
        (Consent.participant_id == participant_id)
        & (Consent.address_hash == address_hash)
        & (Consent.channel == channel)
        & Consent.revoked_at.is_(None)
    )
    return bool(session.scalar(select(exists().where(given))))
