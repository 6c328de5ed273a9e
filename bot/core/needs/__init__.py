"""What one reply says: the needs in it, what its writer wants, and how soon a person must read it."""

from bot.core.kinds import Found
from bot.core.needs.detector import Detector, shipped


def find(text: str) -> Found:
    """Read one message of any length and language with what ships; the same text always gives the same answer."""
    return shipped().find(text)


def version() -> str:
    """The version of the model that reads, or "none" where there is none and the rules go on alone."""
    model = shipped().model
    return model.version if model else "none"


__all__ = ["Detector", "find", "shipped", "version"]
