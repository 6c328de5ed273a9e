"""The only way a text leaves: queue, claim, send. What becomes of it afterwards is written down in deliveries."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

import structlog
from sqlalchemy import ColumnElement, exists, not_, select, true, update
from sqlalchemy.orm import Session, aliased

from bot.carrier import EMAIL, Carrier, OutcomeUnknown, OutgoingText, Refused, Taken
from bot.config import Settings
from bot.consents import block, has_consented, is_blocked
from bot.core.delivery import CARRIER_WORDS, Deed, Status, climb, deed_for, in_plain_words, retry_in
from bot.core.escalation import Policy, Rules
from bot.core.hours import is_open
from bot.core.kinds import Purpose
from bot.core.segments import segments
from bot.core.sending import ANY_HOUR, PRIORITY, UNPACED, Drop, Facts, Wait, may_send, seconds_until_close
from bot.db import Database, claim, insert_once
from bot.models import Address, Direction, MassText, Message, Participant, Sender
from bot.restored import may_overtake, restored_lately, waits_after_restore
from bot.statuses import hold_text, keep_in_step, move, move_all

log = structlog.get_logger()

LEASE = timedelta(minutes=2)  # far longer than one call to the carrier, which gives up after 10 s
BATCH = 20
ECHO_WITHIN = timedelta(minutes=10)
URGENT_VALID_FOR_S = 3600
LONGEST_VALID_FOR_S = 14400


@dataclass(frozen=True)
class Post:
    """What sending needs, and the programme's policy on alerts as it stands now."""

    db: Database
    carrier: Carrier
    settings: Settings
    policy: Callable[[], Policy]

    @property
    def rules(self) -> Rules:
        """The policy on the programme's own clocks."""
        return Rules(self.policy(), self.settings.zone)


@dataclass(frozen=True)
class Recipient:
    """One address of one participant or member of staff."""

    channel: str
    value: str
    value_hash: str
    participant_id: int | None = None
    staff_id: int | None = None


@dataclass(frozen=True)
class Draft:
    """One text to queue. `answers_at` is when the text it answers came in, `not_before` when its writer wants it to
    leave, `anyway` why it may leave outside sending hours.
    """

    to: Recipient
    body: str
    purpose: Purpose
    check_in_id: int | None = None
    answers_at: datetime | None = None
    send_before: datetime | None = None
    confirms_opt_out: bool = False
    written_by: int | None = None
    not_before: datetime | None = None
    anyway: str | None = None
    mass_text_id: int | None = None


def queue(session: Session, draft: Draft, now: datetime) -> Message:
    """Write the text down as waiting. It leaves when `send_due` runs and the rules allow it then.

    What was said to the same address twice just now is written down as dropped: two machines that answer each other
    would never end.
    """
    echo = _is_echo(session, draft, now)
    message = Message(
        direction=Direction.OUT,
        channel=draft.to.channel,
        other=draft.to.value,
        other_hash=draft.to.value_hash,
        participant_id=draft.to.participant_id,
        staff_id=draft.to.staff_id,
        check_in_id=draft.check_in_id,
        body=draft.body,
        at=now,
        token=uuid.uuid4().hex,
        purpose=draft.purpose,
        priority=PRIORITY[draft.purpose],
        segments=segments(draft.body)[1],
        status=Status.DROPPED if echo else Status.QUEUED,
        reason="said twice just now" if echo else None,
        send_after=max(now, draft.not_before or now),
        not_before=draft.not_before,
        send_before=draft.send_before,
        answers_at=draft.answers_at,
        confirms_opt_out=draft.confirms_opt_out,
        written_by=draft.written_by,
        anyway=draft.anyway,
        mass_text_id=draft.mass_text_id,
    )
    session.add(message)
    session.flush()
    keep_in_step(session, message)
    return message


def _is_echo(session: Session, draft: Draft, now: datetime) -> bool:
    if draft.purpose not in (Purpose.ANSWER, Purpose.NOTICE) or draft.check_in_id is not None:
        return False
    lately = (Message.other_hash == draft.to.value_hash) & (Message.at > now - ECHO_WITHIN)
    said = session.scalars(select(Message.body).where(lately, Message.purpose == draft.purpose)).all()
    return said.count(draft.body) >= 2


def drop_questions(session: Session, check_in_id: int) -> None:
    """What a check-in still meant to ask is not asked any more."""
    unsaid = (Message.check_in_id == check_in_id) & (Message.status == Status.QUEUED)
    talk = unsaid & Message.purpose.in_((Purpose.ANSWER, Purpose.CHECK_IN))
    move_all(session, talk, Status.DROPPED, "the questions ended")


def take_back(session: Session, which: ColumnElement[bool]) -> int:
    """Texts that still wait do not leave; how many."""
    return len(move_all(session, which & (Message.status == Status.QUEUED), Status.DROPPED, "taken back"))


def drop_mass_texts(session: Session, participant_id: int) -> None:
    """What many were to get is nothing for whoever is in danger or in a pause."""
    take_back(session, (Message.participant_id == participant_id) & Message.mass_text_id.is_not(None))


class Went(Enum):
    """What came of handing one text over."""

    OUT = auto()
    NOT_OUT = auto()
    TROUBLE = auto()  # the carrier is slow, full or away: the next text would fare no better


def send_due(post: Post, now: datetime) -> int:
    """Send what is due, urgent first, at the sender's pace; how many texts were handed to the carrier.

    A carrier in trouble ends the round for what goes by it: every text may cost ten seconds then, and the next round
    begins with what is most urgent by then. A mail server that is down must not hold up texts, nor the other way round.
    """
    handed_over, troubled = 0, set[bool]()
    while batch := _claim_batch(post, now, troubled):
        for place, (message_id, is_letter) in enumerate(batch, start=1):
            went = _send_guarded(post, message_id, now)
            handed_over += went is Went.OUT
            if went is Went.TROUBLE:
                _give_back(post, [each for each, _ in batch[place:]])
                troubled.add(is_letter)
                break
    return handed_over


def _claim_batch(post: Post, now: datetime, troubled: set[bool]) -> list[tuple[int, bool]]:
    """Due texts, of each address only the first in line, as many as the pace allows; the rest go back at once.

    With each, whether it is a letter. `troubled` says of letters (True) and of all else (False) what has to wait.
    """
    with post.db.writing() as session:
        sender = _sender(session, post.settings.sender or "none", now)
        first = _first_in_line(now, restored_lately(session, now))
        due = (Message.status == Status.QUEUED) & (Message.send_after <= now) & first
        for letters in troubled:
            due &= not_(Message.channel == EMAIL) if letters else Message.channel == EMAIL
        ids = claim(session, Message, due, (Message.priority, Message.send_after, Message.id), BATCH, now, LEASE)
        rows = {row.id: row for row in session.scalars(select(Message).where(Message.id.in_(ids)))}
        taken = [each for each in ids if _has_slot(sender, rows[each], post.settings.segments_per_second, now)]
        _free(session, sorted(set(ids) - set(taken)))
        return [(each, rows[each].channel == EMAIL) for each in taken]


def _give_back(post: Post, ids: list[int]) -> None:
    with post.db.writing() as session:
        _free(session, ids)


def _free(session: Session, ids: list[int]) -> None:
    if ids:
        session.execute(update(Message).where(Message.id.in_(ids)).values(lease_until=None))


def _first_in_line(now: datetime, restored_at: datetime | None) -> ColumnElement[bool]:
    """No earlier text of the same weight to the same address is still on its way: texts arrive in the order written.

    One that is meant for later holds up nothing until then. Alerts stand in no line: one that is stuck must not hold
    up those that ring after it. Nor does what somebody had a reason to send now wait for the morning of another, nor
    the answer to what came in after a restore for what is asked about first.
    """
    earlier = aliased(Message)
    behind = exists().where(
        earlier.other_hash == Message.other_hash,
        earlier.status.in_((Status.QUEUED, Status.SENDING)),
        earlier.id < Message.id,
        earlier.priority <= Message.priority,
        earlier.purpose != Purpose.ALERT,
        earlier.not_before.is_(None) | (earlier.not_before <= now),
        true() if restored_at is None else ~may_overtake(earlier, restored_at),
    )
    return (Message.purpose == Purpose.ALERT) | Message.anyway.is_not(None) | ~behind


def _sender(session: Session, name: str, now: datetime) -> Sender:
    sender = session.get(Sender, name, with_for_update=True)
    if sender is None:
        insert_once(session, Sender(name=name, taken_until=now))
        sender = session.get_one(Sender, name, with_for_update=True)
    return sender


def _has_slot(sender: Sender, message: Message, segments_per_second: float, now: datetime) -> bool:
    """Reserve the sender's time for this text. Urgent texts take theirs without asking."""
    if message.purpose not in UNPACED and sender.taken_until > now + timedelta(seconds=1):
        return False
    sender.taken_until = max(sender.taken_until, now) + timedelta(seconds=message.segments / segments_per_second)
    return True


def _send_guarded(post: Post, message_id: int, now: datetime) -> Went:
    """One text that cannot be sent for a fault of ours keeps no other waiting; its lease makes it wait."""
    try:
        return _send_one(post, message_id, now)
    except Exception:
        log.exception("sending_failed", message=message_id)
        return Went.NOT_OUT


def _send_one(post: Post, message_id: int, now: datetime) -> Went:
    text = _make_ready(post, message_id, now)
    if text is None:
        return Went.NOT_OUT
    try:
        taken = post.carrier.send(text)
    except Refused as error:
        _record_refusal(post, message_id, error, now)
        return Went.TROUBLE if deed_for(error.code) in (Deed.RETRY, Deed.ACCOUNT) else Went.NOT_OUT
    except OutcomeUnknown:
        log.warning("send_outcome_unknown", message=message_id)
        return Went.TROUBLE
    with post.db.writing() as session:
        record_taken(session, hold_text(session, message_id), taken, now)
    return Went.OUT


def _make_ready(post: Post, message_id: int, now: datetime) -> OutgoingText | None:
    """Ask the rules once more; commit `handing_over` before the call: a crash then leaves a question mark, no loss."""
    with post.db.writing() as session:
        message = hold_text(session, message_id)
        if message.status is not Status.QUEUED:
            return None
        facts = _facts(session, message, post.settings.zone)
        match may_send(facts, now, post.settings.sending_hours):
            case Drop(reason):
                message.reason = reason
                move(session, message, Status.DROPPED)
                return None
            case Wait(until):
                message.send_after, message.lease_until = until, None
                return None
        if waits_after_restore(session, message, now):
            return None
        message.handed_over_at = now
        message.attempts += 1
        move(session, message, Status.SENDING)
        return outgoing(message, post.settings, facts.zone, now)


def outgoing(message: Message, settings: Settings, zone: str, now: datetime) -> OutgoingText:
    """The text as the carrier gets it; it may keep it for an hour, and no check-in into the night."""
    assert message.token is not None
    valid_for_s = URGENT_VALID_FOR_S
    if message.staff_id is None and message.purpose not in ANY_HOUR and is_open(settings.sending_hours, now, zone):
        valid_for_s = min(seconds_until_close(now, zone, settings.sending_hours), LONGEST_VALID_FOR_S)
    return OutgoingText(message.channel, message.other, message.body, message.token, valid_for_s)


def _facts(session: Session, message: Message, zone: str) -> Facts:
    assert message.purpose is not None
    participant = session.get(Participant, message.participant_id) if message.participant_id else None
    return Facts(
        purpose=message.purpose,
        to_staff=message.staff_id is not None,
        consented=has_consented(session, message.participant_id, message.channel, message.other_hash),
        blocked=is_blocked(session, message.other_hash),
        zone=participant.zone if participant else zone,
        queued_at=message.at,
        answers_at=message.answers_at,
        send_before=message.send_before,
        confirms_opt_out=message.confirms_opt_out,
        anyway=message.anyway is not None,
        called_off=_is_called_off(session, message),
    )


def _is_called_off(session: Session, message: Message) -> bool:
    """Whether the text to many that it belongs to was stopped, while the carrier may have been asked to take it."""
    mass = session.get(MassText, message.mass_text_id) if message.mass_text_id else None
    return mass is not None and mass.stopped_at is not None


def record_taken(session: Session, message: Message, taken: Taken, now: datetime) -> None:
    """The carrier has the text, which is held."""
    message.carrier_id = taken.carrier_id
    message.sent_at = message.sent_at or now
    message.lease_until = None
    assert message.status is not None
    move(session, message, climb(message.status, taken.status if taken.status in CARRIER_WORDS else "accepted"))


def _record_refusal(post: Post, message_id: int, error: Refused, now: datetime) -> None:
    with post.db.writing() as session:
        message = hold_text(session, message_id)
        if message.status is not Status.SENDING:
            return
        message.error_code, message.reason, message.lease_until = error.code, in_plain_words(error.code), None
        tried_for = now - (message.not_before or message.at)
        deed, wait = deed_for(error.code), retry_in(error.code, message.attempts, tried_for)
        if wait is not None:
            message.send_after = now + wait
        move(session, message, Status.REFUSED if wait is None else Status.QUEUED)
        act_on(session, message, deed, now)
    wants_operator = deed in (Deed.ACCOUNT, Deed.OPERATOR)
    (log.error if wants_operator else log.warning)("text_refused", message=message_id, code=error.code, deed=deed)


def act_on(session: Session, message: Message, deed: Deed, now: datetime) -> None:
    """What an error code says of the address is kept at once."""
    if deed is Deed.OPTED_OUT:
        block(session, message.other_hash, "carrier", now)
    if deed is Deed.NUMBER_IS_BAD:
        bad = update(Address).where(Address.value_hash == message.other_hash, Address.channel == message.channel)
        session.execute(bad.values(reachable=False))
