"""One text before and after it is handed to the carrier: the rules are asked once more, what came of it is kept."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import Text, select, type_coerce, update
from sqlalchemy.orm import Session

from bot.carrier import OutgoingText, Refused, Taken
from bot.columns import Sealed, SealedJson, opens
from bot.config import Settings
from bot.consents import block, blocked_among, consented_among
from bot.core.delivery import CARRIER_WORDS, Deed, Status, climb, deed_for, in_plain_words, retry_in
from bot.core.hours import is_open
from bot.core.restored import Leave
from bot.core.sending import ANY_HOUR, Drop, Facts, Go, Wait, may_send, seconds_until_close
from bot.models import Address, MassText, Message, Participant
from bot.restored import HELD_FOR, last_restore, leave_of
from bot.statuses import hold_texts, move_all, move_each

log = structlog.get_logger()

URGENT_VALID_FOR_S = 3600
LONGEST_VALID_FOR_S = 14400


def refuse_unreadable(session: Session, ids: Sequence[int], now: datetime) -> set[int]:
    """Those of these texts that no key opens do not leave, and are followed up as any that did not arrive; which they
    are. As after damage, or where an old key was taken out too early.
    """
    sealed = [each for each in Message.__table__.c if isinstance(each.type, Sealed | SealedJson)]
    rows = session.execute(select(Message.id, *(type_coerce(each, Text) for each in sealed)).where(Message.id.in_(ids)))
    unreadable = {message_id for message_id, *tokens in rows if not all(opens(each) for each in tokens if each)}
    log.error("texts_unreadable", count=len(unreadable))
    left = update(Message).where(Message.id.in_(unreadable))
    session.execute(left.values(handed_over_at=now, lease_until=None))
    move_all(session, Message.id.in_(unreadable), Status.REFUSED, "No key opens this text.")
    return unreadable


def make_ready(
    session: Session, settings: Settings, ids: Sequence[int], now: datetime
) -> list[tuple[int, OutgoingText]]:
    """Ask the rules once more; those that may leave, in this order, are written down as handed over."""
    texts = [each for each in hold_texts(session, ids) if each.status is Status.QUEUED]
    facts, restored = _facts(session, texts, settings.zone), last_restore(session)
    ready, moved = [], []
    for message in texts:
        match may_send(facts[message.id], now, settings.sending_hours):
            case Drop(reason):
                message.reason = reason
                moved.append((message, Status.DROPPED))
            case Wait(until):
                message.send_after, message.lease_until, message.reason = until, None, None
            case Go() if (leave := leave_of(message, restored)) is Leave.HOLD:
                message.send_after, message.lease_until = now + HELD_FOR, None
            case Go() if leave is Leave.ASK_FIRST:  # without an attempt, for `deliveries.reconcile` to settle
                message.handed_over_at, message.lease_until = now, None
                moved.append((message, Status.SENDING))
            case Go():
                message.handed_over_at, message.reason = now, None
                message.attempts += 1
                moved.append((message, Status.SENDING))
                ready.append((message.id, outgoing(message, settings, facts[message.id].zone, now)))
    move_each(session, moved)
    return ready


def outgoing(message: Message, settings: Settings, zone: str, now: datetime) -> OutgoingText:
    """The text as the carrier gets it; it may keep it for an hour, and no check-in into the night."""
    assert message.token is not None
    valid_for_s = URGENT_VALID_FOR_S
    if message.staff_id is None and message.purpose not in ANY_HOUR and is_open(settings.sending_hours, now, zone):
        valid_for_s = min(seconds_until_close(now, zone, settings.sending_hours), LONGEST_VALID_FOR_S)
    return OutgoingText(message.channel, message.other, message.body, message.token, valid_for_s)


def _facts(session: Session, texts: Sequence[Message], zone: str) -> dict[int, Facts]:
    blocked = blocked_among(session, {each.other_hash for each in texts})
    consented = consented_among(session, {each.other_hash for each in texts})
    people = select(Participant.id, Participant.zone).where(Participant.id.in_({each.participant_id for each in texts}))
    zones = {participant_id: its for participant_id, its in session.execute(people)}
    of_many = {each.mass_text_id for each in texts if each.mass_text_id is not None}
    mass_texts = select(MassText.id).where(MassText.id.in_(of_many), MassText.stopped_at.is_not(None))
    stopped = set(session.scalars(mass_texts)) if of_many else set()
    return {
        each.id: _fact(each, blocked, consented, zones.get(each.participant_id or 0, zone), stopped) for each in texts
    }


def _fact(
    message: Message, blocked: set[str], consented: set[tuple[int | None, str, str]], zone: str, stopped: set[int]
) -> Facts:
    assert message.purpose is not None
    return Facts(
        purpose=message.purpose,
        to_staff=message.staff_id is not None,
        consented=(message.participant_id, message.channel, message.other_hash) in consented,
        blocked=message.other_hash in blocked,
        zone=zone,
        queued_at=message.at,
        answers_at=message.answers_at,
        send_before=message.send_before,
        confirms_opt_out=message.confirms_opt_out,
        anyway=message.anyway is not None,
        called_off=message.mass_text_id in stopped,  # while the carrier may have been asked to take it
    )


def record_taken(session: Session, message: Message, taken: Taken, now: datetime) -> Status:
    """The carrier has the text, which is held; where it stands now, which may be at its end."""
    message.carrier_id = taken.carrier_id
    message.sent_at = message.sent_at or now
    message.lease_until = None
    word = taken.status if taken.status in CARRIER_WORDS else "accepted"
    return record_word(session, message, word, taken.error_code, now)


def record_word(session: Session, message: Message, word: str, error_code: int | None, now: datetime) -> Status:
    """The carrier says this word of the text, which is held; where it stands now. Where that is a bad end, why is kept,
    and what it says of the address.
    """
    assert message.status is not None
    climbed = climb(message.status, word)
    if climbed is not message.status and climbed in (Status.FAILED, Status.UNDELIVERED):
        message.error_code, message.reason = error_code, in_plain_words(error_code)
        if error_code is not None:
            act_on(session, message, deed_for(error_code), now)
    return climbed


def record_refusal(session: Session, message: Message, error: Refused, now: datetime) -> Status:
    """The carrier did not take the text, which is held; where it stands now."""
    assert message.status is not None
    if message.status is not Status.SENDING:
        return message.status
    message.error_code, message.reason, message.lease_until = error.code, in_plain_words(error.code), None
    tried_for = now - (message.not_before or message.at)
    deed, wait = deed_for(error.code), retry_in(error.code, message.attempts, tried_for)
    if wait is not None:
        message.send_after = now + wait
    act_on(session, message, deed, now)
    wants_operator = deed in (Deed.ACCOUNT, Deed.OPERATOR)
    (log.error if wants_operator else log.warning)("text_refused", message=message.id, code=error.code, deed=deed)
    return Status.REFUSED if wait is None else Status.QUEUED


def act_on(session: Session, message: Message, deed: Deed, now: datetime) -> None:
    """What an error code says of the address is kept at once."""
    if deed is Deed.OPTED_OUT:
        block(session, message.other_hash, "carrier", now)
    if deed is Deed.NUMBER_IS_BAD:
        bad = update(Address).where(Address.value_hash == message.other_hash, Address.channel == message.channel)
        session.execute(bad.values(reachable=False))
