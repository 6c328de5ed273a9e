"""The people of a run: who they are, what they text and when. All invented, all drawn from one seed."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

START_AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday, 6:00 in Kansas City; the zone's clocks change on March 8
AREA_CODES = (816, 913, 785, 620, 316, 417, 573, 660, 314, 636, 402, 515)
NUMBERS_EACH = 99  # 555-0101 to 555-0199: these are never given to anybody
ZONES = ("America/Chicago", "America/Chicago", "America/Chicago", "America/Denver")
NEVER_AGREED = 20  # one in so many
OUR_NUMBER = "+18165550100"


class Meaning(StrEnum):
    """What a text is, as its writer means it. The checker goes by this and not by what Standby made of it."""

    DANGER = "danger"
    STOP = "stop"
    START = "start"
    NEED = "need"
    HARMLESS = "harmless"


WORDS: dict[str, dict[Meaning, tuple[str, ...]]] = {
    "en": {
        Meaning.DANGER: ("he hit me", "i want to kill myself", "they are shooting outside my house"),
        Meaning.STOP: ("STOP", "stop texting me", "Unsubscribe"),
        Meaning.START: ("START",),
        Meaning.NEED: ("i need a job", "lights got shut off", "need a ride to work tomorrow", "HELP"),
        Meaning.HARMLESS: ("all good thanks", "ok", "my week was fine", "good morning", "thank you"),
    },
    "es": {
        Meaning.DANGER: ("mi novio me pego anoche", "me va a matar, tengo miedo"),
        Meaning.STOP: ("STOP", "no me manden mas mensajes"),
        Meaning.START: ("START",),
        Meaning.NEED: ("necesito trabajo", "me quede sin casa"),
        Meaning.HARMLESS: ("todo bien gracias", "gracias", "buenos dias"),
    },
}
ANSWERS = ("1", "1", "1", "2", "3", "4", "0", "ok")
WEIGHTS = {Meaning.DANGER: 12, Meaning.STOP: 4, Meaning.NEED: 20, Meaning.HARMLESS: 30}


@dataclass(frozen=True)
class Resident:
    """One participant. `answers` is how often a question gets an answer."""

    number: str
    name: str
    language: str
    zone: str
    consents: bool
    answers: float
    first_due_at: datetime


@dataclass(frozen=True)
class Colleague:
    """One member of staff."""

    number: str
    name: str
    role: str
    layer: str | None = None


@dataclass(frozen=True, order=True)
class Saying:
    """At this instant this handset sends these words."""

    at: datetime
    number: str
    body: str


STAFF = tuple(
    Colleague(f"+1720555{101 + place:04d}", name, role, layer)
    for place, (name, role, layer) in enumerate(
        [
            ("Dana", "caseworker", None), ("Omar", "caseworker", None), ("Priya", "caseworker", None),
            ("Luis", "caseworker", "first"), ("Beth", "caseworker", "backup"),
            ("Sam", "supervisor", None), ("Rita", "supervisor", None),
        ]
    )
)  # fmt: skip


def meaning_of(body: str) -> Meaning:
    """What a text of this town means; an answer by number means nothing by itself."""
    for words in WORDS.values():
        for meaning, bodies in words.items():
            if body in bodies:
                return meaning
    return Meaning.HARMLESS


def residents(count: int, seed: int) -> list[Resident]:
    """So many people, the same for the same seed."""
    if count > len(AREA_CODES) * NUMBERS_EACH:
        raise ValueError(f"there are numbers for {len(AREA_CODES) * NUMBERS_EACH} people only")
    return [_resident(place, random.Random(f"{seed} resident {place}")) for place in range(count)]


def _resident(place: int, chance: random.Random) -> Resident:
    area, line = AREA_CODES[place // NUMBERS_EACH], 101 + place % NUMBERS_EACH
    return Resident(
        number=f"+1{area}555{line:04d}",
        name=f"Person {place}",
        language=chance.choice(("en", "en", "en", "es")),
        zone=chance.choice(ZONES),
        consents=place % NEVER_AGREED != NEVER_AGREED - 1,
        answers=chance.choice((0.0, 0.3, 0.6, 0.9)),
        first_due_at=START_AT + timedelta(minutes=chance.randrange(7 * 24 * 60)),
    )


def unprompted(person: Resident, weeks: float, seed: int) -> list[Saying]:
    """What this person texts of their own accord: about twice a week, at any hour, sometimes two at once."""
    chance = random.Random(f"{seed} unprompted {person.number}")
    said: list[Saying] = []
    for _ in range(_about(2 * weeks, chance)):
        at = START_AT + timedelta(minutes=chance.randrange(max(1, int(weeks * 7 * 24 * 60))))
        meaning = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        said.append(Saying(at, person.number, _words(person, meaning, chance)))
        if chance.random() < 0.2:
            said.append(Saying(at + timedelta(seconds=1), person.number, _words(person, Meaning.HARMLESS, chance)))
        if meaning is Meaning.STOP and chance.random() < 0.6:
            back_at = at + timedelta(minutes=chance.randrange(1, 3 * 24 * 60))
            said.append(Saying(back_at, person.number, _words(person, Meaning.START, chance)))
    return said


def _about(many: float, chance: random.Random) -> int:
    return int(many) + (chance.random() < many % 1)


def _words(person: Resident, meaning: Meaning, chance: random.Random) -> str:
    return chance.choice(WORDS[person.language][meaning])


def answer(person: Resident, heard: int, at: datetime, chance: random.Random) -> Saying | None:
    """What this person texts back after hearing something; `heard` texts so far. None where they let it be."""
    if chance.random() > person.answers / (1 + heard % 3):
        return None
    soon = chance.random() < 0.7
    at += timedelta(minutes=chance.randrange(1, 10) if soon else chance.randrange(10, 20 * 60))
    words = WORDS[person.language]
    free = (*words[Meaning.HARMLESS], *words[Meaning.NEED], *words[Meaning.DANGER][:1])
    return Saying(at, person.number, chance.choice(ANSWERS if chance.random() < 0.6 else free))


def is_night(at: datetime, zone: str) -> bool:
    """Whether clocks there show an hour at which nobody is texted unasked: before 9:00, or 20:00 and later."""
    return not 9 <= at.astimezone(ZoneInfo(zone)).hour < 20
