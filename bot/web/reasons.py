"""Why a flag was raised, for the eye: the words that led to it where they stand, and who says so."""

from dataclasses import dataclass

from bot.core.needs.detector import JUDGE
from bot.models import Flag, Mark
from bot.verdicts import MARKED_BY_STAFF
from bot.web.words import legible

SHOWN = 3
AROUND = 60  # characters of the text shown on either side of the words


@dataclass(frozen=True)
class Reason:
    """The words of one text, what stands around them, and the rule or model version that says so."""

    before: str
    words: str
    after: str
    why: str


def reasons(flag: Flag) -> tuple[Reason, ...]:
    """The latest reasons of a flag, newest first; none where a text raised it as a whole, as a strange number does."""
    told = [mark for mark in reversed(flag.marks) if mark.start < mark.end]
    return tuple(_reason(mark) for mark in told[:SHOWN])


def _reason(mark: Mark) -> Reason:
    text = legible(mark.message.body)
    before, after = text[: mark.start], text[mark.end :]
    return Reason(
        before=before if len(before) <= AROUND else "…" + before[-AROUND:],
        words=text[mark.start : mark.end],
        after=after if len(after) <= AROUND else after[:AROUND] + "…",
        why=why(mark.rule),
    )


def why(rule: str) -> str:
    """The stored name of a rule or model as a sentence that says how far to trust it."""
    if rule == MARKED_BY_STAFF:
        return "Raised by staff."
    version, comma, judge = rule.partition(", ")
    if comma and judge == JUDGE:
        return f"The whole text {JUDGE} ({version}). The nearest words are underlined."
    if rule.startswith("model "):
        return f"These words by themselves read like it ({version})."
    return f"Phrase rule “{rule}”."
