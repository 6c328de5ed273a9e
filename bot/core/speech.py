"""Turning a written text into the words one person hears: values filled in, dates read aloud."""

import re
from collections.abc import Mapping
from datetime import datetime

from bot.core.kinds import Language
from bot.core.segments import segments, without_accents

SLOT = re.compile(r"\{(\w+)\}")
WEEKDAYS = {
    Language.EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    Language.ES: ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
MONTHS = {
    Language.EN: ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                  "November", "December"),
    Language.ES: ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
                  "noviembre", "diciembre"),
}  # fmt: skip


def slots(text: str) -> tuple[str, ...]:
    """The names in braces that a text wants filled."""
    return tuple(SLOT.findall(text))


def render(text: str, values: Mapping[str, str], language: Language) -> str:
    """Fill the slots of a text. ISO dates are read aloud; a value that is missing leaves nothing, never a brace.

    An accent in a value is left out where it alone would cost another segment: one "Sofía" turns a whole English text
    into UCS-2, which holds less than half as much.
    """
    said = {name: spoken(values.get(name, ""), language) for name in slots(text)}
    written = _filled(text, said)
    if written.isascii():
        return written
    bare = _filled(text, {name: without_accents(value) for name, value in said.items()})
    return bare if segments(bare)[1] < segments(written)[1] else written


def _filled(text: str, said: Mapping[str, str]) -> str:
    return SLOT.sub(lambda slot: said[slot[1]], text)


def spoken(value: str, language: Language) -> str:
    """A value as a person would say it: an ISO date or instant in words (its own wall clock), all else unchanged."""
    if not re.match(r"^\d{4}-\d\d-\d\d", value):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return say_moment(moment, language, with_time="T" in value)


def say_moment(moment: datetime, language: Language, with_time: bool) -> str:
    """ "Tuesday, December 3 at 2:30 pm" and its Spanish like."""
    day, month = WEEKDAYS[language][moment.weekday()], MONTHS[language][moment.month - 1]
    if language is Language.ES:
        date = f"el {day} {moment.day} de {month}"
        at = "a la" if moment.hour % 12 == 1 else "a las"
        return f"{date} {at} {clock(moment)}" if with_time else date
    date = f"{day}, {month} {moment.day}"
    return f"{date} at {clock(moment)}" if with_time else date


def clock(moment: datetime) -> str:
    """ "2:30 pm": understood in both languages, and plain enough for one-segment texts."""
    return f"{moment.hour % 12 or 12}:{moment.minute:02d} {'am' if moment.hour < 12 else 'pm'}"


def first_name(name: str) -> str:
    """The first word of a name; a name of nothing but spaces has none."""
    return name.split()[0] if name.split() else ""
