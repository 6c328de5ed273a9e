"""What a caseworker arranges on a person's page, and what then happens on the phone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.models import CheckIn, Consent, Event, OptOut, Participant, Plan, Role
from tests.web.conftest import Browser
from tests.world import Colleague, Person, World

Browses = Callable[[Colleague], Browser]
YES = {"method": "spoken", "given_on": "2026-11-23", "flow": "weekly"}
NIGHT = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)  # 22:00 on Monday in Kansas City


@pytest.fixture
def dana(world: World) -> Colleague:
    return world.colleague("Dana")


def agrees(browser: Browser, person: Person, **over: str) -> str:
    """The form of consent, for the person's first number."""
    with person.world.standby.db.reading() as session:
        address_id = session.get_one(Participant, person.id).addresses[0].id
    return browser.posts(f"/people/{person.id}/consent", **{"address_id": str(address_id), **YES, **over}).text


def plans(world: World, person: Person) -> list[tuple[str, str, int | None]]:
    with world.standby.db.reading() as session:
        found = session.query(Plan).filter(Plan.participant_id == person.id, Plan.next_check_in_at.is_not(None))
        return [(each.flow_name, f"{each.next_check_in_at:%m-%d %H:%M}", each.repeat_days) for each in found]


def on_record(world: World, what: str) -> list[tuple[int | None, int | None]]:
    with world.standby.db.reading() as session:
        return [(each.staff_id, each.participant_id) for each in session.query(Event).filter(Event.what == what)]


def test_a_spoken_stop_ends_everything_at_once_and_in_silence(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana)
    other = world.second_phone(ana)
    world.is_due(ana, "weekly", repeat_days=7)
    world.settles()
    ana.hears("How is your week")
    page = browses(dana).posts(f"/people/{ana.id}/opt-out").text
    assert "no more texts to them" in page and "Opted out" in page and "only they can" in page
    assert world.check_ins(ana) == ["weekly stopped"]
    assert on_record(world, "opt_out_taken_down") == [(dana.id, ana.id)]
    with world.standby.db.reading() as session:
        assert [each.how for each in session.query(OptOut)] == ["told staff"] * 2
    world.passes(days=15)
    ana.hears_nothing()
    other.hears_nothing()


def test_staff_cannot_lift_an_opt_out(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    page = browser.posts(f"/people/{ana.id}/opt-out").text
    assert "Record consent" not in page
    assert "Only they can lift that" in agrees(browser, ana)
    with world.standby.db.reading() as session:
        assert all(each.revoked_at for each in session.query(Consent))
    ana.texts("START")
    ana.hears_all()
    world.settles()
    assert "They asked for no more texts</b>" not in browser.reads(f"/people/{ana.id}")


def test_consent_starts_the_welcome_and_the_weekly_check_in(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana, consent=False)
    page = agrees(browses(dana), ana)
    assert "Consent is on record. The welcome leaves within a minute." in page
    assert "(spoken, noted by Dana)" in page
    assert plans(world, ana) == [("welcome", "11-23 16:00", None), ("weekly", "11-24 16:00", 7)]
    assert on_record(world, "consent_taken_down") == [(dana.id, ana.id)]
    world.settles()
    ana.hears("Dana", "STOP")
    ana.hears("911")


def test_at_night_the_welcome_waits_for_the_morning(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana, consent=False)
    world.now = NIGHT
    assert "The welcome leaves Tue Nov 24, 9:00 am, their time" in agrees(browses(dana), ana)
    assert plans(world, ana) == [("welcome", "11-24 15:00", None), ("weekly", "11-25 16:00", 7)]


def test_who_had_the_welcome_and_comes_regularly_is_given_neither_again(
    world: World, browses: Browses, dana: Colleague
) -> None:
    ana = world.participant("Ana", dana)
    world.is_due(ana, "welcome")
    world.is_due(ana, "reconnect", repeat_days=7, at=world.now + timedelta(days=5))
    world.settles()
    ana.hears_all()
    with world.standby.db.writing() as session:
        session.query(Consent).delete()
    before = plans(world, ana)
    browser = browses(dana)
    assert "What comes each week" not in browser.reads(f"/people/{ana.id}")
    page = agrees(browser, ana)
    assert "Consent is on record." in page and "welcome leaves" not in page
    assert plans(world, ana) == before


def test_a_flow_that_needs_something_given_cannot_be_chosen(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana, consent=False)
    browser = browses(dana)
    page = browser.reads(f"/people/{ana.id}")
    assert 'value="weekly" selected' in page and 'value="appointment"' not in page and 'value="welcome"' not in page
    assert "cannot be started" in agrees(browser, ana, flow="appointment")
    assert not plans(world, ana)


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({"given_on": "2026-11-24"}, "lies in the future"),
        ({"given_on": ""}, "Choose a day"),
        ({"method": "hearsay"}, "spoken or on paper"),
        ({"address_id": "99"}, "Choose the number"),
        ({"address_id": ""}, "Choose the number"),
    ],
)
def test_consent_that_cannot_be_meant_is_refused(
    world: World, browses: Browses, dana: Colleague, over: dict[str, str], why: str
) -> None:
    ana = world.participant("Ana", dana, consent=False)
    page = agrees(browses(dana), ana, **over)
    assert "Nothing was changed. " in page and why in page
    with world.standby.db.reading() as session:
        assert not session.query(Consent).count() and not session.query(Plan).count()


def test_today_is_the_persons_own_day(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana, consent=False, zone="Pacific/Auckland")
    assert "Consent is on record" in agrees(browses(dana), ana, given_on="2026-11-24")


def test_consent_is_recorded_once(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    assert "They agreed to texts" not in browser.reads(f"/people/{ana.id}")
    assert "on record already" in agrees(browser, ana)


def test_a_pause_holds_check_ins_until_its_day(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly", at=world.now + timedelta(days=1))
    browser = browses(dana)
    page = browser.posts(f"/people/{ana.id}/pause", until="2026-11-27").text
    assert "paused until Fri Nov 27" in page and "End the pause" in page
    assert on_record(world, "pause_arranged") == [(dana.id, ana.id)]
    world.passes(days=3)
    ana.hears_nothing()
    world.passes(days=1)
    ana.hears("How is your week")


def test_a_pause_ends_when_staff_say_so(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    browser = browses(dana)
    browser.posts(f"/people/{ana.id}/pause", until="2026-12-27")
    world.passes(days=1)
    assert "The pause is over" in browser.posts(f"/people/{ana.id}/pause/end").text
    assert on_record(world, "pause_lifted") == [(dana.id, ana.id)]
    world.settles()
    ana.hears("How is your week")


@pytest.mark.parametrize("until", ["2026-11-23", "2025-11-27", "2028-01-01", "", "soon"])
def test_a_pause_needs_a_day_to_come(world: World, browses: Browses, dana: Colleague, until: str) -> None:
    ana = world.participant("Ana", dana)
    assert "Nothing was changed." in browses(dana).posts(f"/people/{ana.id}/pause", until=until).text
    with world.standby.db.reading() as session:
        assert session.get_one(Participant, ana.id).paused_until is None


def _made(browser: Browser, person: Person, day: str, hour: str) -> str:
    return browser.posts(f"/people/{person.id}/appointments", day=day, hour=hour).text


def test_an_appointment_is_reminded_of_two_days_before_on_their_clock(
    world: World, browses: Browses, dana: Colleague
) -> None:
    ana = world.participant("Ana", dana, zone="America/Denver")
    page = _made(browses(dana), ana, "2026-12-02", "14:30")
    assert "They are reminded of Wed Dec 2, 2:30 pm: first Mon Nov 30, 10:00 am, their time." in page
    assert plans(world, ana) == [("appointment", "11-30 17:00", None)]
    assert on_record(world, "appointment_made") == [(dana.id, ana.id)]
    with world.standby.db.reading() as session:
        assert session.query(Plan).one().given == {"appointment_at": "2026-12-02T14:30-07:00"}
    world.passes(days=7, hours=2)
    ana.hears("Wednesday, December 2 at 2:30 pm")
    world.passes(days=3)
    ana.hears_all()


@pytest.mark.parametrize(
    ("now", "due"), [(datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "11-23 16:00"), (NIGHT, "11-24 15:00")]
)
def test_a_near_appointment_is_reminded_of_as_soon_as_texts_may_leave(
    world: World, browses: Browses, dana: Colleague, now: datetime, due: str
) -> None:
    ana = world.participant("Ana", dana)
    world.now = now
    _made(browses(dana), ana, "2026-11-24", "14:30")
    assert plans(world, ana) == [("appointment", due, None)]


@pytest.mark.parametrize(
    ("day", "hour", "why"),
    [
        ("2026-11-23", "21:59", "has passed"),
        ("2026-11-24", "08:30", "No text may leave before"),
        ("2028-11-24", "08:30", "more than a year"),
        ("", "08:30", "Choose a day"),
        ("2026-11-24", "", "Choose a time"),
    ],
)
def test_an_appointment_that_cannot_be_reminded_of_is_refused(
    world: World, browses: Browses, dana: Colleague, day: str, hour: str, why: str
) -> None:
    ana = world.participant("Ana", dana)
    world.now = NIGHT
    assert why in _made(browses(dana), ana, day, hour)
    assert not plans(world, ana)


def test_no_appointment_is_planned_where_its_reminder_could_not_leave(
    world: World, browses: Browses, dana: Colleague
) -> None:
    silent, paused = world.participant("Ana", dana, consent=False), world.participant("Bo", dana)
    browser = browses(dana)
    assert "No text may leave to them" in _made(browser, silent, "2026-12-02", "14:30")
    browser.posts(f"/people/{paused.id}/pause", until="2026-12-10")
    assert "end the pause" in _made(browser, paused, "2026-12-02", "14:30")
    assert not plans(world, silent) and not plans(world, paused)


def test_appointments_are_listed_and_taken_away(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    _made(browser, ana, "2026-12-02", "14:30")
    assert "reminded of this time already" in _made(browser, ana, "2026-12-02", "14:30")
    page = _made(browser, ana, "2026-12-09", "09:00")
    assert page.index("Wed Dec 2, 2:30 pm</b>") < page.index("Wed Dec 9, 9:00 am</b>")
    page = browser.posts(f"/people/{ana.id}/appointments/away", at="2026-12-02T20:30:00+00:00").text
    assert "Taken away" in page and "Wed Dec 2, 2:30 pm</b>" not in page and "Wed Dec 9, 9:00 am</b>" in page
    assert on_record(world, "appointment_taken_away") == [(dana.id, ana.id)]
    assert [name for name, *_ in plans(world, ana)] == ["appointment"]
    again = browser.posts(f"/people/{ana.id}/appointments/away", at="2026-12-02T20:30:00+00:00").text
    assert "not planned any more" in again
    world.passes(days=8)
    ana.hears_nothing()


def test_an_appointment_is_taken_away_while_its_reminder_waits(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    _made(browser, ana, "2026-11-25", "14:30")
    world.settles()
    ana.hears("Wednesday, November 25")
    assert "waiting for an answer" in browser.reads(f"/people/{ana.id}")
    browser.posts(f"/people/{ana.id}/appointments/away", at="2026-11-25T20:30:00+00:00")
    with world.standby.db.reading() as session:
        assert session.query(CheckIn).one().ended_at is not None
    world.passes(days=3)
    ana.hears_nothing()


def test_a_reminder_on_the_day_goes_with_its_appointment(world: World, browses: Browses, dana: Colleague) -> None:
    ana = world.participant("Ana", dana)
    browser = browses(dana)
    _made(browser, ana, "2026-11-25", "14:30")
    world.settles()
    ana.texts("1")
    ana.hears_all()
    assert [name for name, *_ in plans(world, ana)] == ["appointment_soon"]
    browser.posts(f"/people/{ana.id}/appointments/away", at="2026-11-25T20:30:00+00:00")
    assert not plans(world, ana)


DEEDS = ("opt-out", "consent", "pause", "pause/end", "appointments", "appointments/away")


def test_only_who_knows_the_person_arranges_anything(world: World, browses: Browses, dana: Colleague) -> None:
    omar, sam = world.colleague("Omar", on_call=True), world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    world.passes(minutes=10)
    for each in (dana, omar, sam):
        each.hears_all()
    strangers = (omar, world.colleague("Ad", Role.ADMIN), world.colleague("Re", Role.RESEARCHER))
    others = [browses(each) for each in strangers]
    assert "Arrange" not in others[0].reads(f"/people/{ana.id}")
    for browser in others:
        for deed in DEEDS:
            assert browser.posts(f"/people/{ana.id}/{deed}").status_code == 403, deed
    assert browses(sam).posts("/people/99/opt-out").status_code == 404
    with world.standby.db.reading() as session:
        assert not session.query(OptOut).count()
    page = browses(sam).posts(f"/people/{ana.id}/pause", until="2026-11-27").text
    assert "paused until Fri Nov 27" in page
    for each in (ana, dana, omar, sam):
        each.hears_all()
