"""TwilioCarrier: what becomes of a text, whatever happens on the way. The real SDK, over loopback."""

import json
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
import requests
from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, ProtocolError
from werkzeug.datastructures import MultiDict
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from bot.carrier import CarrierError, OutcomeUnknown, OutgoingText, Refused, Taken
from bot.carrier.faults import Fault, FaultKind
from bot.carrier.postings import Account
from bot.carrier.simulated import SimulatedCarrier
from bot.carrier.twilio import TwilioCarrier, is_signed, signature

ANA = "+13125550142"
STATUS_URL = "https://standby.example/twilio/status"
SERVICE = "MG" + "a" * 32


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 12, 0, 0, 400_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **lengths: float) -> None:
        self.at += timedelta(**lengths)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def simulated(clock: Clock) -> Iterator[SimulatedCarrier]:
    account = Account(service_sid=SERVICE)
    with SimulatedCarrier(clock, account, post=lambda url, form, headers: 200) as carrier:
        yield carrier


@pytest.fixture
def carrier(simulated: SimulatedCarrier) -> TwilioCarrier:
    return speaking_to(simulated)


def speaking_to(simulated: SimulatedCarrier, sender: str | None = None, timeout_s: float = 10.0) -> TwilioCarrier:
    account = simulated.account
    return TwilioCarrier(
        account.sid, account.auth_token, sender or account.numbers[0], simulated.url, STATUS_URL, timeout_s
    )


def text(body: str = "How are you?", to: str = ANA, channel: str = "sms", token: str = "t1") -> OutgoingText:
    return OutgoingText(channel, to, body, token, 3600)


def test_taken_text_has_the_carriers_id(carrier: TwilioCarrier, simulated: SimulatedCarrier) -> None:
    taken = carrier.send(text())
    kept = simulated.exchange.fetch(taken.carrier_id)
    assert (taken.status, kept.to, kept.from_, kept.body) == ("queued", ANA, "+15005550100", "How are you?")
    assert (kept.status_callback, kept.valid_for_s) == (f"{STATUS_URL}?m=t1", 3600)


def test_messaging_service_chooses_the_number(simulated: SimulatedCarrier) -> None:
    taken = speaking_to(simulated, SERVICE).send(text())
    kept = simulated.exchange.fetch(taken.carrier_id)
    assert (taken.status, kept.from_, kept.service_sid) == ("accepted", None, SERVICE)


def test_whatsapp_is_named_on_both_ends(carrier: TwilioCarrier, simulated: SimulatedCarrier) -> None:
    kept = simulated.exchange.fetch(carrier.send(text(channel="whatsapp")).carrier_id)
    assert (kept.to, kept.from_) == (f"whatsapp:{ANA}", "whatsapp:+15005550100")


def test_threads_send_side_by_side(carrier: TwilioCarrier) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: carrier.send(text(f"number {n}")), range(24)))
    assert len({one.carrier_id for one in taken}) == 24


def test_each_thread_has_a_client_of_its_own(carrier: TwilioCarrier) -> None:
    clients: list[object] = [carrier._client, carrier._client]
    thread = threading.Thread(target=lambda: clients.append(carrier._client))
    thread.start()
    thread.join()
    assert clients[0] is clients[1] is not clients[2]


def test_proxy_of_the_environment_is_no_matter_on_loopback(
    carrier: TwilioCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert carrier.send(text()).status == "queued"


REFUSALS = [
    (text(to="+1312"), 21211),
    (text(to=""), 21604),
    (text(body=""), 21602),
    (text(body="x" * 1601), 21617),
]


@pytest.mark.parametrize(("refused", "code"), REFUSALS)
def test_what_twilio_refuses_was_not_sent(carrier: TwilioCarrier, refused: OutgoingText, code: int) -> None:
    with pytest.raises(Refused) as problem:
        carrier.send(refused)
    assert problem.value.code == code


def test_person_who_opted_out_is_refused(carrier: TwilioCarrier, simulated: SimulatedCarrier) -> None:
    simulated.handset_texts(ANA, "stop")
    with pytest.raises(Refused) as problem:
        carrier.send(text())
    assert problem.value.code == 21610


def test_wrong_credentials_are_refused(simulated: SimulatedCarrier) -> None:
    stranger = TwilioCarrier(simulated.account.sid, "wrong", simulated.account.numbers[0], simulated.url, STATUS_URL)
    with pytest.raises(Refused) as problem:
        stranger.send(text())
    assert problem.value.code == 20003
    with pytest.raises(CarrierError) as problem:
        stranger.find(text(), datetime.now(UTC))
    assert problem.value.code == 20003


def test_too_many_requests_were_not_taken(carrier: TwilioCarrier, simulated: SimulatedCarrier) -> None:
    simulated.plan(Fault(FaultKind.REFUSE, code=20429, http_status=429))
    with pytest.raises(Refused) as problem:
        carrier.send(text())
    assert problem.value.code == 20429
    assert simulated.exchange.listed() == []
    assert carrier.send(text()).status == "queued"


NO_ANSWERS = [
    (Fault(FaultKind.RESET), 0),
    (Fault(FaultKind.REFUSE, http_status=500), 0),
    (Fault(FaultKind.TAKE_AND_REFUSE, http_status=503), 1),
    (Fault(FaultKind.TAKE_AND_RESET), 1),
    (Fault(FaultKind.TAKE_AND_STALL, seconds=60), 1),
    (Fault(FaultKind.STALL, seconds=60), 0),
]


@pytest.mark.parametrize(("fault", "taken"), NO_ANSWERS)
def test_lost_answer_is_unknown_until_the_carrier_is_asked(
    simulated: SimulatedCarrier, clock: Clock, fault: Fault, taken: int
) -> None:
    carrier = speaking_to(simulated, timeout_s=0.3)
    simulated.plan(fault)
    with pytest.raises(OutcomeUnknown):
        carrier.send(text())
    assert len(carrier.find(text(), clock())) == taken


def refused_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_nobody_listening_means_not_sent() -> None:
    carrier = TwilioCarrier("AC" + "1" * 32, "token", "+15005550100", f"http://127.0.0.1:{refused_port()}", STATUS_URL)
    with pytest.raises(Refused) as problem:
        carrier.send(text())
    assert problem.value.code is None
    with pytest.raises(CarrierError):
        carrier.find(text(), datetime.now(UTC))


PLACE = HTTPConnection("api.example")
NETWORK_ERRORS = [
    (requests.ConnectTimeout(), Refused),
    (requests.ConnectionError(MaxRetryError(PLACE, "/", NameResolutionError("h", PLACE, socket.gaierror()))), Refused),  # type: ignore[arg-type]
    (requests.ConnectionError(MaxRetryError(PLACE, "/", ConnectTimeoutError())), Refused),  # type: ignore[arg-type]
    (requests.exceptions.InvalidSchema("htp://"), Refused),
    (requests.ReadTimeout(), OutcomeUnknown),
    (requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError())), OutcomeUnknown),
    (requests.exceptions.SSLError(), OutcomeUnknown),
    (requests.exceptions.ChunkedEncodingError(), OutcomeUnknown),
]


@pytest.mark.parametrize(("error", "outcome"), NETWORK_ERRORS)
def test_only_a_text_that_never_left_counts_as_refused(
    carrier: TwilioCarrier, monkeypatch: pytest.MonkeyPatch, error: Exception, outcome: type[CarrierError]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(requests.Session, "send", fails)
    with pytest.raises(CarrierError) as problem:
        carrier.send(text())
    assert type(problem.value) is outcome
    assert problem.value.code is None


@pytest.fixture
def answering() -> Iterator[Callable[[Response], TwilioCarrier]]:
    """A carrier whose Twilio always gives the one answer."""
    servers = []

    def start(answer: Response) -> TwilioCarrier:
        def app(environ, start_response):  # type: ignore[no-untyped-def]
            Request(environ).get_data()
            return answer(environ, start_response)

        server = make_server("127.0.0.1", 0, app)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return TwilioCarrier("AC" + "1" * 32, "t", "+15005550100", f"http://127.0.0.1:{server.server_port}", STATUS_URL)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


MODERN = {"type": "https://www.twilio.com/docs/errors/20429", "title": "Too many", "status": 429, "code": 20429}
ANSWERS = [
    (Response(json.dumps(MODERN), 429), Refused, 20429),
    (Response(json.dumps({**MODERN, "status": 503, "code": 20503}), 503), OutcomeUnknown, 20503),
    (Response("slow down", 429), Refused, 20429),
    (Response("who are you", 401), Refused, 20003),
    (Response("<html>bad gateway</html>", 502), OutcomeUnknown, 502),
    (Response("moved", 302, headers={"Location": "http://127.0.0.1/"}), OutcomeUnknown, 302),
    (Response("thanks!", 201), OutcomeUnknown, None),
    (Response("{}", 201), OutcomeUnknown, None),
    (Response("[]", 201), OutcomeUnknown, None),
]


@pytest.mark.parametrize(("answer", "outcome", "code"), ANSWERS)
def test_every_answer_is_an_outcome(
    answering: Callable[[Response], TwilioCarrier], answer: Response, outcome: type[CarrierError], code: int | None
) -> None:
    with pytest.raises(CarrierError) as problem:
        answering(answer).send(text())
    assert (type(problem.value), problem.value.code) == (outcome, code)


@pytest.mark.parametrize(
    "answer", [Response("no", 500), Response("no", 200), Response('{"a": 1}', 200), Response("[]", 200)]
)
def test_list_without_an_answer_is_a_carrier_error(
    answering: Callable[[Response], TwilioCarrier], answer: Response
) -> None:
    with pytest.raises(CarrierError):
        answering(answer).find(text(), datetime.now(UTC))


def test_no_error_quotes_a_number_or_a_text(carrier: TwilioCarrier) -> None:
    private = text("he hit me", to="+1312")
    with pytest.raises(Refused) as problem:
        carrier.send(private)
    shown = "".join(traceback.format_exception(problem.value))
    assert private.to not in shown
    assert private.body not in shown


def test_waiting_text_is_found_though_it_has_no_date_of_sending(carrier: TwilioCarrier, clock: Clock) -> None:
    taken = carrier.send(text())
    assert carrier.find(text(), clock()) == [taken]


def test_sent_text_is_found(carrier: TwilioCarrier, simulated: SimulatedCarrier, clock: Clock) -> None:
    asked_at = clock()
    taken = carrier.send(text())
    clock.passes(minutes=1)
    simulated.run_due()
    assert carrier.find(text(), asked_at) == [Taken(taken.carrier_id, "delivered")]


def test_what_the_person_wrote_is_no_text_of_ours(
    carrier: TwilioCarrier, simulated: SimulatedCarrier, clock: Clock
) -> None:
    simulated.handset_texts(ANA, "How are you?")
    assert carrier.find(text(to="+15005550100"), clock()) == []


def test_only_texts_alike_are_found_oldest_first(carrier: TwilioCarrier, clock: Clock) -> None:
    carrier.send(text())
    clock.passes(minutes=5)
    since = clock()
    first = carrier.send(text(token="t2"))
    carrier.send(text("Something else"))
    carrier.send(text(to="+13125550143"))
    clock.passes(seconds=30)
    second = carrier.send(text(token="t3"))
    third = carrier.send(text(token="t4"))
    assert carrier.find(text(), since) == [first, second, third]


def test_time_in_another_zone_is_the_same_instant(carrier: TwilioCarrier, clock: Clock) -> None:
    taken = carrier.send(text())
    chicago = timezone(timedelta(hours=-6))
    assert carrier.find(text(), clock().astimezone(chicago)) == [taken]
    assert carrier.find(text(), (clock() + timedelta(minutes=1)).astimezone(chicago)) == []


def test_body_is_known_again_after_twilio_straightened_its_quotes(
    carrier: TwilioCarrier, clock: Clock, simulated: SimulatedCarrier
) -> None:
    taken = carrier.send(text("It's Dana - call me"))
    assert carrier.find(text("It’s Dana — call me"), clock()) == [taken]


FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_signature_is_twilios() -> None:
    assert signature(URL, FORM, "12345") == SIGNATURE
    assert is_signed(URL, FORM, SIGNATURE, "12345")
    assert is_signed(URL, MultiDict(FORM), SIGNATURE, "12345")


def test_blank_fields_are_signed_too() -> None:
    form = {**FORM, "FromCity": "", "Body": "sí \r\n "}
    made = signature(URL, form, "12345")
    assert is_signed(URL, form, made, "12345")
    assert not is_signed(URL, {**form, "Body": "sí"}, made, "12345")


UNSIGNED = [
    (URL, FORM, None, "12345"),
    (URL, FORM, "", "12345"),
    (URL, FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "12345"),
    (URL, {**FORM, "Digits": "1235"}, SIGNATURE, "12345"),
    (URL.replace("https", "http"), FORM, SIGNATURE, "12345"),
    (URL, FORM, SIGNATURE, "12346"),
    (URL, FORM, signature(URL, FORM, ""), ""),
    (URL, "{}", SIGNATURE, "12345"),
    (URL, b"{}", SIGNATURE, "12345"),
    (URL, None, SIGNATURE, "12345"),
    (URL, {"a": 1}, SIGNATURE, "12345"),
    (URL, FORM, "ünï", "12345"),
    ("https://host:port/", FORM, SIGNATURE, "12345"),
    ("https://h/\ud800", FORM, SIGNATURE, "12345"),
]


@pytest.mark.parametrize(("url", "form", "header", "token"), UNSIGNED)
def test_anything_else_is_not_signed(url: str, form: object, header: str | None, token: str) -> None:
    assert is_signed(url, form, header, token) is False
