"""What a check of the doctor finds, and the rules by which clocks and keys are judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Grade(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    LOOK = "look"  # works, and may hurt later
    MEND = "mend"
    UNSEEN = "-"  # could not be looked at


@dataclass(frozen=True)
class Finding:
    """What one check found: its name, how it stands, and in sentences what is wrong and what to do. It names nobody."""

    name: str
    grade: Grade
    said: tuple[str, ...]


def fine(name: str, said: str) -> Finding:
    """Nothing is wrong."""
    return Finding(name, Grade.OK, (said,))


def wrong(name: str, *said: str) -> Finding:
    """Something must be mended."""
    return Finding(name, Grade.MEND, said)


def unseen(name: str, why: str) -> Finding:
    """Nobody could look."""
    return Finding(name, Grade.UNSEEN, (f"Not checked: {why}.",))


CLOCK_MAY_DIFFER = timedelta(seconds=5)
CLOCK_IS_WRONG = timedelta(seconds=30)  # half the shortest lease: beyond it one machine takes what another still holds


def judge_time(name: str, ahead: dict[str, timedelta]) -> Finding:
    """How far this machine's clock is ahead of others, each under the words for whose it is; behind is below zero."""
    off = {whose: by for whose, by in ahead.items() if abs(by) >= CLOCK_MAY_DIFFER}
    if not off:
        return fine(name, f"This machine's clock agrees with {' and '.join(ahead)}.")
    said = tuple(
        f"This machine's clock is {abs(by).total_seconds():.0f} s {'ahead of' if by > timedelta(0) else 'behind'} "
        f"{whose}: switch time synchronisation on (timedatectl set-ntp true)."
        for whose, by in off.items()
    )
    grade = Grade.MEND if any(abs(by) >= CLOCK_IS_WRONG for by in off.values()) else Grade.LOOK
    return Finding(name, grade, said)


@dataclass(frozen=True)
class Sealing:
    """One stored value: which of the keys opens it, counted from 0, or None; and when it was sealed."""

    key: int | None
    at: datetime


def judge_keys(name: str, sealings: Sequence[Sealing]) -> Finding:
    """Whether the keys open what is stored, and stand in their order: the first one seals all that is new."""
    closed = sum(each.key is None for each in sealings)
    if closed:
        return wrong(
            name,
            f"{closed} of {len(sealings)} stored values that were tried open with none of STANDBY_DATA_KEYS: "
            "put the missing key back behind the others, from the copy that you keep.",
        )
    used = {each.key for each in sealings if each.key is not None}
    newest = max(sealings, key=lambda each: (each.at, each.key == 0), default=None)
    if newest is not None and newest.key and 0 in used:
        return wrong(
            name,
            f"Key {newest.key + 1} of STANDBY_DATA_KEYS sealed something after key 1 was in use already: put the "
            "newest key first, the same everywhere, and restart every web and clock.",
        )
    older = sorted(used - {0})
    keep = f" Older ones need key {', '.join(str(key + 1) for key in older)}: leave it in." if older else ""
    return fine(name, f"All of {len(sealings)} stored values that were tried open.{keep}")
