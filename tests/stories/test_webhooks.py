"""What the carrier posts, and what only claims to come from it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from bot.carrier.faults import CALLBACKS, Fault, FaultKind
from bot.carrier.twilio import signature
from bot.core.delivery import Status
from bot.inbox import Incoming
from bot.models import Delivery, Message, Role
from tests.world import PUBLIC_URL, Person, World

ANY_BODY = st.text(st.characters(exclude_categories=["Cs"]), max_size=1600)


def _posts(world: World, path: str, form: dict[str, str], token: str | None = None, sign: bool = True) -> int:
    """The carrier, or somebody who claims to be it, posts this form; what it is answered."""
    form = {"AccountSid": world.settings.account_sid, **form}
    url = PUBLIC_URL + path
    headers = {"X-Twilio-Signature": signature(url, form, token or world.settings.auth_token)} if sign else {}
    return Client(world.app).post(path, base_url=PUBLIC_URL, data=form, headers=headers).status_code


def _text(person: Person, body: str, number: int = 1) -> dict[str, str]:
    return {"MessageSid": f"SM{number:032x}", "From": person.number, "Body": body, "NumMedia": "0"}


def test_what_is_not_signed_is_refused_and_not_stored(world: World) -> None:
    ana = world.participant("Ana")
    assert _posts(world, "/twilio/sms", _text(ana, "he hit me"), sign=False) == 403
    assert _posts(world, "/twilio/sms", _text(ana, "he hit me"), token="another") == 403
    assert _posts(world, "/twilio/sms", {**_text(ana, "he hit me"), "AccountSid": "AC" + "9" * 32}) == 403
    assert _posts(world, "/twilio/status", {"MessageSid": "SM1", "MessageStatus": "sent"}, sign=False) == 403
    assert world.texts_from(ana) == []
    metrics = Client(world.app).get("/metrics", base_url=PUBLIC_URL).text
    assert 'standby_webhooks_refused_total{path="/twilio/sms"}' in metrics


def test_a_webhook_that_comes_twice_is_one_text(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.goes_wrong(Fault(FaultKind.REPEAT_INBOUND))
    ana.texts("i need a job")
    ana.hears("passed this on")
    dana.hears("someone needs an answer")
    assert len(world.texts_from(ana)) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=ANY_BODY)
def test_any_body_is_kept_as_it_is(world: World, body: str) -> None:
    sam = world.phones[0] if world.phones else world.colleague("Sam", Role.SUPERVISOR)
    stranger = world.stranger()
    number = len(world.phones)
    form = {"MessageSid": f"SM{number:032x}", "From": stranger.number, "Body": body}
    assert _posts(world, "/twilio/sms", form) == 200
    world.works()
    assert [each.body for each in world.texts_from(stranger)] == [body]
    assert all(each.handled_at for each in world.texts_from(stranger))
    sam.hears_all()


@pytest.mark.parametrize("body", ["", "\x00", "a\x00b", "مرحبا \u202e", "👩‍👩‍👧‍👦" * 60, "x" * 1600, "\ud800"])
def test_odd_bodies(world: World, body: str) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.standby.take_in(Incoming("sms", "SM" + "1" * 32, ana.number, body))
    world.settles()
    assert [each.body for each in world.texts_from(ana)] == [body]
    dana.hears("someone needs an answer")


def test_ten_pictures(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    pictures = tuple(f"http://127.0.0.1/{number}.png" for number in range(10))
    ana.texts("look", media=pictures)
    media = world.texts_from(ana)[0].media
    assert media is not None and [each[0] for each in media] == list(pictures)
    dana.hears("someone needs an answer")


def test_a_word_we_do_not_know_is_kept_and_changes_nothing(world: World) -> None:
    ana = world.participant("Ana")
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    sent = world.texts_to(ana)[0]
    form = {"MessageSid": sent.carrier_id or "", "MessageStatus": "levitating"}
    assert _posts(world, f"/twilio/status?m={sent.token}", form) == 204
    assert world.texts_to(ana)[0].status is Status.DELIVERED
    with world.standby.db.reading() as session:
        assert session.query(Delivery).filter_by(word="levitating").count() == 1


def test_a_callback_of_nobodys_text_is_answered(world: World) -> None:
    assert _posts(world, "/twilio/status?m=unknown", {"MessageSid": "SM1", "MessageStatus": "sent"}) == 204


@pytest.mark.parametrize("kind", sorted(CALLBACKS))
def test_delivery_only_climbs(world: World, kind: FaultKind) -> None:
    ana = world.participant("Ana")
    world.goes_wrong(Fault(kind, seconds=600))
    world.is_due(ana, "weekly")
    world.passes(hours=1)
    ana.hears("week")
    dropped = kind is FaultKind.DROP_CALLBACKS
    assert world.texts_to(ana)[0].status is (Status.TAKEN if dropped else Status.DELIVERED)


def test_an_empty_id_loses_no_text(world: World) -> None:
    sam = world.colleague("Sam", Role.SUPERVISOR)
    stranger = world.stranger()
    for body in ("one", "two"):
        world.standby.take_in(Incoming("sms", "", stranger.number, body))
    world.settles()
    assert len(world.texts_from(stranger)) == 2
    sam.hears("someone needs an answer")
    with world.standby.db.reading() as session:
        assert session.query(Message).filter(Message.handled_at.is_(None), Message.direction == "in").count() == 0
