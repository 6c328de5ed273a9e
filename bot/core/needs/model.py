"""The trained reading of a message: a small encoder and letter runs, blended with what the phrase rules say."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.core.kinds import Intent, Need
from bot.core.needs import encoder, ngrams
from bot.core.needs.encoder import Encoder, Linear
from bot.core.needs.ngrams import NGrams
from bot.core.needs.pieces import BEGIN, END, Piece, Pieces

Array = npt.NDArray[np.float32]
URGENT, ALARM = "urgent", "alarm"  # alarm: danger to a person, or somebody could be badly hurt within a day
OUTPUTS = (*(need.value for need in Need), URGENT, ALARM, *(intent.value for intent in Intent))
AT = {name: index for index, name in enumerate(OUTPUTS)}

WINDOW = 110  # pieces the encoder reads at once; the longest text of the tuning authors has 81
PART, PARTS, STRIDE = 45, 2, 36  # of a longer one, the parts that the letter runs find most alarming, to be in time


@dataclass(frozen=True)
class Blend:
    """How the readings are weighed: log-odds = encoder, letters and rules times their weights, and an offset.

    Each is one number an output.
    """

    encoder: Array
    letters: Array
    rules: Array
    offset: Array


@dataclass(frozen=True)
class Reading:
    """A written text as the model read it: what it weighs for each output (log-odds without the rules), and for each
    output what the encoder drew from each piece it read. `whole`: it read the text as one.
    """

    text: str
    odds: Array
    drawn: tuple[tuple[Piece, Array], ...]
    whole: bool


@dataclass(frozen=True)
class Model:
    """Weights, and the chance above which each output counts as there.

    `version` names the weights. Reading is deterministic and never touches a network.
    """

    version: str
    pieces: Pieces
    encoder: Encoder
    head: Linear
    letters: NGrams
    blend: Blend
    thresholds: Mapping[str, float]

    def read(self, *texts: str) -> list[Reading]:
        """Read written texts (`written.py`) of any length but empty; of a long one, its strongest windows count."""
        windows = [(text, window) for text in texts for window in self.windows(text)]
        states = self.encoder.read([[BEGIN, *(piece.id for piece in window), END] for _, window in windows])
        read = [self._window(window, text, each) for (text, window), each in zip(windows, states, strict=True)]
        by_text: dict[str, list[tuple[Array, list[tuple[Piece, Array]]]]] = {text: [] for text in texts}
        for (text, _), each in zip(windows, read, strict=True):
            by_text[text].append(each)
        return [self._reading(text, by_text[text]) for text in texts]

    def _reading(self, text: str, windows: list[tuple[Array, list[tuple[Piece, Array]]]]) -> Reading:
        odds, drawn = zip(*windows, strict=True)
        return Reading(text, np.max(odds, axis=0), tuple(pair for each in drawn for pair in each), len(windows) == 1)

    def chances(self, readings: Sequence[Reading], told: frozenset[str]) -> dict[str, float]:
        """The chance of each output, given what the rules were told (names of outputs).

        `readings` are of one message, whole and, where it has harmless sentences, without them: the stronger counts,
        so that small talk around a danger cannot hide it.
        """
        odds = np.max([reading.odds for reading in readings], axis=0)
        odds = odds + self.blend.rules * np.array([name in told for name in OUTPUTS], np.float32)
        return {name: float(1 / (1 + np.exp(-value))) for name, value in zip(OUTPUTS, odds, strict=True)}

    def passage(self, reading: Reading, output: str) -> tuple[int, int]:
        """The clause of a text that adds most to an output, as start and end."""
        share = self.letters.shares(reading.text, AT[output]) * self.blend.letters[AT[output]]
        for piece, drawn in reading.drawn:
            share[piece.start : piece.end] += drawn[AT[output]] / max(piece.end - piece.start, 1)
        return max(clauses(reading.text), key=lambda clause: float(share[clause[0] : clause[1]].sum()))

    def _window(self, window: Sequence[Piece], text: str, states: Array) -> tuple[Array, list[tuple[Piece, Array]]]:
        letters = self.letters.scores(text[window[0].start : window[-1].end])
        odds = self.head(states.mean(axis=0)) * self.blend.encoder + letters * self.blend.letters + self.blend.offset
        drawn = states[1:-1] @ self.head.matrix * (self.blend.encoder / len(states))
        return odds, list(zip(window, drawn, strict=True))

    def windows(self, text: str) -> list[list[Piece]]:
        """The pieces of a text, cut to what the encoder reads at once; of a long one, the most alarming parts."""
        pieces = self.pieces.cut(text)
        if len(pieces) <= WINDOW:
            return [pieces]
        parts = [pieces[at : at + PART] for at in range(0, len(pieces) - PART + STRIDE, STRIDE)]
        return sorted(parts, key=lambda part: -self._alarm(part, text))[:PARTS]

    def _alarm(self, part: Sequence[Piece], text: str) -> float:
        return float(self.letters.scores(text[part[0].start : part[-1].end])[AT[ALARM]])


LONGEST_CLAUSE = 12  # words; a run-on text is cut so that a mark points at something


def clauses(text: str) -> list[tuple[int, int]]:
    """Cut a written text at its marks, and where none stands for long; the spans of its clauses, in order."""
    found, start, words = [], 0, 0
    for index, letter in enumerate(text):
        words += letter == " "
        if letter in ".?!," or (letter == " " and words >= LONGEST_CLAUSE):
            found.append((start, index))
            start, words = index + 1, 0
    found.append((start, len(text)))
    return [(_first(text, start, end), end) for start, end in found if text[start:end].strip()] or [(0, len(text))]


def _first(text: str, start: int, end: int) -> int:
    return start + len(text[start:end]) - len(text[start:end].lstrip())


def load(folder: Path) -> Model:
    """Read the weights of a folder. Raises OSError, KeyError or ValueError where they are missing or damaged."""
    card = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
    with np.load(folder / "weights.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    vocabulary = arrays["pieces"].tobytes().decode("utf-8").split("\n")
    blend = np.array([card["blend"][name] for name in OUTPUTS], np.float32).T
    return Model(
        version=str(card["version"]),
        pieces=Pieces(vocabulary, [float(score) for score in arrays["pieces.scores"]]),
        encoder=encoder.unpack(arrays),
        head=Linear(arrays["head.weight"].astype(np.float32).T, arrays["head.bias"].astype(np.float32)),
        letters=ngrams.unpack(arrays),
        blend=Blend(*blend),
        thresholds={name: float(card["thresholds"][name]) for name in OUTPUTS},
    )
