"""Reading a reply as the answer to one question. Total: any text gives an answer or None."""

import re
from dataclasses import dataclass
from datetime import date, datetime

import dateparser.search

from bot.core.flow import Answer, Expect, State
from bot.core.kinds import Language
from bot.core.normal import normalise

YES = frozenset(
    "yes yeah yea yep yup y ya yessir sure ok okay definitely absolutely of course i do i did i am it did 1 👍 "
    "si sip simon claro claro que si asi es por supuesto".split()
) | {"of course", "i do", "i did", "i am", "it did", "yes i do", "yes i did", "claro que si", "asi es", "por supuesto"}
NO = frozenset("no nope nah n nop not really 2 👎 nel todavia no".split()) | {
    "not yet", "not really", "no i did not", "i dont", "i didnt", "it didnt", "todavia no", "aun no", "no mucho",
}  # fmt: skip
NUMBER_WORDS = {
    word: number
    for number, words in enumerate(
        ("zero cero none ninguno", "one uno una", "two dos", "three tres", "four cuatro", "five cinco", "six seis",
         "seven siete", "eight ocho", "nine nueve", "ten diez")
    )
    for word in words.split()
}  # fmt: skip
LONGEST_DATE = 60


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
    plain = normalise(text).text.strip()
    for answer in state.answers:
        said = {normalise(word).text.strip() for word in (answer.key, *answer.words)}
        if plain and plain in said:
            return Understood(answer.key, answer, whole=True)
    first, _, rest = plain.partition(" ")
    keyed = [answer for answer in state.answers if answer.key == first and rest]
    return Understood(keyed[0].key, keyed[0], whole=False) if keyed else None


def _yes_no(state: State, text: str) -> Understood | None:
    plain = normalise(text).text.strip()
    first, _, rest = plain.partition(" ")
    for key, words in (("yes", YES), ("no", NO)):
        answer = next((each for each in state.answers if each.key == key), None)
        listed = {normalise(word).text.strip() for word in answer.words} if answer else set()
        if plain and plain in words | listed:
            return Understood(key, answer, whole=True)
        if rest and first in words:
            return Understood(key, answer, whole=False)
    return None


def _number(state: State, text: str) -> Understood | None:
    plain = normalise(text).text.strip()
    numbers = [word for word in plain.split() if re.fullmatch(r"[0-9]{1,6}", word) or word in NUMBER_WORDS]
    if len(numbers) != 1:
        return None
    number = NUMBER_WORDS.get(numbers[0]) if numbers[0] in NUMBER_WORDS else int(numbers[0])
    assert number is not None
    fitting = [answer for answer in state.answers if _within(answer, number)]
    if state.answers and not fitting:
        return None
    return Understood(str(number), fitting[0] if fitting else None, whole=plain == numbers[0])


def _within(answer: Answer, number: int) -> bool:
    return (answer.low is None or number >= answer.low) and (answer.high is None or number <= answer.high)


def _date(text: str, language: Language, now: datetime) -> Understood | None:
    """A long text is no bare date, and looking for one in it costs time: past LONGEST_DATE it is not tried."""
    if not text.strip() or len(text) > LONGEST_DATE:
        return None
    found = _search_date(text, language, now)
    return Understood(found.isoformat(), None, whole=False) if found else None


def _search_date(text: str, language: Language, now: datetime) -> date | None:
    settings = {"RELATIVE_BASE": now.replace(tzinfo=None), "PREFER_DATES_FROM": "future", "RETURN_AS_TIMEZONE_AWARE": False}
    others = [each.value for each in Language if each is not language]
    try:
        hits = dateparser.search.search_dates(text, languages=[language.value, *others], settings=settings)
    except Exception:  # noqa: BLE001 - the parser is not ours and must not cost a reply; the question is asked again
        return None
    return hits[0][1].date() if hits else None
