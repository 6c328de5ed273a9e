"""A small transformer encoder (Vaswani et al. 2017; BERT's shape, Devlin et al. 2019), read-only, on numpy alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
HEADS = 12
TINY = 1e-12
GELU = np.float32(np.sqrt(2 / np.pi))


@dataclass(frozen=True)
class Norm:
    """Layer normalisation: scale and shift."""

    scale: Array
    shift: Array

    def __call__(self, x: Array) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        normed: Array = centred / np.sqrt(variance + TINY) * self.scale + self.shift
        return normed


@dataclass(frozen=True)
class Linear:
    """A matrix (in, out) and a bias."""

    matrix: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        return x @ self.matrix + self.bias


@dataclass(frozen=True)
class Layer:
    """Attention and a feed-forward part, each added to its input and normalised after."""

    qkv: Linear
    out: Linear
    after_attention: Norm
    widen: Linear
    narrow: Linear
    after_widening: Norm

    def __call__(self, x: Array, texts: Sequence[slice]) -> Array:
        """One step for several texts whose pieces lie one after the other: a piece attends to its own text alone."""
        qkv = self.qkv(x)
        seen = np.concatenate([_attention(qkv[text]) for text in texts]) if len(texts) > 1 else _attention(qkv)
        x = self.after_attention(x + self.out(seen))
        return self.after_widening(x + self.narrow(_gelu(self.widen(x))))


def _attention(qkv: Array) -> Array:
    length, width = qkv.shape[0], qkv.shape[1] // 3
    query, key, value = qkv.reshape(length, 3, HEADS, width // HEADS).transpose(1, 2, 0, 3)
    weights = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(width // HEADS))
    weights = np.exp(weights - weights.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    seen: Array = (weights @ value).transpose(1, 0, 2).reshape(length, width)
    return seen


def _gelu(x: Array) -> Array:
    """GELU in its tanh form (Hendrycks and Gimpel 2016), which training uses too: numpy has no error function."""
    rising: Array = 1 + np.tanh(GELU * (x + np.float32(0.044715) * x * x * x))
    return np.float32(0.5) * x * rising


@dataclass(frozen=True)
class Rows:
    """A table kept in eight bits, with a scale a row: tens of thousands of rows, of which a text wants a few."""

    packed: npt.NDArray[np.int8]
    scales: Array

    def __getitem__(self, ids: Sequence[int]) -> Array:
        rows: Array = self.packed[ids].astype(np.float32) * self.scales[ids][:, None]
        return rows


@dataclass(frozen=True)
class Encoder:
    """From ids of pieces to one vector a piece."""

    words: Rows
    positions: Array
    first: Norm
    layers: tuple[Layer, ...]

    @property
    def longest(self) -> int:
        """How many pieces it can read at once."""
        return len(self.positions)

    def read(self, texts: Sequence[Sequence[int]]) -> list[Array]:
        """For each text, of at most `longest` pieces, the vectors of its pieces (pieces, width).

        Several at once cost less than one after the other: what takes long is fetching the weights.
        """
        ends = np.cumsum([len(ids) for ids in texts])
        spans = [slice(int(end) - len(ids), int(end)) for ids, end in zip(texts, ends, strict=True)]
        places = np.concatenate([self.positions[: len(ids)] for ids in texts])
        x = self.first(self.words[[piece for ids in texts for piece in ids]] + places)
        for layer in self.layers:
            x = layer(x, spans)
        return [x[span] for span in spans]


def unpack(stored: Mapping[str, npt.NDArray[np.generic]]) -> Encoder:
    """Build an encoder from arrays by name, matrices as eight-bit whole numbers with a scale for each row.

    Raises KeyError with the name of an array that is missing.
    """
    count = sum(name.endswith(".qkv.weight") for name in stored)
    layers = tuple(_layer(stored, f"layers.{index}") for index in range(count))
    words = Rows(stored["word.weight"].astype(np.int8, copy=False), _floats(stored, "word.weight.scale"))
    return Encoder(words, _floats(stored, "pos.weight"), _norm(stored, "ln"), layers)


def _layer(stored: Mapping[str, npt.NDArray[np.generic]], name: str) -> Layer:
    return Layer(
        qkv=_linear(stored, f"{name}.qkv"),
        out=_linear(stored, f"{name}.o"),
        after_attention=_norm(stored, f"{name}.ln1"),
        widen=_linear(stored, f"{name}.fi"),
        narrow=_linear(stored, f"{name}.fo"),
        after_widening=_norm(stored, f"{name}.ln2"),
    )


def _matrix(stored: Mapping[str, npt.NDArray[np.generic]], name: str) -> Array:
    scales = _floats(stored, f"{name}.scale")
    return stored[name].astype(np.float32) * scales[:, None]


def _linear(stored: Mapping[str, npt.NDArray[np.generic]], name: str) -> Linear:
    return Linear(np.ascontiguousarray(_matrix(stored, f"{name}.weight").T), _floats(stored, f"{name}.bias"))


def _norm(stored: Mapping[str, npt.NDArray[np.generic]], name: str) -> Norm:
    return Norm(_floats(stored, f"{name}.weight"), _floats(stored, f"{name}.bias"))


def _floats(stored: Mapping[str, npt.NDArray[np.generic]], name: str) -> Array:
    return stored[name].astype(np.float32)
