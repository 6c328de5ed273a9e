"""Twilio's Messages API over the exchange: the paths, parameters, answers and error bodies of the real one."""

import hmac
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from socket import SHUT_RDWR
from typing import Any, NoReturn
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

from bot.carrier.admission import Rejection, Submission
from bot.carrier.answers import json_answer
from bot.carrier.calls import Call
from bot.carrier.exchange import Exchange
from bot.carrier.faults import AFTER_TAKING, BEFORE_TAKING, Fault, FaultKind
from bot.carrier.postings import API_VERSION, Account, Message

PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000
VALIDITY_S = range(1, 36_001)
INVALID_PARAMETER = 20001


class SimulatedApi:
    """The views of the API. `stopping` ends answers that are being held back."""

    def __init__(self, exchange: Exchange, stopping: threading.Event) -> None:
        self._exchange = exchange
        self._stopping = stopping

    def fetch_account(self, request: Request, account: str) -> Response:
        self._authorize(request, account)
        return json_answer(account_json(self._exchange.account))

    def create(self, request: Request, account: str) -> Response:
        self._authorize(request, account)
        order = _submission(request.form)
        before = self._exchange.faults.take(BEFORE_TAKING, order.to)
        if before:
            self._spoil(request, before)
        message = self._exchange.create(order)
        after = self._exchange.faults.take(AFTER_TAKING, order.to)
        if after:
            self._spoil(request, after)
        return json_answer(self._json(message), 201)

    def create_call(self, request: Request, account: str) -> Response:
        """A call that speaks inline TwiML; nothing else is simulated."""
        self._authorize(request, account)
        form = request.form
        timeout = form.get("Timeout", "60")
        if not timeout.isdecimal() or not 1 <= int(timeout) <= 600:
            raise Rejection(INVALID_PARAMETER, "Timeout must be between 1 and 600")
        call = self._exchange.call(
            form.get("To", ""), form.get("From", ""), form.get("Twiml", ""), int(timeout), form.get("StatusCallback")
        )
        return json_answer(call_json(call, self._exchange.account), 201)

    def list_page(self, request: Request, account: str) -> Response:
        self._authorize(request, account)
        passes = _filter(request.args)
        return json_answer(self._page(request, [one for one in self._exchange.listed() if passes(one)]))

    def fetch(self, request: Request, account: str, sid: str) -> Response:
        self._authorize(request, account)
        return json_answer(self._json(self._exchange.fetch(sid)))

    def update(self, request: Request, account: str, sid: str) -> Response:
        """Cancel with `Status=canceled`, redact with an empty `Body`; nothing else can be changed."""
        self._authorize(request, account)
        if request.form.get("Status") == "canceled":
            return json_answer(self._json(self._exchange.cancel(sid)))
        if request.form.get("Body") == "":
            return json_answer(self._json(self._exchange.redact(sid)))
        raise Rejection(INVALID_PARAMETER, "Only Status=canceled and an empty Body can be set")

    def delete(self, request: Request, account: str, sid: str) -> Response:
        self._authorize(request, account)
        self._exchange.delete(sid)
        return Response(status=204)

    def _authorize(self, request: Request, account: str) -> None:
        given, ours = request.authorization, self._exchange.account
        username, password = (given.username or "", given.password or "") if given else ("", "")
        right = hmac.compare_digest(password.encode(), ours.auth_token.encode())
        if not right or username != ours.sid or account != ours.sid:
            raise Rejection(20003, "Authenticate", 401)

    def _spoil(self, request: Request, fault: Fault) -> None:
        """Answer as the fault has it; returns only when the right answer is merely late."""
        match fault.kind:
            case FaultKind.REFUSE | FaultKind.TAKE_AND_REFUSE:
                raise Rejection(fault.error_code, "This error was planned", fault.http_status)
            case FaultKind.RESET | FaultKind.TAKE_AND_RESET:
                _break_connection(request)
            case FaultKind.STALL:
                self._stopping.wait(fault.seconds)
                _break_connection(request)
            case FaultKind.TAKE_AND_STALL:
                self._stopping.wait(fault.seconds)

    def _json(self, message: Message) -> dict[str, Any]:
        return message_json(message, self._exchange.account)

    def _page(self, request: Request, messages: list[Message]) -> dict[str, Any]:
        size, number = _whole_number(request, "PageSize", PAGE_SIZE), _whole_number(request, "Page", 0)
        if not 1 <= size <= MAX_PAGE_SIZE:
            raise Rejection(20007, "Page size must be between 1 and 1000")
        start = number * size
        shown = messages[start : start + size]
        return {
            "messages": [self._json(message) for message in shown],
            "page": number,
            "page_size": size,
            "start": start,
            "end": start + max(len(shown) - 1, 0),
            "uri": _page_uri(request, size, number),
            "first_page_uri": _page_uri(request, size, 0),
            "next_page_uri": _page_uri(request, size, number + 1) if messages[start + size :] else None,
            "previous_page_uri": _page_uri(request, size, number - 1) if number else None,
        }


def message_json(message: Message, account: Account) -> dict[str, Any]:
    """A text as the API shows it."""
    uri = f"/{API_VERSION}/Accounts/{account.sid}/Messages/{message.sid}"
    return {
        "account_sid": account.sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": _rfc_2822(message.created_at),
        "date_sent": _rfc_2822(message.sent_at),
        "date_updated": _rfc_2822(message.updated_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": "This error was planned" if message.error_code else None,
        "from": message.from_,
        "messaging_service_sid": message.service_sid,
        "num_media": str(len(message.media)),
        "num_segments": str(message.num_segments),
        "price": None,
        "price_unit": None,
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


def call_json(call: Call, account: Account) -> dict[str, Any]:
    """A call as the API shows it when it was just made."""
    uri = f"/{API_VERSION}/Accounts/{account.sid}/Calls/{call.sid}"
    return {
        "account_sid": account.sid,
        "api_version": API_VERSION,
        "date_created": _rfc_2822(call.created_at),
        "date_updated": _rfc_2822(call.created_at),
        "direction": "outbound-api",
        "from": call.from_,
        "sid": call.sid,
        "status": call.status,
        "to": call.to,
        "uri": f"{uri}.json",
    }


def account_json(account: Account) -> dict[str, Any]:
    """The account as the API shows it to its owner."""
    uri = f"/{API_VERSION}/Accounts/{account.sid}"
    return {
        "auth_token": account.auth_token,
        "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
        "date_updated": "Thu, 01 Jan 2026 00:00:00 +0000",
        "friendly_name": account.friendly_name,
        "owner_account_sid": account.sid,
        "sid": account.sid,
        "status": account.status,
        "subresource_uris": {"messages": f"{uri}/Messages.json"},
        "type": account.type,
        "uri": f"{uri}.json",
    }


def _submission(form: MultiDict[str, str]) -> Submission:
    if "SendAt" in form or "ContentSid" in form:
        raise Rejection(INVALID_PARAMETER, "SendAt and ContentSid are not simulated")
    valid_for = form.get("ValidityPeriod", "36000")
    if not valid_for.isdecimal() or int(valid_for) not in VALIDITY_S:
        raise Rejection(INVALID_PARAMETER, "ValidityPeriod must be between 1 and 36000")
    return Submission(
        to=form.get("To", ""),
        body=form.get("Body", ""),
        from_=form.get("From") or None,
        service_sid=form.get("MessagingServiceSid") or None,
        media=tuple(form.getlist("MediaUrl")),
        status_callback=form.get("StatusCallback") or None,
        valid_for_s=int(valid_for),
    )


def _filter(args: MultiDict[str, str]) -> Callable[[Message], bool]:
    """What a list is asked for. A text without a date of sending passes no filter by date."""
    days = {name: _span(args[name]) for name in ("DateSent", "DateSent<", "DateSent>") if args.get(name)}
    to, from_ = args.get("To"), args.get("From")

    def passes(message: Message) -> bool:
        if (to and message.to != to) or (from_ and message.from_ != from_):
            return False
        at = message.sent_at and message.sent_at.replace(microsecond=0)
        return all(at is not None and _is_within(name, at, span) for name, span in days.items())

    return passes


def _is_within(name: str, at: datetime, span: tuple[datetime, datetime]) -> bool:
    first, last = span
    return {"DateSent": first <= at <= last, "DateSent<": at <= first, "DateSent>": at >= first}[name]


def _span(text: str) -> tuple[datetime, datetime]:
    """The first and the last instant a date or an instant of the API stands for, in UTC."""
    try:
        if len(text) == len("2026-01-01"):
            day = date.fromisoformat(text)
            return datetime.combine(day, time.min, UTC), datetime.combine(day, time.max, UTC)
        instant = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise Rejection(INVALID_PARAMETER, "DateSent is not a date") from None
    return instant, instant


def _whole_number(request: Request, name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal():
        raise Rejection(INVALID_PARAMETER, f"{name} is not a whole number")
    return int(text)


def _page_uri(request: Request, size: int, number: int) -> str:
    kept = [(key, value) for key, value in request.args.items(multi=True) if key not in ("Page", "PageSize")]
    return f"{request.path}?{urlencode([*kept, ('PageSize', str(size)), ('Page', str(number))])}"


def _rfc_2822(at: datetime | None) -> str | None:
    return format_datetime(at.astimezone(UTC)) if at else None


def _break_connection(request: Request) -> NoReturn:
    request.environ["werkzeug.socket"].shutdown(SHUT_RDWR)
    raise ConnectionAbortedError("this break was planned")
