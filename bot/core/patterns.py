"""The small language phrases are written in, and the search for many of them at once.

    they (shot|are shooting) at (me|us)     words, and alternatives in brackets
    stop (it)? please                       a group that may be missing
    looking for ... gun                     up to three words between
    threat*                                 any ending
    {they} shot ^ $                         a named class; where the message begins and ends

Phrases are written without capitals, accents and apostrophes, like the text they are compared with
(`bot.core.normal`). A doubled letter also matches a single one, because that is how people mistype.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.core.normal import Normal

TOKEN = re.compile(r"\.\.\.|[()|?^$]|[^\s()|?^$]+")
CLASS = re.compile(r"\{(\w+)\}")
DOUBLED = re.compile(r"([^\W\d_])\1")
GAP = r"(?:\S+ ){0,3}?"
ANYWHERE = ""  # the index key of patterns whose first word has an open ending

T = TypeVar("T")


class PatternError(ValueError):
    """A phrase that cannot be read, quoted with the reason."""


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """A phrase found at `original[start:end]`, from word `first` up to word `after`, and what it stands for."""

    value: T
    start: int
    end: int
    first: int
    after: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a pattern: its regular expression, the words it can begin with, whether it may be empty."""

    regex: str
    heads: frozenset[str]
    optional: bool


class Book(Generic[T]):
    """Many phrases, searched at once: only those that can begin with a word are tried there."""

    def __init__(self, phrases: Iterable[tuple[str, T]], classes: Mapping[str, str]) -> None:
        self._index: dict[str, list[tuple[re.Pattern[str], T]]] = defaultdict(list)
        for source, value in phrases:
            part = _parse(source, classes)
            if part.optional:
                raise PatternError(f"{source!r}: may be empty or begins with a gap")
            entry = (re.compile(part.regex), value)
            for head in part.heads:
                self._index[head].append(entry)

    def search(self, normal: Normal) -> Iterator[Match[T]]:
        """Yield every phrase that fits, in the order of the text."""
        word_at = {position: index for index, position in enumerate(normal.at)}
        for index, word in enumerate(normal.words):
            for head in (_squeezed(word.text), ANYWHERE):
                for regex, value in self._index.get(head, ()):
                    if found := regex.match(normal.text, normal.at[index]):
                        after = word_at.get(found.end(), len(normal.words))
                        yield Match(value, word.start, normal.words[after - 1].end, index, after)


def uncovered(matches: Iterable[Match[T]], covers: Iterable[Match[T]]) -> list[Match[T]]:
    """The matches that lie inside none of the covers; both in the order of the text."""
    waiting, reach = deque(covers), -1
    kept = []
    for match in matches:
        while waiting and waiting[0].start <= match.start:
            reach = max(reach, waiting.popleft().end)
        if match.end > reach:
            kept.append(match)
    return kept


class Whole(Generic[T]):
    """Phrases that count only as the whole message: laid end to end, with nothing but padding between."""

    def __init__(self, cores: Iterable[tuple[str, T]], padding: Iterable[str], classes: Mapping[str, str]) -> None:
        self._pieces: Book[T | None] = Book([*cores, *((phrase, None) for phrase in padding)], classes)

    def meanings(self, normal: Normal) -> frozenset[T]:
        """What the message stands for; empty where a word is left over or all of it is padding."""
        reached: dict[int, frozenset[T]] = {0: frozenset()}
        for piece in self._pieces.search(normal):
            if piece.first in reached:
                own = frozenset() if piece.value is None else frozenset({piece.value})
                reached[piece.after] = reached.get(piece.after, frozenset()) | reached[piece.first] | own
        return reached.get(len(normal.words), frozenset())


def _parse(source: str, classes: Mapping[str, str]) -> _Part:
    expanded = source
    while found := CLASS.search(expanded):
        if found[1] not in classes:
            raise PatternError(f"{source!r}: no class named {found[1]!r}")
        expanded = f"{expanded[: found.start()]}({classes[found[1]]}){expanded[found.end() :]}"
    tokens = TOKEN.findall(expanded)
    part = _options(tokens)
    if tokens:
        raise PatternError(f"{source!r}: a bracket closes that was not opened")
    return part


def _options(tokens: list[str]) -> _Part:
    """Read alternatives up to the closing bracket or the end, taking them off the front of the list."""
    options = [_sequence(tokens)]
    while tokens and tokens[0] == "|":
        tokens.pop(0)
        options.append(_sequence(tokens))
    heads = frozenset[str]().union(*(option.heads for option in options))
    regex = "|".join(option.regex for option in options)
    return _Part(f"(?:{regex})", heads, any(option.optional for option in options))


def _sequence(tokens: list[str]) -> _Part:
    parts = []
    while tokens and tokens[0] not in ("|", ")"):
        parts.append(_one(tokens))
    heads: set[str] = set()
    for part in parts:
        heads |= part.heads
        if not part.optional:
            break
    return _Part("".join(part.regex for part in parts), frozenset(heads), all(part.optional for part in parts))


def _one(tokens: list[str]) -> _Part:
    match tokens.pop(0):
        case "(":
            part = _options(tokens)
            if not tokens:
                raise PatternError("a bracket is not closed")
            tokens.pop(0)
            if tokens and tokens[0] == "?":
                tokens.pop(0)
                return _Part(f"{part.regex}?", part.heads, True)
            return part
        case "...":
            return _Part(GAP, frozenset({ANYWHERE}), True)
        case "^":
            return _Part(r"\A", frozenset(), True)
        case "$":
            return _Part(r"\Z", frozenset(), True)
        case word if word.endswith("*"):
            return _Part(rf"{_loose(word[:-1])}\S* ", frozenset({ANYWHERE}), False)
        case word:
            return _Part(f"{_loose(word)} ", frozenset({_squeezed(word)}), False)


def _loose(word: str) -> str:
    """The word, its doubled letters also single: "kill" finds "kil"."""
    return DOUBLED.sub(r"\1\1?", re.escape(word))


def _squeezed(word: str) -> str:
    return DOUBLED.sub(r"\1", word)
