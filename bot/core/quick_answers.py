"""Short answers that staff put into the box with one press and change as they like."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.flow import FlowError, Texts
from bot.core.flow_texts import Problem, text_problems
from bot.core.kinds import Language


@dataclass(frozen=True)
class QuickAnswer:
    """One answer in every language, and what the button says."""

    title: str
    texts: Texts


def parse_quick_answers(source: str) -> tuple[QuickAnswer, ...]:
    """Read flows/quick_answers.toml. Raises FlowError with what is wrong."""
    try:
        rows = tomllib.loads(source).get("answer", [])
    except tomllib.TOMLDecodeError as error:
        raise FlowError(f"quick_answers.toml: not valid TOML: {error}") from error
    if not isinstance(rows, list):
        raise FlowError("quick_answers.toml: write [[answer]] with two brackets on either side")
    return tuple(map(_answer, rows))


def _answer(row: object) -> QuickAnswer:
    if not isinstance(row, dict) or not isinstance(row.get("title"), str) or not row["title"].strip():
        raise FlowError("quick_answers.toml: an answer has no title; write title = \"…\"")
    missing = [language for language in Language if not isinstance(row.get(language), str)]
    if missing:
        raise FlowError(f"quick_answers.toml: {row['title']}: no text in '{missing[0]}'; have a person write it")
    return QuickAnswer(row["title"], {language: row[language] for language in Language})


def check_quick_answers(answers: tuple[QuickAnswer, ...]) -> Iterator[Problem]:
    """Everything that is wrong with the texts."""
    for each in answers:
        yield from text_problems(f"quick_answers.toml: {each.title}", each.texts, set())
