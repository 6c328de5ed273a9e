"""The encoder's arithmetic, held against the same written out number by number."""

import math

import numpy as np
import pytest

from bot.core.needs.encoder import HEADS, unpack

WIDTH, WIDE, WORDS, LENGTH = 24, 32, 9, 5


def packed(layers: int = 2) -> dict[str, np.ndarray]:
    dice = np.random.default_rng(3)
    shapes = {"word": (WORDS, WIDTH)}
    for at in range(layers):
        name = f"layers.{at}"
        shapes |= {f"{name}.qkv": (3 * WIDTH, WIDTH), f"{name}.o": (WIDTH, WIDTH)}
        shapes |= {f"{name}.fi": (WIDE, WIDTH), f"{name}.fo": (WIDTH, WIDE)}
    found = {"pos.weight": dice.normal(size=(LENGTH, WIDTH))}
    for name, (rows, columns) in shapes.items():
        found[f"{name}.weight"] = dice.integers(-127, 128, (rows, columns)).astype(np.int8)
        found[f"{name}.weight.scale"] = dice.uniform(0.001, 0.01, rows)
        found[f"{name}.bias"] = dice.normal(size=rows)
    for name in ["ln", *(f"layers.{at}.{norm}" for at in range(layers) for norm in ("ln1", "ln2"))]:
        found[f"{name}.weight"], found[f"{name}.bias"] = dice.normal(size=WIDTH), dice.normal(size=WIDTH)
    return found


def matrix(stored, name):
    return stored[f"{name}.weight"] * stored[f"{name}.weight.scale"][:, None]


def linear(stored, name, vector):
    return [sum(w * v for w, v in zip(row, vector, strict=True)) + b
            for row, b in zip(matrix(stored, name), stored[f"{name}.bias"], strict=True)]  # fmt: skip


def norm(stored, name, vector):
    mean = sum(vector) / len(vector)
    spread = math.sqrt(sum((v - mean) ** 2 for v in vector) / len(vector) + 1e-12)
    scaled = zip(vector, stored[f"{name}.weight"], stored[f"{name}.bias"], strict=True)
    return [(v - mean) / spread * w + b for v, w, b in scaled]


def layer(stored, name, vectors):
    size = WIDTH // HEADS
    thirds = [linear(stored, f"{name}.qkv", vector) for vector in vectors]
    query, key, value = ([each[at * WIDTH : (at + 1) * WIDTH] for each in thirds] for at in range(3))
    after = []
    for at, vector in enumerate(vectors):
        seen = []
        for head in range(0, WIDTH, size):
            fit = [sum(query[at][head + i] * each[head + i] for i in range(size)) / math.sqrt(size) for each in key]
            weights = [math.exp(each) / sum(map(math.exp, fit)) for each in fit]
            seen += [sum(w * each[head + i] for w, each in zip(weights, value, strict=True)) for i in range(size)]
        told = linear(stored, f"{name}.o", seen)
        middle = norm(stored, f"{name}.ln1", [a + b for a, b in zip(vector, told, strict=True)])
        wide = [x * 0.5 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
                for x in linear(stored, f"{name}.fi", middle)]  # fmt: skip
        narrow = linear(stored, f"{name}.fo", wide)
        after.append(norm(stored, f"{name}.ln2", [a + b for a, b in zip(middle, narrow, strict=True)]))
    return after


def test_reading_is_the_arithmetic_of_the_papers():
    stored, texts = packed(), [[0, 4, 8, 4], [7, 4]]
    words = matrix(stored, "word")
    for ids, read in zip(texts, unpack(stored).read(texts), strict=True):
        vectors = [norm(stored, "ln", [*(words[each] + stored["pos.weight"][at])]) for at, each in enumerate(ids)]
        for at in range(2):
            vectors = layer(stored, f"layers.{at}", vectors)
        assert read == pytest.approx(np.array(vectors), abs=2e-4)


def test_an_array_that_is_missing_is_named():
    stored = packed()
    del stored["layers.1.fo.bias"]
    with pytest.raises(KeyError, match=r"layers\.1\.fo\.bias"):
        unpack(stored)
