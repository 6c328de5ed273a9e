"""The closed list of replies that need nobody. What is not on it is read by a person."""

import re
import tomllib
from pathlib import Path

from bot.core.normal import Normal, normalise
from bot.core.patterns import Whole

# A question, a trailing off or an unhappy face takes a message off the list: "ok?", "im fine...", "good :(".
DOUBT = re.compile(r"""[?¿؟…()\[\]{}<>/\\|=*#$%^_~+"“”]|\.\s*\.|[:;]['’]?-?[cCsSxX@|]""")
SMILE = re.compile(r"[:;=]'?-?[)dDpP]+(?!\w)")


def harmless(text: str, normal: Normal) -> bool:
    """Say whether the whole message is on the closed list, with nothing in it that leaves a doubt."""
    plain = SMILE.sub(" ", text)
    if DOUBT.search(plain):
        return False
    return bool(SHAPE.meaning(normal if plain == text else normalise(plain)))


def load(path: Path) -> Whole[bool]:
    """Read the list; raises PatternError with the phrase that cannot be read."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Whole([(core, True) for core in table["cores"]], table["padding"], table["classes"])


SHAPE = load(Path(__file__).with_name("clear.toml"))
