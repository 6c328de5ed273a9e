"""The texts that belong to no flow: safety, help, the end of texts, and what the bot says between questions."""

import tomllib
from dataclasses import dataclass, fields

from bot.core.flow import FlowError, Texts
from bot.core.kinds import Language


@dataclass(frozen=True)
class Always:
    """One text in every language for each moment; the file flows/always.toml has one table for each field."""

    safety: Texts
    passed_on: Texts
    noted: Texts
    again: Texts
    help: Texts
    stopped: Texts
    wrong_number: Texts
    restarted: Texts
    new_worker: Texts


def parse_always(source: str) -> Always:
    """Read flows/always.toml. Raises FlowError where a text or a language is missing."""
    try:
        raw = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise FlowError(f"always.toml: not valid TOML: {error}") from error
    return Always(**{field.name: _texts(raw, field.name) for field in fields(Always)})


def _texts(raw: dict[str, object], name: str) -> Texts:
    given = raw.get(name)
    if not isinstance(given, dict):
        raise FlowError(f"always.toml: [{name}] is missing; write it with one text for each language")
    missing = [language for language in Language if not isinstance(given.get(language), str)]
    if missing:
        raise FlowError(f"always.toml: [{name}] has no text for '{missing[0]}'")
    return {language: given[language] for language in Language}
