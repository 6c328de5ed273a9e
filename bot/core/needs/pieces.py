"""Cutting a text into word pieces, as the pretrained encoder wants it."""

from collections.abc import Sequence
from dataclasses import dataclass

BEGIN, END, UNKNOWN, FIRST = 0, 1, 2, 3  # the ids before those of the pieces themselves
SPACE = "▁"
UNKNOWN_COST = 10.0  # below the rarest piece, as in SentencePiece (Kudo and Richardson 2018)


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a text: its id, and where it stands in the text that was cut."""

    id: int
    start: int
    end: int


class Pieces:
    """The pieces of a unigram vocabulary (Kudo 2018, "Subword Regularization") with their log probabilities."""

    def __init__(self, pieces: Sequence[str], scores: Sequence[float]) -> None:
        scored = enumerate(zip(pieces, scores, strict=True), FIRST)
        self._known = {piece: (index, score) for index, (piece, score) in scored}
        self._longest = max(map(len, pieces))
        self._unknown = min(scores) - UNKNOWN_COST

    def cut(self, text: str) -> list[Piece]:
        """The likeliest pieces of the text; a character of no piece is UNKNOWN. In time linear to the text."""
        marked = SPACE + text.replace(" ", SPACE)
        best = [0.0] + [float("-inf")] * len(marked)
        back: list[tuple[int, int]] = [(0, 0)] * (len(marked) + 1)
        for start in range(len(marked)):
            if best[start] + self._unknown > best[start + 1]:
                best[start + 1], back[start + 1] = best[start] + self._unknown, (UNKNOWN, start)
            for end in range(start + 1, min(len(marked), start + self._longest) + 1):
                known = self._known.get(marked[start:end])
                if known and best[start] + known[1] > best[end]:
                    best[end], back[end] = best[start] + known[1], (known[0], start)
        return _path(back)


def _path(back: list[tuple[int, int]]) -> list[Piece]:
    """Follow the best cut from the end; the space before the first word is no character of the text."""
    found, end = [], len(back) - 1
    while end > 0:
        piece, start = back[end]
        found.append(Piece(piece, max(start - 1, 0), end - 1))
        end = start
    return found[::-1]
