"""Reading a reply as the answer to one question. Total: any text gives an answer or None."""

import re
from dataclasses import dataclass
from datetime import date, datetime

import dateparser.search

from bot.core.flow import Answer, Expect, State
from bot.core.kinds import Language
from bot.core.normal import normalise
from bot.core.speech import WEEKDAYS

# Opening words: they answer also where more follows ("no I got put out").
YES_FIRST = frozenset(("yes", "yeah", "yea", "yep", "yup", "yessir", "si", "sip", "simon", "1", "👍"))
NO_FIRST = frozenset(("no", "nope", "nah", "nop", "nel", "2", "👎"))
# Answers only as the whole reply: "it did not come" begins like "it did".
YES = YES_FIRST | {
    "y", "ya", "sure", "ok", "definitely", "absolutely", "claro", "of course", "i do", "i did", "i am", "it did",
    "yes i do", "yes i did", "yes it did", "yes i am", "claro que si", "asi es", "por supuesto", "todo bien",
}  # fmt: skip
NO = NO_FIRST | {
    "n", "not yet", "not really", "i do not", "i did not", "it did not", "i dont", "i didnt", "it didnt",
    "no i did not", "not at all", "todavia no", "aun no", "no mucho", "para nada",
}  # fmt: skip
# They open like a no and are none; "no se" is "I don't know".
FIGURES = ("no problem", "no worries", "no doubt", "no cap", "no lie", "no se", "no hay problema", "no hay de que")
NUMBER_WORDS = {
    word: number
    for number, words in enumerate(
        ("zero cero none ninguno", "one uno una", "two dos", "three tres", "four cuatro", "five cinco", "six seis",
         "seven siete", "eight ocho", "nine nueve", "ten diez")
    )
    for word in words.split()
}  # fmt: skip
JOINERS = frozenset(("and", "or", "y", "o", "maybe"))
LONGEST_DATE = 60
DATES = {"PREFER_DATES_FROM": "future", "RETURN_AS_TIMEZONE_AWARE": False}
SHORT_WEEKDAYS = ("mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun")
WEEKDAY = frozenset(normalise(day).text.strip() for days in WEEKDAYS.values() for day in days) | {*SHORT_WEEKDAYS}
AFTER_TOMORROW = re.compile(r"\bpasado\s+ma[ñn]ana\b", re.IGNORECASE)
COUNTED_ES = re.compile(r"\ben\s+(una?|dos|tres|cuatro|cinco|seis)\s+(?=d[ií]as?|semanas?|mes)", re.IGNORECASE)
TWO_READINGS = re.compile(r"\b(0?[1-9]|1[0-2])[/.-](0?[1-9]|1[0-2])\b")


@dataclass(frozen=True)
class Understood:
    """What a reply answers: the value to remember, the answer it chose, and whether that was all it said."""

    value: str
    answer: Answer | None
    whole: bool


def understand(state: State, text: str, language: Language, now: datetime) -> Understood | None:
    """The answer that `text` gives to this state's question, or None where it gives none."""
    match state.expect:
        case Expect.TEXT:
            return Understood(text.strip(), None, whole=False) if text.strip() else None
        case Expect.CHOICE:
            return _choice(state, text)
        case Expect.YES_NO:
            return _yes_no(state, text)
        case Expect.NUMBER:
            return _number(state, text)
        case Expect.DATE:
            return _date(text, language, now)
        case Expect.NOTHING:
            return None


def _choice(state: State, text: str) -> Understood | None:
    plain = _plain(text)
    for answer in state.answers:
        if plain and plain in {_plain(word) for word in (answer.key, *answer.words)}:
            return Understood(answer.key, answer, whole=True)
    return _keyed(state, plain.split())


def _keyed(state: State, words: list[str]) -> Understood | None:
    """An answer by its number, also written out, with anything behind it: "2 got put out". "1 or 2" chooses neither."""
    keys = [str(NUMBER_WORDS.get(word, word)) for word in words]
    picked = {answer.key: answer for answer in state.answers if _plain(answer.key) in keys}
    if not keys or keys[0] not in picked or (len(picked) > 1 and set(keys) <= {*picked, *JOINERS}):
        return None
    return Understood(keys[0], picked[keys[0]], whole=len(keys) == 1)


def _yes_no(state: State, text: str) -> Understood | None:
    plain = _plain(text)
    first, _, rest = plain.partition(" ")
    if f"{plain} ".startswith(tuple(f"{figure} " for figure in FIGURES)):
        return None
    for key, whole, opening in (("yes", YES, YES_FIRST), ("no", NO, NO_FIRST)):
        answer = next((each for each in state.answers if each.key == key), None)
        listed = {_plain(word) for word in answer.words} if answer else set()
        if plain and plain in whole | listed:
            return Understood(key, answer, whole=True)
        if rest and first in opening:
            return Understood(key, answer, whole=False)
    return None


def _number(state: State, text: str) -> Understood | None:
    words = _plain(text).split()
    numbers = [word for word in words if re.fullmatch(r"[0-9]{1,6}", word) or word in NUMBER_WORDS]
    if len(numbers) != 1:
        return None
    number = NUMBER_WORDS[numbers[0]] if numbers[0] in NUMBER_WORDS else int(numbers[0])
    fitting = [answer for answer in state.answers if _within(answer, number)]
    if state.answers and not fitting:
        return None
    return Understood(str(number), fitting[0] if fitting else None, whole=len(words) == 1)


def _within(answer: Answer, number: int) -> bool:
    return (answer.low is None or number >= answer.low) and (answer.high is None or number <= answer.high)


def _date(text: str, language: Language, now: datetime) -> Understood | None:
    """A long text is no bare date, and looking for one in it costs time: past LONGEST_DATE it is not tried.

    "3/12" in Spanish may be March or December: rather asked again than guessed.
    """
    if not text.strip() or len(text) > LONGEST_DATE:
        return None
    numbers = TWO_READINGS.search(text)
    if language is Language.ES and numbers and int(numbers[1]) != int(numbers[2]):
        return None
    found = _search_date(_countable(text), language, now)
    return Understood(found.isoformat(), None, whole=False) if found else None


def _countable(text: str) -> str:
    """Spanish that the parser misreads, in words it reads right."""
    text = AFTER_TOMORROW.sub("en 2 días", text)
    return COUNTED_ES.sub(lambda found: f"en {NUMBER_WORDS[found[1].casefold()]} ", text)


def _search_date(text: str, language: Language, now: datetime) -> date | None:
    """A month alone is no date: "I may be going" would be one in May. A weekday alone is."""
    others = [each.value for each in Language if each is not language]
    required = [] if WEEKDAY & set(_plain(text).split()) else ["day"]
    settings = {"RELATIVE_BASE": now.replace(tzinfo=None), "REQUIRE_PARTS": required, **DATES}
    try:
        hits = dateparser.search.search_dates(text, languages=[language.value, *others], settings=settings)
    except Exception:  # the parser is not ours and must not cost a reply: the question is asked again
        return None
    return hits[0][1].date() if hits else None


def _plain(text: str) -> str:
    return normalise(text).text.strip()
