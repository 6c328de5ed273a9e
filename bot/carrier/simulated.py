"""A stateful stand-in for Twilio on loopback: the real SDK talks to it, and it posts signed webhooks back."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import requests
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from bot.carrier.admission import Rejection
from bot.carrier.answers import error_answer
from bot.carrier.exchange import Exchange, Spoken
from bot.carrier.faults import Fault
from bot.carrier.handsets import Handsets
from bot.carrier.postings import API_VERSION, Account, Message, Posting
from bot.carrier.simulated_api import SimulatedApi
from bot.carrier.twilio import never_left, signature

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
CONNECT_S, READ_S = 5.0, 15.0  # as Twilio waits by default
PUMP_EVERY_S = 0.2
STOPS_WITHIN_S = 0.02

_MESSAGES = f"/{API_VERSION}/Accounts/<account>/Messages"
_ROUTES = Map(
    [
        Rule(f"/{API_VERSION}/Accounts/<account>.json", methods=["GET"], endpoint="api.fetch_account"),
        Rule(f"{_MESSAGES}.json", methods=["POST"], endpoint="api.create"),
        Rule(f"{_MESSAGES}.json", methods=["GET"], endpoint="api.list_page"),
        Rule(f"{_MESSAGES}/<sid>.json", methods=["GET"], endpoint="api.fetch"),
        Rule(f"{_MESSAGES}/<sid>.json", methods=["POST"], endpoint="api.update"),
        Rule(f"{_MESSAGES}/<sid>.json", methods=["DELETE"], endpoint="api.delete"),
        Rule(f"/{API_VERSION}/Accounts/<account>/Calls.json", methods=["POST"], endpoint="api.create_call"),
        Rule("/simulated/texts", methods=["POST"], endpoint="handsets.text"),
        Rule("/simulated/phones", methods=["GET"], endpoint="handsets.phones"),
        Rule("/simulated/phones/<number>", methods=["GET"], endpoint="handsets.phone"),
        Rule("/simulated/phones/<number>/power", methods=["POST"], endpoint="handsets.power"),
        Rule("/simulated/phones/<number>/answer", methods=["POST"], endpoint="handsets.answer"),
        Rule("/simulated/faults", methods=["POST"], endpoint="handsets.plan_fault"),
        Rule("/simulated/faults", methods=["DELETE"], endpoint="handsets.clear_faults"),
        Rule("/simulated/media/<name>", methods=["GET"], endpoint="handsets.media"),
    ]
)


class Unreachable(Exception):
    """No connection was made, so that nothing can have read the form."""


# Posts a form with headers to a URL and returns the HTTP status; raises Unreachable.
Post = Callable[[str, dict[str, str], dict[str, str]], int]

NO_ANSWER = 0


def post_over_http(url: str, form: dict[str, str], headers: dict[str, str]) -> int:
    """NO_ANSWER stands for an answer that broke off or did not come in time."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment cannot reach loopback
        try:
            return session.post(url, data=form, headers=headers, timeout=(CONNECT_S, READ_S)).status_code
        except requests.RequestException as error:
            if never_left(error):
                raise Unreachable(type(error).__name__) from error
            return NO_ANSWER


def post_into(app: "WSGIApplication") -> Post:
    """Posts into a WSGI application of this process, whatever host the URL names."""

    def post(url: str, form: dict[str, str], headers: dict[str, str]) -> int:
        parts = urlsplit(url)
        base_url = f"{parts.scheme}://{parts.netloc}"
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        with Client(app).post(target, base_url=base_url, data=form, headers=headers) as response:
            return response.status_code

    return post


@dataclass(frozen=True)
class Posted:
    """A form that was posted, and the status it was answered with (None when nobody was there)."""

    posting: Posting
    status: int | None


class SimulatedCarrier:
    """The exchange with its HTTP face.

    Time comes from `now` alone. On a wound clock `run_due()` posts every due webhook in the calling thread, in order;
    with `start(pump=True)` a thread of its own does so. `posted` remembers the last thousand.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        account: Account | None = None,
        sms_url: str | None = None,
        post: Post = post_over_http,
        pace: timedelta = timedelta(seconds=1),
        journal: Path | None = None,
    ) -> None:
        self.account = account or Account()
        self.exchange = Exchange(self.account, now, sms_url, pace, journal)
        self.post = post
        self.posted: deque[Posted] = deque(maxlen=1000)
        self._stopping = threading.Event()
        self._posting = threading.RLock()
        self._server: BaseWSGIServer | None = None
        self._threads: list[threading.Thread] = []
        self._views = {"api": SimulatedApi(self.exchange, self._stopping), "handsets": Handsets(self.exchange)}

    def start(self, port: int = 0, pump: bool = False) -> None:
        """Serve on loopback; port 0 takes any that is free. Returns when requests are answered."""
        self._stopping.clear()
        self._server = make_server(LOOPBACK, port, self, threaded=True, request_handler=_QuietHandler)
        serve = partial(self._server.serve_forever, poll_interval=STOPS_WITHIN_S)
        jobs: list[Callable[[], None]] = [serve, self._pump] if pump else [serve]
        self._threads = [threading.Thread(target=job, name="simulated carrier", daemon=True) for job in jobs]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens; the `api_url` of a TwilioCarrier."""
        if not self._server:
            raise RuntimeError("the simulated carrier has not been started")
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def handset_texts(self, from_: str, body: str, to: str | None = None, media: tuple[str, ...] = ()) -> Message:
        """A handset sends a text; the webhook about it goes out with the next `run_due()`."""
        return self.exchange.handset_texts(from_, body, to, media)

    def handset_picks_up(self, number: str, key: str = "") -> str:
        """A handset answers the call that rings and presses a key; what it heard. The key leaves with `run_due()`."""
        return self.exchange.pick_up(number, key)

    def conversation(self, number: str) -> list[Spoken]:
        """Everything said to and by this handset, in order."""
        return self.exchange.conversation(number)

    def plan(self, fault: Fault, times: int = 1) -> None:
        """Let this go wrong with as many of the next texts it fits."""
        self.exchange.faults.plan(fault, times)

    def run_due(self) -> int:
        """Do everything that is due, what that causes included. Returns how many forms were posted."""
        count = 0
        with self._posting:
            while posting := self.exchange.next_posting():
                self._deliver(posting)
                count += 1
        return count

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            endpoint, arguments = _ROUTES.bind_to_environ(request.environ).match()
            face, _, view = endpoint.partition(".")
            answer: Response = getattr(self._views[face], view)(request, **arguments)
            return answer
        except Rejection as rejection:
            return error_answer(rejection)
        except HTTPException as problem:
            status = problem.code or 500
            return error_answer(Rejection(20000 + status, problem.description or problem.name, status))

    def _pump(self) -> None:
        while not self._stopping.wait(PUMP_EVERY_S):
            try:
                self.run_due()
            except Exception:  # one webhook that goes wrong must not silence all that follow
                log.exception("the simulated carrier could not do what was due")

    def _deliver(self, posting: Posting) -> None:
        url = posting.url.partition("#")[0]  # Twilio neither sends nor signs the fragment
        headers = {
            "X-Twilio-Signature": signature(url, posting.form, self.account.auth_token),
            "User-Agent": "TwilioProxy/1.1",
        }
        status = self._post_twice(url, posting.form, headers)
        self.posted.append(Posted(posting, status))
        if status is None or not 200 <= status < 300:
            sid = posting.form.get("MessageSid") or posting.form.get("CallSid")
            log.warning("a webhook for %s was answered with %s", sid, status)

    def _post_twice(self, url: str, form: dict[str, str], headers: dict[str, str]) -> int | None:
        """Twilio tries once more when no connection was made, and only then."""
        for _ in range(2):
            try:
                return self.post(url, form, headers)
            except Unreachable:
                continue
        return None


class _QuietHandler(WSGIRequestHandler):
    """Logs no requests: their paths hold phone numbers."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass
