"""The simulated carrier's state: texts in both directions, opt-outs, and what becomes of them. No HTTP."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.carrier.admission import Rejection, Submission, bare, check, on_channel_of
from bot.carrier.agenda import Agenda, Step
from bot.carrier.calls import Call, call_form, check_call, heard_in, key_form
from bot.carrier.faults import FATES, Fault, FaultKind, FaultQueue
from bot.carrier.journal import Journal, Record
from bot.carrier.keywords import REPLIES, Keyword, keyword_of
from bot.carrier.postings import CARRIER_REPLY, FINISHED, HEARD, INBOUND, OUTBOUND, Account, Message, Posting
from bot.core.segments import segments

HANDSET_PATIENCE = timedelta(hours=4)  # how long a text waits for a handset that is off
UNREACHABLE_HANDSET = 30003
VALIDITY_OVER = 30036

WAY = ("accepted", "queued", "sending", "sent", "delivered")


@dataclass(frozen=True)
class Spoken:
    """One line of a handset's conversation. `heard` is whether the handset shows it."""

    sid: str
    direction: str
    body: str
    media: tuple[str, ...]
    at: datetime
    status: str
    error_code: int | None
    heard: bool


class Exchange:
    """Takes texts, moves them on when their time comes, and says what has to be posted to whom.

    Nothing happens by itself: `next_posting()` does what is due at `now()`. Each status follows the last after `pace`.
    Inbound texts are announced to `sms_url`. Every method may be called from several threads.
    """

    def __init__(
        self,
        account: Account,
        now: Callable[[], datetime],
        sms_url: str | None = None,
        pace: timedelta = timedelta(seconds=1),
        journal: Path | None = None,
    ) -> None:
        self.account = account
        self.sms_url = sms_url
        self.faults = FaultQueue()
        self._now = now
        self._pace = pace
        self._lock = threading.RLock()
        self._agenda = Agenda(account, self.faults)
        self._messages: dict[str, Message] = {}
        self._opt_outs: set[tuple[str, str]] = set()
        self._off: set[str] = set()
        self._calls: dict[str, Call] = {}
        self._journal = Journal(journal) if journal else None
        self._restore()

    def create(self, order: Submission) -> Message:
        """Take one text. Raises Rejection with Twilio's code where Twilio would."""
        with self._lock:
            check(order, self.account, self._opt_outs)
            message = self._new(order)
            self._keep(message)
            self._agenda.watch(message)
            self._plan(message, self.faults.take(FATES, message.to))
            return message

    def fetch(self, sid: str) -> Message:
        with self._lock:
            message = self._messages.get(sid)
        if message is None or message.direction == CARRIER_REPLY:
            raise Rejection(20404, "The requested resource was not found", 404)
        return message

    def listed(self) -> list[Message]:
        """Every text the API knows of, newest first."""
        with self._lock:
            return [message for message in reversed(self._messages.values()) if message.direction != CARRIER_REPLY]

    def cancel(self, sid: str) -> Message:
        with self._lock:
            message = self.fetch(sid)
            if message.status not in ("accepted", "queued"):
                raise Rejection(30409, "The message can't be canceled")
            return self._climb(message, Step(sid, "canceled"), self._now())

    def redact(self, sid: str) -> Message:
        with self._lock:
            message = replace(self._settled(sid), body="", updated_at=self._now())
            self._keep(message)
            return message

    def delete(self, sid: str) -> None:
        with self._lock:
            self._settled(sid)
            del self._messages[sid]
            self._write({"deleted": sid})

    def handset_texts(self, from_: str, body: str, to: str | None = None, media: tuple[str, ...] = ()) -> Message:
        """A handset sends a text to one of the account's numbers (the first, if none is named)."""
        at = self._now()
        message = Message(
            sid=_new_sid(media),
            direction=INBOUND,
            from_=from_,
            to=on_channel_of(from_, to or self.account.numbers[0]),
            body=body,
            status="received",
            created_at=at,
            updated_at=at,
            sent_at=at,
            num_segments=segments(body)[1],
            media=media,
            service_sid=self.account.service_sid,
        )
        with self._lock:
            self._keep(message)
            if self.sms_url:
                self._agenda.announce_inbound(message, self.sms_url)
            self._heed_keyword(message)
        return message

    def call(self, to: str, from_: str, twiml: str, timeout_s: int, status_callback: str | None) -> Call:
        """Ring a handset; where nobody picks up in time, a callback says so. Raises Rejection as Twilio would."""
        check_call(to, from_, twiml, self.account)
        with self._lock:
            call = Call(f"CA{secrets.token_hex(16)}", to, from_, twiml, self._now(), status_callback=status_callback)
            self._calls[call.sid] = call
            self._agenda.add(self._now(), Step(call.sid, "ringing"))
            self._agenda.add(self._now() + timedelta(seconds=timeout_s), Step(call.sid, "no-answer"))
            return call

    def ringing(self, handset: str) -> list[Call]:
        """The calls that ring at this handset now, oldest first."""
        with self._lock:
            return [call for call in self._calls.values() if call.to == handset and call.status == "ringing"]

    def pick_up(self, handset: str, key: str) -> str:
        """Answer the oldest call, listen to it, press this key (or none) and hang up; what was heard, or ""."""
        with self._lock:
            call = next(iter(self.ringing(handset)), None)
            if call is None:
                return ""
            at, (said, action) = self._now(), heard_in(call.twiml)
            call = self._announce_call(replace(call, status="in-progress"), at)
            if action:
                self._agenda.add(at, Posting(action, key_form(call, key, self.account)))
            self._announce_call(replace(call, status="completed"), at)
            return said

    def _announce_call(self, call: Call, at: datetime) -> Call:
        self._calls[call.sid] = call
        if call.status_callback:
            self._agenda.add(at, Posting(call.status_callback, call_form(call, self.account)))
        return call

    def switch_off(self, handset: str) -> None:
        """Texts to this handset wait as `sent`, and are undelivered (30003) after four hours."""
        with self._lock:
            self._off.add(handset)

    def switch_on(self, handset: str) -> None:
        """What waited for this handset reaches it."""
        with self._lock:
            self._off.discard(handset)
            for message in self._messages.values():
                if message.to == handset and message.status == "sent":
                    self._agenda.add(self._now(), Step(message.sid, "delivered"))

    def conversation(self, handset: str) -> list[Spoken]:
        """Everything said to and by this handset in order, the carrier's own keyword replies included."""
        with self._lock:
            return [_spoken(message) for message in self._messages.values() if message.handset == handset]

    def handsets(self) -> list[str]:
        """Every handset that ever took part, the latest first."""
        with self._lock:
            return list(dict.fromkeys(message.handset for message in reversed(self._messages.values())))

    def is_opted_out(self, handset: str, number: str | None = None) -> bool:
        """Whether this handset blocks that number of the account (the first, if none is named)."""
        with self._lock:
            return (self.account.scope(number or self.account.numbers[0]), handset) in self._opt_outs

    def next_due_at(self) -> datetime | None:
        """When the next thing happens, due or not; None when all is quiet."""
        with self._lock:
            return self._agenda.next_at()

    def next_posting(self) -> Posting | None:
        """Do what is due until a form has to be posted, and return that; None when nothing is due any more."""
        with self._lock:
            while due := self._agenda.pop_due(self._now()):
                at, event = due
                if isinstance(event, Posting):
                    return event
                self._take_step(event, at)
            return None

    def _new(self, order: Submission) -> Message:
        at = self._now()
        return Message(
            sid=_new_sid(order.media),
            direction=OUTBOUND,
            from_=order.from_,
            to=order.to,
            body=order.body,
            status="accepted" if order.service_sid else "queued",
            created_at=at,
            updated_at=at,
            # A service counts segments only when it has chosen the sender (Twilio docs).
            num_segments=segments(order.body)[1] if order.from_ else 0,
            media=order.media,
            service_sid=order.service_sid,
            status_callback=order.status_callback,
            valid_for_s=order.valid_for_s,
        )

    def _settled(self, sid: str) -> Message:
        message = self.fetch(sid)
        if message.status not in FINISHED | {"sent"}:
            raise Rejection(20009, "Cannot change this resource before it is complete", 409)
        return message

    def _plan(self, message: Message, fate: Fault | None) -> None:
        """Lay out the whole way still ahead of a text, as its planned fault has it."""
        wait_s = fate.seconds if fate and fate.kind is FaultKind.HOLD else 0
        if wait_s > message.valid_for_s:
            over_at = message.created_at + timedelta(seconds=message.valid_for_s)
            self._agenda.add(over_at, Step(message.sid, "failed", VALIDITY_OVER))
            return
        start_at = message.updated_at + timedelta(seconds=wait_s)
        for count, (status, code) in enumerate(_ahead(message.status, fate), start=1):
            self._agenda.add(start_at + count * self._pace, Step(message.sid, status, code))

    def _take_step(self, step: Step, at: datetime) -> None:
        if (call := self._calls.get(step.sid)) is not None:
            if call.status == {"ringing": "queued", "no-answer": "ringing"}[step.status]:
                self._announce_call(replace(call, status=step.status), at)
            return
        message = self._messages.get(step.sid)
        if message is None or message.status in FINISHED:
            return
        if step.status == "delivered" and message.to in self._off:
            self._agenda.add(at + HANDSET_PATIENCE, Step(step.sid, "undelivered", UNREACHABLE_HANDSET))
            return
        self._climb(message, step, at)

    def _climb(self, message: Message, step: Step, at: datetime) -> Message:
        message = replace(
            message,
            status=step.status,
            error_code=step.error_code,
            from_=message.from_ or on_channel_of(message.to, self._sticky_number(message.to)),
            num_segments=segments(message.body)[1],
            updated_at=at,
            sent_at=message.sent_at or (at if step.status == "sent" else None),
        )
        self._keep(message)
        self._agenda.announce_status(message)
        return message

    def _sticky_number(self, handset: str) -> str:
        """The number of the service that this handset last wrote to, or the first."""
        written_to = (one.to for one in reversed(self._messages.values()) if one.from_ == handset)
        return bare(next(written_to, self.account.numbers[0]))

    def _heed_keyword(self, message: Message) -> None:
        """Opt out, opt in or explain, and answer only where that changed or told something.

        A person who is opted out hears nothing but the answer to START; START from a person who is not hears nothing.
        Twilio's own keywords do not work on WhatsApp.
        """
        keyword = None if message.handset.startswith("whatsapp:") else keyword_of(message.body)
        if keyword is None:
            return
        blocked = (self.account.scope(message.to), message.handset)
        was_out = blocked in self._opt_outs
        if keyword is not Keyword.HELP:
            self._opt(blocked, out=keyword is Keyword.STOP)
        if was_out == (keyword is Keyword.START):
            self._keep(_reply(message, REPLIES[keyword]))

    def _opt(self, blocked: tuple[str, str], out: bool) -> None:
        (self._opt_outs.add if out else self._opt_outs.discard)(blocked)
        self._write({"opted": list(blocked), "out": out})

    def _keep(self, message: Message) -> None:
        self._messages[message.sid] = message
        self._write({"message": message.as_record()})

    def _write(self, record: Record) -> None:
        if self._journal:
            self._journal.append(record)

    def _restore(self) -> None:
        for record in self._journal.records() if self._journal else ():
            match record:
                case {"message": kept}:
                    message = Message.from_record(kept)
                    self._messages[message.sid] = message
                case {"deleted": sid}:
                    self._messages.pop(sid, None)
                case {"opted": [scope, handset], "out": out}:
                    (self._opt_outs.add if out else self._opt_outs.discard)((scope, handset))
        for message in self._messages.values():
            if message.status not in FINISHED:
                self._plan(message, None)


def _ahead(status: str, fate: Fault | None) -> list[tuple[str, int | None]]:
    """The statuses still to come, each with its error code."""
    way: list[tuple[str, int | None]] = [(name, None) for name in WAY[WAY.index(status) + 1 :]]
    if fate and fate.kind is FaultKind.FAIL:
        return [*way[: way.index(("sent", None))], ("failed", fate.error_code)]
    if fate and fate.kind is FaultKind.UNDELIVER:
        return [*way[:-1], ("undelivered", fate.error_code)]
    return way


def _reply(asked: Message, body: str) -> Message:
    return replace(
        asked,
        sid=_new_sid(()),
        direction=CARRIER_REPLY,
        from_=asked.to,
        to=asked.handset,
        body=body,
        media=(),
        status="delivered",
        num_segments=segments(body)[1],
    )


def _spoken(message: Message) -> Spoken:
    return Spoken(
        sid=message.sid,
        direction=message.direction,
        body=message.body,
        media=message.media,
        at=message.created_at,
        status=message.status,
        error_code=message.error_code,
        heard=message.direction != OUTBOUND or message.status in HEARD,
    )


def _new_sid(media: tuple[str, ...]) -> str:
    return ("MM" if media else "SM") + secrets.token_hex(16)
