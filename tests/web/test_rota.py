"""The rota's page: what it shows, what staff change on it, and who then hears alerts."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from bot.models import Event, Role
from tests.web.conftest import Browser
from tests.world import Colleague, World

Browses = Callable[[Colleague], Browser]
TUESDAY_NIGHT = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)  # 22:00 in Kansas City


@pytest.fixture
def sam(world: World) -> Colleague:
    return world.colleague("Sam", Role.SUPERVISOR)


@pytest.fixture
def omar(world: World) -> Colleague:
    return world.colleague("Omar")


def on_record(world: World, what: str) -> list[int | None]:
    with world.standby.db.reading() as session:
        return [each.staff_id for each in session.query(Event).filter(Event.what == what)]


def is_rung(world: World, colleague: Colleague) -> bool:
    """Whether a stranger's danger rings this colleague."""
    world.stranger().texts("they shot at my house")
    return any("danger" in each for each in colleague.hears_all())


def test_an_empty_rota_says_what_to_do(world: World, browses: Browses, sam: Colleague) -> None:
    page = browses(sam).reads("/rota")
    assert "No shifts yet" in page and "Nobody who can be alerted is on call in the next two weeks" in page


def test_shifts_put_somebody_on_call(world: World, browses: Browses, sam: Colleague, omar: Colleague) -> None:
    form = {"layer": "first", "staff": omar.id, "weekday": ["0", "1"], "starts": "20:00", "ends": "08:00"}
    page = browses(sam).posts("/rota/shifts", **form).text
    assert "2 shifts are on the rota" in page and "8:00 pm to 8:00 am the next day" in page
    assert on_record(world, "shifts_added") == [sam.id]
    assert not is_rung(world, omar)
    world.now = TUESDAY_NIGHT
    assert is_rung(world, omar)
    sam.hears_all()


def test_a_cover_takes_the_place_of_the_shifts(world: World, browses: Browses, sam: Colleague) -> None:
    usual, omar = world.colleague("Lena", on_call=True), world.colleague("Omar")
    times = {"since": "2026-11-23T08:00", "until": "2026-11-24T08:00"}
    browser = browses(sam)
    assert "It is on the rota" in browser.posts("/rota/covers", layer="first", staff=omar.id, **times).text
    assert is_rung(world, omar) and not is_rung(world, usual)
    page = browser.posts("/rota/covers", layer="first", staff=usual.id, **times).text
    assert "Nothing was changed. Somebody covers a part of that time already" in page
    assert "The usual shifts count again" in browser.posts("/rota/covers/1/away").text
    omar.hears_all()
    assert is_rung(world, usual) and not is_rung(world, omar)
    for phone in (sam, usual):
        phone.hears_all()


def test_a_caseworker_says_when_they_are_away_and_who_stands_in(world: World, browses: Browses) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    ana = world.participant("Ana", dana)
    form = {"since": "2026-11-23T08:00", "until": "2026-11-27T17:00", "stand_in": omar.id}
    assert "It is on the rota" in browses(dana).posts("/rota/absences", staff=dana.id, **form).text
    ana.texts("he hit me")
    ana.hears("911")
    omar.hears("danger")
    dana.hears_nothing()
    assert browses(omar).reads(f"/people/{ana.id}")
    assert "Ana" in browses(omar).reads("/")
    assert browses(omar).posts("/rota/absences", staff=dana.id, **form).status_code == 403
    assert "somebody else" in browses(omar).posts("/rota/absences/1/end").text
    assert "The absence is ended" in browses(dana).posts("/rota/absences/1/end").text
    assert "Ana" in browses(omar).reads("/"), "the alert he got is open still"
    browses(dana).posts("/flags/1/resolve", outcome="helped", **{"from": "thread"})
    assert "Ana" not in browses(omar).reads("/")


def test_a_gap_stands_in_the_table_and_above_it(world: World, browses: Browses, sam: Colleague) -> None:
    lena = world.colleague("Lena", on_call=True)
    form = {"since": "2026-11-25T00:00", "until": "2026-11-26T00:00", "stand_in": ""}
    page = browses(sam).posts("/rota/absences", staff=lena.id, **form).text
    assert "Nobody stands in: look at the gaps" in page
    assert "is on call from Wednesday, November 25 at 12:00 am until Thursday, November 26 at 12:00 am" in page
    assert "<b>nobody</b>" in page


def test_a_phone_that_does_not_hear_is_texted_a_code_again(world: World, browses: Browses, sam: Colleague) -> None:
    kim = world.colleague("Kim", on_call=True, verified=False)
    browser = browses(sam)
    page = browser.reads("/rota")
    assert "not reachable: Kim" in page and "Text Kim a code again" in page
    browser.posts(f"/rota/phones/{kim.id}/code")
    world.settles()
    kim.texts(kim.code())
    kim.hears("Alerts reach this phone")
    assert "Text Kim a code again" not in browser.reads("/rota")
    assert is_rung(world, kim)
    sam.hears_all()


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("shifts", {"layer": "first", "starts": "20:00", "ends": "08:00"}, "at least one day"),
        ("shifts", {"layer": "first", "weekday": "1", "starts": "late", "ends": "08:00"}, "Write hours like"),
        ("shifts", {"layer": "third", "weekday": "1", "starts": "20:00", "ends": "08:00"}, "Choose first or backup"),
        ("shifts", {"layer": "first", "staff": "99", "weekday": "1", "starts": "09:00", "ends": "08:00"}, "somebody"),
        ("covers", {"layer": "first", "since": "2026-11-25T10:00", "until": "2026-11-25T09:00"}, "end lies before"),
        ("covers", {"layer": "first", "since": "2026-11-20T10:00", "until": "2026-11-21T09:00"}, "has passed"),
        ("covers", {"layer": "first", "since": "soon", "until": "2026-11-21T09:00"}, "both days"),
        ("absences", {"since": "2026-11-25T10:00", "until": "2029-11-25T10:00"}, "more than a year"),
        ("absences", {"since": "2026-11-25T10:00", "until": "2026-11-26T10:00", "stand_in": "2"}, "for themselves"),
    ],
)
def test_what_is_typed_wrong_is_said_and_changes_nothing(
    world: World, browses: Browses, sam: Colleague, omar: Colleague, path: str, form: dict[str, str], said: str
) -> None:
    page = browses(sam).posts(f"/rota/{path}", **{"staff": str(omar.id), **form}).text
    assert "Nothing was changed." in page and said in page


def test_only_those_who_keep_it_change_it(world: World, browses: Browses, omar: Colleague) -> None:
    browser = browses(omar)
    page = browser.reads("/rota")
    assert "Add shifts" not in page and "I am away" in page
    for path in ("shifts", "shifts/1/away", "covers", "covers/1/away", f"phones/{omar.id + 1}/code"):
        assert browser.posts(f"/rota/{path}").status_code == 403


def test_who_hears_no_alerts_is_told_on_every_page(world: World, browses: Browses) -> None:
    omar, sam = world.colleague("Omar", verified=False), world.colleague("Sam", Role.SUPERVISOR, on_call=True)
    browser = browses(omar)
    assert "No alert reaches your phone" in browser.reads("/") and "gets no alerts" in browser.reads("/rota")
    assert "on its way to Omar" in browser.posts(f"/rota/phones/{omar.id}/code").text
    world.settles()
    assert "2 things are amiss with alerts" in browses(sam).reads("/")
    omar.texts(omar.hears("text back").split("text back ")[1].split()[0])
    omar.hears("thank you")
    assert "No alert reaches your phone" not in browser.reads("/")
    assert "One thing is amiss with alerts" in browses(sam).reads("/"), "nobody is on call as backup"


def test_a_card_says_whom_alerts_reached_and_whom_not(world: World, browses: Browses) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    assert "Alerted so far: Dana (10:00 am)." in browses(dana).reads("/flags")
    world.passes(minutes=12)
    said = "Alerted so far: Dana (2 times, last 10:03 am), Sam (10:06 am). Reached nobody: backup."
    assert said in browses(dana).reads(f"/people/{ana.id}")
    with world.standby.db.writing() as session:  # as events of an earlier version told it
        session.execute(update(Event).where(Event.what == "step_reached_nobody").values(detail="step 3"))
    assert "Alerted so far: Dana" in browses(dana).reads(f"/people/{ana.id}")
    for phone in (dana, sam):
        phone.hears_all()
