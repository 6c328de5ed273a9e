"""Cutting into word pieces, held against cuts worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.needs.pieces import FIRST, UNKNOWN, Pieces

# the likelier of two ways wins: "▁go"+"ing" costs 5, "▁going" 4
VOCABULARY = {"▁": -5.0, "▁go": -2.0, "ing": -3.0, "▁going": -4.0, "s": -4.0} | dict.fromkeys("goin", -9.0)
PIECES = Pieces(list(VOCABULARY), list(VOCABULARY.values()))
NAMES = dict(enumerate(VOCABULARY, FIRST)) | {UNKNOWN: "?"}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("going", [("▁going", 0, 5)]),
        ("gos", [("▁go", 0, 2), ("s", 2, 3)]),
        ("go going", [("▁go", 0, 2), ("▁going", 2, 8)]),
        ("gox", [("▁go", 0, 2), ("?", 2, 3)]),
        ("x", [("▁", 0, 0), ("?", 0, 1)]),
        ("", [("▁", 0, 0)]),
    ],
)
def test_the_likeliest_cut(text, expected):
    assert [(NAMES[piece.id], piece.start, piece.end) for piece in PIECES.cut(text)] == expected


@given(st.text(st.sampled_from("gonis x"), max_size=60))
def test_the_pieces_cover_the_text_end_to_end(text):
    pieces = PIECES.cut(text)
    assert [piece.start for piece in pieces[1:]] == [piece.end for piece in pieces[:-1]]
    assert pieces[0].start == 0 and pieces[-1].end == len(text)
