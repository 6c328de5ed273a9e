"""Messages that end the texts, restart them, ask what they are, or say the number is another person's."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.core.kinds import Intent
from bot.core.normal import Normal, normalise, without_emoji
from bot.core.patterns import Book, Whole, uncovered


class Kind(StrEnum):
    """What a keyword asks for; where two fit, the earlier one wins."""

    STOP = "stop"
    WRONG_NUMBER = "wrong_number"
    START = "start"
    HELP = "help"


BESIDE = 2  # words that may stand beside what is about something else
KEYWORDS = frozenset({Intent.STOP, Intent.WRONG_NUMBER, Intent.HELP})  # intents that are answered as keywords


@dataclass(frozen=True)
class Keyword:
    """What the message asks for, and whether the carrier itself has answered it already.

    One confirmation of a STOP is allowed, and the carrier's is that one (47 CFR 64.1200(a)(12)):
    where `answered_by_carrier` is true, no text of ours may follow.
    """

    kind: Kind
    answered_by_carrier: bool


@dataclass(frozen=True)
class _Table:
    carrier: Mapping[str, Kind]
    whole: Whole[Kind]
    book: Book[Kind | None]  # None stands for a figure: what only sounds like a keyword
    wanted: Book[bool]
    elsewhere: Book[bool]


def read(text: str, carrier_says: str | None = None, intent: Intent = Intent.REPLY) -> Keyword | None:
    """Say whether the message is a keyword or means the same in plain words; None for every other message.

    `carrier_says` is the carrier's own reading (Twilio's OptOutType) and decides over the body. Without it,
    a carrier word alone in the message means that the carrier answered STOP and START by itself; its stock
    answer to HELP names no sender, no contact and no emergency number, so HELP counts as answered only when
    the carrier says that it sent the programme's own text. `intent` is what the detector understood of the message.

    STOP holds for every way a person would reasonably say it (47 CFR 64.1200(a)(10)), in English and Spanish.
    A bare YES is not START, though carriers take it for one: here it answers a check-in, and consent once
    withdrawn comes back only by a word that cannot mean anything else.
    """
    said = (carrier_says or "").strip().casefold()
    if said in ("stop", "start", "help"):
        return Keyword(Kind(said), answered_by_carrier=True)
    if kind := TABLE.carrier.get(text.strip().casefold()):
        return Keyword(kind, answered_by_carrier=kind is not Kind.HELP)
    if intent in KEYWORDS:
        return Keyword(Kind(intent.value), answered_by_carrier=False)
    restarts = told(normalise(text)).kind is Kind.START
    return Keyword(Kind.START, answered_by_carrier=False) if restarts else None


@dataclass(frozen=True)
class Told:
    """The keyword that a message holds, or None, and whether it is nothing else beside it.

    `wanted`: it says that texts are welcome, or that the writer is who we mean. `figurative`: nearly all of it
    is about something or somebody else, as where an ex shall get no more texts.
    """

    kind: Kind | None
    whole: bool = False
    wanted: bool = False
    figurative: bool = False


def told(normal: Normal) -> Told:
    """Say which keyword a normalised message holds, leaving aside what the carrier did about it."""
    alone = TABLE.whole.meaning(normal) or TABLE.whole.meaning(without_emoji(normal))
    matches = list(TABLE.book.search(normal))
    figures = [match for match in matches if match.value is None]
    inside = uncovered((match for match in matches if match.value), figures)
    found = {alone, *(match.value for match in inside)}
    kind = next((kind for kind in Kind if kind in found), None)
    wanted = any(True for _ in TABLE.wanted.search(normal))
    spoken = sum(word.text.isalnum() for word in normal.words)
    elsewhere = TABLE.elsewhere.search(normal)
    figurative = kind is None and any(found.after - found.first >= spoken - BESIDE for found in elsewhere)
    return Told(kind, whole=kind is not None and kind is alone, wanted=wanted, figurative=figurative)


def carrier_words(kind: Kind) -> tuple[str, ...]:
    """The words that the carrier takes for this keyword when they are the whole message, in small letters."""
    return tuple(word for word, meant in TABLE.carrier.items() if meant is kind)


def intent_of(text: str) -> Intent:
    """The intent by keywords alone, where nothing else can be asked."""
    kind = told(normalise(text)).kind
    return Intent(kind.value) if kind and kind is not Kind.START else Intent.REPLY


def load(path: Path) -> _Table:
    """Read the keyword table; raises PatternError with the phrase that cannot be read."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    rules, classes, padding = table["rule"], table["classes"], table["padding"]["phrases"]
    figures = [(phrase, None) for figure in (*table["figures"], table["elsewhere"]) for phrase in figure["phrases"]]
    return _Table(
        carrier={word: Kind(kind) for kind, words in table["carrier"].items() for word in words},
        whole=Whole(_phrases(rules, "whole"), padding, classes),
        book=Book([*_phrases(rules, "phrases"), *figures], classes),
        wanted=Book([(phrase, True) for phrase in table["wanted"]["phrases"]], classes),
        elsewhere=Book([(phrase, True) for phrase in table["elsewhere"]["phrases"]], classes),
    )


def _phrases(rules: list[dict[str, Any]], part: str) -> Iterable[tuple[str, Kind]]:
    return ((phrase, Kind(rule["kind"])) for rule in rules for phrase in rule[part])


TABLE = load(Path(__file__).with_name("keywords.toml"))
