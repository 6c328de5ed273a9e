"""Texts through Twilio: the carrier, and the signature on everything Twilio posts to us."""

import hmac
import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioRestException, TwilioServiceException  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]
from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from bot.carrier import VOICE, CarrierError, HeardText, OutcomeUnknown, OutgoingText, Picture, Refused, Standing, Taken

# At INFO this logger writes the phone numbers of every list request.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)

FIND_LIMIT = 200
RINGS_FOR_S = 25  # shorter than most voicemail waits
LARGEST_PICTURE = 16 * 1024 * 1024  # no carrier takes more in one text
HEARD_LIMIT = 200_000  # in and out together: a big programme's month; a list that never ends must not fill the memory
PAGE = 1000  # the SDK asks for pages as long as the limit; Twilio has none over 1000
LOOPBACK = ("127.0.0.1", "localhost", "::1")

# A gateway that answers in plain text gives no code; these two say the same whoever gives them.
_CODE_OF_STATUS = {401: 20003, 429: 20429}


class TwilioCarrier:
    """The Carrier that Twilio is. `sender` is a Messaging Service (`MG…`) or a number in E.164.

    Status callbacks go to `status_url?m=<token>`. Calls come from `calls_from`, and the key that is pressed in one goes
    to `key_url?m=<token>`. `api_url` puts another server in place of Twilio's.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        sender: str,
        api_url: str | None,
        status_url: str,
        timeout_s: float = 10.0,
        calls_from: str = "",
        key_url: str = "",
    ) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._sender = sender
        self._api_url = api_url
        self._status_url = status_url
        self._timeout_s = timeout_s
        self._calls_from = calls_from
        self._key_url = key_url
        self._local = threading.local()

    def send(self, text: OutgoingText) -> Taken:
        try:
            message = self._call(text) if text.channel == VOICE else self._text(text)
        except Exception as error:  # an answer that makes no sense breaks the SDK in many ways; all say: unknown
            # The original quotes the number and stays out of every log: hence `from None`.
            raise _failed_send(error) from None
        if not message.sid:
            raise OutcomeUnknown("Twilio's answer to a new text held no message id")
        return Taken(message.sid, message.status or "")

    def _text(self, text: OutgoingText) -> Any:
        return self._client.messages.create(
            to=_address(text.channel, text.to),
            body=text.body,
            status_callback=f"{self._status_url}?m={text.token}",
            validity_period=text.valid_for_s,
            **self._from(text.channel),
        )

    def _call(self, text: OutgoingText) -> Any:
        return self._client.calls.create(
            to=text.to,
            from_=self._calls_from,
            twiml=asking_for_a_key(text.body, f"{self._key_url}?m={text.token}"),
            timeout=RINGS_FOR_S,
            status_callback=f"{self._status_url}?m={text.token}",
            status_callback_event=["ringing", "answered", "completed"],
        )

    def find(self, text: OutgoingText, since: datetime) -> list[Taken]:
        """Twilio's record of texts like this one, oldest first; `since` counts in whole seconds, as Twilio does.

        Two questions are asked: texts still waiting have no date of sending, so a filter by that date misses them.
        """
        since = since.astimezone(UTC).replace(microsecond=0)
        if text.channel == VOICE:
            raise CarrierError("a call is not asked for: who does not pick up is called again")
        to = _address(text.channel, text.to)
        try:
            # The filter may or may not take in its own second; one second earlier makes that no matter.
            sent = self._client.messages.list(to=to, date_sent_after=since - timedelta(seconds=1), limit=FIND_LIMIT)
            latest = self._client.messages.list(to=to, limit=FIND_LIMIT)
        except Exception as error:
            raise CarrierError(f"Twilio could not be asked for its texts ({_summary(error)})", _code(error)) from None
        return _alike([*sent, *latest], text.body, since)

    def heard(self, since: datetime) -> list[HeardText]:
        """Texts to any number of the account: a webhook that failed is not tried again by Twilio, its record stays."""
        since = since.astimezone(UTC).replace(microsecond=0)
        try:
            listed = self._client.messages.stream(date_sent_after=since, limit=HEARD_LIMIT, page_size=PAGE)
            heard = [_heard(message) for message in listed if message.direction == "inbound"]
        except Exception as error:
            raise CarrierError(f"Twilio could not say what came in ({_summary(error)})", _code(error)) from None
        return heard[::-1]

    def picture(self, url: str) -> Picture:
        """Only from the carrier itself, and no more than MMS allows: our credentials go nowhere else."""
        if not self._is_the_carriers(url):
            raise CarrierError("a picture lies at an address that is not the carrier's")
        try:
            with requests.Session() as session:
                session.trust_env = urlsplit(url).hostname not in LOOPBACK
                auth = (self._account_sid, self._auth_token)
                answer = session.get(url, auth=auth, timeout=self._timeout_s, stream=True)
                answer.raise_for_status()
                content = answer.raw.read(LARGEST_PICTURE + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise CarrierError(f"a picture could not be fetched ({type(error).__name__})") from None
        if len(content) > LARGEST_PICTURE:
            raise CarrierError("a picture is larger than texts carry")
        return Picture(content, answer.headers.get("Content-Type", "").partition(";")[0].strip().lower())

    def standing(self) -> Standing:
        """The account's own record. It holds the auth token too, so that nothing else of it is passed on."""
        try:
            answer = self._client.api.v2010.accounts(self._account_sid).fetch_with_http_info()
            account, date = answer.data, answer.headers.get("Date")
            return Standing(account.status == "active", account.type == "Trial", date and parsedate_to_datetime(date))
        except Exception as error:
            raise CarrierError(f"Twilio could not be asked for our account ({_summary(error)})", _code(error)) from None

    def _is_the_carriers(self, url: str) -> bool:
        parts = urlsplit(url)
        if self._api_url:
            return (parts.scheme, parts.netloc) == urlsplit(self._api_url)[:2]
        return parts.scheme == "https" and parts.hostname is not None and parts.hostname.endswith(".twilio.com")

    @property
    def _client(self) -> Any:
        """This thread's own client: the SDK's sessions are not made to be shared."""
        if not hasattr(self._local, "client"):
            self._local.client = self._connected()
        return self._local.client

    def _connected(self) -> Any:
        http = TwilioHttpClient(timeout=self._timeout_s)
        client = Client(self._account_sid, self._auth_token, http_client=http)
        if self._api_url:
            client.api.base_url = self._api_url.rstrip("/")
            # A proxy named in the environment cannot reach this machine's own loopback.
            http.session.trust_env = urlsplit(self._api_url).hostname not in LOOPBACK
        return client

    def _from(self, channel: str) -> dict[str, str]:
        if self._sender.startswith("MG"):
            return {"messaging_service_sid": self._sender}
        return {"from_": _address(channel, self._sender)}


def asking_for_a_key(said: str, key_url: str) -> str:
    """What a call says, twice, while it waits for a key; the key goes to this absolute address."""
    response = VoiceResponse()
    gather = response.gather(
        input="dtmf", num_digits=1, timeout=8, action=key_url, method="POST", action_on_empty_result=True
    )
    for _ in range(2):
        gather.say(said)
        gather.pause(length=1)
    return str(response)


def saying(said: str) -> str:
    """What a call says before it ends."""
    response = VoiceResponse()
    response.say(said)
    return str(response)


def signature(url: str, params: Mapping[str, str], token: str) -> str:
    """What Twilio puts into X-Twilio-Signature when it posts these parameters to this URL."""
    signed: str = RequestValidator(token).compute_signature(url, params)
    return signed


def is_signed(url: str, params: Any, signature_header: str | None, token: str) -> bool:
    """Whether Twilio made this request. Never raises, whatever the request holds.

    `url` is the one Twilio was given, query included; `params` the whole form, blank fields included.
    """
    if not signature_header or not token:
        return False  # anyone can sign with an empty token
    validator = RequestValidator(token)
    try:
        as_given = hmac.compare_digest(validator.compute_signature(url, params), signature_header)
        return as_given or bool(validator.validate(url, params, signature_header))  # who signs with or without the port
    except Exception:  # the validator raises TypeError, IndexError and others on odd bodies; none of them is signed
        return False


def never_left(error: Exception) -> bool:
    """Whether the connection was never made, or the request never written, so that nothing can have been taken."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError | ConnectTimeoutError)


def _address(channel: str, value: str) -> str:
    return f"whatsapp:{value}" if channel == "whatsapp" else value


def _heard(message: Any) -> HeardText:
    prefix, _, number = message.from_.rpartition(":")
    pictures = int(message.num_media or 0)
    return HeardText(prefix or "sms", message.sid, number, message.body or "", pictures, message.date_created)


def _failed_send(error: Exception) -> CarrierError:
    status = _status(error)
    if status is not None and 400 <= status < 500:
        return Refused(f"Twilio refused a text ({_summary(error)})", _code(error))
    if never_left(error):
        return Refused(f"Twilio was not reached ({_summary(error)})")
    return OutcomeUnknown(f"nobody knows whether Twilio took a text ({_summary(error)})", _code(error))


def _summary(error: Exception) -> str:
    """What went wrong in words that name nobody: Twilio's own sentences quote phone numbers."""
    status = _status(error)
    return type(error).__name__ if status is None else f"HTTP {status}, code {_code(error)}"


def _status(error: Exception) -> int | None:
    if isinstance(error, TwilioRestException | TwilioServiceException):
        return int(error.status)
    response = error.args[1] if len(error.args) > 1 else None  # a refused list carries its answer here
    return getattr(response, "status_code", None)


def _code(error: Exception) -> int | None:
    status, code = _status(error), getattr(error, "code", None)
    if status in _CODE_OF_STATUS and code in (None, status):
        return _CODE_OF_STATUS[status]
    return int(str(code)) if str(code).isdecimal() else None


def _alike(messages: Iterable[Any], body: str, since: datetime) -> list[Taken]:
    found = {
        message.sid: message
        for message in messages
        if str(message.direction).startswith("outbound")
        and message.date_created
        and message.date_created >= since
        and _wording(message.body or "") == _wording(body)
    }
    # Twilio lists the newest first, to the second: turned round, a stable sort keeps its order within one.
    in_order = sorted(reversed(found.values()), key=lambda message: message.date_created)
    return [Taken(message.sid, message.status or "", message.error_code) for message in in_order]


def _wording(body: str) -> str:
    """A body without what Twilio may change on the way: a service can replace quotes, dashes and spaces."""
    return "".join(char for char in body if char.isalnum())
