"""Segment counts, as a table."""

import pytest

from bot.core.segments import GSM_7, UCS_2, segments

VECTORS = [
    ("", GSM_7, 1),
    ("a" * 160, GSM_7, 1),
    ("a" * 161, GSM_7, 2),
    ("a" * 306, GSM_7, 2),
    ("a" * 307, GSM_7, 3),
    ("]" * 80, GSM_7, 1),
    ("]" * 81, GSM_7, 2),
    ("]" * 152, GSM_7, 2),
    ("]" * 153, GSM_7, 3),
    ("€\f", GSM_7, 1),
    ("á" * 70, UCS_2, 1),
    ("á" * 71, UCS_2, 2),
    ("á" * 134, UCS_2, 2),
    ("á" * 135, UCS_2, 3),
    ("😀" * 35, UCS_2, 1),
    ("😀" * 36, UCS_2, 2),
    ("😀" * 66, UCS_2, 2),
    ("😀" * 67, UCS_2, 3),
    ("🇺🇸" * 17, UCS_2, 1),
    ("🇺🇸" * 18, UCS_2, 2),
    ("¿Cómo estás?", UCS_2, 1),
    ("¿Qué tal, señor Ñuñez? ¡Adiós!".replace("ó", "o"), GSM_7, 1),
]


@pytest.mark.parametrize(("text", "encoding", "count"), VECTORS)
def test_text_is_cut_as_the_networks_cut_it(text: str, encoding: str, count: int) -> None:
    assert segments(text) == (encoding, count)


@pytest.mark.parametrize("char", list("éñÑÉüÜ¿¡àèìòù"))
def test_spanish_letters_that_stay_cheap(char: str) -> None:
    assert segments(char) == (GSM_7, 1)


@pytest.mark.parametrize("char", list("áíóúÁÍÓÚç`\t’“—") + ["\u00a0"])
def test_one_letter_can_turn_the_whole_text_dear(char: str) -> None:
    assert segments("a" * 100 + char) == (UCS_2, 2)
