"""The simulated carrier does what Twilio does: the real SDK on one side, signed webhooks on the other."""

import re
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client
from werkzeug.wrappers import Request, Response

from bot.carrier.admission import Submission
from bot.carrier.faults import Fault, FaultKind
from bot.carrier.postings import Account
from bot.carrier.simulated import SimulatedCarrier, Unreachable, post_into, post_over_http
from bot.carrier.twilio import is_signed

ANA = "+13125550142"
BEN = "+13125550143"
OURS = "+15005550100"
SERVICE = "MG" + "a" * 32
SMS_URL = "https://standby.example/twilio/sms"
STATUS_URL = "https://standby.example/twilio/status?m=t1"


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 12, 0, 0, 400_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **lengths: float) -> None:
        self.at += timedelta(**lengths)


class Mailbox:
    """Takes webhooks and remembers them; `answers` are the next statuses, None for nobody there."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.answers: list[int | None] = []

    def __call__(self, url: str, form: dict[str, str], headers: dict[str, str]) -> int:
        self.got.append((url, form, headers))
        status = self.answers.pop(0) if self.answers else 200
        if status is None:
            raise Unreachable("nobody there")
        return status

    def values(self, name: str) -> list[str]:
        return [form[name] for _, form, _ in self.got if name in form]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def carrier(clock: Clock, mailbox: Mailbox) -> Iterator[SimulatedCarrier]:
    with SimulatedCarrier(clock, Account(service_sid=SERVICE), SMS_URL, mailbox) as carrier:
        yield carrier


@pytest.fixture
def client(carrier: SimulatedCarrier) -> Any:
    return client_of(carrier)


def client_of(carrier: SimulatedCarrier, token: str | None = None) -> Any:
    client = Client(carrier.account.sid, token or carrier.account.auth_token)
    client.api.base_url = carrier.url
    client.http_client.session.trust_env = False
    return client


def send(client: Any, body: str = "How are you?", to: str = ANA, **more: Any) -> Any:
    sender = {} if "messaging_service_sid" in more else {"from_": OURS}
    return client.messages.create(to=to, body=body, **{**sender, "status_callback": STATUS_URL, **more})


def settle(carrier: SimulatedCarrier, clock: Clock) -> None:
    clock.passes(minutes=1)
    carrier.run_due()


SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
WHEN = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000")
STATUSES = {
    *("queued", "sending", "sent", "failed", "delivered", "undelivered", "receiving", "received", "accepted"),
    *("scheduled", "read", "partially_delivered", "canceled"),
}


def fits(pattern: re.Pattern[str] | str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def nullable(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


# The fields of a message in Twilio's OpenAPI description, and what each may hold.
MESSAGE_FIELDS: dict[str, Callable[[Any], bool]] = {
    "account_sid": fits(r"AC[0-9a-fA-F]{32}"),
    "api_version": fits("2010-04-01"),
    "body": fits(re.compile(".*", re.DOTALL)),
    "date_created": fits(WHEN),
    "date_sent": nullable(fits(WHEN)),
    "date_updated": fits(WHEN),
    "direction": lambda value: value in {"inbound", "outbound-api", "outbound-call", "outbound-reply"},
    "error_code": nullable(lambda value: isinstance(value, int)),
    "error_message": nullable(lambda value: isinstance(value, str)),
    "from": nullable(fits(r"(whatsapp:)?\+\d+")),
    "messaging_service_sid": nullable(fits(r"MG[0-9a-fA-F]{32}")),
    "num_media": fits(r"\d+"),
    "num_segments": fits(r"\d+"),
    "price": nullable(fits(r"-?\d+\.\d+")),
    "price_unit": nullable(fits("[A-Z]{3}")),
    "sid": fits(SID),
    "status": lambda value: value in STATUSES,
    "subresource_uris": lambda value: list(value) == ["media"],
    "to": fits(r"(whatsapp:)?\+\d+"),
    "uri": fits(r"/2010-04-01/Accounts/AC[0-9a-f]{32}/Messages/(SM|MM)[0-9a-f]{32}\.json"),
}
PAGE_FIELDS = {
    *("end", "first_page_uri", "next_page_uri", "page", "page_size", "previous_page_uri", "start", "uri", "messages"),
}


def raw(carrier: SimulatedCarrier, method: str, path: str, **more: Any) -> requests.Response:
    url = f"{carrier.url}/2010-04-01/Accounts/{carrier.account.sid}{path}"
    return requests.request(method, url, auth=(carrier.account.sid, carrier.account.auth_token), timeout=5, **more)


def misfits(message: dict[str, Any]) -> list[str]:
    assert set(message) == set(MESSAGE_FIELDS)
    return [name for name, check in MESSAGE_FIELDS.items() if not check(message[name])]


@pytest.mark.parametrize("sender", [{"From": OURS}, {"MessagingServiceSid": SERVICE}])
def test_new_text_has_twilios_shape(carrier: SimulatedCarrier, sender: dict[str, str]) -> None:
    answer = raw(carrier, "POST", "/Messages.json", data={"To": ANA, "Body": "Hi\nthere", **sender})
    assert answer.status_code == 201
    assert misfits(answer.json()) == []


def test_list_has_twilios_shape(carrier: SimulatedCarrier, client: Any, clock: Clock) -> None:
    carrier.plan(Fault(FaultKind.UNDELIVER))
    send(client)
    settle(carrier, clock)
    carrier.handset_texts(ANA, "fine", media=("https://media.example/a.jpg",))
    page = raw(carrier, "GET", "/Messages.json").json()
    assert set(page) == PAGE_FIELDS
    assert [misfits(message) for message in page["messages"]] == [[], []]


def test_service_has_chosen_nothing_at_first(carrier: SimulatedCarrier, client: Any, clock: Clock) -> None:
    new = send(client, messaging_service_sid=SERVICE)
    assert (new.status, new.from_, new.num_segments) == ("accepted", None, "0")
    settle(carrier, clock)
    later = client.messages(new.sid).fetch()
    assert (later.status, later.from_, later.num_segments) == ("delivered", OURS, "1")


def test_account_is_there(client: Any, carrier: SimulatedCarrier) -> None:
    account = client.api.accounts(carrier.account.sid).fetch()
    assert (account.status, account.type) == ("active", "Full")


REFUSED = [
    ({"to": "+1312"}, 21211, 400),
    ({"to": "3125550142"}, 21211, 400),
    ({"body": ""}, 21602, 400),
    ({"body": "x" * 1601}, 21617, 400),
    ({"from_": "+15005550999"}, 21606, 400),
    ({"from_": "pizza"}, 21212, 400),
    ({"to": OURS}, 21266, 400),
    ({"messaging_service_sid": "MG" + "b" * 32}, 21705, 400),
    ({"validity_period": 36_001}, 20001, 400),
]


@pytest.mark.parametrize(("asked", "code", "status"), REFUSED)
def test_refusal_has_twilios_code(client: Any, asked: dict[str, Any], code: int, status: int) -> None:
    with pytest.raises(TwilioRestException) as problem:
        send(client, **asked)
    assert (problem.value.code, problem.value.status) == (code, status)


def test_refusal_has_twilios_body(carrier: SimulatedCarrier) -> None:
    answer = raw(carrier, "GET", f"/Messages/SM{'0' * 32}.json")
    assert answer.status_code == 404
    assert answer.json() == {
        "code": 20404,
        "message": "The requested resource was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }


def test_wrong_token_is_turned_away(carrier: SimulatedCarrier) -> None:
    with pytest.raises(TwilioRestException) as problem:
        send(client_of(carrier, "wrong"))
    assert (problem.value.code, problem.value.status) == (20003, 401)
    assert requests.get(f"{carrier.url}/2010-04-01/Accounts/x.json", timeout=5).status_code == 401


def test_statuses_come_with_time(carrier: SimulatedCarrier, client: Any, clock: Clock, mailbox: Mailbox) -> None:
    send(client, messaging_service_sid=SERVICE)
    carrier.run_due()
    assert mailbox.got == []
    clock.passes(seconds=2)
    carrier.run_due()
    assert mailbox.values("MessageStatus") == ["queued", "sending"]
    clock.passes(seconds=2)
    carrier.run_due()
    assert mailbox.values("MessageStatus") == ["queued", "sending", "sent", "delivered"]
    assert carrier.exchange.next_due_at() is None


def test_callback_is_signed_and_whole(carrier: SimulatedCarrier, client: Any, clock: Clock, mailbox: Mailbox) -> None:
    carrier.plan(Fault(FaultKind.UNDELIVER, code=30005))
    sid = send(client).sid
    settle(carrier, clock)
    url, form, headers = mailbox.got[-1]
    assert url == STATUS_URL
    assert is_signed(url, form, headers["X-Twilio-Signature"], carrier.account.auth_token)
    assert form == {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": carrier.account.sid,
        "ApiVersion": "2010-04-01",
        "From": OURS,
        "To": ANA,
        "SmsStatus": "undelivered",
        "MessageStatus": "undelivered",
        "ErrorCode": "30005",
        "RawDlrDoneDate": "2611231200",
    }


def test_inbound_is_signed_and_whole(carrier: SimulatedCarrier, mailbox: Mailbox) -> None:
    sid = carrier.handset_texts(ANA, "sí \r\n", media=("https://media.example/a.jpg",)).sid
    carrier.run_due()
    [(url, form, headers)] = mailbox.got
    assert url == SMS_URL
    assert is_signed(url, form, headers["X-Twilio-Signature"], carrier.account.auth_token)
    assert sid.startswith("MM")
    places = {f"{end}{part}": "" for end in ("From", "To") for part in ("City", "State", "Zip", "Country")}
    assert form == places | {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "AccountSid": carrier.account.sid,
        "ApiVersion": "2010-04-01",
        "SmsStatus": "received",
        "MessagingServiceSid": SERVICE,
        "From": ANA,
        "To": OURS,
        "Body": "sí \r\n",
        "NumSegments": "1",
        "NumMedia": "1",
        "MediaUrl0": "https://media.example/a.jpg",
        "MediaContentType0": "image/jpeg",
    }


def test_fragment_of_a_url_is_neither_sent_nor_signed(
    carrier: SimulatedCarrier, client: Any, clock: Clock, mailbox: Mailbox
) -> None:
    send(client, status_callback=f"{STATUS_URL}#rc=3")
    settle(carrier, clock)
    url, form, headers = mailbox.got[0]
    assert url == STATUS_URL
    assert is_signed(url, form, headers["X-Twilio-Signature"], carrier.account.auth_token)


ATTEMPTS = [([None, 200], 2, 200), ([None, None, 200], 2, None), ([500, 200], 1, 500), ([0, 200], 1, 0)]


@pytest.mark.parametrize(("answers", "attempts", "status"), ATTEMPTS)
def test_webhook_is_tried_again_only_when_nobody_was_there(
    carrier: SimulatedCarrier, mailbox: Mailbox, answers: list[int | None], attempts: int, status: int | None
) -> None:
    mailbox.answers = answers
    carrier.handset_texts(ANA, "hello")
    carrier.run_due()
    assert len(mailbox.got) == attempts
    assert carrier.posted[-1].status == status


KEYWORDS = [
    *((word, True, "unsubscribed") for word in ("STOP", "StopAll", "unsubscribe", "cancel", "End", "quit")),
    *((word, True, "unsubscribed") for word in ("revoke", "OPTOUT", " stop ")),
    *((word, False, "Reply STOP") for word in ("HELP", "info")),
    *((word, False, None) for word in ("OPT OUT", "STOP PLEASE", "please stop", "start", "YES", "unstop", "STOP.", "")),
]


@pytest.mark.parametrize(("word", "is_out", "reply"), KEYWORDS)
def test_only_the_whole_keyword_counts(
    carrier: SimulatedCarrier, client: Any, mailbox: Mailbox, word: str, is_out: bool, reply: str | None
) -> None:
    carrier.handset_texts(ANA, word)
    carrier.run_due()
    assert carrier.exchange.is_opted_out(ANA) is is_out
    heard = [spoken.body for spoken in carrier.conversation(ANA)[1:]]
    assert (len(heard), reply or "") == (1 if reply else 0, reply if heard and reply in heard[0] else "")
    assert mailbox.values("Body") == [word]
    assert len(client.messages.list(limit=10)) == 1


@pytest.mark.parametrize("word", ["START", "yes", "Unstop"])
def test_start_lifts_the_block(carrier: SimulatedCarrier, client: Any, word: str) -> None:
    carrier.handset_texts(ANA, "STOP")
    with pytest.raises(TwilioRestException) as problem:
        send(client)
    assert problem.value.code == 21610
    carrier.handset_texts(ANA, word)
    assert "re-subscribed" in carrier.conversation(ANA)[-1].body
    assert send(client).status == "queued"


def test_person_who_opted_out_hears_nothing_more(carrier: SimulatedCarrier) -> None:
    for word in ("STOP", "STOP", "HELP"):
        carrier.handset_texts(ANA, word)
    assert [spoken.direction for spoken in carrier.conversation(ANA)] == [
        *("inbound", "carrier-reply", "inbound", "inbound")
    ]


def test_opt_out_covers_the_service_and_one_person(carrier: SimulatedCarrier, client: Any) -> None:
    carrier.handset_texts(ANA, "STOP")
    with pytest.raises(TwilioRestException):
        send(client, messaging_service_sid=SERVICE)
    assert send(client, to=BEN).status == "queued"


def test_opt_out_without_a_service_covers_one_number(clock: Clock) -> None:
    second = "+15005550101"
    with SimulatedCarrier(clock, Account(numbers=(OURS, second))) as carrier:
        carrier.handset_texts(ANA, "STOP", to=OURS)
        assert send(client_of(carrier), from_=second).status == "queued"
        with pytest.raises(TwilioRestException):
            send(client_of(carrier))


def test_keywords_mean_nothing_on_whatsapp(carrier: SimulatedCarrier) -> None:
    text = carrier.handset_texts(f"whatsapp:{ANA}", "STOP")
    assert text.to == f"whatsapp:{OURS}"
    assert not carrier.exchange.is_opted_out(f"whatsapp:{ANA}")


def test_list_filters_by_person_and_number(carrier: SimulatedCarrier, client: Any) -> None:
    send(client, "one")
    send(client, "two", to=BEN)
    carrier.handset_texts(ANA, "three")
    assert [text.body for text in client.messages.list(to=ANA, limit=9)] == ["one"]
    assert [text.body for text in client.messages.list(to=OURS, limit=9)] == ["three"]
    assert [text.body for text in client.messages.list(from_=OURS, limit=9)] == ["two", "one"]


@pytest.fixture
def days(carrier: SimulatedCarrier, client: Any, clock: Clock) -> list[datetime]:
    """Three days with one text sent on each, then one that waits; the instants of sending."""
    sent = []
    for day in range(3):
        new = send(client, f"day {day}")
        settle(carrier, clock)
        sent.append(client.messages(new.sid).fetch().date_sent)
        clock.passes(days=1)
    send(client, "waiting")
    return sent


SECOND = timedelta(seconds=1)
FILTERS: list[tuple[Callable[[list[datetime]], dict[str, Any]], list[str]]] = [
    (lambda days: {}, ["waiting", "day 2", "day 1", "day 0"]),
    (lambda days: {"date_sent_after": days[1]}, ["day 2", "day 1"]),
    (lambda days: {"date_sent_after": days[1] + SECOND}, ["day 2"]),
    (lambda days: {"date_sent_before": days[1]}, ["day 1", "day 0"]),
    (lambda days: {"date_sent_before": days[1] - SECOND}, ["day 0"]),
    (lambda days: {"date_sent": days[1]}, ["day 1"]),
    (lambda days: {"date_sent": str(days[1].date())}, ["day 1"]),
    (lambda days: {"date_sent_after": str(days[1].date())}, ["day 2", "day 1"]),
    (lambda days: {"date_sent_before": str(days[1].date())}, ["day 0"]),
    (lambda days: {"date_sent_after": days[1], "date_sent_before": days[1]}, ["day 1"]),
]


@pytest.mark.parametrize(("asked", "found"), FILTERS)
def test_list_filters_by_date_of_sending(
    client: Any, days: list[datetime], asked: Callable[[list[datetime]], dict[str, Any]], found: list[str]
) -> None:
    assert [text.body for text in client.messages.list(**asked(days), limit=9)] == found


@pytest.mark.parametrize("size", [1, 2, 4, 5, 6])
def test_pages_hold_everything_once_in_order(client: Any, size: int) -> None:
    for number in range(5):
        send(client, f"number {number}")
    send(client, "to another", to=BEN)
    listed = client.messages.list(to=ANA, page_size=size)
    assert [text.body for text in listed] == [f"number {number}" for number in range(4, -1, -1)]


@pytest.mark.parametrize("asked", [{"PageSize": "1001"}, {"PageSize": "0"}, {"Page": "x"}, {"DateSent": "monday"}])
def test_nonsense_in_a_list_is_refused(carrier: SimulatedCarrier, asked: dict[str, str]) -> None:
    assert raw(carrier, "GET", "/Messages.json", params=asked).status_code == 400


def test_list_refused_is_an_exception_without_a_code(carrier: SimulatedCarrier) -> None:
    with pytest.raises(TwilioException) as problem:
        client_of(carrier, "wrong").messages.list(limit=1)
    assert problem.value.args[1].status_code == 401


def test_canceled_text_is_never_sent(carrier: SimulatedCarrier, client: Any, clock: Clock, mailbox: Mailbox) -> None:
    new = send(client)
    assert client.messages(new.sid).update(status="canceled").status == "canceled"
    settle(carrier, clock)
    assert mailbox.values("MessageStatus") == ["canceled"]
    with pytest.raises(TwilioRestException):
        client.messages(new.sid).update(status="canceled")


def test_redacted_and_deleted_texts_are_gone(carrier: SimulatedCarrier, client: Any, clock: Clock) -> None:
    new = send(client)
    with pytest.raises(TwilioRestException) as problem:
        client.messages(new.sid).delete()
    assert problem.value.code == 20009
    settle(carrier, clock)
    assert client.messages(new.sid).update(body="").body == ""
    assert client.messages(new.sid).delete()
    assert client.messages.list(limit=1) == []


FATES = [
    (Fault(FaultKind.FAIL, code=30007), ["sending", "failed"]),
    (Fault(FaultKind.UNDELIVER), ["sending", "sent", "undelivered"]),
    (Fault(FaultKind.HOLD, seconds=7200), ["failed"]),
    (Fault(FaultKind.DROP_CALLBACKS), []),
    (Fault(FaultKind.REPEAT_CALLBACKS), ["sending", "sending", "sent", "sent", "delivered", "delivered"]),
    (Fault(FaultKind.REORDER_CALLBACKS), ["delivered", "sent", "sending"]),
    (Fault(FaultKind.RESET, handset=BEN), ["sending", "sent", "delivered"]),
]


@pytest.mark.parametrize(("fault", "statuses"), FATES)
def test_planned_fault_befalls_one_text(
    carrier: SimulatedCarrier, client: Any, clock: Clock, mailbox: Mailbox, fault: Fault, statuses: list[str]
) -> None:
    carrier.plan(fault)
    send(client, validity_period=3600)
    clock.passes(hours=1)
    carrier.run_due()
    assert mailbox.values("MessageStatus") == statuses
    mailbox.got.clear()
    send(client)
    settle(carrier, clock)
    assert mailbox.values("MessageStatus") == ["sending", "sent", "delivered"]


def test_callbacks_come_late(carrier: SimulatedCarrier, client: Any, clock: Clock, mailbox: Mailbox) -> None:
    carrier.plan(Fault(FaultKind.DELAY_CALLBACKS, seconds=3600))
    new = send(client)
    settle(carrier, clock)
    assert (client.messages(new.sid).fetch().status, mailbox.got) == ("delivered", [])
    clock.passes(hours=1)
    carrier.run_due()
    assert mailbox.values("MessageStatus") == ["sending", "sent", "delivered"]


INBOUND = [(FaultKind.REPEAT_INBOUND, 2), (FaultKind.DROP_INBOUND, 0), (FaultKind.DELAY_INBOUND, 0)]


@pytest.mark.parametrize(("kind", "posted"), INBOUND)
def test_inbound_webhook_can_go_wrong(
    carrier: SimulatedCarrier, client: Any, mailbox: Mailbox, clock: Clock, kind: FaultKind, posted: int
) -> None:
    carrier.plan(Fault(kind, seconds=60 if kind is FaultKind.DELAY_INBOUND else 0))
    text = carrier.handset_texts(ANA, "hello")
    carrier.run_due()
    assert mailbox.values("MessageSid") == [text.sid] * posted
    assert [listed.sid for listed in client.messages.list(to=OURS, limit=9)] == [text.sid]


def test_delayed_inbound_comes_in_the_end(carrier: SimulatedCarrier, mailbox: Mailbox, clock: Clock) -> None:
    carrier.plan(Fault(FaultKind.DELAY_INBOUND, seconds=60))
    carrier.handset_texts(ANA, "first")
    carrier.handset_texts(ANA, "second")
    carrier.run_due()
    settle(carrier, clock)
    assert mailbox.values("Body") == ["second", "first"]


def test_handset_that_is_off_hears_later(carrier: SimulatedCarrier, client: Any, clock: Clock) -> None:
    carrier.exchange.switch_off(ANA)
    send(client)
    settle(carrier, clock)
    assert [(said.status, said.heard) for said in carrier.conversation(ANA)] == [("sent", False)]
    carrier.exchange.switch_on(ANA)
    carrier.run_due()
    assert [(said.status, said.heard) for said in carrier.conversation(ANA)] == [("delivered", True)]


def test_handset_that_stays_off_is_given_up(carrier: SimulatedCarrier, client: Any, clock: Clock) -> None:
    carrier.exchange.switch_off(ANA)
    send(client)
    settle(carrier, clock)
    clock.passes(hours=4)
    carrier.run_due()
    assert [(said.status, said.error_code) for said in carrier.conversation(ANA)] == [("undelivered", 30003)]


def test_conversation_is_in_order_and_one_persons_own(carrier: SimulatedCarrier, client: Any, clock: Clock) -> None:
    send(client, "How are you?")
    send(client, "Not for Ana", to=BEN)
    settle(carrier, clock)
    carrier.handset_texts(ANA, "fine")
    carrier.handset_texts(ANA, "help")
    said = carrier.conversation(ANA)
    assert [line.direction for line in said] == ["outbound-api", "inbound", "inbound", "carrier-reply"]
    assert [line.body for line in said[:3]] == ["How are you?", "fine", "help"]
    assert carrier.exchange.handsets() == [ANA, BEN]


def test_webhooks_reach_an_application_of_this_process(clock: Clock) -> None:
    seen = []

    @Request.application
    def app(request: Request) -> Response:
        token, given = Account().auth_token, request.headers["X-Twilio-Signature"]
        seen.append((request.form["Body"], is_signed(request.url, request.form, given, token)))
        return Response("<Response/>", content_type="text/xml")

    carrier = SimulatedCarrier(clock, sms_url=f"{SMS_URL}?a=1", post=post_into(app))
    carrier.handset_texts(ANA, "¿hola? 😀")
    assert carrier.run_due() == 1
    assert (seen, carrier.posted[-1].status) == ([("¿hola? 😀", True)], 200)


def test_what_a_webhook_causes_is_done_as_well(clock: Clock) -> None:
    def answer(url: str, form: dict[str, str], headers: dict[str, str]) -> int:
        if "Body" in form:
            carrier.exchange.create(Submission(form["From"], "thanks", OURS, status_callback=STATUS_URL))
        return 200

    carrier = SimulatedCarrier(clock, sms_url=SMS_URL, post=answer, pace=timedelta())
    carrier.handset_texts(ANA, "hello")
    assert carrier.run_due() == 4
    assert [said.status for said in carrier.conversation(ANA)] == ["received", "delivered"]


def test_webhooks_go_out_by_themselves_in_a_demo(clock: Clock) -> None:
    arrived = threading.Event()

    def post(url: str, form: dict[str, str], headers: dict[str, str]) -> int:
        arrived.set()
        return 200

    carrier = SimulatedCarrier(clock, sms_url=SMS_URL, post=post)
    carrier.start(pump=True)
    carrier.handset_texts(ANA, "hello")
    assert arrived.wait(10)
    carrier.stop()


def test_webhook_over_http_is_answered_or_finds_nobody(clock: Clock) -> None:
    """Another carrier stands where the web application should: it knows no such page, but it can be reached."""
    with SimulatedCarrier(clock) as there:
        carrier = SimulatedCarrier(clock, sms_url=f"{there.url}/nowhere", post=post_over_http)
        carrier.handset_texts(ANA, "hello")
        carrier.run_due()
        assert carrier.posted[-1].status == 404
    carrier.handset_texts(ANA, "hello again")
    carrier.run_due()
    assert carrier.posted[-1].status is None


def journaled(clock: Clock, path: Path) -> SimulatedCarrier:
    return SimulatedCarrier(clock, journal=path, post=lambda url, form, headers: 200)


def test_conversations_survive_a_restart(clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "carrier.jsonl"
    first = journaled(clock, path)
    first.handset_texts(ANA, "line\u2028separator 😀\r\n")
    gone = first.exchange.create(Submission(ANA, "gone", OURS))
    settle(first, clock)
    first.exchange.delete(gone.sid)
    first.exchange.create(Submission(ANA, "on its way", OURS))
    clock.passes(seconds=1)
    first.run_due()
    first.handset_texts(BEN, "stop")
    second = journaled(clock, path)
    assert second.conversation(ANA) == first.conversation(ANA)
    assert second.conversation(BEN) == first.conversation(BEN)
    assert second.exchange.is_opted_out(BEN)
    settle(second, clock)
    assert second.conversation(ANA)[-1].status == "delivered"


def test_journal_survives_a_torn_line(clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "carrier.jsonl"
    journaled(clock, path).handset_texts(ANA, "first")
    with path.open("a") as file:
        file.write('\n{"message": {"sid": "SM')
    journaled(clock, path).handset_texts(ANA, "second")
    assert [said.body for said in journaled(clock, path).conversation(ANA)] == ["first", "second"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_browser_phone_texts_and_reads(carrier: SimulatedCarrier, client: Any, mailbox: Mailbox, clock: Clock) -> None:
    send(client)
    settle(carrier, clock)
    made = requests.post(f"{carrier.url}/simulated/texts", json={"from": ANA, "body": "stop"}, timeout=5)
    assert made.status_code == 201
    carrier.run_due()
    assert mailbox.values("Body") == ["stop"]
    phone = requests.get(f"{carrier.url}/simulated/phones/{ANA}", timeout=5).json()
    assert (phone["number"], phone["opted_out"]) == (ANA, True)
    assert [(said["direction"], said["heard"]) for said in phone["messages"]] == [
        ("outbound-api", True),
        ("inbound", True),
        ("carrier-reply", True),
    ]
    assert requests.get(f"{carrier.url}/simulated/phones", timeout=5).json() == {"numbers": [OURS], "phones": [ANA]}


def test_fault_is_planned_over_http(carrier: SimulatedCarrier, client: Any) -> None:
    fault = {"kind": "refuse", "http_status": 429, "code": 20429, "times": 2}
    assert requests.post(f"{carrier.url}/simulated/faults", json=fault, timeout=5).status_code == 201
    with pytest.raises(TwilioRestException) as problem:
        send(client)
    assert problem.value.code == 20429
    assert requests.delete(f"{carrier.url}/simulated/faults", timeout=5).status_code == 204
    assert send(client).status == "queued"


def test_handset_is_switched_over_http(carrier: SimulatedCarrier, client: Any, clock: Clock) -> None:
    url = f"{carrier.url}/simulated/phones/{ANA}/power"
    requests.post(url, json={"on": False}, timeout=5)
    send(client)
    settle(carrier, clock)
    assert carrier.conversation(ANA)[0].status == "sent"
    requests.post(url, json={"on": True}, timeout=5)
    carrier.run_due()
    assert carrier.conversation(ANA)[0].status == "delivered"


WRONG = [
    ("texts", {"json": {"from": "ana", "body": "hi"}}, 400),
    ("texts", {"json": {"from": ANA, "to": "+1999", "body": "hi"}}, 400),
    ("texts", {"json": [1]}, 400),
    ("texts", {"data": {"from": ANA, "body": "a form of a foreign page"}}, 415),
    ("texts", {"json": {"from": ANA}, "headers": {"Host": "evil.example"}}, 403),
    ("faults", {"json": {"kind": "meteor"}}, 400),
    ("faults", {"json": {"kind": "reset", "colour": "red"}}, 400),
    ("nowhere", {"json": {}}, 404),
]


@pytest.mark.parametrize(("path", "asked", "status"), WRONG)
def test_control_takes_no_nonsense_and_no_strangers(
    carrier: SimulatedCarrier, path: str, asked: dict[str, Any], status: int
) -> None:
    assert requests.post(f"{carrier.url}/simulated/{path}", **asked, timeout=5).status_code == status
    assert carrier.exchange.handsets() == []


def test_picture_is_served(carrier: SimulatedCarrier) -> None:
    answer = requests.get(f"{carrier.url}/simulated/media/cat.png", timeout=5)
    assert (answer.headers["Content-Type"], answer.content[:4]) == ("image/png", b"\x89PNG")


def test_it_listens_on_loopback_alone(carrier: SimulatedCarrier) -> None:
    assert carrier.url.startswith("http://127.0.0.1:")
