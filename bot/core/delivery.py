"""What the carrier's words mean: statuses that only climb, and error codes with what to do about them.

Meanings of codes: Twilio's error catalogue; the deed beside each is our choice. A code that is not listed is shown to
people and not retried.
"""

from datetime import timedelta
from enum import IntEnum, StrEnum


class Status(StrEnum):
    """Where an outgoing text stands. The first five are ours, the rest the carrier's."""

    QUEUED = "waiting"
    SENDING = "handing_over"
    DROPPED = "dropped"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    TAKEN = "taken"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELED = "canceled"


class Rank(IntEnum):
    """A text's delivery never goes down this ladder."""

    OURS = 0
    TAKEN = 1
    SENT = 2
    ENDED = 3
    READ = 4


RANKS = {
    Status.TAKEN: Rank.TAKEN,
    Status.SENT: Rank.SENT,
    Status.DELIVERED: Rank.ENDED,
    Status.UNDELIVERED: Rank.ENDED,
    Status.FAILED: Rank.ENDED,
    Status.CANCELED: Rank.ENDED,
    Status.READ: Rank.READ,
}
CARRIER_WORDS = {
    "accepted": Status.TAKEN,
    "scheduled": Status.TAKEN,
    "queued": Status.TAKEN,
    "sending": Status.TAKEN,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "partially_delivered": Status.DELIVERED,
    "read": Status.READ,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    "canceled": Status.CANCELED,
    # of calls
    "initiated": Status.TAKEN,
    "ringing": Status.TAKEN,
    "in-progress": Status.SENT,
    "completed": Status.DELIVERED,
    "busy": Status.UNDELIVERED,
    "no-answer": Status.UNDELIVERED,
}


def climb(now: Status, word: str) -> Status:
    """The status after a callback with this word: never lower than before, unchanged by a word we do not know."""
    heard = CARRIER_WORDS.get(word)
    if heard is None or RANKS[heard] <= RANKS.get(now, Rank.OURS):
        return now
    return heard


class Deed(StrEnum):
    """What an error asks for."""

    RETRY = "retry"
    NUMBER_IS_BAD = "number_is_bad"
    OPTED_OUT = "opted_out"
    ACCOUNT = "account"  # ours is at fault, not the text: an operator mends it, the text waits
    OPERATOR = "operator"


DEEDS: dict[int, Deed] = {
    **dict.fromkeys((429, 20429, 21611, 30001, 30017, 30022, 30023), Deed.RETRY),
    **dict.fromkeys((21211, 21604, 21612, 21614, 21635, 30005, 30006, 63003, 63024), Deed.NUMBER_IS_BAD),
    **dict.fromkeys((21610, 63014), Deed.OPTED_OUT),
    **dict.fromkeys((20003, 21212, 21603, 21606, 21703, 21704, 21705), Deed.ACCOUNT),
}
PLAIN = {
    21211: "This is not a phone number the carrier knows.",
    21610: "The person told the carrier STOP.",
    21612: "The carrier cannot reach this number from ours.",
    21614: "This number cannot receive texts.",
    30003: "The phone is off or out of reach.",
    30004: "The phone or its carrier blocks our texts.",
    30005: "The number may not exist any more.",
    30006: "This number is a landline or cannot be reached.",
    30007: "The carrier took the text for spam.",
    30008: "The carrier gives no reason.",
    30034: "Our number is not registered with the carriers.",
}
WHAT_TO_DO = {
    21610: "Only they can change that, by texting START. Call or visit instead.",
    30003: "Call, and try again later: the phone may be back.",
    30004: "Ask them, when you see them, whether they want texts at this number.",
    30007: "Tell an admin: the wording or our registration needs a look. Call meanwhile.",
    30034: "Tell an admin: our number has to be registered. Call meanwhile.",
}
ASK_FOR_A_NUMBER = "Find them another way, ask for a number that works, and write it down here."
CALL_MEANWHILE = "Call meanwhile, and tell an admin if it goes on."
RETRIES = (timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=10))
KEEPS_TRYING_FOR = timedelta(days=1)


def deed_for(code: int | None) -> Deed:
    """What to do about a refusal. No code means the carrier was never reached: try again."""
    return Deed.RETRY if code is None else DEEDS.get(code, Deed.OPERATOR)


def in_plain_words(code: int | None) -> str:
    """One sentence on an error code for people who do not know codes."""
    return PLAIN.get(code or 0, "The carrier did not take it." if code is None else f"The carrier says error {code}.")


def what_to_do(code: int | None) -> str:
    """One sentence on what a caseworker does about a text that failed with this code."""
    known = WHAT_TO_DO.get(code or 0)
    if known is not None:
        return known
    return ASK_FOR_A_NUMBER if deed_for(code) is Deed.NUMBER_IS_BAD else CALL_MEANWHILE


def retry_in(code: int | None, attempts: int, tried_for: timedelta) -> timedelta | None:
    """How long to wait after this many attempts (from 1); None when it is time to give up and tell a person.

    What no text is to blame for (a carrier out of reach or full, an account that is refused) is tried again for a day,
    every ten minutes at the latest: when it is mended, nothing that was queued meanwhile waits for long.
    """
    deed = deed_for(code)
    if deed not in (Deed.RETRY, Deed.ACCOUNT) or tried_for >= KEEPS_TRYING_FOR:
        return None
    return RETRIES[min(attempts, len(RETRIES)) - 1]
