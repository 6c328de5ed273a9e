"""What names people is taken out of a text, and the rest of it stays."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.masking import mask, name_words

NAMES = ("Ana María de la Cruz-Peña", "Dana O'Neil", "Søren Łukasz", "J. Li")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""),
        ("its ana, tell DANA", "its [name], tell [name]"),
        ("Ana's kid & ana’s mom", "[name]'s kid & [name]’s mom"),
        ("maria y Mari\u0301a y MARÍA", "[name] y [name] y [name]"),
        ("cruz pena, Peña, cruz-peña, CruzPena", "[name] [name], [name], [name]-[name], [name]"),
        ("oneil or O'Neil or neil", "[name] or O'[name] or [name]"),
        ("soren, lukasz, li", "[name], [name], [name]"),
        ("a\u200bna _ana_ @ana", "[name] _[name]_ @[name]"),
        ("no tengo de la comida, los niños", "no tengo de la comida, los niños"),
        ("j i am at the list, banana, anas, dana2", "j i am at the list, banana, anas, dana2"),
        ("[name] 👍🏽 ok", "[name] 👍🏽 ok"),
    ],
)
def test_names_go_as_whole_words(text: str, masked: str) -> None:
    assert mask(text, name_words(NAMES)) == masked


@pytest.mark.parametrize(
    "text",
    ["8165550123", "816-555-0123", "(816) 555-0123", "+1 816 555 0123", "1.816.555.0123", "555-0123",
     "816 – 555 – 0123", "+52 55 1234 5678", "816/555/0123", "123-45-6789", "81655501238165550123", "٨١٦٥٥٥٠١٢٣"],
)  # fmt: skip
def test_numbers_go(text: str) -> None:
    assert mask(f"call {text}, or", frozenset()) == "call [number], or"
    assert mask(f"x{text}x", frozenset()) == "x[number]x"


@pytest.mark.parametrize(
    "text", ["911", "988 now", "2:30 pm", "1500 dollars", "12/24", "apt 12345", "1, 2, 3, 4, 5, 6, 7"]
)
def test_short_numbers_stay(text: str) -> None:
    assert mask(text, frozenset()) == text


@pytest.mark.parametrize("text", ["ana@example.org", "a.b+c@mail.example.co.uk", "josé@example.org", "816@example.org"])
def test_e_mail_addresses_go(text: str) -> None:
    assert mask(f"write {text}. ok", name_words(NAMES)) == "write [email]. ok"


@pytest.mark.parametrize(
    "text",
    ["https://example.org/ana?x=1#y", "HTTP://EXAMPLE.ORG", "www.example.museum", "bit.ly/2Xy", "example.com",
     "facebook.com/ana.torres", "maps.app/8165550123", "https://x.org/ana@example.org"],
)  # fmt: skip
def test_links_go(text: str) -> None:
    assert mask(f"see {text}, ok", name_words(NAMES)) == "see [link], ok"
    assert mask(f"({text})!", name_words(NAMES)) == "([link])!"


@pytest.mark.parametrize(
    "text", ["im good.thanks", "they shot @ us", "and/or w/o it", "a.m. p.m.", "ok...", "no. com on"]
)
def test_what_only_looks_like_an_address_stays(text: str) -> None:
    assert mask(text, frozenset()) == text


@pytest.mark.parametrize("sign", ["name", "number", "email", "link"])
def test_a_sign_is_not_masked_again(sign: str) -> None:
    assert mask("816-555-0123 a@b.org www.x.org", name_words([sign])) == "[number] [email] [link]"


SPELT = st.sampled_from(["{}", "{}'s", "({})", "-{}.", "{}\u0301", "{}\u200b,", "_{}", "{}👍"])
CASED = st.sampled_from([str.upper, str.lower, str.title, lambda name: unicodedata.normalize("NFD", name)])
FOUND = st.tuples(st.sampled_from(["María", "Peña", "Dana", "Łukasz"]), SPELT, CASED).map(
    lambda each: each[1].format(each[2](each[0]))
)


@given(st.lists(st.one_of(FOUND, st.text(max_size=8)), max_size=12).map(" ".join))
def test_no_name_is_left_however_it_is_written(text: str) -> None:
    left = mask(text, name_words(NAMES)).replace("[name]", " ")
    folded = unicodedata.normalize("NFKD", left).casefold().replace("ł", "l")
    plain = "".join(each for each in folded if unicodedata.category(each) not in ("Mn", "Cf"))
    words = re.findall(r"[^\W_]+", plain)
    assert not {"maria", "pena", "dana", "lukasz"} & set(words)


@given(st.text(st.characters(exclude_categories=["Nd"], exclude_characters="@./")))
def test_what_names_nobody_stays_as_it_is(text: str) -> None:
    assert mask(text, frozenset({"no such name"})) == text
