"""The network as it learns: the same arithmetic as bot.core.needs.encoder, in torch."""

from collections.abc import Sequence

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

    def __init__(self, words: int, positions: int, width: int, wide: int, depth: int) -> None:
        super().__init__()
        self.word, self.pos = nn.Embedding(words, width), nn.Embedding(positions, width)
        self.ln = nn.LayerNorm(width, eps=TINY)
        self.layers = nn.ModuleList(Layer(width, wide) for _ in range(depth))
        self.drop = nn.Dropout(DROPOUT)
        self.head = nn.Linear(width, len(OUTPUTS))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))

    def states(self, ids: Tensor) -> list[Tensor]:
        """What each layer makes of the pieces (texts, pieces, width), the lowest first."""
        x, found = self.drop(self.ln(self.word(ids.clamp(min=0)) + self.pos.weight[: ids.shape[1]])), []
        for layer in self.layers:
            x = layer(x, (ids != PAD)[:, None, None, :])
            found.append(x)
        return found

    def pooled(self, ids: Tensor) -> Tensor:
        return self._pool(ids, self.states(ids)[-1])

    def odds(self, ids: Tensor, last: Tensor) -> Tensor:
        """The log-odds that the states of the last layer say."""
        return self.head(self.drop(self._pool(ids, last)))

    def forward(self, ids: Tensor) -> Tensor:
        return self.odds(ids, self.states(ids)[-1])

    def _pool(self, ids: Tensor, last: Tensor) -> Tensor:
        weight = (ids != PAD)[..., None].float()
        return ((last * weight).sum(1) / weight.sum(1) - self.mean) / self.spread


def pretrained(base: Base, kept: list[int]) -> Network:
    """The base with all its layers and a head that knows nothing yet."""
    net = Network(len(kept) + len(SPECIAL), base.positions, base.width, base.wide, base.depth)
    net.load_state_dict(_weights(base, kept), strict=False)
    nn.init.normal_(net.head.weight, std=0.02)
    nn.init.constant_(net.head.bias, -2.0)
    return net


def thinned(deep: Network, layers: Sequence[int]) -> Network:
    """A copy with these layers alone."""
    width, wide = deep.word.embedding_dim, deep.layers[0].fi.out_features
    net = Network(deep.word.num_embeddings, deep.pos.num_embeddings, width, wide, len(layers))
    kept = {name: value for name, value in deep.state_dict().items() if not name.startswith("layers.")}
    net.load_state_dict(kept, strict=False)
    for ours, theirs in zip(net.layers, layers, strict=True):
        ours.load_state_dict(deep.layers[theirs].state_dict())
    return net


def _weights(base: Base, kept: list[int]) -> dict[str, Tensor]:
    width, wide = base.width, base.wide
    words = base.matrix("emb.word", base.words, width)
    found = {
        "word.weight": words[[*SPECIAL, *kept]],
        "pos.weight": base.floats("emb.pos", base.positions, width) + base.floats("emb.type", width),
        "ln.weight": base.floats("emb.ln.w", width),
        "ln.bias": base.floats("emb.ln.b", width),
    }
    for layer in range(base.depth):
        name, of = f"layers.{layer}", f"l{layer}"
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
