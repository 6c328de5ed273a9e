"""The weekly letter reaches each supervisor once, on Monday morning, or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from bot.carrier import OutcomeUnknown, Refused
from bot.carrier.mail import Inlay, Letter, MailCarrier
from bot.models import Event, Role, Staff, SummarySent
from bot.summary import send_due
from tests.conftest import Log
from tests.post_office import PostOffice
from tests.world import MONDAY_MORNING, Colleague, Person, World

NINE = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)  # the next Monday, 9:00 in Kansas City
A_WEEK = timedelta(weeks=1)


@dataclass
class Mailbox:
    """Takes letters, after it did what it is told to do first."""

    wrong: list[BaseException] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)

    def post(self, letter: Letter) -> None:
        if self.wrong:
            raise self.wrong.pop()
        self.letters.append(letter)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    """A mail server on loopback."""
    with PostOffice() as office:
        yield office


@pytest.fixture
def ana(world: World) -> Person:
    """Ana was asked this Monday, and answered."""
    ana = world.participant("Ana", world.colleague("Dana", on_call=True))
    world.is_due(ana, "weekly")
    world.settles()
    ana.texts("good")
    ana.hears_all()
    return ana


@pytest.fixture
def sam(world: World, ana: Person) -> Colleague:
    return world.colleague("Sam", Role.SUPERVISOR)


def sent(world: World) -> list[tuple[str, int]]:
    with world.standby.db.reading() as session:
        return [(str(each.week), each.staff_id) for each in session.scalars(select(SummarySent))]


def sends(world: World, mailbox: Mailbox | None, at: datetime) -> int:
    return send_due(world.standby.talk, mailbox, at)


def test_it_comes_on_monday_at_nine_and_only_to_supervisors(
    world: World, sam: Colleague, post_office: PostOffice
) -> None:
    world.settings = world.settings.model_copy(
        update={"mail_url": post_office.url, "mail_from": "standby@example.org"}
    )
    world.starts_process()
    world.now = NINE - timedelta(minutes=1)
    world.settles()
    assert not post_office.letters
    world.now = NINE
    world.settles()
    world.passes(minutes=20)
    (raw,) = post_office.letters
    letter = message_from_bytes(raw, policy=policy.default)
    assert isinstance(letter, EmailMessage)
    assert (letter["To"], letter["From"]) == ("sam@example.org", "standby@example.org")
    assert letter["Subject"] == "KC Check-In: November 23 to 29, 2026" and letter["Auto-Submitted"] == "auto-generated"
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain and html and "Answered, week by week" in plain.get_content()
    assert "Answered, week by week" in html.get_content()
    assert "Ana" not in raw.decode() and "Dana" not in raw.decode()
    with world.standby.db.reading() as session:
        assert session.scalars(select(Event.staff_id).where(Event.what == "summary_sent")).all() == [sam.id]
    for phone in world.phones:
        phone.hears_all()


def test_pictures_travel_with_the_letter(post_office: PostOffice) -> None:
    html = '<p>ñ</p><img src="cid:needs-by-week">'
    inlay = Inlay("needs-by-week", b"\x89PNG\r\n.\r\n")
    letter = Letter("sam@example.org", "Ñ", "ñ\n.\nend", html, (inlay,), "t1", NINE)
    MailCarrier(post_office.url, "standby@example.org", lambda: MONDAY_MORNING).post(letter)
    got = message_from_bytes(post_office.letters[0], policy=policy.default)
    assert isinstance(got, EmailMessage) and got["Message-ID"] == "<t1@standby>" and got["Subject"] == "Ñ"
    assert [part.get_content_type() for part in got.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    *_, shown, picture = got.walk()
    assert shown.get_content().strip() == html and picture["Content-ID"] == "<needs-by-week>"
    assert picture.get_content() == inlay.png


@pytest.mark.parametrize("to", ["", "no address\n"])
def test_a_letter_that_cannot_be_addressed_is_refused(post_office: PostOffice, to: str) -> None:
    with pytest.raises(Refused):
        mail = MailCarrier(post_office.url, "standby@example.org", lambda: MONDAY_MORNING)
        mail.post(Letter(to, "a", "a", "a", (), "t", NINE))


def test_it_comes_once_a_week_to_each(world: World, sam: Colleague, mailbox: Mailbox) -> None:
    lee = world.colleague("Lee", Role.SUPERVISOR)
    assert [sends(world, mailbox, NINE + timedelta(minutes=n)) for n in (0, 10, 600)] == [2, 0, 0]
    assert [each.to for each in mailbox.letters] == ["sam@example.org", "lee@example.org"]
    assert sends(world, mailbox, NINE + A_WEEK) == 2
    assert {each.subject for each in mailbox.letters[2:]} == {"KC Check-In: November 30 to December 6, 2026"}
    assert sent(world) == [(week, each.id) for week in ("2026-11-23", "2026-11-30") for each in (sam, lee)]


def test_without_a_mail_server_none_is_sent(world: World, sam: Colleague) -> None:
    assert world.standby.mail is None and sends(world, None, NINE) == 0 and sent(world) == []


def test_nobody_gets_it_twice_where_the_process_died_over_it(world: World, sam: Colleague, mailbox: Mailbox) -> None:
    mailbox.wrong.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        sends(world, mailbox, NINE)
    world.dies()
    assert sends(world, mailbox, NINE + timedelta(minutes=10)) == 0 and not mailbox.letters
    assert sent(world) == [("2026-11-23", sam.id)]


def test_nor_where_the_mail_server_hung_up(world: World, sam: Colleague, mailbox: Mailbox) -> None:
    mailbox.wrong.append(OutcomeUnknown("hung up"))
    assert sends(world, mailbox, NINE) == 1
    assert sends(world, mailbox, NINE + timedelta(minutes=10)) == 0 and not mailbox.letters


def test_what_the_mail_server_did_not_take_is_tried_again(
    world: World, sam: Colleague, mailbox: Mailbox, log: Log
) -> None:
    mailbox.wrong.append(Refused("away"))
    assert sends(world, mailbox, NINE) == 0 and sent(world) == []
    assert log.expects("summary_not_taken") == 1
    assert sends(world, mailbox, NINE + timedelta(minutes=10)) == 1 and len(mailbox.letters) == 1


def test_one_address_that_is_refused_costs_the_others_nothing(
    world: World, sam: Colleague, mailbox: Mailbox
) -> None:
    world.colleague("Lee", Role.SUPERVISOR)
    mailbox.wrong.append(Refused("no such address"))
    assert sends(world, mailbox, NINE) == 1 and mailbox.letters[0].to == "lee@example.org"


def test_two_clocks_send_one(world: World, sam: Colleague, mailbox: Mailbox) -> None:
    other = world.second_process()

    class Meanwhile(Mailbox):
        def post(self, letter: Letter) -> None:
            assert send_due(other.talk, mailbox, NINE) == 0
            super().post(letter)

    first = Meanwhile()
    assert sends(world, first, NINE) == 1 and not mailbox.letters


def test_a_day_later_it_is_no_news_any_more(world: World, sam: Colleague, mailbox: Mailbox) -> None:
    assert sends(world, mailbox, NINE + timedelta(days=1)) == 0
    assert sends(world, mailbox, NINE + timedelta(hours=23)) == 1


def test_on_a_holiday_it_waits_for_the_next_working_day(world: World, sam: Colleague, mailbox: Mailbox) -> None:
    holiday = datetime(2027, 1, 18, 15, 0, tzinfo=UTC)
    assert sends(world, mailbox, holiday) == 0
    assert sends(world, mailbox, holiday + timedelta(days=1)) == 1


def test_a_programme_that_has_asked_nobody_yet_has_no_week(world: World, mailbox: Mailbox) -> None:
    world.colleague("Sam", Role.SUPERVISOR)
    assert sends(world, mailbox, NINE) == 0 and sent(world) == []


def test_who_left_gets_none(world: World, sam: Colleague, mailbox: Mailbox) -> None:
    with world.standby.db.writing() as session:
        session.get_one(Staff, sam.id).active = False
    assert sends(world, mailbox, NINE) == 0
