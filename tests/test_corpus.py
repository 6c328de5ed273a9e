"""The corpus is what its page says, and the weights were made from it."""

import tomllib
from collections import Counter

import pytest

from bot.core.kinds import Intent
from bot.core.needs.clear import harmless
from bot.core.needs.detector import WEIGHTS
from bot.core.normal import normalise
from training.corpus import AUTHORS, HERE, fingerprint, rows_for

ROWS = {purpose: rows_for(purpose) for purpose in AUTHORS}
ALL = [row for rows in ROWS.values() for row in rows]
KINDS = {"loud", "quiet", "plain", "several", "everyday", "lookalike", "intent"}


def test_it_is_large_and_half_of_it_tells_of_no_need():
    assert len(ALL) >= 6000
    without = sum(not row.there - {intent.value for intent in Intent} for row in ALL)
    assert 0.4 <= without / len(ALL) <= 0.6


def test_two_in_five_are_spanish_or_mixed():
    assert sum(row.lang != "en" for row in ALL) / len(ALL) >= 0.4


def test_no_text_stands_twice():
    forms = Counter(normalise(row.text).text for row in ALL)
    assert [form for form, count in forms.items() if count > 1] == []


def test_every_author_writes_for_one_purpose():
    authors = [author for named in AUTHORS.values() for author in named]
    assert sorted(authors) == sorted(path.stem for path in (HERE / "corpus").glob("*.jsonl"))
    assert len(authors) == len(set(authors))


def test_every_kind_is_known():
    assert {row.kind for row in ALL} == KINDS


@pytest.mark.parametrize("purpose", AUTHORS)
def test_nothing_with_a_need_or_a_wish_is_on_the_closed_list(purpose):
    told = [row.text for row in ROWS[purpose] if not row.harmless]
    assert [text for text in told if harmless(text, normalise(text))] == []


def test_the_weights_were_made_from_this_corpus():
    card = tomllib.loads((WEIGHTS / "model.toml").read_text(encoding="utf-8"))
    assert card["data_sha256"] == fingerprint()
