"""The first turns of check-ins that begin at one moment: those of people who are alike are worked out once."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.columns import Token, sealer
from bot.core import machine
from bot.core.flow import Flow
from bot.core.starting import Due
from bot.core.turn import Say, Turn
from bot.people import Asked
from bot.scene import Talk, given_to

Wordings = Mapping[tuple[int, str], Mapping[str, str]]  # by participant and flow: by state


@dataclass(frozen=True)
class Opening:
    """A first turn: what it says; where the check-in stands then, encrypted; and the turn of what it does beside
    talking, None with nearly every flow.
    """

    says: tuple[Say, ...]
    position: Token | None
    rest: Turn | None


@dataclass(frozen=True)
class Openings:
    """`wordings`: those that were assigned already."""

    talk: Talk
    wordings: Wordings
    now: datetime
    _alike: dict[Any, Opening] = field(default_factory=dict)
    _seal: Callable[[str], Token] = field(default_factory=sealer)

    def of(self, flow: Flow, due: Due, person: Asked) -> Opening:
        """How the flow begins with this person. Who is given values, or a wording, hears something of their own."""
        if due.values or flow.compares:
            return self._worked_out(flow, due, person)
        given = (person.language, person.zone, person.caseworker, person.safety_said_at, due.in_danger)
        alike = (flow.name, *given)  # all that `given_to` goes by, but for the id, which decides of wordings alone
        if alike not in self._alike:
            self._alike[alike] = self._worked_out(flow, due, person)
        return self._alike[alike]

    def _worked_out(self, flow: Flow, due: Due, person: Asked) -> Opening:
        theirs = self.wordings.get((person.id, flow.name), {})
        turn = machine.begin(flow, due.values, given_to(self.talk, person, due.in_danger, theirs, self.now))
        says = tuple(each for each in turn.effects if isinstance(each, Say) and each.text)
        rest = tuple(each for each in turn.effects if not isinstance(each, Say))
        position = self._seal(json.dumps(turn.position.to_dict())) if turn.position else None
        return Opening(says, position, replace(turn, effects=rest) if rest else None)
