"""What a text to a participant may not be: missing in a language, too long, too hard, telling, asking for a keyword."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from bot.core import keywords
from bot.core.flow import Texts
from bot.core.kinds import Language
from bot.core.normal import normalise
from bot.core.reading import grade
from bot.core.segments import segments
from bot.core.speech import render, slots

MOST_SEGMENTS = {Language.EN: 2, Language.ES: 3}
HARDEST_GRADE = 6
FEWEST_WORDS = 8  # a formula made for pages says nothing about "Perdón, no entendimos."
WORDS = ("worker", "programme", "contact")

# What slots are filled with for measuring: as long as real ones get, and for reading as short as they are.
LONG = {"worker": "Christopher", "programme": "Neighborhood Check-In", "contact": "816-555-0100"}
SHORT = {"worker": "Ana", "programme": "Ana", "contact": "816-555-0100"}
LONG_VALUE, LONG_MOMENT = "x" * 20, "2026-09-30T12:30"

# Carriers take a lone YES for an opt-in; keywords.read does not, because here it answers a question.
CARRIER_YES = frozenset({"yes"})
# HELP and STOP must be offered by name (CTIA Messaging Principles, May 2023): "Reply STOP to end texts".
OFFERED = frozenset({"stop", "help", "ayuda", "start"})
ASKED = re.compile(
    r"\b(?:reply|text|answer|send|write|type|responda|conteste|escriba|env[ií]e|mande|or|o)(?:\s+with|\s+con)?\s+(\w+)",
    re.IGNORECASE,
)
LOUD = re.compile(r"\b[A-ZÁÉÍÓÚÑ]{2,}\b|[\"“«](\w+)[\"”»]")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what, and how to mend it."""

    place: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}; {self.mend}"


def text_problems(place: str, texts: Texts, allowed: Set[str]) -> Iterator[Problem]:
    """Everything wrong with one text in its languages; nothing where there is no text at all."""
    if not texts:
        return
    for language in Language:
        text = texts.get(language, "")
        if not text.strip():
            yield Problem(place, f"no text in '{language}'", f"have a person write it in '{language}' too")
            continue
        here = f"{place}, '{language}'"
        yield from unknown_slots(here, text, allowed)
        yield from too_long(here, text, language)
        yield from too_hard(here, text, language)
        yield from telling(here, text, language)
        yield from asking(here, text)


def unknown_slots(place: str, text: str, allowed: Set[str]) -> Iterator[Problem]:
    for slot in slots(text):
        if slot not in allowed:
            yield Problem(place, f"nothing fills {{{slot}}}", f"use one of: {', '.join(sorted(allowed))}")


def too_long(place: str, text: str, language: Language) -> Iterator[Problem]:
    """Measured with the slots filled by long values, because that is how it is sent."""
    encoding, count = segments(filled(text, language))
    if count > MOST_SEGMENTS[language]:
        what = f"{count} segments long ({encoding}), {MOST_SEGMENTS[language]} at most"
        yield Problem(place, what, "say it in fewer words")


def too_hard(place: str, text: str, language: Language) -> Iterator[Problem]:
    needed = reading_grade(text, language)
    if len(text.split()) < FEWEST_WORDS:
        return
    if needed > HARDEST_GRADE:
        what = f"reads at school grade {needed:.1f}, {HARDEST_GRADE} at most"
        yield Problem(place, what, "use shorter sentences and everyday words")


def telling(place: str, text: str, language: Language) -> Iterator[Problem]:
    if found := GIVEAWAYS[language].search(normalise(text).text):
        word = found[0].strip()
        yield Problem(place, f"'{word}' tells a stranger what this is about", "say it in neutral words")


def asking(place: str, text: str) -> Iterator[Problem]:
    """Asking for a word that the carrier acts upon loses the answer, or the person."""
    candidates = [found[1] for found in ASKED.finditer(text)] + [found[1] or found[0] for found in LOUD.finditer(text)]
    for word in dict.fromkeys(each.casefold() for each in candidates):
        if word not in OFFERED and is_keyword(word):
            yield Problem(place, f"asks for '{word}', which ends or restarts the texts", "ask for 1, 2 or 3 instead")


def is_keyword(word: str) -> bool:
    """Whether a message of this alone is taken for a keyword by us or by the carrier, and never answers a question."""
    return word.strip().casefold() in CARRIER_YES or keywords.told(normalise(word)).kind is not None


def filled(text: str, language: Language) -> str:
    """The text as long as it gets: every slot holds a long value."""
    return render(text, {slot: LONG.get(slot, _long_value(slot)) for slot in slots(text)}, language)


def reading_grade(text: str, language: Language) -> float:
    """The school grade of a text with short words in its slots."""
    return grade(render(text, {slot: SHORT.get(slot, "Ana") for slot in slots(text)}, language), language)


def _long_value(slot: str) -> str:
    return LONG_MOMENT if slot.endswith("_at") else LONG_VALUE


def load_giveaways(path: Path) -> Mapping[Language, re.Pattern[str]]:
    """Read the list of words that give the programme away."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {language: re.compile("|".join(map(_word_pattern, table[language]))) for language in Language}


def _word_pattern(word: str) -> str:
    return rf"\b{re.escape(word.removesuffix('*'))}" + (r"\w*" if word.endswith("*") else r"\b")


GIVEAWAYS = load_giveaways(Path(__file__).with_name("giveaways.toml"))
