"""What moves texts: the Carrier protocol, and the errors that cross it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

TEXT, VOICE, EMAIL = "sms", "voice", "email"  # channels that staff are alerted on; participants have others too

CLOCKS_DIFFER_BY = timedelta(hours=1)  # at most, ours and the carrier's: whoever asks by time looks so far further back


@dataclass(frozen=True)
class OutgoingText:
    """One text on its way out; on `voice` it is spoken in a call, on `email` it is a letter.

    `to` is the bare address value (E.164 on `sms`, `whatsapp` and `voice`); `token` is our own id of the message, which
    comes back in every status callback, so that a send whose answer was lost can still be matched.
    `valid_for_s` is how long the carrier may keep it waiting (1 to 36,000 seconds).
    """

    channel: str
    to: str
    body: str
    token: str
    valid_for_s: int


@dataclass(frozen=True)
class Taken:
    """The carrier has the text: its id, the status it gave, and the code of what went wrong."""

    carrier_id: str
    status: str
    error_code: int | None = None


@dataclass(frozen=True)
class HeardText:
    """One text that came in, as the carrier's own record has it."""

    channel: str
    carrier_id: str
    sender: str
    body: str
    pictures: int
    at: datetime


@dataclass(frozen=True)
class Picture:
    """What came with a text: its bytes, and the type that the carrier names."""

    content: bytes
    content_type: str


@dataclass(frozen=True)
class Standing:
    """What the carrier says of our account, and what time it was there (None where it does not say)."""

    is_active: bool
    is_on_trial: bool
    at: datetime | None


class CarrierError(Exception):
    """A text was not sent, or nobody knows whether it was. `code` is the carrier's, where it gave one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class Refused(CarrierError):
    """The carrier answered and did not take the text, or was never reached: nothing was sent."""


class OutcomeUnknown(CarrierError):
    """The connection broke after the request may have been read: the text may or may not be on its way."""


class Carrier(Protocol):
    """Moves texts. Every method may be called from several threads."""

    def send(self, text: OutgoingText) -> Taken:
        """Hand one text over. Raises Refused or OutcomeUnknown, nothing else."""

    def find(self, text: OutgoingText, since: datetime) -> list[Taken]:
        """The carrier's own record of texts like this one (address and body) made since then, oldest first.

        Raises CarrierError when the carrier could not be asked.
        """

    def heard(self, since: datetime) -> list[HeardText]:
        """The carrier's own record of texts that came in since then, oldest first. Raises CarrierError likewise."""

    def picture(self, url: str) -> Picture:
        """What lies at an address that came with a text, fetched with our credentials. Raises CarrierError likewise."""

    def standing(self) -> Standing:
        """How our account stands; nothing is sent or changed. Raises CarrierError likewise."""
