"""The door: who comes in, who does not, and who may see what."""

from collections.abc import Callable

import pytest

from bot.models import Event, Role, Staff
from bot.web.auth import TRIES
from tests.web.conftest import HASH, PASSWORD, Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]
WRONG = "E-mail and password do not fit"


def _may_sign_in(world: World, colleague: Colleague) -> str:
    with world.standby.db.writing() as session:
        staff = session.get_one(Staff, colleague.id)
        staff.password_hash = HASH
        return staff.email


def test_signing_in_opens_the_people_and_goes_on_record(world: World, browser: Browser) -> None:
    email = _may_sign_in(world, world.colleague("Dana"))
    assert "My people" in browser.signs_in(email.upper()).text
    with world.standby.db.reading() as session:
        assert session.query(Event).filter(Event.what == "signed_in").count() == 1


def test_wrong_password_and_unknown_address_sound_alike(world: World, browser: Browser) -> None:
    email = _may_sign_in(world, world.colleague("Dana"))
    for given in ((email, "not it"), ("nobody@example.org", PASSWORD), ("", "")):
        answer = browser.signs_in(*given)
        assert answer.status_code == 401
        assert WRONG in answer.text


def test_without_a_password_or_place_nobody_comes_in(world: World, browser: Browser) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    _may_sign_in(world, omar)
    with world.standby.db.writing() as session:
        session.get_one(Staff, omar.id).active = False
    assert WRONG in browser.signs_in("dana@example.org").text
    assert WRONG in browser.signs_in("omar@example.org").text
    assert dana.id


def test_too_many_tries_must_wait(world: World, browser: Browser) -> None:
    email = _may_sign_in(world, world.colleague("Dana"))
    world.app.extensions["tries"].failed["127.0.0.1"].extend([world.now] * (TRIES - 1))
    assert browser.signs_in(email, "guess").status_code == 401
    assert browser.signs_in(email).status_code == 429
    world.passes(minutes=11)
    assert browser.signs_in(email).status_code == 200


def test_a_new_password_ends_the_old_sessions(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    browser = browses(dana)
    with world.standby.db.writing() as session:
        session.get_one(Staff, dana.id).password_hash = HASH + " "
    assert "Sign in" in browser.reads("/")


def test_signing_in_leads_on_only_to_pages_of_ours(world: World, browser: Browser) -> None:
    email = _may_sign_in(world, world.colleague("Dana"))
    for foreign in ("https://evil.example", "//evil.example", "/\\evil.example", "flags"):
        answer = browser.posts("/sign-in", follow=False, email=email, password=PASSWORD, next=foreign)
        assert answer.location == "/"
        browser.posts("/sign-out")
    assert browser.posts("/sign-in", follow=False, email=email, password=PASSWORD, next="/flags").location == "/flags"


def test_signing_out_ends_it(world: World, browses: Browses) -> None:
    browser = browses(world.colleague("Dana"))
    assert "signed out" in browser.posts("/sign-out").text
    assert "Sign in" in browser.reads("/flags")


PAGES = {
    "/": {Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN, Role.RESEARCHER},
    "/people": {Role.CASEWORKER, Role.SUPERVISOR},
    "/flags": {Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN},
    "/rates": {Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN, Role.RESEARCHER},
    "/people/1": {Role.SUPERVISOR},
    "/people/1/talk": {Role.SUPERVISOR},
    "/people/1/facts": {Role.SUPERVISOR},
}


@pytest.mark.parametrize("role", list(Role))
def test_each_page_is_for_its_roles_alone(world: World, browses: Browses, role: Role) -> None:
    world.participant("Ana", world.colleague("Dana"))
    browser = browses(world.colleague("Robin", role))
    for path, allowed in PAGES.items():
        assert browser.opens(path).status_code == (200 if role in allowed else 403), path


def test_nobody_sees_a_page_before_signing_in(world: World, browser: Browser) -> None:
    world.participant("Ana", world.colleague("Dana"))
    for path in PAGES:
        assert browser.client.get(path).status_code == 302
        assert browser.client.get(path, headers={"X-Fragment": "yes"}).status_code == 401


def test_a_form_without_its_token_changes_nothing(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    for path in ("/flags/1/take", f"/people/{ana.id}/texts", "/sign-out", "/phones/clock"):
        assert browser.client.post(path, data={"body": "hello"}).status_code == 400
    assert not world.texts_to(ana)


def test_every_answer_carries_the_shield(world: World, browses: Browses) -> None:
    browser = browses(world.colleague("Dana"))
    for path in ("/", "/flags", "/nowhere", "/static/standby.css"):
        headers = browser.opens(path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert browser.opens("/").headers["Cache-Control"] == "no-store"


def test_pages_hold_no_inline_script_or_style(world: World, browses: Browses) -> None:
    dana = world.colleague("Dana")
    world.participant("Ana", dana)
    browser = browses(dana)
    for path in ("/", "/flags", "/rates", "/people/1", "/phones"):
        html = browser.reads(path)
        assert "<style" not in html and " style=" not in html and "onclick" not in html
        assert "http://" not in html.replace("http://standby.example", ""), path
