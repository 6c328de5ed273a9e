"""What people text: stored first, then handled, in order, once.

`receive` is all that a webhook does before it answers. `handle_of` is done by a worker of the same process right after,
and `handle_left_over` by the clock for what a crash left behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from bot.carrier import CLOCKS_DIFFER_BY
from bot.casework import Concern, Subject, raise_flag
from bot.core.kinds import Attention, Lane
from bot.db import Database, claim, do_each
from bot.due import Moment, any_free
from bot.hearing import Inbox, Reading, read, take_in
from bot.models import Beat, Direction, Message
from bot.people import owner_of, staff_at
from bot.restored import note_fetched, unfetched_since
from bot.talking import they_wait
from bot.waiting import unhandled

log = structlog.get_logger()

LEASE = timedelta(minutes=1)
BATCH = 50
ASKED_AT_ONCE = 1000  # texts, whether they are stored
TRIES = 3
FETCH = "fetch texts that no webhook brought"
FETCH_BACK = timedelta(minutes=15) + CLOCKS_DIFFER_BY
FETCH_FIRST = timedelta(days=1)
earlier = aliased(Message)
FETCHED_AND_UNFETCHED = select(
    select(Beat.at).where(Beat.job == FETCH).scalar_subquery(), unfetched_since().scalar_subquery()
)
IS_OLDEST = ~exists().where(earlier.other_hash == Message.other_hash, unhandled(earlier), earlier.id < Message.id)


@dataclass(frozen=True)
class Incoming:
    """One text as the carrier gave it: `media` are pairs of address and content type; `carrier_says` its OptOutType.

    `at` is when it came in, where that was not just now.
    """

    channel: str
    carrier_id: str
    sender: str
    body: str
    media: tuple[tuple[str, str], ...] = ()
    carrier_says: str | None = None
    at: datetime | None = None


def receive(db: Database, text: Incoming, now: datetime) -> str | None:
    """Store the text and commit. The fingerprint of its sender, or None where the carrier had sent it before."""
    sender_hash = db.fingerprint(text.sender)
    row = {
        "direction": Direction.IN,
        "channel": text.channel,
        "other": text.sender,
        "other_hash": sender_hash,
        "body": text.body,
        "media": [list(each) for each in text.media] or None,
        "carrier_id": text.carrier_id or None,
        "carrier_says": text.carrier_says,
        "at": text.at or now,
    }
    try:
        with db.storing() as connection:
            connection.execute(insert(Message), row)
    except IntegrityError:
        if not known_among(db, [text.carrier_id]):
            raise
        return None
    return sender_hash


def known_among(db: Database, carrier_ids: Sequence[str]) -> set[str | None]:
    """Which of these texts are stored already, by their ids at the carrier. In parts: it may be a month of texts."""
    known: set[str | None] = set()
    with db.reading() as session:
        for first in range(0, len(carrier_ids), ASKED_AT_ONCE):
            some = Message.carrier_id.in_(carrier_ids[first : first + ASKED_AT_ONCE])
            known.update(session.scalars(select(Message.carrier_id).where(some)))
    return known


def fetch_missed(inbox: Inbox, now: datetime) -> int:
    """Store texts that the carrier has and no webhook brought, as after an outage of our web; how many.

    Looks back to when it last succeeded, and a little further; after a restore, to when the backup was made. Raises
    CarrierError: the next run looks back as far.
    """
    post = inbox.talk.post
    with post.db.asking() as asking:
        last, unfetched = asking.execute(FETCHED_AND_UNFETCHED).one()
    since = min(last, unfetched or last) - FETCH_BACK if last else (unfetched or now) - FETCH_FIRST
    fetched, heard = 0, post.carrier.heard(since)
    known = known_among(post.db, [text.carrier_id for text in heard])
    for text in heard:
        if text.carrier_id not in known:
            media = (("", "unknown"),) * text.pictures
            missed = Incoming(text.channel, text.carrier_id, text.sender, text.body, media, at=text.at)
            fetched += receive(post.db, missed, now) is not None
    if unfetched:
        with post.db.writing() as session:
            note_fetched(session, now)
    return fetched


def handle_of(inbox: Inbox, sender_hash: str, now: datetime) -> int:
    """Handle everything this sender has waiting, oldest first; how many."""
    handled = 0
    while ids := _claim(inbox, Message.other_hash == sender_hash, now):
        handled += do_each(ids, lambda message_id: _handle(inbox, message_id, now), "setting_aside")
    return handled


def handle_left_over(inbox: Inbox, now: datetime) -> int:
    """Handle what no worker took up; how many."""
    handled = 0
    while ids := _claim(inbox, Message.id.is_not(None), now):
        handled += do_each(ids, lambda message_id: _handle(inbox, message_id, now), "setting_aside")
    return handled


def _claim(inbox: Inbox, whose: ColumnElement[bool], now: datetime) -> list[int]:
    """Unhandled texts, of each sender only the oldest: two texts of one person are never handled side by side."""
    with inbox.talk.post.db.writing() as session:
        return claim(session, Message, unhandled() & whose & IS_OLDEST, (Message.at, Message.id), BATCH, now, LEASE)


def any_left_over(now: Moment) -> ColumnElement[bool]:
    """Whether `handle_left_over` may have something to do."""
    return any_free(Message, unhandled(), now)


def _handle(inbox: Inbox, message_id: int, now: datetime) -> bool:
    """Handle one text in one transaction. What fails is tried again, and after that a person gets it unread."""
    try:
        try:
            _handle_whole(inbox, message_id, now)
        except IntegrityError:  # another process wrote the same at the same moment; now it is there to be seen
            _handle_whole(inbox, message_id, now)
        return True
    except Exception:
        log.exception("handling_failed", message=message_id)
        return _set_aside(inbox, message_id, now)


def _handle_whole(inbox: Inbox, message_id: int, now: datetime) -> None:
    ahead = _read_ahead(inbox, message_id)
    with inbox.talk.post.db.writing() as session:
        message = session.get_one(Message, message_id, with_for_update=True)
        if message.handled_at is None:
            take_in(inbox, session, message, ahead, now)
            message.handled_at = now


def _read_ahead(inbox: Inbox, message_id: int) -> Reading | None:
    """What the text says, before anything is locked: reading takes longer than all the rest, and SQLite would let no
    webhook write meanwhile. None for a text of staff.
    """
    with inbox.talk.post.db.reading() as session:
        message = session.get_one(Message, message_id)
        of_staff = staff_at(session, message.other_hash) is not None
    return None if of_staff else read(inbox, message)


def _set_aside(inbox: Inbox, message_id: int, now: datetime) -> bool:
    """Count the failure; the lease makes the next try wait. After TRIES the text goes to a person as it is.

    Touches nothing that is encrypted: a text that cannot be decrypted is one that has to get here.
    """
    this = Message.id == message_id
    with inbox.talk.post.db.writing() as session:
        tried = update(Message).where(this).values(attempts=Message.attempts + 1).returning(Message.attempts)
        if session.scalars(tried).one() < TRIES:
            return False
        channel, sender_hash = session.execute(select(Message.channel, Message.other_hash).where(this)).one()
        owner = owner_of(session, channel, sender_hash)
        if owner is not None:
            they_wait(session, owner, now)
        settled = {"participant_id": owner, "lane": Lane.TODAY, "handled_at": now}
        session.execute(update(Message).where(this).values(settled))
        concern = Concern(Attention.READ, True, message_id)
        raise_flag(session, Subject(owner, sender_hash), concern, inbox.talk.post.rules, now)
        return True
