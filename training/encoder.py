"""Teaching the encoder: first all twelve layers of the base, then a shallower one from their answers."""

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bot.core.needs.model import WINDOW
from bot.core.needs.pieces import Pieces
from training.corpus import Row, labels
from training.network import PAD, Network, ids_of, padded

BATCH = 32
EARLIER = 0.95  # each layer learns this much slower than the one after it
HEAD = 5.0  # and the head this much faster
JOINED = 0.15  # share of texts read with an everyday one before or behind, which changes no label
MISTYPED = 0.15
UNMARKED = 0.1
SOFT = 0.5  # of a thinner network's lesson is the teacher's answers, the rest the labels
ALIKE = 3.0  # what it costs to make something else of the pieces than the teacher's layers do

Say = Callable[[str], None]


@dataclass(frozen=True)
class Lessons:
    """How long to learn, how fast, and the seed of all chance in it."""

    epochs: int
    rate: float
    seed: int


@dataclass(frozen=True)
class Teacher:
    """A deeper network that knows it already, and which of its layers each layer of the pupil is to equal."""

    net: Network
    layers: tuple[int, ...]


def teach(net: Network, pieces: Pieces, rows: list[Row], lessons: Lessons, say: Say,
          teacher: Teacher | None = None) -> None:  # fmt: skip
    """Train in place, on labels alone or also on what a teacher makes of the same texts."""
    dice, said = random.Random(lessons.seed), torch.from_numpy(labels(rows))
    forms = [row.form for row in rows]
    calm = [row.form for row in rows if row.harmless and row.kind == "everyday"]
    if teacher is None:
        _standardise(net, pieces, forms)
    else:
        teacher.net.eval()
    steps = lessons.epochs * math.ceil(len(rows) / BATCH)
    optimiser = torch.optim.AdamW(_paces(net, lessons.rate), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace(step, steps))
    for epoch in range(lessons.epochs):
        net.train()
        started, losses = time.perf_counter(), []
        texts = [ids_of(pieces, _garbled(form, calm, dice), WINDOW) for form in forms]
        for chosen in _batches([len(text) for text in texts], dice):
            ids = padded([texts[index] for index in chosen])
            loss = _loss(net, ids, said[chosen], teacher)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            losses.append(loss.item())
        say(f"epoch {epoch + 1}/{lessons.epochs}: loss {np.mean(losses):.3f}, {time.perf_counter() - started:.0f} s")


def _loss(net: Network, ids: Tensor, truth: Tensor, teacher: Teacher | None) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        states = net.states(ids)
        odds = net.odds(ids, states[-1])
        if teacher is None:
            return _unlike(odds, truth)
        with torch.no_grad():
            shown = teacher.net.states(ids)
            answers = torch.sigmoid(teacher.net.odds(ids, shown[-1]).float())
    real = (ids != PAD)[..., None]
    pairs = zip(states, (shown[layer] for layer in teacher.layers), strict=True)
    apart = torch.stack([_distance(mine.float(), theirs.float(), real) for mine, theirs in pairs]).mean()
    return _unlike(odds, (1 - SOFT) * truth + SOFT * answers) + ALIKE * apart


def _unlike(odds: Tensor, truth: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(odds.float(), truth, reduction="none").sum(1).mean()


def _distance(mine: Tensor, theirs: Tensor, real: Tensor) -> Tensor:
    """The squared distance of the states of all pieces, as a share of the teacher's own squared length."""
    return ((mine - theirs).square() * real).sum() / (theirs.square() * real).sum()


def odds_of(net: Network, pieces: Pieces, forms: list[str]) -> np.ndarray:
    """The network's log-odds (texts, outputs)."""
    return _run(net, net.forward, pieces, forms)


def pooled_of(net: Network, pieces: Pieces, forms: list[str]) -> np.ndarray:
    """The pooled vectors (texts, width)."""
    return _run(net, net.pooled, pieces, forms)


def _run(net: Network, deed: Callable[[Tensor], Tensor], pieces: Pieces, forms: list[str]) -> np.ndarray:
    net.eval()
    texts = [ids_of(pieces, form, WINDOW) for form in forms]
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    found: dict[int, np.ndarray] = {}
    with torch.no_grad():
        for at in range(0, len(order), 64):
            chosen = order[at : at + 64]
            found |= zip(chosen, deed(padded([texts[index] for index in chosen])).float().numpy(), strict=True)
    return np.stack([found[index] for index in range(len(texts))])


def _standardise(net: Network, pieces: Pieces, forms: list[str]) -> None:
    pooled = pooled_of(net, pieces, forms)
    net.mean.copy_(torch.from_numpy(pooled.mean(0)))
    net.spread.copy_(torch.from_numpy(pooled.std(0)))


def _paces(net: Network, rate: float) -> list[dict]:
    depth = len(net.layers)
    return [{"params": [weight], "lr": rate * _share(name, depth), "weight_decay": 0.01 if weight.dim() > 1 else 0.0}
            for name, weight in net.named_parameters()]  # fmt: skip


def _share(name: str, depth: int) -> float:
    if name.startswith("head"):
        return HEAD
    below_top = depth - 1 - int(name.split(".")[1]) if name.startswith("layers") else depth
    return EARLIER**below_top


def _pace(step: int, steps: int) -> float:
    """Up in the first tenth, then down to nothing."""
    return min((step + 1) / (0.1 * steps), (steps - step) / (0.9 * steps))


def _batches(lengths: list[int], dice: random.Random) -> Iterator[list[int]]:
    """Texts of like length together, in an order that chance makes."""
    order = list(range(len(lengths)))
    dice.shuffle(order)
    found = []
    for at in range(0, len(order), 20 * BATCH):
        alike = sorted(order[at : at + 20 * BATCH], key=lambda index: lengths[index])
        found += [alike[each : each + BATCH] for each in range(0, len(alike), BATCH)]
    dice.shuffle(found)
    yield from found


def _garbled(form: str, calm: list[str], dice: random.Random) -> str:
    """The text as it might as well have come: with small talk around it, mistyped, without marks."""
    if dice.random() < JOINED:
        pair = [form, dice.choice(calm)]
        dice.shuffle(pair)
        form = dice.choice([". ", " ", ", "]).join(pair)
    if dice.random() < UNMARKED:
        form = form.translate({ord(mark): None for mark in ".,?!"})
    return _mistyped(form, dice) if dice.random() < MISTYPED else form


def _mistyped(form: str, dice: random.Random) -> str:
    letters = list(form)
    for _ in range(max(1, len(letters) // 40)):
        if len(letters) < 4:
            break
        at = dice.randrange(len(letters) - 1)
        match dice.randrange(3):
            case 0:
                letters.pop(at)
            case 1:
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
            case 2:
                letters.insert(at, letters[at])
    return "".join(letters)
