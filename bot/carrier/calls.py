"""Calls at the simulated carrier: what is spoken, which key is asked for, and the forms about them."""

from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from bot.carrier.admission import Rejection, is_number
from bot.carrier.postings import API_VERSION, Account


@dataclass(frozen=True)
class Call:
    """One call to a handset."""

    sid: str
    to: str
    from_: str
    twiml: str
    created_at: datetime
    status: str = "queued"
    status_callback: str | None = None


def check_call(to: str, from_: str, twiml: str, account: Account) -> None:
    """Raises Rejection with Twilio's code where a call cannot be made so."""
    if not is_number(to):
        raise Rejection(21211, "Invalid 'To' phone number")
    if from_ not in account.numbers:
        raise Rejection(21210, "The source phone number is not verified for this account")
    if not twiml:
        raise Rejection(21205, "Url parameter is required")


def heard_in(twiml: str) -> tuple[str, str]:
    """What a call says, and the address that a pressed key goes to."""
    response = ElementTree.fromstring(twiml)
    said = " ".join((each.text or "").strip() for each in response.iter("Say"))
    gather = response.find("Gather")
    return said, gather.get("action", "") if gather is not None else ""


def call_form(call: Call, account: Account) -> dict[str, str]:
    """The form Twilio posts when a call changes its status."""
    return {
        "AccountSid": account.sid,
        "ApiVersion": API_VERSION,
        "CallSid": call.sid,
        "CallStatus": call.status,
        "Direction": "outbound-api",
        "From": call.from_,
        "To": call.to,
    }


def key_form(call: Call, key: str, account: Account) -> dict[str, str]:
    """The form Twilio posts when a key was pressed, or none in time."""
    return {**call_form(call, account), "CallStatus": "in-progress", "Digits": key}
