"""What becomes of a text after it left: the carrier's callbacks, and asking the carrier where no answer came."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from bot.carrier import CLOCKS_DIFFER_BY, EMAIL, TEXT, VOICE, CarrierError, Taken
from bot.core.delivery import Status
from bot.core.kinds import Purpose
from bot.core.pressure import FULL
from bot.db import claim, do_each
from bot.departures import outgoing, record_taken, record_word
from bot.due import Moment, any_free
from bot.models import Delivery, Direction, Message
from bot.outbox import Post
from bot.pace import press, sender_name
from bot.restored import last_restore
from bot.statuses import hold_text, move
from bot.waiting import underway, without_end

LEASE = timedelta(minutes=2)
BATCH = 20
ASK_AFTER = timedelta(minutes=2)
ABSENT_AFTER = timedelta(minutes=10)  # the carrier's list lags a little; only now its silence means "never taken"
GIVE_UP_AFTER = timedelta(days=1)
ENDS_WITHIN = timedelta(hours=5)  # no text waits at the carrier for longer than four (departures)
ASK_AGAIN_AFTER = timedelta(hours=20)  # some carriers never say that a text arrived
ASKED_ABOUT_FOR = timedelta(days=2)
ALERT_ENDS_WITHIN = timedelta(seconds=90)  # nearly every text arrives, or fails, within seconds
ASK_AGAIN_OF_ALERT_AFTER = timedelta(minutes=2)
ALERT_ASKED_ABOUT_FOR = timedelta(minutes=15)  # by then others were alerted anyway


@dataclass(frozen=True)
class Callback:
    """What the carrier says of one text: our token where it came along, its own id, its word, its error code."""

    token: str
    carrier_id: str
    word: str
    error_code: int | None


def record_delivery(session: Session, said: Callback, now: datetime, sender: str) -> bool:
    """Keep the carrier's word once and let the status climb. Where it says that too much is sent, that sender slows
    down. False where the text is not ours.
    """
    ours = (Message.token == said.token) if said.token else (Message.carrier_id == said.carrier_id)
    message_id = session.scalar(select(Message.id).where(ours, Message.direction == Direction.OUT))
    if message_id is None:
        return False
    message = hold_text(session, message_id)
    assert message.status is not None
    word = said.word[:40]
    if not session.scalar(select(exists().where(Delivery.message_id == message.id, Delivery.word == word))):
        session.add(Delivery(message_id=message.id, word=word, error_code=said.error_code, at=now))
    if message.carrier_id is None:
        message.carrier_id, message.sent_at, message.lease_until = said.carrier_id, message.sent_at or now, None
    climbed = record_word(session, message, said.word, said.error_code, now)
    if climbed is not message.status:
        message.handed_over_at = message.handed_over_at or now  # it was, before a restore
        if climbed in (Status.FAILED, Status.UNDELIVERED) and said.error_code in FULL:
            press(session, sender, said.error_code, now)
    move(session, message, climbed)
    return True


def reconcile(post: Post, now: datetime) -> int:
    """Settle texts whose handing over has no outcome, by asking the carrier what it has; how many were settled."""
    with post.db.writing() as session:
        ids = claim(session, Message, _without_outcome(now), (Message.priority, Message.id), BATCH, now, LEASE)
    return do_each(ids, lambda message_id: _settle(post, message_id, now), "settling")


def any_without_outcome(now: Moment) -> ColumnElement[bool]:
    """Whether `reconcile` may have something to do."""
    return any_free(Message, _without_outcome(now), now)


def _without_outcome(now: Moment) -> ColumnElement[bool]:
    return underway() & (Message.status == Status.SENDING) & (Message.handed_over_at <= now - ASK_AFTER)


def _settle(post: Post, message_id: int, now: datetime) -> bool:
    with post.db.reading() as session:
        message = session.get_one(Message, message_id)
        text = outgoing(message, post.settings, post.settings.zone, now)
        since, until = _may_have_left(session, message)
    try:
        candidates = post.carrier.find(text, since - timedelta(minutes=1) - CLOCKS_DIFFER_BY)
    except CarrierError:
        candidates = None
    with post.db.writing() as session:
        message = hold_text(session, message_id)
        if message.status is not Status.SENDING:
            return True
        settled = _judge(session, message, candidates, now, until)
        # Not settled, it stands back for a while, so that those behind it are asked about too.
        message.lease_until = None if settled else now + ASK_AFTER
        return settled


def _may_have_left(session: Session, message: Message) -> tuple[datetime, datetime]:
    """Between which instants the carrier may have got it: when it was handed over; or, where it was not and is only
    asked about, between a backup and its restore.
    """
    assert message.handed_over_at is not None
    restored = last_restore(session) if message.attempts == 0 else None
    return (restored.made_at, restored.restored_at) if restored else (message.handed_over_at, message.handed_over_at)


def _judge(
    session: Session, message: Message, candidates: list[Taken] | None, now: datetime, until: datetime
) -> bool:
    """Found: adopt it. Surely absent: send again, the rules deciding whether it is still wanted. Alerts never wait.

    `until` is when it left at the latest, if it did.
    """
    assert message.handed_over_at is not None
    for taken in candidates or []:
        if not session.scalar(select(exists().where(Message.carrier_id == taken.carrier_id))):
            move(session, message, record_taken(session, message, taken, now))
            return True
    if message.staff_id is not None or (candidates is not None and now - until >= ABSENT_AFTER):
        message.send_after = now
        move(session, message, Status.QUEUED)
        return True
    if now - message.handed_over_at >= GIVE_UP_AFTER:
        message.reason = "Nobody knows whether this text was sent."
        move(session, message, Status.UNKNOWN)
        return True
    return False


def learn_ends(post: Post, now: datetime) -> int:
    """Ask what became of texts whose callbacks stayed away, as while our web was down: Twilio tells each once. Of how
    many that was learnt.
    """
    return _learn(post, _end_unheard(now), ASK_AGAIN_AFTER, now)


def learn_ends_of_alerts(post: Post, now: datetime) -> int:
    """The same soon, of alerts to staff: where one did not arrive and nobody told us, the next in line would wait."""
    return _learn(post, _alert_unheard(now), ASK_AGAIN_OF_ALERT_AFTER, now)


def _learn(post: Post, unheard: ColumnElement[bool], ask_again_after: timedelta, now: datetime) -> int:
    learnt, away = 0, threading.Event()
    while not away.is_set():
        with post.db.writing() as session:
            ids = claim(session, Message, unheard, (Message.sent_at, Message.id), BATCH, now, LEASE)
        if not ids:
            break
        learnt += do_each(ids, lambda message_id: _learn_end(post, message_id, ask_again_after, now, away), "learning")
    return learnt


def any_end_unheard(now: Moment) -> ColumnElement[bool]:
    """Whether `learn_ends` may have something to do."""
    return any_free(Message, _end_unheard(now), now)


def any_alert_unheard(now: Moment) -> ColumnElement[bool]:
    """Whether `learn_ends_of_alerts` may have something to do."""
    return any_free(Message, _alert_unheard(now), now)


def _end_unheard(now: Moment) -> ColumnElement[bool]:
    of_days = (Message.sent_at <= now - ENDS_WITHIN) & (Message.sent_at > now - ASKED_ABOUT_FOR)
    return without_end() & of_days & Message.channel.not_in((EMAIL, VOICE))


def _alert_unheard(now: Moment) -> ColumnElement[bool]:
    lately = (Message.sent_at <= now - ALERT_ENDS_WITHIN) & (Message.sent_at > now - ALERT_ASKED_ABOUT_FOR)
    return without_end() & lately & (Message.purpose == Purpose.ALERT) & (Message.channel == TEXT)


def _learn_end(
    post: Post, message_id: int, ask_again_after: timedelta, now: datetime, away: threading.Event
) -> bool:
    """Where the carrier cannot be asked, it is `away`, and the rest waits for the next round: each may cost seconds."""
    if away.is_set():
        return False
    with post.db.reading() as session:
        message = session.get_one(Message, message_id)
        assert message.sent_at is not None
        text = outgoing(message, post.settings, post.settings.zone, now)
        since = message.sent_at - timedelta(minutes=1) - CLOCKS_DIFFER_BY
    try:
        found = post.carrier.find(text, since)
    except CarrierError:
        away.set()
        return False
    with post.db.writing() as session:
        message = hold_text(session, message_id)
        message.lease_until, before = now + ask_again_after, message.status
        for taken in found:
            if taken.carrier_id == message.carrier_id:
                said = Callback(message.token or "", taken.carrier_id, taken.status, taken.error_code)
                record_delivery(session, said, now, sender_name(post.settings))
        return message.status is not before
