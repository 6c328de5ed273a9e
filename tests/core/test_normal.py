"""The plain form of a text, and the way back to the original characters."""

import pytest

from bot.core.normal import normalise


@pytest.mark.parametrize(
    "text, plain",
    [
        ("", ""),
        ("  I’M   good!! ", "im good "),
        ("y'all they’ll he`s", "yall theyll hes "),
        ("don;t don t DON'T", "dont dont dont "),
        ("i m ok", "im ok "),
        ("Déjenme en PAZ, señor", "dejenme en paz senor "),
        ("stoppppp heeelp", "stop help "),
        ("they shot @ us", "they shot at us "),
        ("ok👍🏽👍🏽", "ok 👍 👍 "),
        ("1️⃣", "1 "),
        ("u txting q", "you texting que "),
        ("s\u200btop\x00now", "stop now "),
        ("𝐒𝐓𝐎𝐏 stop", "stop stop "),
        ("привет, שלום", "привет שלום "),
    ],
)
def test_normalise(text, plain):
    assert normalise(text).text == plain


def test_every_word_leads_back_to_the_original():
    text = "¡Él NO me deja! don;t 👍🏽"
    normal = normalise(text)
    assert [text[word.start : word.end] for word in normal.words] == ["Él", "NO", "me", "deja", "don;t", "👍"]
    assert [normal.text[start:].split(" ")[0] for start in normal.at] == [word.text for word in normal.words]
