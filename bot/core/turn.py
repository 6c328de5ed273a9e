"""The values that go into the state machine and come out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.core.always import Always
from bot.core.kinds import FlagKind, Hit, Lane, Language, Need, Outcome, Purpose


@dataclass(frozen=True)
class Given:
    """What the machine may know of the person and the moment.

    `now` is aware, in the person's zone. `words` fill the slots every flow may use: worker, programme, contact.
    `safety_said`: the safety text was already sent in this episode. `participant_id` decides which wording they get of
    a state; `assigned` are those they were assigned before, by state of this flow.
    """

    language: Language
    now: datetime
    words: Mapping[str, str]
    always: Always
    safety_said: bool = False
    participant_id: int = 0
    assigned: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Position:
    """Where a check-in stands: all that must be kept between two replies.

    `spoken` are the needs the person told of, `misses` the replies to this question that answered nothing;
    `heard` says that the person replied at all.
    """

    state: str
    values: Mapping[str, str] = field(default_factory=dict)
    spoken: tuple[Need, ...] = ()
    misses: int = 0
    heard: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The position as plain JSON."""
        return {**vars(self), "values": dict(self.values), "spoken": list(self.spoken)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Position":
        """The position that `to_dict` made this of."""
        return cls(**{**stored, "spoken": tuple(Need(each) for each in stored["spoken"])})


@dataclass(frozen=True)
class Assigns:
    """The participant is assigned this wording of a state, for good."""

    state: str
    wording: str


@dataclass(frozen=True)
class Say:
    """Send this text to the participant. `assigns` goes on record with it, also where it cannot be sent."""

    text: str
    purpose: Purpose
    assigns: Assigns | None = None


@dataclass(frozen=True)
class RaiseFlag:
    """A person is wanted, for this; `hits` are the words that say so."""

    kind: FlagKind
    urgent: bool = False
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True)
class Remember:
    """Keep what was answered to a question."""

    name: str
    value: str


@dataclass(frozen=True)
class Schedule:
    """Start another flow at this instant, with these values."""

    flow: str
    at: datetime
    values: Mapping[str, str]


@dataclass(frozen=True)
class Finish:
    """The check-in is over."""

    outcome: Outcome


Effect = Say | RaiseFlag | Remember | Schedule | Finish


@dataclass(frozen=True)
class Turn:
    """One step: the new position (None where the check-in is over), the effects in order, the lane of the reply."""

    position: Position | None
    effects: tuple[Effect, ...]
    lane: Lane = Lane.CLOSED
