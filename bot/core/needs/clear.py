"""The closed list of replies that need nobody. What is not on it is read by a person."""

import re
import tomllib
import unicodedata
from pathlib import Path

from bot.core.normal import Normal, normalise
from bot.core.patterns import Whole

# Only these marks may stand in a message on the list, one at a time. A question, a trailing off or an unhappy face
# takes it off: "ok?", "im fine...", "good :(", "todo bien u.u".
DOUBT = re.compile(r"[^\w\s.,!¡'’\-]|\.[\s.]*\.|[.,]\w|\s-|-\s|_")
# Emoji are words to the list, which judges them; what is left of accents belongs to letters.
EMOJI = re.compile("[\u0300-\u036f\u200d\u2600-\u27bf\ufe0f\U0001f300-\U0001faff]")
SMILE = re.compile(r"[:;=]'?-?[)dDpP]+(?!\w)")


def harmless(text: str, normal: Normal) -> bool:
    """Say whether the whole message is on the closed list, with nothing in it that leaves a doubt."""
    plain = SMILE.sub(" ", text)
    if DOUBT.search(EMOJI.sub("", unicodedata.normalize("NFKD", plain))):
        return False
    return bool(SHAPE.meaning(normal if plain == text else normalise(plain)))


def load(path: Path) -> Whole[bool]:
    """Read the list; raises PatternError with the phrase that cannot be read."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Whole([(core, True) for core in table["cores"]], table["padding"], table["classes"], loose=False)


SHAPE = load(Path(__file__).with_name("clear.toml"))
