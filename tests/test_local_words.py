"""The programme's own words: counted at once, and no fault in them takes away what worked."""

import os
import shutil
from pathlib import Path

import pytest

from bot.config import ROOT
from bot.core.kinds import Need
from bot.core.needs.phrases import Table
from bot.flows import WORDS, LiveShelf, load_words

CORNER = """
[[rule]]
name = "the corner"
language = "en"
needs = ["safety"]
urgent = true
phrases = ["they at the 35th corner"]
example = "they at the 35th corner again"
lookalike = "lunch at the 35th corner store"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "flows", tmp_path / "flows"))


def edits(folder: Path, text: str, at: int) -> None:
    """Save the file, at a time of its own."""
    (folder / WORDS).write_text(text, encoding="utf-8")
    os.utime(folder / WORDS, (at, at))


def test_the_file_that_ships_has_nothing_wrong() -> None:
    assert load_words(ROOT / "flows" / WORDS, Table()) == (Table(), ())


def test_an_edit_counts_without_a_restart(folder: Path) -> None:
    shelf = LiveShelf(folder)
    assert shelf.words.rules == ()
    edits(folder, CORNER, 1)
    assert [(rule.name, rule.needs, rule.urgent) for rule in shelf.words.rules] == [
        ("the corner", (Need.SAFETY,), True)
    ]


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("[[rule", "words.toml: "),
        (CORNER.replace('example = "they at the 35th corner again"\n', ""), "rule 'the corner': example is missing"),
        (CORNER.replace("they at the 35th corner again", "nobody there"), "its example is not found"),
        (CORNER.replace("lunch at the 35th corner store", "they at the 35th corner"), "look-alike is taken"),
        (CORNER.replace('"safety"', '"gold"'), "gold"),
        (CORNER.replace("they at", "(they at"), "bracket"),
        (CORNER.replace('["they at the 35th corner"]', '["*"]'), "rule 'the corner'"),
        (CORNER.replace("phrases = [", 'phrases = ["at work", '), "would find 'at work rn"),
        (CORNER.replace("phrases = [", 'phrases = ["rn", '), "write 'now'"),
        (CORNER.replace('["they at the 35th corner"]', '"they at the 35th corner"'), "phrases is a list"),
        (CORNER.replace("urgent = true", 'urgent = "false"'), "urgent is true or false, without quotes"),
        (CORNER.replace("urgent", "urgant"), "nobody knows 'urgant'"),
        (CORNER.replace("[[rule]]", "[[rules]]"), "rules"),
    ],
)
def test_a_fault_is_named_and_the_last_good_words_stay(folder: Path, broken: str, says: str) -> None:
    edits(folder, CORNER, 1)
    shelf = LiveShelf(folder)
    edits(folder, broken, 2)
    assert [rule.name for rule in shelf.words.rules] == ["the corner"]
    assert any(says in problem for problem in shelf.problems)
