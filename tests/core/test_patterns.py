"""The language phrases are written in."""

import pytest

from bot.core.normal import normalise
from bot.core.patterns import Book, PatternError, Whole, uncovered

CLASSES = {"me": "me|us|my {place}", "place": "house|car"}


def finds(pattern, text):
    return [text[match.start : match.end] for match in Book([(pattern, 1)], CLASSES).search(normalise(text))]


@pytest.mark.parametrize(
    "pattern, text, found",
    [
        ("shot at {me}", "he SHOT at my house", ["SHOT at my house"]),
        ("shot at {me}", "shot at nothing", []),
        ("kill (me)?", "kil or killlll me", ["kil", "killlll me"]),
        ("looking for ... gun", "looking for a big new gun", ["looking for a big new gun"]),
        ("looking for ... gun", "looking for a really big new gun", []),
        ("threat*", "threats and threatened", ["threats", "threatened"]),
        ("sol(o|a)", "solo sola sol", ["solo", "sola"]),
        ("live(s)? here", "lives here, live here", ["lives here", "live here"]),
        ("^ help $", "help", ["help"]),
        ("^ help $", "help me", []),
        ("end", "friend weekend", []),
    ],
)
def test_a_pattern_finds(pattern, text, found):
    assert finds(pattern, text) == found


@pytest.mark.parametrize("pattern", ["(a|b", "a)", "{nobody} shot", "(maybe)?", "..."])
def test_a_pattern_that_cannot_be_read_is_named(pattern):
    with pytest.raises(PatternError) as problem:
        Book([(pattern, 1)], CLASSES)
    assert repr(pattern) in str(problem.value)


def test_a_cover_hides_only_what_ends_inside_it():
    normal = normalise("he hit me up and then he hit me")
    matches = list(Book([("he hit me", 1)], {}).search(normal))
    covers = list(Book([("hit me up", 1)], {}).search(normal))
    assert [match.first for match in uncovered(matches, covers)] == [6]


@pytest.mark.parametrize(
    "text, meaning",
    [
        ("stop", "stop"),
        ("please stop stop now", "stop"),
        ("please", None),
        ("stop it", None),
        ("stop help", None),
        ("", None),
    ],
)
def test_a_whole_message_means_one_thing_or_nothing(text, meaning):
    shape = Whole([("stop", "stop"), ("help", "help")], ["please", "now"], {})
    assert shape.meaning(normalise(text)) == meaning
