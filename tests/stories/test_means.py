"""Alerts by call and by e-mail, beside texts."""

import smtplib
from collections.abc import Iterator
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from bot.carrier import OutgoingText, Refused
from bot.carrier.faults import Fault, FaultKind
from bot.carrier.mail import MailCarrier
from bot.models import Flag, Role
from tests.post_office import PostOffice
from tests.world import MONDAY_MORNING, World


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    """A mail server on loopback."""
    with PostOffice() as office:
        yield office


def _calls_too(flows: Path) -> None:
    path = flows / "escalation.toml"
    step = 'after = "3 minutes"\nwhom = ["caseworker", "on_call"]'
    assert step in path.read_text()
    path.write_text(path.read_text().replace(step, f'{step}\nby = ["text", "call"]'))


def test_a_call_is_taken_with_a_key(world: World) -> None:
    _calls_too(world.flows)
    dana = world.colleague("Dana", on_call=True)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("in danger")
    assert dana.picks_up() == ""
    world.passes(minutes=3)
    dana.hears("in danger")
    said = dana.picks_up("1")
    assert "Someone may be in danger. Press 1 to take it." in said and "Ana" not in said
    assert world.flags(ana) == ["safety now acknowledged"]
    world.passes(minutes=30)
    dana.hears_nothing()


def test_a_call_that_nobody_takes_or_only_hears_changes_nothing(world: World) -> None:
    _calls_too(world.flows)
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    world.passes(minutes=3)
    assert "Press 1" in dana.picks_up()
    assert world.flags(ana) == ["safety now open"]
    world.passes(minutes=9)
    sam.hears("in danger")
    dana.hears_all()


def test_who_picks_up_too_late_hears_who_has_it(world: World) -> None:
    _calls_too(world.flows)
    dana, omar = world.colleague("Dana"), world.colleague("Omar", on_call=True)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears_all()
    omar.hears_all()
    world.passes(minutes=3)
    dana.hears_all()
    omar.texts(omar.code())
    omar.hears("it is yours")
    dana.picks_up("1")
    with world.standby.db.reading() as session:
        assert session.query(Flag).one().taken_by == omar.id
    world.phones[0].hears_all()


def test_an_unsigned_key_takes_nothing(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    ana.texts("he hit me")
    ana.hears("911")
    world.phones[0].hears("in danger")
    answer = world.app.test_client().post("/twilio/key?m=guessed", data={"Digits": "1"})
    assert answer.status_code == 403 and world.flags(ana) == ["safety now open"]


def test_an_e_mail_rings_whom_no_text_reaches(world: World, post_office: PostOffice) -> None:
    path = world.flows / "escalation.toml"
    by_mail = 'whom = ["caseworker"]\nby = ["email"]'
    path.write_text(path.read_text().replace('whom = ["caseworker", "on_call"]', by_mail, 1))
    world.settings = world.settings.model_copy(
        update={"mail_url": post_office.url, "mail_from": "standby@example.org"}
    )
    world.starts_process()
    dana = world.colleague("Dana", verified=False)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    letter = message_from_bytes(post_office.letters[0])
    assert (letter["To"], letter["Subject"]) == ("dana@example.org", "Standby: NOW: someone may be in danger")
    assert parsedate_to_datetime(letter["Date"]) == world.now
    body = letter.get_payload()
    assert "/alerts/" in body and "text back" not in body and "Ana" not in body


@pytest.mark.parametrize("url", ["smtp://127.0.0.1:9", "smtp://nowhere.invalid:25"])
def test_a_mail_server_that_is_away_took_nothing(url: str) -> None:
    letter = OutgoingText("email", "dana@example.org", "Standby: hello.", "t1", 3600)
    with pytest.raises(Refused) as problem:
        MailCarrier(url, "standby@example.org", lambda: MONDAY_MORNING, timeout_s=2).send(letter)
    assert "dana" not in str(problem.value)
    assert smtplib.SMTPException not in type(problem.value).__mro__


def test_a_letter_does_not_hide_that_no_text_arrived(world: World, post_office: PostOffice) -> None:
    """Whether a letter is read is not known: where both texts failed, the next step rings at once."""
    path = world.flows / "escalation.toml"
    whom = 'whom = ["caseworker", "on_call"]'
    path.write_text(path.read_text().replace(whom, f'{whom}\nby = ["text", "email"]', 1))
    world.settings = world.settings.model_copy(
        update={"mail_url": post_office.url, "mail_from": "standby@example.org"}
    )
    world.starts_process()
    dana, omar = world.colleague("Dana"), world.colleague("Omar", on_call=True)
    cole = world.colleague("Cole", backup=True)
    for phone in (dana, omar):
        world.goes_wrong(Fault(FaultKind.REFUSE, handset=phone.number, http_status=400, code=21614), times=9)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    assert len(post_office.letters) == 2
    cole.hears("in danger")


def test_a_mail_server_that_is_away_holds_up_no_text(world: World) -> None:
    path = world.flows / "escalation.toml"
    whom = 'whom = ["caseworker", "on_call"]'
    path.write_text(path.read_text().replace(whom, f'{whom}\nby = ["email", "text"]', 1))
    world.settings = world.settings.model_copy(
        update={"mail_url": "smtp://127.0.0.1:9", "mail_from": "standby@example.org"}
    )
    world.starts_process()
    dana, omar = world.colleague("Dana"), world.colleague("Omar", on_call=True)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("in danger")
    omar.hears("in danger")
