"""The door: who comes in, who does not, and who may see what."""

import re
from collections.abc import Callable

import pytest
from twilio.request_validator import RequestValidator

from app import create_app
from bot.models import Event, Role, Staff
from bot.web.tries import ANYBODY_HERE, PERSON_ANYWHERE, PERSON_HERE, REMEMBERED, WITHIN, knocks_of
from bot.wiring import build
from tests.web.conftest import HASH, PASSWORD, Browser
from tests.world import PUBLIC_URL, Colleague, World

Browses = Callable[[Colleague], Browser]
WRONG = "E-mail and password do not fit"


def _may_sign_in(world: World, colleague: Colleague) -> str:
    with world.standby.db.writing() as session:
        staff = session.get_one(Staff, colleague.id)
        staff.password_hash = HASH
        return staff.email


def test_signing_in_opens_the_people_and_goes_on_record(world: World, browser: Browser) -> None:
    email = _may_sign_in(world, world.colleague("Dana"))
    assert "People" in browser.signs_in(email.upper()).text
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


def _fails(world: World, email: str, address: str, times: int) -> None:
    for _ in range(times):
        world.app.extensions["tries"].count(knocks_of(email, address), world.now)


def test_too_many_tries_must_wait(world: World, browser: Browser) -> None:
    email = _may_sign_in(world, world.colleague("Dana"))
    _fails(world, email, "127.0.0.1", PERSON_HERE - 1)
    assert browser.signs_in(email.upper(), "guess").status_code == 401
    assert browser.signs_in(email).status_code == 429
    world.passes(minutes=11)
    assert browser.signs_in(email).status_code == 200


def test_who_guesses_at_one_keeps_nobody_else_out(world: World, browser: Browser) -> None:
    email, omars = _may_sign_in(world, world.colleague("Dana")), _may_sign_in(world, world.colleague("Omar"))
    _fails(world, email, "203.0.113.9", PERSON_HERE)
    _fails(world, omars, "127.0.0.1", PERSON_HERE)
    assert browser.signs_in(email).status_code == 200


def test_guesses_at_one_from_everywhere_and_at_all_from_one_place_end(world: World, browser: Browser) -> None:
    email, omars = _may_sign_in(world, world.colleague("Dana")), _may_sign_in(world, world.colleague("Omar"))
    for number in range(PERSON_ANYWHERE):
        _fails(world, email, f"203.0.113.{number}", 1)
    assert browser.signs_in(email).status_code == 429
    for number in range(ANYBODY_HERE):
        _fails(world, f"guess{number}@example.org", "127.0.0.1", 1)
    assert browser.signs_in(omars).status_code == 429


def test_made_up_names_do_not_fill_the_memory(world: World) -> None:
    tries = world.app.extensions["tries"]
    for number in range(REMEMBERED):
        tries.count({(f"guess{number}", ""): 1}, world.now)
    tries.count({("the last", ""): 1}, world.now + WITHIN)
    assert list(tries.failed) == [("the last", "")]


FROM = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(("behind", "seen"), [(True, "203.0.113.9"), (False, "127.0.0.1")])
def test_a_proxy_is_believed_only_where_it_is_set(world: World, behind: bool, seen: str) -> None:
    settings = world.settings.model_copy(update={"behind_proxy": behind})
    app = create_app(build(settings, now=lambda: world.now, carrier=world.standby.post.carrier))
    browser = Browser(app.test_client())
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.reads("/sign-in"))
    assert token
    form = {"csrf_token": token[1], "email": "nobody@example.org", "password": "guess"}
    assert browser.client.post("/sign-in", data=form, headers=FROM).status_code == 401
    assert ("", seen) in app.extensions["tries"].failed


def test_signatures_are_checked_against_our_own_address_behind_a_proxy(world: World) -> None:
    world.settings = world.settings.model_copy(update={"behind_proxy": True})
    world.starts_process()
    form = {"AccountSid": world.settings.account_sid, "From": "+18165550177", "Body": "hi", "MessageSid": "SM1"}
    client, sign = world.app.test_client(), RequestValidator(world.settings.auth_token).compute_signature
    for address, status in (("https://evil.example", 403), (PUBLIC_URL, 200)):
        headers = {**FROM, "X-Twilio-Signature": sign(f"{address}/twilio/sms", form)}
        assert client.post("/twilio/sms", data=form, headers=headers).status_code == status


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
    "/people/new": {Role.CASEWORKER, Role.SUPERVISOR},
    "/many": {Role.CASEWORKER, Role.SUPERVISOR},
    "/services": {Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN},
    "/rota": {Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN},
    "/staff": {Role.SUPERVISOR, Role.ADMIN},
    "/staff/me": set(Role),
    "/": {Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN, Role.RESEARCHER},
    "/people": {Role.CASEWORKER, Role.SUPERVISOR},
    "/flags": {Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN},
    "/rates": {Role.CASEWORKER, Role.SUPERVISOR, Role.ADMIN, Role.RESEARCHER},
    "/rates/who": set(Role),
    "/rates/wordings": {Role.SUPERVISOR, Role.ADMIN, Role.RESEARCHER},
    "/figures/funnel": set(Role),
    "/figures/funnel.svg": set(Role),
    "/figures/funnel.csv": set(Role),
    "/help/figures": set(Role),
    "/people/1": {Role.SUPERVISOR},  # who is asked why first
    "/people/1/open": {Role.SUPERVISOR},
    "/people/1/talk": set(),  # nothing of it before a reason is given
    "/people/1/facts": set(),
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
    deeds = ("texts", "notes", "opt-out", "consent", "pause", "appointments", "worker", "number", "merge", "check-in")
    theirs = [f"/people/{ana.id}/{deed}" for deed in deeds]
    others = ("/flags/1/take", "/people/new", "/many/send", "/services", "/numbers/1/join", "/staff/me", "/sign-out")
    for path in (*theirs, *others):
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
    figures = ("/rates", "/rates/when", "/figures/funnel", "/help/figures")
    others = ("/people/1", "/people/new", "/many", "/services", "/rota", "/staff/me", "/phones")
    for path in ("/", "/flags", *figures, *others):
        html = browser.reads(path)
        assert "<style" not in html and " style=" not in html and "onclick" not in html
        assert "http://" not in html.replace("http://standby.example", ""), path
