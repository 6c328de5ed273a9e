"""The table of phrases that tell of a need: read it, and find them in a text."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.core.kinds import Hit, Language, Need
from bot.core.normal import Normal
from bot.core.patterns import Book, Match, uncovered


@dataclass(frozen=True)
class Rule:
    """One row: phrases that tell of the same needs, a message they must match and one they must not.

    `watched` marks words by which a person says that somebody else looks at the phone.
    """

    name: str
    language: Language
    needs: tuple[Need, ...]
    urgent: bool
    phrases: tuple[str, ...]
    example: str
    lookalike: str
    watched: bool = False


class Table:
    """All rules and figures of speech, ready to search."""

    def __init__(self, path: Path) -> None:
        """Read the table; raises PatternError, ValueError or KeyError with what cannot be read."""
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        classes = table["classes"]
        self.rules = tuple(_rule(row) for row in table["rule"])
        phrases = [(phrase, rule) for rule in self.rules for phrase in rule.phrases]
        figures = [(phrase, None) for row in table["figure"] for phrase in row["phrases"]]
        self._needs: Book[Rule | None] = Book([*phrases, *figures], classes)
        self._human: Book[bool] = Book(
            [(phrase, True) for row in table["human"] for phrase in row["phrases"]]
            + [(phrase, False) for row in table["human"] for phrase in row["unless"]],
            classes,
        )

    def hits(self, normal: Normal) -> tuple[Hit, ...]:
        """Find each need, in the order of the text; a phrase inside a figure of speech does not count."""
        matches = list(self._needs.search(normal))
        figures = [match for match in matches if match.value is None]
        told = (match for match in matches if match.value)
        return tuple(_widest(_hits(uncovered(told, figures))))

    def asks_for_a_person(self, normal: Normal) -> bool:
        """Say whether the writer wants to be called, visited or put through to somebody."""
        matches = list(self._human.search(normal))
        others = [match for match in matches if not match.value]
        return bool(uncovered((match for match in matches if match.value), others))


def _rule(row: dict[str, object]) -> Rule:
    needs, phrases = row["needs"], row["phrases"]
    if not isinstance(needs, list) or not isinstance(phrases, list):
        raise ValueError(f"rule {row['name']!r}: needs and phrases are lists")
    return Rule(
        name=str(row["name"]),
        language=Language(str(row["language"])),
        needs=tuple(Need(need) for need in needs),
        urgent=bool(row.get("urgent", False)),
        phrases=tuple(phrases),
        example=str(row["example"]),
        lookalike=str(row["lookalike"]),
        watched=bool(row.get("watched", False)),
    )


def _hits(matches: Iterable[Match[Rule | None]]) -> list[Hit]:
    return [
        Hit(need, match.value.urgent, match.start, match.end, match.value.name, match.value.watched)
        for match in matches
        if match.value is not None
        for need in match.value.needs
    ]


def _widest(hits: list[Hit]) -> Iterable[Hit]:
    """Leave out what lies inside a hit of the same need and weight: the wider one is the better reason."""
    reached: dict[tuple[Need, bool], int] = {}
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.need, hit.rule)):
        if hit.end > reached.get((hit.need, hit.urgent), -1):
            reached[hit.need, hit.urgent] = hit.end
            yield hit


TABLE = Table(Path(__file__).with_name("phrases.toml"))
