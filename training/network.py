"""The network as it learns: the same arithmetic as bot.core.needs.encoder, in torch."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.core.needs.encoder import HEADS, TINY
from bot.core.needs.model import OUTPUTS
from bot.core.needs.pieces import BEGIN, END, Pieces
from training.base import SPECIAL, Base

DROPOUT = 0.1
PAD = -1


class Layer(nn.Module):
    def __init__(self, width: int, wide: int) -> None:
        super().__init__()
        self.qkv, self.o = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fi, self.fo = nn.Linear(width, wide), nn.Linear(wide, width)
        self.ln1, self.ln2 = nn.LayerNorm(width, eps=TINY), nn.LayerNorm(width, eps=TINY)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.ln1(x + self.drop(self.o(seen.transpose(1, 2).reshape(batch, length, width))))
        return self.ln2(x + self.drop(self.fo(functional.gelu(self.fi(x), approximate="tanh"))))


class Network(nn.Module):
    """Pieces in, one log-odds an output. The pooled vector is standardised (`mean`, `spread`) before the head:
    E5's vectors point nearly all one way, and an untrained head learns nothing from what is left.
    """

    def __init__(self, base: Base, kept: list[int], layers: list[int]) -> None:
        super().__init__()
        self.word = nn.Embedding(len(kept) + len(SPECIAL), base.width)
        self.pos = nn.Embedding(base.positions, base.width)
        self.ln = nn.LayerNorm(base.width, eps=TINY)
        self.layers = nn.ModuleList(Layer(base.width, base.wide) for _ in layers)
        self.drop = nn.Dropout(DROPOUT)
        self.head = nn.Linear(base.width, len(OUTPUTS))
        self.register_buffer("mean", torch.zeros(base.width))
        self.register_buffer("spread", torch.ones(base.width))
        self.load_state_dict(_pretrained(base, kept, layers), strict=False)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, -2.0)

    def pooled(self, ids: Tensor) -> Tensor:
        real = ids != PAD
        x = self.drop(self.ln(self.word(ids.clamp(min=0)) + self.pos.weight[: ids.shape[1]]))
        for layer in self.layers:
            x = layer(x, real[:, None, None, :])
        weight = real[..., None].float()
        return ((x * weight).sum(1) / weight.sum(1) - self.mean) / self.spread

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.drop(self.pooled(ids)))


def _pretrained(base: Base, kept: list[int], layers: list[int]) -> dict[str, Tensor]:
    width, wide = base.width, base.wide
    words = base.matrix("emb.word", base.words, width)
    found = {
        "word.weight": words[[*SPECIAL, *kept]],
        "pos.weight": base.floats("emb.pos", base.positions, width) + base.floats("emb.type", width),
        "ln.weight": base.floats("emb.ln.w", width),
        "ln.bias": base.floats("emb.ln.b", width),
    }
    for index, layer in enumerate(layers):
        name, of = f"layers.{index}", f"l{layer}"
        found[f"{name}.qkv.weight"] = np.concatenate([base.matrix(f"{of}.{each}.w", width, width) for each in "qkv"])
        found[f"{name}.qkv.bias"] = np.concatenate([base.floats(f"{of}.{each}.b", width) for each in "qkv"])
        for ours, theirs, rows, columns in (
            ("o", "ao", width, width),
            ("fi", "fi", wide, width),
            ("fo", "fo", width, wide),
        ):
            found[f"{name}.{ours}.weight"] = base.matrix(f"{of}.{theirs}.w", rows, columns)
            found[f"{name}.{ours}.bias"] = base.floats(f"{of}.{theirs}.b", rows)
        for ours, theirs in (("ln1", "aln"), ("ln2", "oln")):
            found[f"{name}.{ours}.weight"] = base.floats(f"{of}.{theirs}.w", width)
            found[f"{name}.{ours}.bias"] = base.floats(f"{of}.{theirs}.b", width)
    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in found.items()}


def ids_of(pieces: Pieces, form: str, longest: int) -> list[int]:
    """A written text as the encoder reads it; longer than `longest` pieces, its beginning."""
    return [BEGIN, *(piece.id for piece in pieces.cut(form)[:longest]), END]


def padded(texts: list[list[int]]) -> Tensor:
    ids = torch.full((len(texts), max(map(len, texts))), PAD)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text)
    return ids
