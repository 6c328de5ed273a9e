"""May this text leave now? The one rule, asked when a text is queued and again at the moment of sending."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.hours import SENDING_HOURS, Window, next_open, on_wall_clock
from bot.core.kinds import Purpose

# Lower leaves first. Danger before all, then people who wait for an answer, check-ins last.
PRIORITY = {
    Purpose.SAFETY: 0,
    Purpose.ALERT: 1,
    Purpose.NOTICE: 2,
    Purpose.ANSWER: 3,
    Purpose.WRITTEN: 4,
    Purpose.CHECK_IN: 5,
}
UNPACED = frozenset({Purpose.SAFETY, Purpose.ALERT, Purpose.NOTICE})  # never wait for the sender's pace
OUT_OF_DATE = "out of date"  # why a text was dropped
ANY_HOUR = frozenset({Purpose.SAFETY})
ANSWERS_AT_ANY_HOUR_FOR = timedelta(minutes=15)  # an answer is expected while the phone is still in the hand
CONFIRMS_OPT_OUT_FOR = timedelta(minutes=5)  # 47 CFR 64.1200(a)(12)


@dataclass(frozen=True)
class Facts:
    """What decides about one text to one address.

    `consented` and `blocked` are of the address; `answers_at` is when the text it answers came in;
    `confirms_opt_out` marks the single confirmation that may follow an opt-out; `anyway` that a member of staff wrote
    it and gave a reason why it may not wait for sending hours; `called_off` that staff stopped it.
    """

    purpose: Purpose
    to_staff: bool
    consented: bool
    blocked: bool
    zone: str
    queued_at: datetime
    answers_at: datetime | None = None
    send_before: datetime | None = None
    confirms_opt_out: bool = False
    anyway: bool = False
    called_off: bool = False


@dataclass(frozen=True)
class Go:
    """It may leave now."""


@dataclass(frozen=True)
class Wait:
    """Not before this instant."""

    until: datetime


@dataclass(frozen=True)
class Drop:
    """It must not leave any more, for this reason."""

    reason: str


Verdict = Go | Wait | Drop


def may_send(facts: Facts, now: datetime, window: Window = SENDING_HOURS) -> Verdict:
    """Opt-out first, then consent, then age, then the hour.

    The confirmation of an opt-out is the one text that passes a block, and only for five minutes. Staff are texted at
    any hour; participants only inside sending hours, save safety texts, quick answers to what they wrote, and what a
    member of staff sends for a reason.
    """
    if facts.confirms_opt_out:
        late = now - (facts.answers_at or facts.queued_at) > CONFIRMS_OPT_OUT_FOR
        return Drop("too late to confirm the opt-out") if late else Go()
    if facts.blocked:
        return Drop("opted out")
    if not facts.to_staff and not facts.consented:
        return Drop("no consent on record")
    if facts.called_off:
        return Drop("taken back")
    if facts.send_before is not None and now >= facts.send_before:
        return Drop(OUT_OF_DATE)
    staff_insist = facts.anyway and facts.purpose is Purpose.WRITTEN
    if facts.to_staff or facts.purpose in ANY_HOUR or staff_insist or _answers_quickly(facts, now):
        return Go()
    opening = next_open(window, now, facts.zone)
    return Go() if opening <= now else Wait(opening)


def _answers_quickly(facts: Facts, now: datetime) -> bool:
    fresh = facts.answers_at is not None and now - facts.answers_at <= ANSWERS_AT_ANY_HOUR_FOR
    return facts.purpose in (Purpose.ANSWER, Purpose.NOTICE) and fresh


def seconds_until_close(now: datetime, zone: str, window: Window = SENDING_HOURS) -> int:
    """How long the carrier may keep a text that obeys sending hours: not into the night; at least a minute."""
    closing = on_wall_clock(now.astimezone(ZoneInfo(zone)).date(), window.closes, zone)
    return max(60, int((closing - now).total_seconds()))
