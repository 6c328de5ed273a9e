"""The simulated handsets over HTTP: for phones in a browser, and for people who want to see something go wrong."""

import base64
from dataclasses import asdict
from typing import Any

from werkzeug.exceptions import BadRequest, Forbidden
from werkzeug.wrappers import Request, Response

from bot.carrier.admission import is_number
from bot.carrier.answers import json_answer
from bot.carrier.exchange import Exchange, Spoken
from bot.carrier.faults import Fault, FaultKind

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
PLACEHOLDER = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


class Handsets:
    """The views of the handsets. They ask for no key: the server listens on loopback alone."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def text(self, request: Request) -> Response:
        """`{"from", "body", "to"?, "media"?: [url]}`: a handset sends a text."""
        asked = _asked(request)
        from_, to = str(asked.get("from", "")), asked.get("to")
        if not is_number(from_) or to not in (None, *self._exchange.account.numbers):
            raise BadRequest("from must be a number in E.164, to one of the account's numbers")
        media = tuple(str(url) for url in asked.get("media", ()))
        message = self._exchange.handset_texts(from_, str(asked.get("body", "")), to, media)
        return json_answer({"sid": message.sid}, 201)

    def phones(self, request: Request) -> Response:
        _check_host(request)
        return json_answer({"numbers": self._exchange.account.numbers, "phones": self._exchange.handsets()})

    def phone(self, request: Request, number: str) -> Response:
        """Everything this handset said and was told, in order."""
        _check_host(request)
        said = [_spoken_json(spoken) for spoken in self._exchange.conversation(number)]
        is_out = self._exchange.is_opted_out(number)
        rings = bool(self._exchange.ringing(number))
        return json_answer({"number": number, "opted_out": is_out, "rings": rings, "messages": said})

    def power(self, request: Request, number: str) -> Response:
        """`{"on": false}` switches a handset off."""
        asked = _asked(request)
        (self._exchange.switch_on if asked.get("on") else self._exchange.switch_off)(number)
        return json_answer({"number": number, "on": bool(asked.get("on"))})

    def answer(self, request: Request, number: str) -> Response:
        """`{"key": "1"}` picks up the call that rings and presses a key; with an empty one it only listens."""
        heard = self._exchange.pick_up(number, str(_asked(request).get("key", "")))
        return json_answer({"number": number, "heard": heard})

    def plan_fault(self, request: Request) -> Response:
        """`{"kind", "times"?, "handset"?, "code"?, "http_status"?, "seconds"?}`, as in Fault."""
        asked = _asked(request)
        try:
            times = int(asked.pop("times", 1))
            fault = Fault(**{**asked, "kind": FaultKind(asked.get("kind", ""))})
        except (TypeError, ValueError) as error:
            raise BadRequest(f"not a fault: {error}") from error
        self._exchange.faults.plan(fault, times)
        return json_answer({"planned": times}, 201)

    def clear_faults(self, request: Request) -> Response:
        _check_host(request)
        self._exchange.faults.clear()
        return Response(status=204)

    def media(self, request: Request, name: str) -> Response:
        """A picture of one pixel, whatever it is called."""
        return Response(PLACEHOLDER, content_type="image/png")


def _asked(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Its content type is asked for: a form of a foreign page cannot carry it."""
    _check_host(request)
    asked = request.get_json()
    if not isinstance(asked, dict):
        raise BadRequest("a JSON object is expected")
    return asked


def _check_host(request: Request) -> None:
    """A page elsewhere can point a name of its own at loopback; its requests still carry that name."""
    if request.host.rpartition(":")[0] not in LOOPBACK_HOSTS and request.host not in LOOPBACK_HOSTS:
        raise Forbidden("only this machine may ask")


def _spoken_json(spoken: Spoken) -> dict[str, Any]:
    return {**asdict(spoken), "at": spoken.at.isoformat()}
