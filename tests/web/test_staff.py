"""The staff keeps itself: new colleagues, new passwords, and nothing that waits for somebody who is gone."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.core.delivery import Status
from bot.core.kinds import Purpose
from bot.models import Direction, Handover, Message, Participant, Role, Staff, WeeklyShift
from tests.web.conftest import PASSWORD, Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]
HANDED = re.compile(r"<code>([^<]+)</code>")
OMAR = {"name": "Omar Lee", "email": "Omar@example.org", "phone": "816-555-0177", "role": "caseworker", "team": "West"}


def _staff(world: World, email: str) -> Staff:
    with world.standby.db.reading() as session:
        return session.scalars(select(Staff).where(Staff.email == email)).one()


def test_a_new_colleague_signs_in_with_what_was_handed_over_and_chooses_their_own(
    world: World, browses: Browses, browser: Browser
) -> None:
    page = browses(world.colleague("Sam", Role.SUPERVISOR)).posts("/staff", **OMAR).text
    password = HANDED.search(page)
    assert password and "Hand this to Omar Lee" in page and "the phone has not texted its code back" in page
    assert _staff(world, "omar@example.org").team == "West"
    assert browser.signs_in("omar@example.org", password[1]).status_code == 200
    changed = browser.posts("/staff/me", old=password[1], new="four words are enough", again="four words are enough")
    assert "Your password is changed." in changed.text
    assert "Your password" in browser.reads("/staff/me")  # still signed in, with the new one
    browser.posts("/sign-out")
    assert browser.signs_in("omar@example.org", password[1]).status_code == 401
    assert browser.signs_in("omar@example.org", "four words are enough").status_code == 200
    with world.standby.db.reading() as session:
        [asked] = session.scalars(select(Message.body)).all()
    assert asked.startswith("Standby: text back ")


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"old": "not it", "new": "four words are enough", "again": "four words are enough"}, "not the password you"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "12 characters at least"),
        ({"old": PASSWORD, "new": "four words are enough", "again": "five words are enough"}, "typed in two ways"),
    ],
)
def test_a_password_is_not_changed_so(world: World, browses: Browses, form: dict[str, str], why: str) -> None:
    dana = world.colleague("Dana")
    browser = browses(dana)
    assert why in browser.posts("/staff/me", **form).text
    assert browses(dana).reads("/staff/me")


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(world: World, browses: Browses) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    hers, his = browses(dana), browses(sam)
    password = HANDED.search(his.posts(f"/staff/{dana.id}/password").text)
    assert password and "Sign in" in hers.opens("/").text
    assert hers.signs_in("dana@example.org", password[1]).status_code == 200
    assert password[1] not in his.reads("/staff")


def test_who_is_let_go_leaves_nothing_waiting(world: World, browses: Browses) -> None:
    sam = world.colleague("Sam", Role.SUPERVISOR)
    dana, omar = world.colleague("Dana", on_call=True), world.colleague("Omar")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears_all()
    code = dana.code()
    dana.texts(code)
    dana.hears_all()
    assert world.flags(ana) == ["safety now acknowledged"]
    his = browses(sam)
    hers = browses(dana)
    assert "One participant is with Dana. Choose who" in his.posts(f"/staff/{dana.id}/away").text
    assert "Dana does not sign in any more" in his.posts(f"/staff/{dana.id}/away", to=omar.id).text
    assert "Sign in" in hers.opens("/").text
    world.settles()
    omar.hears("may be in danger")
    omar.hears("handed somebody over to you")
    assert world.flags(ana) == ["safety now open"]
    with world.standby.db.reading() as session:
        assert session.get_one(Participant, ana.id).caseworker_id == omar.id
        assert session.scalars(select(Handover.to_id)).all() == [omar.id]
        assert session.scalars(select(WeeklyShift)).all() == []
    dana.texts("hello")
    dana.hears_nothing()
    back = his.posts(f"/staff/{dana.id}/back").text
    assert HANDED.search(back) and "Worked here before" not in back
    world.settles()
    dana.hears("text back")
    sam.hears_all()
    omar.hears_all()


def test_what_rang_only_who_is_gone_rings_others_at_once(world: World, browses: Browses) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    ana = world.participant("Ana", dana)
    his = browses(sam)
    with world.standby.db.writing() as session:
        session.get_one(Participant, ana.id).caseworker_id = None
    world.stranger().texts("is this the rent people")
    sam.hears_all()
    ana.texts("he hit me")
    ana.hears_all()
    for phone in (sam, dana):
        phone.hears_all()
    with world.standby.db.writing() as session:
        session.add(Message(
            direction=Direction.OUT, channel="sms", other="+18165550199", other_hash="x", staff_id=dana.id, body="late",
            at=world.now, token="t", purpose=Purpose.ALERT, priority=0, segments=1, status=Status.QUEUED,
            send_after=world.now + timedelta(days=1),
        ))  # fmt: skip
    his.posts(f"/staff/{dana.id}/away")
    with world.standby.db.reading() as session:
        assert session.scalars(select(Message.status).where(Message.token == "t")).all() == [Status.DROPPED]
    world.passes(minutes=1)
    sam.hears_all()


def test_who_looks_after_people_does_not_become_a_researcher(world: World, browses: Browses) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana", on_call=True)
    form = {"name": "Dana", "email": "dana@example.org", "phone": dana.number, "role": "researcher"}
    ana = world.participant("Ana", dana)
    his = browses(sam)
    assert "Hand them over first" in his.posts(f"/staff/{dana.id}", **form).text
    with world.standby.db.writing() as session:
        session.get_one(Participant, ana.id).caseworker_id = sam.id
    assert "Dana is changed." in his.posts(f"/staff/{dana.id}", **form).text
    with world.standby.db.reading() as session:
        assert session.scalars(select(WeeklyShift)).all() == []


def test_the_number_of_who_is_gone_is_free_and_taking_back_looks_whose_it_is_now(
    world: World, browses: Browses
) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    his = browses(sam)
    his.posts(f"/staff/{dana.id}/away")
    assert HANDED.search(his.posts("/staff", **{**OMAR, "phone": dana.number}).text)
    assert "already has this e-mail address or number" in his.posts(f"/staff/{dana.id}/back").text
    world.settles()
    dana.hears("text back")


def test_another_phone_has_to_text_its_code_back(world: World, browses: Browses) -> None:
    sam, dana = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Dana")
    form = {"name": "Dana Ruiz", "email": "dana@example.org", "role": "caseworker", "team": ""}
    told = browses(sam).posts(f"/staff/{dana.id}", phone="816-555-0178", **form).text
    assert "Dana Ruiz is changed." in told and "has not texted its code back" in told
    assert _staff(world, "dana@example.org").phone_verified_at is None
    world.settles()
    dana.hears_nothing()


def test_only_an_admin_touches_an_admin(world: World, browses: Browses) -> None:
    sam, ada = world.colleague("Sam", Role.SUPERVISOR), world.colleague("Ada", Role.ADMIN)
    his = browses(sam)
    for said in (
        his.posts("/staff", **{**OMAR, "role": "admin"}).text,
        his.posts(f"/staff/{ada.id}/password").text,
        his.posts(f"/staff/{ada.id}/away").text,
        his.posts(f"/staff/{sam.id}", name="Sam", email="sam@example.org", phone="816-555-0179", role="admin").text,
    ):
        assert "Only an admin may do that" in said
    hers = browses(ada)
    assert "Nobody lets themselves go" in hers.posts(f"/staff/{ada.id}/away").text
    me = {"name": "Ada", "email": "ada@example.org", "phone": "816-555-0180", "role": "caseworker"}
    assert "Nobody changes their own role" in hers.posts(f"/staff/{ada.id}", **me).text
    assert HANDED.search(hers.posts("/staff", **{**OMAR, "role": "admin"}).text)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"email": "sam@example.org"}, "already has this e-mail address"),
        ({"email": "omar at home"}, "no e-mail address"),
        ({"name": " "}, "The name is empty"),
        ({"phone": "12"}, "digits"),
        ({"phone": ""}, "no phone number"),
        ({"role": "king"}, "Choose what they may do"),
        ({"team": "x" * 61}, "longer than 60"),
    ],
)
def test_nobody_is_added_so(world: World, browses: Browses, other: dict[str, str], why: str) -> None:
    told = browses(world.colleague("Sam", Role.SUPERVISOR)).posts("/staff", **{**OMAR, **other}).text
    assert "Nothing was changed." in told and why in told
    with world.standby.db.reading() as session:
        assert [each.name for each in session.scalars(select(Staff))] == ["Sam"]


def test_a_researcher_needs_no_phone(world: World, browses: Browses) -> None:
    browses(world.colleague("Sam", Role.SUPERVISOR)).posts("/staff", **{**OMAR, "role": "researcher", "phone": ""})
    assert _staff(world, "omar@example.org").phone is None


@pytest.mark.parametrize("role", [Role.CASEWORKER, Role.RESEARCHER])
def test_others_do_not_see_the_staff(world: World, browses: Browses, role: Role) -> None:
    browser = browses(world.colleague("Dana", role))
    assert browser.opens("/staff").status_code == 403
    assert browser.posts("/staff", **OMAR).status_code == 403
