"""What counts as an answer to which question, in both languages, as tables."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.answers import understand
from bot.core.flow import Answer, Expect, State
from bot.core.kinds import Language

MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
EN, ES = Language.EN, Language.ES

BED = State(
    "bed",
    {EN: "?"},
    Expect.CHOICE,
    (
        Answer("1", ("good", "I'm good", "todo bien")),
        Answer("2", ("not sure", "no sé")),
        Answer("3", ("no place", "no tengo")),
    ),
)
CAME = State("came", {EN: "?"}, Expect.YES_NO, (Answer("yes", ("got it",)), Answer("no", ("never came",))))
DAYS = State("days", {EN: "?"}, Expect.NUMBER, (Answer("few", low=0, high=2), Answer("many", low=3, high=7)))
AGE = State("age", {EN: "?"}, Expect.NUMBER)
START = State("start", {EN: "?"}, Expect.DATE)
NEWS = State("news", {EN: "?"}, Expect.TEXT)
TOLD = State("told", {EN: "!"})

CHOICES = [
    ("1", "1", True),
    (" 1. ", "1", True),
    ("#3", "3", True),
    ("(2)", "2", True),
    ("1️⃣", "1", True),
    ("two", "2", True),
    ("DOS", "2", True),
    ("Good!", "1", True),
    ("im good", "1", True),
    ("No tengo", "3", True),
    ("no se", "2", True),
    ("2 got put out", "2", False),
    ("3, they changed the locks", "3", False),
    ("1 and I have 2 kids", "1", False),
    ("tres y sin luz", "3", False),
    ("1 or 2", None, None),
    ("1 2", None, None),
    ("uno o dos", None, None),
    ("4", None, None),
    ("12", None, None),
    ("not good", None, None),
    ("i have 2 kids", None, None),
    ("", None, None),
    ("🙃", None, None),
]


@pytest.mark.parametrize(("text", "key", "whole"), CHOICES)
def test_choice(text: str, key: str | None, whole: bool | None) -> None:
    said = understand(BED, text, EN, MONDAY)
    assert (said.value, said.whole) == (key, whole) if said else key is None


YES_NO = [
    ("yes", "yes", True),
    ("Yeah.", "yes", True),
    ("YESSIR", "yes", True),
    ("👍🏿", "yes", True),
    ("sí", "yes", True),
    ("Claro que sí", "yes", True),
    ("it did", "yes", True),
    ("got it", "yes", True),
    ("1", "yes", True),
    ("yes but late", "yes", False),
    ("si pero tarde", "yes", False),
    ("no", "no", True),
    ("nah", "no", True),
    ("Not yet", "no", True),
    ("todavía no", "no", True),
    ("it didn't", "no", True),
    ("never came", "no", True),
    ("2", "no", True),
    ("no I got put out", "no", False),
    # A word inside an answer is none: each of these once read as a yes or a no.
    ("i got put out", None, None),
    ("it is bad", None, None),
    ("really bad", None, None),
    ("ok but they fired me", None, None),
    ("ya no", None, None),
    ("not good", None, None),
    ("course starts monday", None, None),
    # Figures that open like a no.
    ("no problem", None, None),
    ("no worries man", None, None),
    ("no sé", None, None),
    ("", None, None),
]


@pytest.mark.parametrize(("text", "key", "whole"), YES_NO)
def test_yes_and_no(text: str, key: str | None, whole: bool | None) -> None:
    said = understand(CAME, text, EN, MONDAY)
    assert (said.value, said.whole) == (key, whole) if said else key is None


NUMBERS = [
    (DAYS, "2", "2", "few"),
    (DAYS, "3", "3", "many"),
    (DAYS, "like three days", "3", "many"),
    (DAYS, "cinco", "5", "many"),
    (DAYS, "none", "0", "few"),
    (DAYS, "8", None, None),
    (DAYS, "2 or 3", None, None),
    (DAYS, "a lot", None, None),
    (AGE, "I am 24", "24", None),
    (AGE, "99999999999999999999", None, None),
]


@pytest.mark.parametrize(("state", "text", "value", "key"), NUMBERS)
def test_numbers(state: State, text: str, value: str | None, key: str | None) -> None:
    said = understand(state, text, EN, MONDAY)
    assert (said.value, said.answer.key if said.answer else None) == (value, key) if said else value is None


DATES = [
    ("tomorrow", EN, "2026-11-24"),
    ("friday", EN, "2026-11-27"),
    ("I start on friday", EN, "2026-11-27"),
    ("Dec 3", EN, "2026-12-03"),
    ("12/3", EN, "2026-12-03"),
    ("in 2 weeks", EN, "2026-12-07"),
    ("march 1", EN, "2027-03-01"),
    ("mañana", EN, "2026-11-24"),
    ("mañana", ES, "2026-11-24"),
    ("pasado mañana", ES, "2026-11-25"),
    ("el viernes", ES, "2026-11-27"),
    ("3 de diciembre", ES, "2026-12-03"),
    ("en dos semanas", ES, "2026-12-07"),
    ("25/12", ES, "2026-12-25"),
    # Rather asked again than guessed.
    ("3/12", ES, None),
    ("the 5th", EN, None),
    ("may", EN, None),
    ("I may be going", EN, None),
    ("idk", EN, None),
    ("2", EN, None),
    ("", EN, None),
    ("tomorrow " * 20, EN, None),
]


@pytest.mark.parametrize(("text", "language", "date"), DATES)
def test_dates(text: str, language: Language, date: str | None) -> None:
    said = understand(START, text, language, MONDAY)
    assert (said.value if said else None) == date


def test_any_words_answer_an_open_question() -> None:
    said = understand(NEWS, "  got the keys!\n", EN, MONDAY)
    assert said and (said.value, said.whole) == ("got the keys!", False)


def test_an_empty_text_answers_no_open_question() -> None:
    assert understand(NEWS, " \n", EN, MONDAY) is None


def test_a_state_that_only_tells_takes_no_answer() -> None:
    assert understand(TOLD, "1", EN, MONDAY) is None


@given(st.sampled_from((BED, CAME, DAYS, AGE, NEWS, TOLD)), st.text(), st.sampled_from(Language))
def test_no_text_breaks_it(state: State, text: str, language: Language) -> None:
    said = understand(state, text, language, MONDAY)
    assert said is None or said.answer is None or said.answer in state.answers


@pytest.mark.parametrize("text", ["\x00", "1" * 60, "0/0/0", "9999-99-99", "99:99", "²", "۳", "-1", "31/31/9999"])
def test_no_text_breaks_a_date(text: str) -> None:
    said = understand(START, text, EN, MONDAY)
    assert said is None or datetime.fromisoformat(said.value)
