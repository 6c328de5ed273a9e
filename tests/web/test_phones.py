"""The rehearsal's phones: there with the simulated carrier, and nowhere else."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app import create_app
from bot.models import Event, Rehearsal, Role
from bot.wiring import build, real_now, wind_on
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]
EGRESS_PROXY = "http://127.0.0.1:3128"  # real Twilio behind a loopback address


def _real(world: World, api_url: str) -> Browser:
    """The same programme with a carrier that reaches real phones."""
    settings = world.settings.model_copy(update={"carrier": "twilio", "api_url": api_url})
    carrier = world.standby.post.carrier
    return Browser(create_app(build(settings, now=lambda: world.now, carrier=carrier)).test_client())


@pytest.mark.parametrize("api_url", ["", EGRESS_PROXY])
def test_with_real_phones_there_are_no_phones_to_see(world: World, api_url: str) -> None:
    dana = world.colleague("Dana")
    browser = _real(world, api_url)
    for path in ("/phones", f"/phones/s{dana.id}/talk", "/phones/clock"):
        assert browser.client.get(path).status_code == 404
    for path in ("/phones/clock", f"/phones/s{dana.id}/texts", f"/phones/sign-in/{dana.id}"):
        assert browser.posts(path, by="1w").status_code == 404
    page = browser.reads("/sign-in")
    assert "Phones" not in page and "Rehearsal" not in page


@pytest.mark.parametrize("api_url", ["", EGRESS_PROXY])
def test_a_real_clock_cannot_be_wound(world: World, api_url: str) -> None:
    settings = world.settings.model_copy(update={"carrier": "twilio", "api_url": api_url})
    with pytest.raises(ValueError, match="cannot be wound"):
        wind_on(build(settings, now=lambda: world.now, carrier=world.standby.post.carrier), timedelta(days=1))


def test_a_real_programme_lives_by_the_real_clock(world: World) -> None:
    wind_on(world.standby, timedelta(days=9))
    settings = world.settings.model_copy(update={"carrier": "twilio", "api_url": EGRESS_PROXY})
    assert build(settings, carrier=world.standby.post.carrier).now is real_now


def test_a_phone_texts_and_shows_what_it_hears(world: World, browser: Browser) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    page = browser.reads("/phones")
    assert "Ana" in page and "Dana" in page and "Sign in as Dana" in page
    shown = [f"p{ana.id}", f"s{dana.id}"]
    answer = browser.posts(f"/phones/p{ana.id}/texts", follow=False, body="he hit me", show=shown)
    assert answer.location == f"/phones?show=p{ana.id}&show=s{dana.id}"
    world.settles()
    assert "he hit me" in browser.reads(f"/phones/p{ana.id}/talk")
    assert "delivered" in browser.reads(f"/phones/s{dana.id}/talk")
    ana.hears("911")
    dana.hears("danger")
    assert browser.opens("/phones/p99/talk").status_code == 404


def test_winding_moves_the_rehearsals_clock(world: World, browser: Browser) -> None:
    assert "wound on: +3 hours" in browser.posts("/phones/clock", by="3h").text
    browser.posts("/phones/clock", by="15m")
    assert browser.posts("/phones/clock", by="a year").status_code == 400
    with world.standby.db.reading() as session:
        assert session.get_one(Rehearsal, 1).wound_s == 3 * 3600 + 900


def test_the_demo_staff_come_in_without_a_password_and_on_record(world: World, browser: Browser) -> None:
    sam = world.colleague("Sam", Role.SUPERVISOR)
    assert "Learned" in browser.posts(f"/phones/sign-in/{sam.id}").text
    assert browser.posts("/phones/sign-in/99").status_code == 404
    with world.standby.db.reading() as session:
        assert session.query(Event).filter(Event.what == "signed_in").one().detail == "rehearsal"


def test_a_carrier_that_is_down_is_said_so(world: World, browser: Browser) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.carrier.stop()
    assert "does not answer" in browser.reads(f"/phones?show=p{ana.id}")
    assert "did not take the text" in browser.posts(f"/phones/p{ana.id}/texts", body="hello").text
    world.carrier.start()
