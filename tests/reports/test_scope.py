"""What an address asks for, and what it says where it asks for nonsense."""

from datetime import UTC, date, datetime

import pytest

from bot.core.kinds import Language
from bot.reports.scope import Choices, Scope, ScopeProblem, address_of, choices, latest, parse
from tests.kept import NOW, THIS_WEEK, ZONE, Kept

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, Scope(date(2026, 9, 7), MONDAY, ZONE)),
        ({"from": "2026-11-19", "to": "2026-11-29"}, Scope(date(2026, 11, 16), MONDAY, ZONE)),
        ({"to": "2026-01-01"}, Scope(date(2025, 10, 13), date(2025, 12, 29), ZONE)),
        ({"from": "2026-11-23", "flow": "weekly", "cohort": "", "caseworker": "7"},
         Scope(MONDAY, MONDAY, ZONE, flow="weekly", caseworker_id=7)),
        ({"from": "2036-01-01", "to": "2036-01-02", "cohort": "Fall", "team": "North"},
         Scope(date(2035, 12, 31), date(2035, 12, 31), ZONE, cohort="Fall", team="North")),
        ({"nonsense": "x", "team": "\0"}, Scope(date(2026, 9, 7), MONDAY, ZONE)),
    ],
)  # fmt: skip
def test_an_address_says_what_to_show(asked: dict[str, str], expected: Scope) -> None:
    assert parse(asked, NOW, ZONE) == expected
    assert parse(address_of(expected), datetime(2031, 1, 1, tzinfo=UTC), ZONE) == expected


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"from": "soon"}, "“soon” is no day for the first week. Write it like 2026-11-23."),
        ({"to": "2026-02-30"}, "“2026-02-30” is no day for the last week. Write it like 2026-11-23."),
        ({"to": "0001-01-01"}, "“0001-01-01” is no day for the last week. Write it like 2026-11-23."),
        ({"to": "9999-12-31"}, "“9999-12-31” is no day for the last week. Write it like 2026-11-23."),
        ({"from": "2026-11-23", "to": "2026-11-16"}, "The first week comes after the last. Exchange the two."),
        ({"from": "1990-01-01"}, "That is too long to show. Choose at most 260 weeks."),
        ({"caseworker": "dana"}, "That is no caseworker. Choose one from the list."),
        ({"caseworker": "²"}, "That is no caseworker. Choose one from the list."),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(asked: dict[str, str], sentence: str) -> None:
    with pytest.raises(ScopeProblem) as problem:
        parse(asked, NOW, ZONE)
    assert str(problem.value) == sentence


def test_this_week_is_the_last() -> None:
    scope = latest(NOW, ZONE, 2)
    assert scope.weeks == (date(2026, 11, 16), MONDAY)
    assert latest(datetime(2026, 11, 23, 5, 59, tzinfo=UTC), ZONE, 1).weeks == (date(2026, 11, 16),)


def test_choices_are_what_there_is(kept: Kept) -> None:
    assert choices(kept.session) == Choices((), (), ())
    kept.check_in(THIS_WEEK, flow="weekly")
    kept.check_in(THIS_WEEK, flow="job")
    for team in ("South", "North", ""):
        kept.worker(f"of {team}", team)
    kept.person(cohort="Fall", language=Language.ES)
    assert choices(kept.session) == Choices(("job", "weekly"), ("Fall",), ("North", "South"))
