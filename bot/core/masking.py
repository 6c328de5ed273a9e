"""Takes out of a text what names people: names that are given, phone numbers, e-mail addresses and links."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Set
from itertools import groupby

NAME, NUMBER, EMAIL, LINK = "[name]", "[number]", "[email]", "[link]"

# Joining words of names. They name nobody by themselves and stand in every Spanish sentence.
JOINING = frozenset({"de", "del", "la", "las", "los"})
# Letters that are no plain letter with an accent, as they are typed without one.
BARE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})

END = r"[^\s.,;:!?)\]}>\"'”’]"  # what an address may end with: not the stop of the sentence around it
OPENLY = re.compile(
    rf"""
    (?P<link> \b[a-z][a-z\d+.-]{{1,15}}://\S*{END}
        | \bwww\.\S*{END}
        | \b(?:[\w-]{{1,63}}\.){{1,9}}[a-z]{{2,18}}/\S*{END} )
    | (?P<email> [^\s@<>()\[\],;:"]{{1,64}}@(?:[^\W_][\w-]*\.)+[^\W\d_]{{2,}} )
    | (?P<domain> \b(?:[\w-]{{1,63}}\.){{1,9}}(?:com|net|org|edu|gov|mil|info|biz|io|co|mx|ly|gl)\b/? )
    | (?P<number> \+? \(?\d (?:[\s().\-/\u2010-\u2015]{{0,3}}\d){{6,}} )
    """,
    re.VERBOSE | re.IGNORECASE,
)
SIGNS = {"link": LINK, "domain": LINK, "email": EMAIL, "number": NUMBER}


def name_words(names: Iterable[str]) -> frozenset[str]:
    """The words of these names as `mask` compares them; one letter alone and joining words ("de la") are left out.

    The parts of "O'Neil" and "Ana-María" count, and so do "ONeil" and "AnaMaria".
    """
    words: set[str] = set()
    for part in (part for name in names for part in name.split()):
        pieces = [_bare(piece) for piece, of_word in _pieces(part) if of_word]
        words.update((*pieces, "".join(pieces)))
    return frozenset(word for word in words if len(word) > 1 and word not in JOINING)


def mask(text: str, words: Set[str]) -> str:
    """The text with signs in place of what names people.

    "[name]" for each whole word out of `words` (as `name_words` makes them), in whatever case and accents; "[number]"
    for seven digits or more that stand together, which takes dates and case numbers too; "[email]"; "[link]".

    It cannot take out what it is not told or cannot see: names of others and nicknames, names misspelt, shortened, or
    run together with other letters or digits, user names, streets and places, numbers written as words or shorter than
    seven digits, links without a well-known ending, and what a story itself gives away. A person must read the text
    before it leaves the programme.
    """
    return "".join(_masked(text, words))


def _masked(text: str, words: Set[str]) -> Iterator[str]:
    done = 0
    for found in OPENLY.finditer(text):
        yield from _without_names(text[done : found.start()], words)
        yield SIGNS[str(found.lastgroup)]
        done = found.end()
    yield from _without_names(text[done:], words)


def _without_names(text: str, words: Set[str]) -> Iterator[str]:
    return (NAME if of_word and _bare(piece) in words else piece for piece, of_word in _pieces(text))


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text cut into words and what stands between them; whether each is a word."""
    return (("".join(characters), of_word) for of_word, characters in groupby(text, _is_of_word))


def _is_of_word(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LNM" or category == "Cf"  # an accent, or an invisible sign, does not end a word


def _bare(word: str) -> str:
    """The word in lower case, without accents and invisible signs."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return "".join(each for each in folded if unicodedata.category(each)[0] in "LN").translate(BARE)
