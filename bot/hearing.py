"""What one text means and what follows: from staff, from a participant, from a number that nobody knows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.alerts import staff_recipient
from bot.casework import Concern, Subject, end_running, raise_flag
from bot.checkins import take_reply
from bot.consents import block, has_consented, is_blocked, unblock
from bot.core import keywords, machine
from bot.core.flow import Texts
from bot.core.keywords import Keyword, Kind
from bot.core.kinds import Attention, Found, Intent, Lane, Outcome, Purpose
from bot.core.speech import render
from bot.core.turn import RaiseFlag, Turn
from bot.models import Message, OptOut, Participant, Staff
from bot.outbox import Draft, Recipient, queue
from bot.people import hold, opt_in, opt_out, participant_at, pause, staff_at, works_again
from bot.scene import Scene, Talk
from bot.staff_replies import stop_alerts, take_by_text
from bot.talking import they_wait

log = structlog.get_logger()

RESTS_FOR = timedelta(days=3)  # texts to a number that may be another person's, while a person looks
AT_CARRIER = "carrier"  # how an opt-out came about that the carrier knows of, and answers START to
Reading = tuple[Found, Keyword | None]


@dataclass(frozen=True)
class Inbox:
    """What handling needs; `find` says what a message is about."""

    talk: Talk
    find: Callable[[str], Found]


def take_in(inbox: Inbox, session: Session, message: Message, ahead: Reading | None, now: datetime) -> None:
    """Whose text it is and what follows from it, written down in this transaction. `ahead` is what it was found to say
    before anything was locked, None where that was not looked into.
    """
    if staff := staff_at(session, message.other_hash):
        _take_from_staff(inbox, session, staff, message, now)
        return
    found, keyword = ahead or read(inbox, message)  # who was staff a moment ago is read now
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


def read(inbox: Inbox, message: Message) -> Reading:
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
