"""What people text: stored first, then handled, in order, once.

`receive` is all that a webhook does before it answers. `handle_of` is done by a worker of the same process right after,
and `handle_left_over` by the clock for what a crash left behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from bot.alerts import staff_recipient
from bot.carrier import CLOCKS_DIFFER_BY
from bot.casework import Concern, Subject, end_running, raise_flag
from bot.checkins import take_reply
from bot.consents import block, has_consented, is_blocked, unblock
from bot.core import keywords, machine
from bot.core.flow import Texts
from bot.core.keywords import Keyword, Kind
from bot.core.kinds import Attention, Found, Intent, Lane, Outcome, Purpose
from bot.core.speech import render
from bot.core.turn import RaiseFlag, Turn
from bot.db import Database, claim, do_each
from bot.models import Beat, Direction, Message, OptOut, Participant, Staff
from bot.outbox import Draft, Recipient, queue
from bot.people import hold, opt_in, opt_out, owner_of, participant_at, pause, staff_at, works_again
from bot.restored import note_fetched, unfetched_since
from bot.scene import Scene, Talk
from bot.staff_replies import stop_alerts, take_by_text
from bot.talking import they_wait
from bot.waiting import unhandled

log = structlog.get_logger()

LEASE = timedelta(minutes=1)
BATCH = 50
ASKED_AT_ONCE = 1000  # texts, whether they are stored
TRIES = 3
RESTS_FOR = timedelta(days=3)  # texts to a number that may be another person's, while a person looks
AT_CARRIER = "carrier"  # how an opt-out came about that the carrier knows of, and answers START to
FETCH = "fetch texts that no webhook brought"
FETCH_BACK = timedelta(minutes=15) + CLOCKS_DIFFER_BY
FETCH_FIRST = timedelta(days=1)
Reading = tuple[Found, Keyword | None]
earlier = aliased(Message)
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


@dataclass(frozen=True)
class Inbox:
    """What handling needs; `find` says what a message is about."""

    talk: Talk
    find: Callable[[str], Found]


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
        "carrier_id": text.carrier_id,
        "carrier_says": text.carrier_says,
        "at": text.at or now,
    }
    try:
        with db.writing() as session:
            session.execute(insert(Message), [row])  # as a plain row: to store a mapped object takes longer
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
    with post.db.reading() as session:
        last = session.scalar(select(Beat.at).where(Beat.job == FETCH))
        unfetched = unfetched_since(session)
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
            _take_in(inbox, session, message, ahead, now)
            message.handled_at = now


def _read_ahead(inbox: Inbox, message_id: int) -> Reading | None:
    """What the text says, before anything is locked: reading takes longer than all the rest, and SQLite would let no
    webhook write meanwhile. None for a text of staff.
    """
    with inbox.talk.post.db.reading() as session:
        message = session.get_one(Message, message_id)
        of_staff = staff_at(session, message.other_hash) is not None
    return None if of_staff else _read(inbox, message)


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


def _take_in(inbox: Inbox, session: Session, message: Message, ahead: Reading | None, now: datetime) -> None:
    if staff := staff_at(session, message.other_hash):
        _take_from_staff(inbox, session, staff, message, now)
        return
    found, keyword = ahead or _read(inbox, message)  # who was staff a moment ago is read now
    message.intent = found.intent
    participant = participant_at(session, message.channel, message.other_hash)
    if participant is None:
        _take_from_stranger(inbox, session, message, found, keyword, now)
        return
    hold(session, participant.id)
    message.participant_id = participant.id
    works_again(session, message.channel, message.other_hash)
    message.lane = _take_from_participant(inbox, session, participant, message, (found, keyword), now)
    if message.lane is not Lane.CLOSED:
        they_wait(session, participant.id, message.at)


def _read(inbox: Inbox, message: Message) -> Reading:
    """What the text says. Where the detector fails, and where there are pictures, a person reads it today."""
    try:
        found = inbox.find(message.body)
    except Exception:
        log.exception("detector_failed", message=message.id)
        found = Found(Lane.TODAY, keywords.intent_of(message.body), partial=True)
    keyword = keywords.read(message.body, message.carrier_says, found.intent)
    if keyword is not None and keyword.kind is not Kind.START and found.intent is not Intent.HUMAN:
        found = _at_least_today(replace(found, intent=Intent(keyword.kind)))
    return (_at_least_today(replace(found, partial=True)) if message.media else found), keyword


def _take_from_staff(inbox: Inbox, session: Session, staff: Staff, message: Message, now: datetime) -> None:
    """A code takes flags. STOP ends alerts to this number, which supervisors are shown, since it leaves a gap."""
    message.staff_id, message.lane = staff.id, Lane.CLOSED
    staff.alert_failed_at = None  # the phone works
    keyword = keywords.read(message.body, message.carrier_says, keywords.intent_of(message.body))
    if keyword is not None and keyword.kind is Kind.STOP:
        _end_alerts(inbox, session, staff, message, keyword, now)
        return
    if keyword is not None and keyword.kind is Kind.START:
        unblock(session, message.other_hash, now)
        return
    answer = take_by_text(session, staff, message.body, inbox.talk.post, now)
    _answer_staff(session, staff, message, answer, now)


def _end_alerts(
    inbox: Inbox, session: Session, staff: Staff, message: Message, keyword: Keyword, now: datetime
) -> None:
    """Only the carrier's own words end a colleague's alerts: it blocks them then anyway. A phrase is asked about."""
    if keyword.answered_by_carrier:
        stop_alerts(session, staff, inbox.talk.post, now)
    else:
        _answer_staff(session, staff, message, "Standby: alerts go on. Text STOP to end alerts to this phone.", now)


def _answer_staff(session: Session, staff: Staff, message: Message, answer: str, now: datetime) -> None:
    queue(session, Draft(staff_recipient(staff), answer, Purpose.NOTICE, answers_at=message.at), now)


def _take_from_stranger(
    inbox: Inbox, session: Session, message: Message, found: Found, keyword: Keyword | None, now: datetime
) -> None:
    """A number that nobody is known at: never answered, always seen, with what its words say."""
    message.lane = found.lane if found.urgent else Lane.TODAY
    rules, about = inbox.talk.post.rules, Subject(None, message.other_hash)
    for kind in found.needs:
        hits = tuple(hit for hit in found.hits if hit.need is kind)
        urgent = any(hit.urgent for hit in hits)
        raise_flag(session, about, Concern(kind, urgent, message.id, hits), rules, now)
    raise_flag(session, about, Concern(Attention.UNKNOWN, False, message.id), rules, now)
    if keyword is not None and keyword.kind in (Kind.STOP, Kind.WRONG_NUMBER):
        block(session, message.other_hash, keyword.kind, now)


def _take_from_participant(
    inbox: Inbox,
    session: Session,
    participant: Participant,
    message: Message,
    read: Reading,
    now: datetime,
) -> Lane:
    """Danger is looked for before opt-out: what was found is raised whatever else the text asks for."""
    found, keyword = read
    kind = keyword.kind if keyword else None
    blocked = is_blocked(session, message.other_hash)
    scene = Scene(session, inbox.talk, participant, None, None, now, message)
    if kind is Kind.WRONG_NUMBER and found.by_rule is not Intent.WRONG_NUMBER:
        return _ask_people(scene, found)
    if kind in (Kind.STOP, Kind.WRONG_NUMBER):
        assert keyword is not None
        return _end_texts(scene, found, keyword)
    if kind is Kind.START and blocked and (how := _opted_out_how(session, message.other_hash)) != Kind.WRONG_NUMBER:
        opt_in(session, participant, message.other_hash, message.channel, now)
        if how != AT_CARRIER:
            _say_once(scene, scene.given().always.restarted, message)
        return Lane.CLOSED
    if blocked:  # texts after STOP: read by people, answered by nobody but people
        scene.perform(machine.unprompted(_at_least_today(found), scene.given()))
        return _at_least_today(found).lane
    return take_reply(session, inbox.talk, participant, message, found, now)


def _opted_out_how(session: Session, address_hash: str) -> str | None:
    """How texts to this address ended. Who said "wrong number" is not the participant: their START is no consent of
    hers. Where the carrier ended them, it also answers START itself.
    """
    open_ended = (OptOut.address_hash == address_hash) & OptOut.until.is_(None)
    return session.scalar(select(OptOut.how).where(open_ended))


def _end_texts(scene: Scene, found: Found, keyword: Keyword) -> Lane:
    """STOP or a wrong number: flags first, then the end of texts, confirmed once, never after the carrier did, and only
    where texts had been agreed to.
    """
    message = scene.message
    assert message is not None
    heard = machine.unprompted(replace(_at_least_today(found), intent=Intent.REPLY), scene.given())
    flags = [each for each in heard.effects if isinstance(each, RaiseFlag) and each.kind is not Attention.READ]
    reason = Attention.STOPPED if keyword.kind is Kind.STOP else Attention.WRONG_NUMBER
    scene.perform(Turn(None, (*flags, RaiseFlag(reason))))
    end_running(scene.session, scene.participant.id, Outcome.STOPPED, scene.now)
    how = AT_CARRIER if keyword.answered_by_carrier else keyword.kind
    agreed = has_consented(scene.session, scene.participant.id, message.channel, message.other_hash)
    may_hear = agreed and not keyword.answered_by_carrier
    fresh = opt_out(scene.session, scene.participant, how, scene.now)
    if fresh and may_hear and not found.urgent:  # in danger, a lit-up phone may harm
        always = scene.given().always
        said = always.stopped if keyword.kind is Kind.STOP else always.wrong_number
        _say_once(scene, said, message, confirms_opt_out=True)  # 47 CFR 64.1200(a)(12): it only confirms
    return _at_least_today(found).lane


def _ask_people(scene: Scene, found: Found) -> Lane:
    """The model alone takes it for a wrong number. That would end the follow-ups for good, as no START undoes it: so
    texts rest, and a person looks.
    """
    heard = _at_least_today(replace(found, intent=Intent.REPLY))
    flags = [each for each in machine.unprompted(heard, scene.given()).effects if isinstance(each, RaiseFlag)]
    scene.perform(Turn(None, (*flags, RaiseFlag(Attention.READ))))
    end_running(scene.session, scene.participant.id, Outcome.HANDED_OVER, scene.now)
    pause(scene.session, scene.participant, scene.now + RESTS_FOR, scene.now)
    return heard.lane


def _say_once(scene: Scene, texts: Texts, message: Message, confirms_opt_out: bool = False) -> None:
    """Answer a keyword, to the address it came from."""
    given = scene.given()
    body = render(texts[given.language], given.words, given.language)
    to = Recipient(message.channel, message.other, message.other_hash, participant_id=scene.participant.id)
    draft = Draft(to, body, Purpose.NOTICE, answers_at=message.at, confirms_opt_out=confirms_opt_out)
    queue(scene.session, draft, scene.now)


def _at_least_today(found: Found) -> Found:
    return replace(found, lane=Lane.TODAY) if found.lane is Lane.CLOSED else found
