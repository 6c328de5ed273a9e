"""One plain form of a text to compare with, and the way back to the original characters."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

APOSTROPHES = frozenset("'’‘ʼʹ′`´＇‛")
SKIN_TONES = frozenset("🏻🏼🏽🏾🏿")
STRETCHED = re.compile(r"([^\W\d_])\1{2,}")

# One plain spelling for each word that phones shorten. Only words with a single reading belong here:
# "k" is "ok" in English and "que" in Spanish, "r" may be a name's initial.
SPELLINGS = {
    "u": "you", "yal": "yall", "ur": "your", "pls": "please", "plz": "please",
    "plss": "please", "txt": "text", "txts": "texts", "txting": "texting", "textin": "texting", "msg": "message",
    "msgs": "messages", "sms": "texts", "thx": "thanks", "thnx": "thanks", "ty": "thanks", "okay": "ok", "okey": "ok",
    "thru": "through", "bc": "because", "cuz": "because", "cus": "because", "tho": "though", "abt": "about",
    "ppl": "people", "tmrw": "tomorrow", "tonite": "tonight", "2nite": "tonight", "rn": "now", "nun": "nothing",
    "nuthin": "nothing", "sumbody": "somebody", "sum1": "someone", "some1": "someone", "evry": "every", "wrk": "work",
    "shotting": "shooting", "shootin": "shooting", "killin": "killing", "followin": "following", "lookin": "looking",
    "tryna": "trying", "tryin": "trying", "suiside": "suicide", "sucide": "suicide",
    "q": "que", "xq": "porque", "pq": "porque", "porq": "porque", "xfa": "porfa", "porfavor": "porfa",
    "tmb": "tambien", "mensage": "mensaje", "mensages": "mensajes", "mensajitos": "mensajes", "nesesito": "necesito",
    "nececito": "necesito", "necesitamo": "necesitamos", "ola": "hola", "grasias": "gracias", "trabajp": "trabajo",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """A plain word and where it stood: `original[start:end]`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Normal:
    """The plain words of a text. `text` holds each word with one space behind it; `at[i]` is where word i begins."""

    words: tuple[Word, ...]
    text: str
    at: tuple[int, ...]


def normalise(text: str) -> Normal:
    """Bring any text to lower case without accents, apostrophes, punctuation or stretched letters.

    "DON’T  stoppp!" becomes "dont stop ". An emoji is a word of its own; skin tones and invisible
    characters go. Total for every str, in time linear to its length.
    """
    return _laid_out(tuple(_joined(_words(text))))


def _laid_out(words: Sequence[Word]) -> Normal:
    at, position = [], 0
    for word in words:
        at.append(position)
        position += len(word.text) + 1
    return Normal(tuple(words), "".join(f"{word.text} " for word in words), tuple(at))


def without_emoji(normal: Normal) -> Normal:
    """The same without words that hold no letter and no digit: a face beside a word does not change what it asks."""
    spoken = [word for word in normal.words if word.text.isalnum()]
    return normal if len(spoken) == len(normal.words) else _laid_out(spoken)


def _words(text: str) -> Iterator[Word]:
    """Cut the folded text at its separators, each word with the span it came from."""
    letters: list[str] = []
    start = end = 0
    for index, character in enumerate(text):
        for plain in _plain(character):
            if plain != " ":
                start = start if letters else index
                end = index + 1
                letters.append(plain)
            elif letters:
                yield Word(_spelled("".join(letters)), start, end)
                letters.clear()
    if letters:
        yield Word(_spelled("".join(letters)), start, end)


def _joined(words: Iterator[Word]) -> Iterator[Word]:
    """Join what a lost or mistyped apostrophe cut apart: "don t", "don;t" and "i m"."""
    last: Word | None = None
    for word in words:
        if last and ((word.text == "t" and last.text.endswith("n")) or (word.text == "m" and last.text == "i")):
            last = Word(last.text + word.text, last.start, word.end)
            continue
        if last:
            yield last
        last = word
    if last:
        yield last


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """What one character leaves behind: nothing, letters, a space, or an emoji between spaces."""
    if character in APOSTROPHES or character in SKIN_TONES:
        return ""
    if character == "@":  # "they shot @ us"
        return " at "
    decomposed = unicodedata.normalize("NFKD", character).casefold()
    return "".join(_kept(part) for part in unicodedata.normalize("NFKD", decomposed))


def _kept(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "LN":
        return character
    if category[0] == "M" or category == "Cf":
        return ""
    # Unknown and private characters may be a newer phone's emoji: kept, so that nothing unread counts as harmless.
    return f" {character} " if category in ("So", "Co", "Cn") else " "


@lru_cache(maxsize=4096)
def _spelled(word: str) -> str:
    plain = STRETCHED.sub(r"\1", word)
    return SPELLINGS.get(plain, plain)
