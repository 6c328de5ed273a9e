"""What the simulated carrier takes and what it turns away, in Twilio's codes."""

import re
from collections.abc import Container
from dataclasses import dataclass

import phonenumbers

from bot.carrier.postings import Account

BODY_LIMIT = 1600
E164 = re.compile(r"\+[1-9]\d{1,14}")


class Rejection(Exception):
    """The carrier's error answer to a request, with Twilio's code and HTTP status."""

    def __init__(self, code: int, message: str, http_status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.http_status = http_status


@dataclass(frozen=True)
class Submission:
    """What a client asks to be sent."""

    to: str
    body: str = ""
    from_: str | None = None
    service_sid: str | None = None
    media: tuple[str, ...] = ()
    status_callback: str | None = None
    valid_for_s: int = 36_000


def check(order: Submission, account: Account, opt_outs: Container[tuple[str, str]]) -> None:
    """Raises Rejection where Twilio refuses to take a text; `opt_outs` holds pairs of scope and handset."""
    if not order.to:
        raise Rejection(21604, "A 'To' phone number is required.")
    if not is_number(order.to):
        raise Rejection(21211, f"Invalid 'To' Phone Number: {order.to}")
    _check_sender(order, account)
    if not order.body and not order.media:
        raise Rejection(21602, "Message body is required.")
    if len(order.body) > BODY_LIMIT:
        raise Rejection(21617, "The concatenated message body exceeds the 1600 character limit")
    scope = order.service_sid or account.scope(bare(order.from_ or ""))
    if (scope, order.to) in opt_outs:
        raise Rejection(21610, "Attempt to send to unsubscribed recipient")


def _check_sender(order: Submission, account: Account) -> None:
    if order.service_sid and order.service_sid != account.service_sid:
        raise Rejection(21705, "The Messaging Service Sid is invalid.")
    if not order.from_:
        if not order.service_sid:
            raise Rejection(21603, "A 'From' phone number is required.")
        return
    if not is_number(order.from_):
        raise Rejection(21212, f"Invalid 'From' Phone Number: {order.from_}")
    if order.from_ == order.to:
        raise Rejection(21266, "'To' and 'From' number cannot be the same")
    if bare(order.from_) not in account.numbers:
        raise Rejection(21606, f"The 'From' phone number {order.from_} is not a valid, message-capable number")


def is_number(address: str) -> bool:
    """Whether a text can be addressed like this: a possible number in E.164, on SMS or WhatsApp."""
    number = bare(address)
    return bool(E164.fullmatch(number)) and _is_possible(number)


def _is_possible(number: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def bare(address: str) -> str:
    """The number of an address, without its channel."""
    return address.removeprefix("whatsapp:")


def on_channel_of(address: str, number: str) -> str:
    """This number as it is written on the channel of that address."""
    return f"whatsapp:{bare(number)}" if address.startswith("whatsapp:") else number
