"""What the simulated carrier knows of texts, and the forms it posts about them."""

from dataclasses import asdict, dataclass
from datetime import datetime
from mimetypes import guess_type
from typing import Any

API_VERSION = "2010-04-01"
INBOUND = "inbound"
OUTBOUND = "outbound-api"
# A carrier's own answer to a keyword: heard on the handset, in no list of the API and in no webhook.
CARRIER_REPLY = "carrier-reply"

FINISHED = frozenset({"delivered", "undelivered", "failed", "canceled", "received", "read"})
HEARD = frozenset({"delivered", "read"})


@dataclass(frozen=True)
class Account:
    """The one account of the simulated carrier. With a `service_sid`, every number is in that Messaging Service."""

    sid: str = "AC" + "5" * 32
    auth_token: str = "simulated"
    numbers: tuple[str, ...] = ("+15005550100",)
    service_sid: str | None = None
    friendly_name: str = "Simulated carrier"
    status: str = "active"  # or suspended, closed
    type: str = "Full"  # or Trial

    def scope(self, number: str) -> str:
        """What an opt-out sent to this number covers: the service it is in, or the number alone."""
        return self.service_sid or number


@dataclass(frozen=True)
class Message:
    """One text at the carrier, in any direction. Addresses are as Twilio writes them, `whatsapp:` and all."""

    sid: str
    direction: str
    from_: str | None
    to: str
    body: str
    status: str
    created_at: datetime
    updated_at: datetime
    num_segments: int
    media: tuple[str, ...] = ()
    sent_at: datetime | None = None
    error_code: int | None = None
    service_sid: str | None = None
    status_callback: str | None = None
    valid_for_s: int = 36_000

    @property
    def handset(self) -> str:
        """The address of the person at the other end."""
        return (self.from_ or "") if self.direction == INBOUND else self.to

    def as_record(self) -> dict[str, Any]:
        """Itself in JSON's own types; `from_record` reads it back."""
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(self).items()}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Message":
        instants = {key: datetime.fromisoformat(record[key]) for key in ("created_at", "updated_at")}
        sent_at = datetime.fromisoformat(record["sent_at"]) if record["sent_at"] else None
        return cls(**{**record, **instants, "sent_at": sent_at, "media": tuple(record["media"])})


@dataclass(frozen=True)
class Posting:
    """One form on its way to one of our URLs."""

    url: str
    form: dict[str, str]


def inbound_form(message: Message, account: Account) -> dict[str, str]:
    """The form Twilio posts for a text from a handset. The places are blank, as they mostly are, and are signed too."""
    places = {f"{end}{part}": "" for end in ("From", "To") for part in ("City", "State", "Zip", "Country")}
    form = {
        **_names(message),
        "SmsMessageSid": message.sid,
        "AccountSid": account.sid,
        "ApiVersion": API_VERSION,
        "SmsStatus": "received",
        "Body": message.body,
        "NumSegments": str(message.num_segments),
        "NumMedia": str(len(message.media)),
        **places,
    }
    for index, url in enumerate(message.media):
        content_type = guess_type(url)[0] or "image/png"
        form |= {f"MediaUrl{index}": url, f"MediaContentType{index}": content_type}
    return form


def callback_form(message: Message, account: Account) -> dict[str, str]:
    """The form Twilio posts when a text that we sent changes its status."""
    form = {
        **_names(message),
        "AccountSid": account.sid,
        "ApiVersion": API_VERSION,
        "SmsStatus": message.status,
        "MessageStatus": message.status,
    }
    if message.error_code is not None:
        form["ErrorCode"] = str(message.error_code)
    if message.status in ("delivered", "undelivered"):
        form["RawDlrDoneDate"] = message.updated_at.strftime("%y%m%d%H%M")
    return form


def _names(message: Message) -> dict[str, str]:
    service = {"MessagingServiceSid": message.service_sid} if message.service_sid else {}
    return {"MessageSid": message.sid, "SmsSid": message.sid, "From": message.from_ or "", "To": message.to, **service}
