"""What the model reads of a text, and the way back to it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.needs.written import written
from bot.core.normal import normalise


def form(text: str) -> str:
    return written(text, normalise(text)).text


@pytest.mark.parametrize(
    "text, expected",
    [
        ("DON'T come!! 😂 he has a 🔫", "dont come! he has a gun"),
        ("¿Cómo estás?  Ya me voy... ok", "como estas? ya me voy. ok"),
        ("i need help.they here", "i need help. they here"),
        ("they here.", "they here"),
        ("👍", ""),
        ("🔫🔫 🔫 run", "gun run"),
        ("", ""),
        ("🆘 pls", "sos please"),
        ("1", "1"),
        ("привет", "привет"),
    ],
)
def test_the_written_form(text, expected):
    assert form(text) == expected


@given(st.text(max_size=400))
def test_every_character_knows_the_word_it_came_from(text):
    found = written(text, normalise(text))
    assert len(found.text) == len(found.words)
    assert all(0 <= word.start < word.end <= len(text) for word in found.words)


# "ŉ" and "ı" are left out: their capitals are other letters.
letters = st.characters(max_codepoint=0x17F, categories=["L", "N", "P", "Z"], exclude_characters="ŉı")
latin = st.text(letters, max_size=60)
NEUTRAL = ["😀", "😂", "😭", "🙏🏽", "❤️", "👍", "🔥", "💯"]


@given(latin)
def test_capitals_and_accents_change_nothing(text):
    bare = "".join(each for each in unicodedata.normalize("NFD", text) if unicodedata.category(each) != "Mn")
    assert form(text.upper()) == form(text) == form(bare)


@given(latin, st.sampled_from(NEUTRAL))
def test_an_emoji_behind_or_before_changes_nothing(text, emoji):
    assert form(f"{text} {emoji}") == form(text) == form(f"{emoji} {text}")
