"""The linear reading, held against sums worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.needs.ngrams import NGrams, grams

#             output 0, output 1
KNOWN = {"=gun": (2.0, 0.0), "=the gun": (1.0, 0.0), " gu": (0.5, -1.0), "lif": (0.0, 3.0)}
READER = NGrams(
    index={name: row for row, name in enumerate(KNOWN)},
    rarity=np.array([3.0, 4.0, 0.0, 2.0], np.float32),
    weights=np.array(list(KNOWN.values()), np.float32),
    bias=np.array([0.1, -0.2], np.float32),
)


def test_every_run_of_a_word_with_its_edges():
    assert [gram.name for gram in grams("ok")] == [" o", "ok", "k ", " ok", "ok ", " ok ", "=ok"]
    assert [(gram.name, gram.start, gram.end) for gram in grams("a b") if gram.name.startswith("=")] == [
        ("=a", 0, 1), ("=b", 2, 3), ("=a b", 0, 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text, expected",
    [
        ("the gun", [0.1 + 2.0 * 3 / 5 + 1.0 * 4 / 5, -0.2]),  # rarities 3, 4 and 0 have length 5
        ("life", [0.1, -0.2 + 3.0]),
        ("nothing known", [0.1, -0.2]),
        ("", [0.1, -0.2]),
    ],
)
def test_scores_are_weights_times_rarity_of_length_one(text, expected):
    assert READER.scores(text) == pytest.approx(expected)


@given(st.text(st.sampled_from("the gunlif"), max_size=40), st.sampled_from([0, 1]))
def test_the_shares_of_the_characters_add_up_to_the_score(text, output):
    share = READER.shares(text, output)
    assert len(share) == len(text)
    assert float(share.sum() + READER.bias[output]) == pytest.approx(float(READER.scores(text)[output]), abs=1e-4)
