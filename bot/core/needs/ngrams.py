"""A linear reading of the letters and words of a text: quick, reads any length, and can name its reasons."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
SIZES = range(2, 6)  # letters; a word's own edge counts as one
WORD_MARK = "="  # no letter run begins with it


@dataclass(frozen=True, slots=True)
class Gram:
    """A run of letters within one word, or one or two whole words (marked), and where it stands in the text."""

    name: str
    start: int
    end: int


def grams(text: str) -> Iterator[Gram]:
    """Every run of two to five letters of each word with its edges, every word, and every pair of neighbours."""
    before: tuple[str, int] | None = None
    for word, start in _words(text):
        end = start + len(word)
        edged = f" {word} "
        for size in SIZES:
            for at in range(len(edged) - size + 1):
                yield Gram(edged[at : at + size], max(start + at - 1, start), min(start + at - 1 + size, end))
        yield Gram(f"{WORD_MARK}{word}", start, end)
        if before:
            yield Gram(f"{WORD_MARK}{before[0]} {word}", before[1], end)
        before = (word, start)


def _words(text: str) -> Iterator[tuple[str, int]]:
    at = 0
    for word in text.split(" "):
        if word:
            yield word, at
        at += len(word) + 1


@dataclass(frozen=True)
class NGrams:
    """What each gram weighs for each output: `weights` is (grams, outputs), `rarity` the inverse document frequency."""

    index: Mapping[str, int]
    rarity: Array
    weights: Array
    bias: Array

    def scores(self, text: str) -> Array:
        """One log-odds for each output."""
        found = self._rows({gram.name for gram in grams(text)})
        return np.asarray(self._values(found) @ self.weights[found] + self.bias, np.float32)

    def shares(self, text: str, output: int) -> Array:
        """How much each character of the text adds to one output; the sum is its score without the bias."""
        share = np.zeros(len(text), np.float32)
        known = [gram for gram in grams(text) if gram.name in self.index]
        names = {gram.name for gram in known}
        rows = self._rows(names)
        worth = dict(zip(rows, self._values(rows) * self.weights[rows, output], strict=True))
        times: dict[str, int] = {}
        for gram in known:
            times[gram.name] = times.get(gram.name, 0) + 1
        for gram in known:
            value = worth[self.index[gram.name]] / times[gram.name]
            share[gram.start : gram.end] += value / (gram.end - gram.start)
        return share

    def _rows(self, names: set[str]) -> list[int]:
        return sorted(self.index[name] for name in names if name in self.index)

    def _values(self, rows: list[int]) -> Array:
        """Rarity of what is there, brought to length one, so that long texts weigh no more than short ones."""
        rarity = self.rarity[rows]
        length = float(np.linalg.norm(rarity))
        return rarity / np.float32(length) if length else rarity


def unpack(stored: Mapping[str, npt.NDArray[np.generic]]) -> NGrams:
    """Build it from arrays by name. Raises KeyError with the name of an array that is missing."""
    names = stored["grams"].tobytes().decode("utf-8").split("\n")
    rarity, weights, bias = (stored[f"grams.{name}"].astype(np.float32) for name in ("rarity", "weights", "bias"))
    return NGrams({name: row for row, name in enumerate(names)}, rarity, weights, bias)
