"""The small language phrases are written in, and the search for many of them at once.

    they (shot|are shooting) at (me|us)     words, and alternatives in brackets
    stop (it)? please                       a group that may be missing
    looking for ... gun                     up to three words between
    threat*   sol(o|a)                      any ending, or one of these
    {they} shot ^ $                         a named class; where the message begins and ends

Phrases are written without capitals, accents and apostrophes, like the text they are compared with
(`bot.core.normal`). A doubled letter also matches a single one, because that is how people mistype.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Generic, TypeVar

from bot.core.normal import Normal

TOKEN = re.compile(r"\.\.\.|[()|?^$]|[^\s()|?^$]+")
ENDINGS = re.compile(r"(\w+)\(([\w|]*)\)(\??)")
DOUBLED = re.compile(r"([^\W\d_])\1")
SIGNS = frozenset(("...", "(", ")", "|", "?", "^", "$"))
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

    def __init__(self, phrases: Iterable[tuple[str, T]], classes: Mapping[str, str], loose: bool = True) -> None:
        self._index: dict[str, list[tuple[str, T]]] = defaultdict(list)
        grammar = _Grammar(classes, loose)
        for source, value in phrases:
            part = grammar.parse(source)
            if part.optional:
                raise PatternError(f"{source!r}: may be empty or begins with a gap")
            for head in part.heads:
                self._index[head].append((part.regex, value))

    def search(self, normal: Normal) -> Iterator[Match[T]]:
        """Yield every phrase that fits, in the order of the text."""
        word_at = {position: index for index, position in enumerate(normal.at)}
        for index, word in enumerate(normal.words):
            for head in (_squeezed(word.text), ANYWHERE):
                for regex, value in self._index.get(head, ()):
                    if found := _compiled(regex).match(normal.text, normal.at[index]):
                        after = word_at.get(found.end(), len(normal.words))
                        yield Match(value, word.start, normal.words[after - 1].end, index, after)


def uncovered(matches: Iterable[Match[T]], covers: Iterable[Match[T]]) -> list[Match[T]]:
    """The matches whose end no cover reaches over: "he hit me" in "he hit me up" is gone, "he hit me" stays."""
    ordered = list(covers)
    firsts = [cover.first for cover in ordered]
    reach = list(accumulate((cover.after for cover in ordered), max, initial=-1))
    return [match for match in matches if reach[bisect_left(firsts, match.after)] < match.after]


class Whole(Generic[T]):
    """Phrases that count only as the whole message: laid end to end, with nothing but padding between.

    Not `loose`, a word counts only as it is written: "god" is not "good".
    """

    def __init__(
        self, cores: Iterable[tuple[str, T]], padding: Iterable[str], classes: Mapping[str, str], loose: bool = True
    ) -> None:
        self._pieces: Book[T | None] = Book([*cores, *((phrase, None) for phrase in padding)], classes, loose)

    def meaning(self, normal: Normal) -> T | None:
        """What the message stands for; None where a word is left over, all is padding, or it says two things."""
        reached: dict[int, set[T | None]] = {0: {None}}
        for piece in self._pieces.search(normal):
            for said in reached.get(piece.first, ()):
                if said is None or piece.value is None or said == piece.value:
                    reached.setdefault(piece.after, set()).add(piece.value if said is None else said)
        meanings = reached.get(len(normal.words), set()) - {None}
        return meanings.pop() if len(meanings) == 1 else None


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    """Compiled when first tried: a process that reads no message does not pay for two thousand phrases."""
    return re.compile(regex)


class _Grammar:
    """Reads patterns with one set of classes; each class is read once."""

    def __init__(self, classes: Mapping[str, str], loose: bool) -> None:
        self._classes = classes
        self._loose = loose
        self._read: dict[str, _Part] = {}

    def parse(self, source: str) -> _Part:
        """Raises PatternError with the pattern that cannot be read."""
        tokens = TOKEN.findall(ENDINGS.sub(_with_endings, source))
        try:
            part = self._options(tokens)
        except PatternError as problem:
            raise PatternError(f"{source!r}: {problem}") from problem
        if tokens:
            raise PatternError(f"{source!r}: a bracket closes that was not opened")
        return part

    def _options(self, tokens: list[str]) -> _Part:
        """Read alternatives up to the closing bracket or the end, taking them off the front of the list."""
        options = [self._sequence(tokens)]
        while tokens and tokens[0] == "|":
            tokens.pop(0)
            options.append(self._sequence(tokens))
        heads = frozenset[str]().union(*(option.heads for option in options))
        regex = "|".join(option.regex for option in options)
        return _Part(f"(?:{regex})", heads, any(option.optional for option in options))

    def _sequence(self, tokens: list[str]) -> _Part:
        parts = []
        while tokens and tokens[0] not in ("|", ")"):
            part = self._one(tokens)
            if tokens and tokens[0] == "?":
                tokens.pop(0)
                part = _Part(f"(?:{part.regex})?", part.heads, True)
            parts.append(part)
        heads: set[str] = set()
        for part in parts:
            heads |= part.heads
            if not part.optional:
                break
        return _Part("".join(part.regex for part in parts), frozenset(heads), all(part.optional for part in parts))

    def _one(self, tokens: list[str]) -> _Part:
        match tokens.pop(0):
            case "(":
                part = self._options(tokens)
                if not tokens:
                    raise PatternError("a bracket is not closed")
                tokens.pop(0)
                return part
            case "...":
                return _Part(GAP, frozenset({ANYWHERE}), True)
            case "^":
                return _Part(r"\A", frozenset(), True)
            case "$":
                return _Part(r"\Z", frozenset(), True)
            case word if word.startswith("{"):
                return self._class(word[1:-1])
            case word if word.endswith("*"):
                return _Part(rf"{self._spelt(word[:-1])}\S* ", frozenset({ANYWHERE}), False)
            case word:
                return _Part(f"{self._spelt(word)} ", frozenset({_squeezed(word)}), False)

    def _spelt(self, word: str) -> str:
        """Loose, the doubled letters of a word are also single: "kill" finds "kil"."""
        return DOUBLED.sub(r"\1\1?", re.escape(word)) if self._loose else re.escape(word)

    def _class(self, name: str) -> _Part:
        if name not in self._classes:
            raise PatternError(f"no class named {name!r}")
        if name not in self._read:
            self._read[name] = self.parse(self._classes[name])
        return self._read[name]


def literal_words(source: str) -> Iterator[str]:
    """The words a phrase is made of, without classes and the signs of this language."""
    for token in TOKEN.findall(ENDINGS.sub(_with_endings, source)):
        if token not in SIGNS and not token.startswith("{") and (word := token.rstrip("*")):
            yield word


def _with_endings(found: re.Match[str]) -> str:
    """Write "sol(o|a)" as "(solo|sola)"."""
    stem, endings, optional = found.groups()
    return "(" + "|".join(stem + ending for ending in [*endings.split("|"), *([""] if optional else [])]) + ")"


def _squeezed(word: str) -> str:
    return DOUBLED.sub(r"\1", word)
