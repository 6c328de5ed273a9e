"""Adding one person by hand."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from bot.models import Consent, Participant, Role
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]
ANA = {"name": "Ana Torres", "language": "es", "method": "spoken", "given_on": "2026-11-22", "flow": "weekly"}


def test_who_agreed_is_welcomed_and_then_asked_week_by_week(world: World, browses: Browses) -> None:
    dana, phone = world.colleague("Dana"), world.stranger()
    answer = browses(dana).posts("/people/new", phone=phone.number, **ANA)
    assert "They are in." in answer.text and "Ana Torres" in answer.text
    world.settles()
    phone.hears("Dana")
    phone.texts("bien gracias")
    phone.texts("1")
    phone.hears_all()
    world.passes(days=1, hours=1)
    phone.hears("semana")
    with world.standby.db.reading() as session:
        person = session.scalars(select(Participant)).one()
        consent = session.scalars(select(Consent)).one()
        assert (person.caseworker_id, person.language, person.zone) == (dana.id, "es", "America/Chicago")
        assert (consent.method, consent.recorded_by) == ("spoken", "Dana")


def test_who_did_not_agree_is_kept_and_not_texted(world: World, browses: Browses) -> None:
    dana, phone = world.colleague("Dana"), world.stranger()
    browses(dana).posts("/people/new", phone=phone.number, name="Bo", flow="weekly")
    world.passes(days=3)
    phone.hears_nothing()
    assert "no consent" in browses(dana).reads("/")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [({"name": " "}, "Write a name"), ({"phone": "12"}, "too few or too many digits"),
     ({"given_on": ""}, "the day on which they agreed"), ({"given_on": "2027-01-01"}, "the day on which they agreed"),
     ({"method": "guessed"}, "how they agreed"), ({"zone": "Mars"}, "no such time zone"),
     ({"flow": "none"}, "cannot be started")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    world: World, browses: Browses, wrong: dict[str, str], why: str
) -> None:
    dana, phone = world.colleague("Dana"), world.stranger()
    answer = browses(dana).posts("/people/new", **{"phone": phone.number, **ANA, **wrong})
    assert answer.status_code == 422 and "Nobody was added." in answer.text and why in answer.text
    assert f'value="{wrong.get("phone", phone.number)}"' in answer.text
    with world.standby.db.reading() as session:
        assert not session.scalars(select(Participant)).all()


def test_a_number_that_is_taken_or_asked_for_no_more_is_refused(world: World, browses: Browses) -> None:
    dana, phone = world.colleague("Dana"), world.stranger()
    bo = world.participant("Bo", dana)
    phone.texts("stop texting me")
    dana.hears_all()
    browser = browses(dana)
    assert "belongs to a participant already" in browser.posts("/people/new", phone=bo.number, **ANA).text
    assert "a member of staff" in browser.posts("/people/new", phone=dana.number, **ANA).text
    assert "Only they can lift that" in browser.posts("/people/new", phone=phone.number, **ANA).text


def test_a_supervisor_says_whose_they_are(world: World, browses: Browses) -> None:
    dana, sam, phone = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR), world.stranger()
    browses(sam).posts("/people/new", phone=phone.number, caseworker=dana.id, name="Ana")
    with world.standby.db.reading() as session:
        assert session.scalars(select(Participant.caseworker_id)).all() == [dana.id]
