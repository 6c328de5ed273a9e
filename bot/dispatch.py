"""Hands queued texts to the carrier: claims what is due, several at once, and writes down what came of each.

What becomes of a text afterwards is written down in deliveries.
"""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.fernet import InvalidToken
from sqlalchemy import ColumnElement, case, exists, not_, or_, select, true, update
from sqlalchemy.orm import Session, aliased

from bot.carrier import EMAIL, OutcomeUnknown, OutgoingText, Refused, Taken
from bot.core.delivery import Deed, Status, deed_for
from bot.core.kinds import Purpose
from bot.db import claim
from bot.departures import make_ready, record_refusal, record_taken, refuse_unreadable
from bot.due import Moment, any_free
from bot.models import Message, Sender
from bot.outbox import Post
from bot.pace import Gate, ease, hold_sender, press, refused_before, sender_name
from bot.restored import may_overtake, restored_lately
from bot.statuses import hold_texts, move_each
from bot.waiting import underway

log = structlog.get_logger()

LEASE = timedelta(minutes=2)  # far longer than one call to the carrier, which gives up after 10 s
SENDS_WITHIN_S = 60  # of its claim: half of the time after which others ask the carrier for a text


class StoodStill(Exception):
    """This process slept over a text that it had claimed. It is settled as one whose outcome is not known."""


def uptime_s() -> float:
    """Seconds since some moment, those in which the machine slept with them where it counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def send_due(post: Post, now: datetime) -> int:
    """Send what is due, urgent first, at the sender's pace; how many texts the carrier took.

    A carrier in trouble ends the round for what goes by it, and holds its sender up in every process for a while. A
    mail server that is down must not hold up texts, nor the other way round.
    """
    return _Round(post, now).run()


def any_to_send(now: Moment) -> ColumnElement[bool]:
    """Whether `send_due` may have something to do: a text is due, or shows whether a carrier in trouble is back."""
    queued = underway() & (Message.status == Status.QUEUED)
    is_due = any_free(Message, queued & (Message.send_after <= now), now)
    tries = exists().where(Sender.troubles > 0, Sender.held_until.is_(None) | (Sender.held_until <= now))
    return is_due | (tries & any_free(Message, queued & Message.reason.is_not(None), now))


@dataclass
class _Round:
    """Texts on their way to the carrier, and what was learnt of it. `troubled` says of letters (True) and of all else
    (False) what has to wait; `pressed` which of them were in trouble before, `trying` which may be tried again.
    """

    post: Post
    now: datetime
    flying: "dict[Future[Taken], tuple[int, bool]]" = field(default_factory=dict)
    troubled: set[bool] = field(default_factory=set)
    pressed: set[bool] = field(default_factory=set)
    trying: set[bool] = field(default_factory=set)

    def run(self) -> int:
        taken = 0
        while True:
            self._launch()
            if not self.flying:
                return taken
            wait(self.flying, return_when=FIRST_COMPLETED)
            taken += self._land([each for each in self.flying if each.done()])

    def _launch(self) -> None:
        """Commit `handing_over` before the calls: a crash then leaves question marks, and no loss."""
        room = self.post.settings.calls_at_once - len(self.flying)
        if room > 0:
            claimed_at = uptime_s()
            for message_id, text in _claim_ready(self, room):
                self.flying[_handed_over(self.post, text, claimed_at)] = (message_id, text.channel == EMAIL)

    def _land(self, landed: "Iterable[Future[Taken]]") -> int:
        came = [_Outcome(*self.flying.pop(each), _result(each)) for each in landed]
        try:
            with self.post.db.writing() as session:
                _write_down(session, self, came)
        except Exception:  # what one of them breaks costs no other its outcome
            log.exception("outcomes_not_written", count=len(came))
            for each in came:
                _write_down_alone(self, each)
        self.troubled |= {each.is_letter for each in came if each.is_trouble}
        return sum(isinstance(each.what, Taken) for each in came)

    def gate(self, session: Session, letters: bool) -> Gate:
        """What may go by texts, or by mail."""
        settings = self.post.settings
        sender = hold_sender(session, sender_name(settings, letters), self.now)
        flying = sum(is_letter is letters for _, is_letter in self.flying.values())
        return Gate(sender, settings.segments_per_second, self.now, flying)


@dataclass(frozen=True)
class _Outcome:
    """What came of handing one text over."""

    message_id: int
    is_letter: bool
    what: Taken | Exception

    @property
    def is_trouble(self) -> bool:
        """The carrier is slow, full or away, or refuses our account: the next text would fare no better."""
        if isinstance(self.what, Refused):
            return deed_for(self.what.code) in (Deed.RETRY, Deed.ACCOUNT)
        return isinstance(self.what, OutcomeUnknown)


def _handed_over(post: Post, text: OutgoingText, claimed_at: float) -> "Future[Taken]":
    """The call for this text. Where the process ends, and takes no new calls, it is made here: the text is written down
    as handed over, and would wait until the carrier has been asked for it.
    """
    try:
        return post.hands.submit(_send, post, text, claimed_at)
    except RuntimeError:
        flight: Future[Taken] = Future()
        try:
            flight.set_result(_send(post, text, claimed_at))
        except Exception as error:
            flight.set_exception(error)
        return flight


def _send(post: Post, text: OutgoingText, claimed_at: float) -> Taken:
    """Unless this process stood still since it claimed the text: another may have asked the carrier for it by now, and
    sent it.
    """
    if uptime_s() - claimed_at > SENDS_WITHIN_S:
        raise StoodStill
    return post.carrier.send(text)


def _result(flight: "Future[Taken]") -> Taken | Exception:
    try:
        return flight.result()
    except Exception as error:
        return error


def _claim_ready(round_: _Round, room: int) -> list[tuple[int, OutgoingText]]:
    """Due texts, of each person only the first in line, as many as pace and pressure allow; the rest go back at once.
    Of these, those that the rules let go, written down as handed over. While the carrier is in trouble one that it did
    not take need not wait for its own next try: it shows whether the carrier is back.
    """
    post, now = round_.post, round_.now
    with post.db.writing() as session:
        gates = {letters: round_.gate(session, letters) for letters in (False, True)}
        round_.pressed = {letters for letters, gate in gates.items() if gate.sender.troubles}
        round_.trying = {letters for letters in round_.pressed if (gates[letters].sender.held_until or now) <= now}
        is_due, tries = Message.send_after <= now, [refused_before(letters, now) for letters in round_.trying]
        first = _first_in_line(now, restored_lately(session, now))
        due = underway() & (Message.status == Status.QUEUED) & or_(is_due, *tries) & first
        order: tuple[Any, ...] = (Message.priority,)  # that of the index to_send: only so many are looked at as leave
        if tries:  # of those before their time the least tried first: one that is stuck must not stand for all
            order = (case((is_due, 0), else_=1), case((is_due, Message.priority), else_=Message.attempts))
        for letters in round_.troubled:
            due &= not_(Message.channel == EMAIL) if letters else Message.channel == EMAIL
        ids = claim(session, Message, due, (*order, Message.send_after, Message.id), room, now, LEASE)
        if not ids:
            return []
        texts = _readable(session, ids, now)
        let = [each.id for each in texts if gates[each.channel == EMAIL].lets(each)]
        if held := sorted({each.id for each in texts} - set(let)):
            session.execute(update(Message).where(Message.id.in_(held)).values(lease_until=None))
        return make_ready(session, post.settings, let, now) if let else []


def _readable(session: Session, ids: Sequence[int], now: datetime) -> list[Message]:
    """These texts in this order, without those that no key opens: they must not hold up the others."""
    try:
        rows = {row.id: row for row in session.scalars(select(Message).where(Message.id.in_(ids)))}
    except InvalidToken:
        unreadable = refuse_unreadable(session, ids, now)
        if not unreadable:
            raise
        return _readable(session, [each for each in ids if each not in unreadable], now)
    return [rows[each] for each in ids]


def _first_in_line(now: datetime, restored_at: datetime | None) -> ColumnElement[bool]:
    """No earlier text of the same weight to the same participant, or to the same address of staff or a stranger, is
    still on its way: texts arrive in the order written.

    One that is meant for later holds up nothing until then. Alerts stand in no line: one that is stuck must not hold
    up those that ring after it. Nor does what somebody had a reason to send now wait for the morning of another, nor
    the answer to what came in after a restore for what is asked about first.
    """
    earlier = aliased(Message)
    ahead = (
        underway(earlier),
        earlier.id < Message.id,
        earlier.priority <= Message.priority,
        earlier.purpose != Purpose.ALERT,
        earlier.not_before.is_(None) | (earlier.not_before <= now),
        true() if restored_at is None else ~may_overtake(earlier, restored_at),
    )
    nobodys = Message.participant_id.is_(None), earlier.participant_id.is_(None)
    behind_their_own = exists().where(earlier.participant_id == Message.participant_id, *ahead)
    behind_others = exists().where(*nobodys, earlier.other_hash == Message.other_hash, *ahead)
    return (Message.purpose == Purpose.ALERT) | Message.anyway.is_not(None) | ~(behind_their_own | behind_others)


def _write_down(session: Session, round_: _Round, came: list[_Outcome]) -> None:
    texts = {each.id: each for each in hold_texts(session, [each.message_id for each in came])}
    pairs = [(texts[each.message_id], each) for each in came]
    move_each(session, [(message, _stands(session, message, each, round_.now)) for message, each in pairs])
    for letters in {each.is_letter for each in came} - round_.troubled:
        troubles = [each.what for each in came if each.is_letter is letters and each.is_trouble]
        name = sender_name(round_.post.settings, letters)
        if troubles:
            press(session, name, getattr(troubles[0], "code", None), round_.now)
        elif letters in round_.pressed and any(each.is_letter is letters and not each.is_trouble for each in came):
            ease(session, name, round_.now)
            round_.pressed.discard(letters)


def _write_down_alone(round_: _Round, outcome: _Outcome) -> None:
    """Where it cannot be, the text stays a question mark, and the carrier is asked for it later."""
    try:
        with round_.post.db.writing() as session:
            _write_down(session, round_, [outcome])
    except Exception:
        log.exception("outcome_not_written", message=outcome.message_id)


def _stands(session: Session, message: Message, outcome: _Outcome, now: datetime) -> Status:
    """Where the text, which is held, stands after this; what has no outcome stays as it is."""
    assert message.status is not None
    match outcome.what:
        case Taken() as taken:
            return record_taken(session, message, taken, now)
        case Refused() as error:
            return record_refusal(session, message, error, now)
        case StoodStill():
            log.warning("not_sent_in_time", message=message.id)
        case OutcomeUnknown():
            log.warning("send_outcome_unknown", message=message.id)
        case error:
            log.error("sending_failed", message=message.id, exc_info=error)
    return message.status
