"""The table of phrases that tell of a need: read it, and find them in a text."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.core.kinds import Hit, Language, Need
from bot.core.normal import Normal, normalise
from bot.core.patterns import Book, Match, literal_words, uncovered


@dataclass(frozen=True)
class Rule:
    """One row: what tells of the same needs, a message it must find and one it must not.

    `phrases` decide by themselves; `hints` only where no model reads along. `watched` marks words by which a person
    says that somebody else looks at the phone.
    """

    name: str
    language: Language
    needs: tuple[Need, ...]
    urgent: bool
    phrases: tuple[str, ...]
    hints: tuple[str, ...]
    example: str
    lookalike: str
    watched: bool = False


@dataclass(frozen=True)
class _Told:
    """What a phrase stands for: its rule, and whether it decides by itself."""

    rule: Rule
    certain: bool


@dataclass(frozen=True)
class Table:
    """All rules and figures of speech, ready to search."""

    rules: tuple[Rule, ...] = ()
    figures: tuple[str, ...] = ()
    classes: Mapping[str, str] = field(default_factory=dict)
    human: tuple[str, ...] = ()
    not_human: tuple[str, ...] = ()

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

    @cached_property
    def _needs(self) -> Book[_Told | None]:
        certain = [(phrase, _Told(rule, True)) for rule in self.rules for phrase in rule.phrases]
        hints = [(phrase, _Told(rule, False)) for rule in self.rules for phrase in rule.hints]
        return Book([*certain, *hints, *((phrase, None) for phrase in self.figures)], self.classes)

    @cached_property
    def _human(self) -> Book[bool]:
        return Book([*((each, True) for each in self.human), *((each, False) for each in self.not_human)], self.classes)


def read_table(source: str) -> Table:
    """Read a table of rules. Raises ValueError with what cannot be read, in which rule, and what to write."""
    table = tomllib.loads(source)
    unknown = [name for name in table if name not in ("rule", "figure", "classes", "human")]
    if unknown:
        raise ValueError(f"nobody knows [{unknown[0]}]; write [[rule]]")
    if not all(isinstance(table.get(part, []), list) for part in ("rule", "figure", "human")):
        raise ValueError("write [[rule]] with two brackets on either side")
    human = table.get("human", [])
    read = Table(
        rules=tuple(_rule(row) for row in table.get("rule", [])),
        figures=_all(table.get("figure", []), "phrases"),
        classes=table.get("classes", {}),
        human=_all(human, "phrases"),
        not_human=_all(human, "unless"),
    )
    read.hits(normalise(""))  # a phrase that cannot be read is found now, not when somebody texts
    return read


def faults(table: Table) -> list[str]:
    """A line for each rule that misses its example, is fooled by its look-alike or by what everybody says, or holds a
    word that no text is compared with.
    """
    return [fault for rule in table.rules for fault in _faults(table, rule)]


# What a rule that decides by itself must never find: a phrase of "*" or "the" would ring at every text.
EVERYDAY = (
    "ok thank you", "im good, how are you", "at work rn, will text you later", "yes i got the message",
    "not much, just watching tv with the kids", "see you on tuesday", "happy birthday to my mom", "its raining again",
    "todo bien gracias a dios", "estoy en el trabajo, luego le escribo", "nos vemos el martes", "aqui viendo la tele",
)  # fmt: skip


def _faults(table: Table, rule: Rule) -> Iterable[str]:
    if rule.name not in {hit.rule for hit in table.hits(normalise(rule.example))}:
        yield f"rule {rule.name!r}: its example is not found: {rule.example!r}"
    if rule.name in {hit.rule for hit in table.hits(normalise(rule.lookalike))}:
        yield f"rule {rule.name!r}: its look-alike is taken for the need: {rule.lookalike!r}"
    for text in EVERYDAY:
        if any(hit.rule == rule.name and hit.certain for hit in table.hits(normalise(text))):
            yield f"rule {rule.name!r}: its phrases would find {text!r} too; use words that can mean nothing else"
            break
    for word in dict.fromkeys(word for phrase in (*rule.phrases, *rule.hints) for word in literal_words(phrase)):
        plain = normalise(word).text.strip()
        if plain != word:
            instead = f"write {plain!r}" if plain else "leave it out"
            yield f"rule {rule.name!r}: {word!r} never matches, as texts are compared without it; {instead}"


def _all(rows: list[dict[str, Any]], part: str) -> tuple[str, ...]:
    return tuple(phrase for row in rows for phrase in row.get(part, ()))


TEXTS, LISTS = ("name", "language", "example", "lookalike"), ("needs", "phrases", "hints")
SWITCHES = ("urgent", "watched")


def _rule(given: dict[str, Any]) -> Rule:
    row: dict[str, Any] = {"hints": [], "urgent": False, "watched": False, **given}
    where = f"rule {row.get('name', '?')!r}"
    for problem in _misshapen(row):
        raise ValueError(f"{where}: {problem}")
    if row["language"] not in set(Language):
        raise ValueError(f"{where}: language {row['language']!r} is none; write {' or '.join(Language)}")
    if wrong := [need for need in row["needs"] if need not in set(Need)]:
        raise ValueError(f"{where}: {wrong[0]!r} is no need; use: {', '.join(Need)}")
    return Rule(
        name=row["name"],
        language=Language(row["language"]),
        needs=tuple(Need(need) for need in row["needs"]),
        urgent=row["urgent"],
        phrases=tuple(row["phrases"]),
        hints=tuple(row["hints"]),
        example=row["example"],
        lookalike=row["lookalike"],
        watched=row["watched"],
    )


def _misshapen(row: dict[str, Any]) -> Iterator[str]:
    for name in row:
        if name not in (*TEXTS, *LISTS, *SWITCHES):
            yield f"nobody knows {name!r}; is it misspelt?"
    for name in (*TEXTS, *LISTS):
        if name not in row:
            yield f"{name} is missing"
        elif name in TEXTS and not (isinstance(row[name], str) and row[name].strip()):
            yield f"{name} wants words between quotes"
        elif name in LISTS and not (isinstance(row[name], list) and all(isinstance(each, str) for each in row[name])):
            yield f'{name} is a list, like ["one", "another"]'
    for name in SWITCHES:
        if not isinstance(row[name], bool):
            yield f"{name} is true or false, without quotes"


def _hits(matches: Iterable[Match[_Told | None]]) -> list[Hit]:
    return [
        Hit(need, told.rule.urgent, match.start, match.end, told.rule.name, told.certain, told.rule.watched)
        for match in matches
        if (told := match.value) is not None
        for need in told.rule.needs
    ]


def _widest(hits: list[Hit]) -> Iterable[Hit]:
    """Leave out what lies inside a hit of the same need and weight: the wider one is the better reason."""
    reached: dict[tuple[Need, bool, bool], int] = {}
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.need, hit.rule)):
        weight = (hit.need, hit.urgent, hit.certain)
        if hit.end > reached.get(weight, -1):
            reached[weight] = hit.end
            yield hit


TABLE = read_table(Path(__file__).with_name("phrases.toml").read_text(encoding="utf-8"))
