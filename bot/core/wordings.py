"""Wordings of one text that are compared: who gets which, and for how many people the comparison is planned."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.rates import planned_n

USUAL = "usual"  # the wording at `say` itself, which every other one is held against


@dataclass(frozen=True)
class Aim:
    """For how many people a comparison is planned.

    Either `planned` people for each wording, or as many as it takes to find a `smallest_difference` (points) where
    `usually_answered` of 100 people answer.
    """

    planned: int | None = None
    smallest_difference: int | None = None
    usually_answered: int | None = None

    @property
    def people(self) -> int:
        """How many for each wording. Raises ValueError where the aim says neither."""
        if self.planned is not None:
            return self.planned
        if self.smallest_difference is None or self.usually_answered is None:
            raise ValueError("no number of people is planned")
        return planned_n(self.usually_answered / 100, self.smallest_difference / 100)

    @property
    def words(self) -> str:
        """The number, and how it came about."""
        if self.planned is not None:
            return f"{self.people} people for each wording, as written in the flow"
        return (
            f"{self.people} people for each wording: enough to find a difference of {self.smallest_difference} points, "
            f"4 times in 5, where {self.usually_answered} of 100 answer"
        )


def share_out(flow: str, state: str, participant_id: int, names: Iterable[str]) -> str:
    """The wording that this participant gets of these: always the same one, each as often as any other.

    By a hash of what is known to everybody, so nobody can choose who gets what, and other states share the same people
    out anew. The order of the names does not matter.
    """
    among = sorted(names)
    said = hashlib.sha256(f"{flow}\n{state}\n{participant_id}".encode()).digest()
    return among[int.from_bytes(said[:8]) * len(among) >> 64]
