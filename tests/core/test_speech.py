"""How slots are filled and dates read aloud."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.kinds import Language
from bot.core.speech import render, slots, spoken

EN, ES = Language.EN, Language.ES
SPOKEN = [
    ("2026-12-01T14:30", EN, "Tuesday, December 1 at 2:30 pm"),
    ("2026-12-01T14:30:00-06:00", EN, "Tuesday, December 1 at 2:30 pm"),
    ("2026-12-01T00:05", EN, "Tuesday, December 1 at 12:05 am"),
    ("2026-12-01T12:00", EN, "Tuesday, December 1 at 12:00 pm"),
    ("2026-12-01", EN, "Tuesday, December 1"),
    ("2026-12-02T14:30", ES, "el miércoles 2 de diciembre a las 2:30 pm"),
    ("2026-12-02T13:00", ES, "el miércoles 2 de diciembre a la 1:00 pm"),
    ("2026-12-02", ES, "el miércoles 2 de diciembre"),
    ("2026-13-45", EN, "2026-13-45"),
    ("2026-12-01 or so", EN, "2026-12-01 or so"),
    ("Ana", EN, "Ana"),
    ("", ES, ""),
]


@pytest.mark.parametrize(("value", "language", "said"), SPOKEN)
def test_a_value_as_a_person_would_say_it(value: str, language: Language, said: str) -> None:
    assert spoken(value, language) == said


def test_slots_are_filled_and_a_missing_one_leaves_nothing() -> None:
    values = {"worker": "Ana", "at": "2026-12-01"}
    assert render("Hi {worker}{gone}, {at}.", values, EN) == "Hi Ana, Tuesday, December 1."


def test_a_value_is_no_place_to_smuggle_a_slot_in() -> None:
    assert render("{said}", {"said": "{contact}", "contact": "816"}, EN) == "{contact}"


LONG = "Hi, it's {worker}. " + "How? " * 27
NAMES = [
    (LONG, "Sofía", EN, "Hi, it's Sofia."),
    (LONG, "D’Angelo", EN, "Hi, it's D'Angelo."),
    (LONG, "Muñoz", EN, "Hi, it's Muñoz."),
    ("Hi, it's {worker}.", "Sofía", EN, "Hi, it's Sofía."),
    ("Aquí {worker}. " + "¿Y? " * 30, "Sofía", ES, "Aquí Sofía."),
]


@pytest.mark.parametrize(("text", "worker", "language", "said"), NAMES)
def test_a_name_loses_its_accent_only_where_it_would_cost_a_segment(
    text: str, worker: str, language: Language, said: str
) -> None:
    assert render(text, {"worker": worker}, language).startswith(said)


def test_slots_are_named_in_their_order() -> None:
    assert slots("{b} {a} { c } {}") == ("b", "a")


@given(st.text(), st.dictionaries(st.text(), st.text()), st.sampled_from(Language))
def test_any_text_and_any_value_can_be_rendered(text: str, values: dict[str, str], language: Language) -> None:
    assert "{" in text or render(text, values, language) == text
