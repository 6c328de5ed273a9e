"""What the driver did to a run and when, in true time. The checker reads it to know what was calm."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Blow(StrEnum):
    """What befell our processes."""

    KILL = "kills at a random moment"
    DOOM = "kills at a chosen point"
    OUTAGE = "outages of everything"
    DROP = "database connections dropped"
    DISK = "full disks"
    JUMP = "clock jumps"
    HANG = "processes that answered no more"


@dataclass(frozen=True)
class Happening:
    """One blow, from when until when it was felt."""

    kind: Blow
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Wrong:
    """Our machines' clock was off by this much, until the next entry."""

    since: datetime
    by: timedelta


@dataclass
class Diary:
    """All of a run. `still` are times when no clock of ours got through a round."""

    happenings: list[Happening] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    still: list[tuple[datetime, datetime]] = field(default_factory=list)
    down_since: datetime | None = None
    rounds: int = 0

    def note(self, kind: Blow, since: datetime, until: datetime | None = None) -> None:
        self.happenings.append(Happening(kind, since, until or since))

    def note_round(self, at: datetime, got_through: bool) -> None:
        """A round of the clocks at this instant; whether any of them got through."""
        self.rounds += 1
        if not got_through:
            self.down_since = self.down_since or at
        elif self.down_since is not None:
            self.still.append((self.down_since, at))
            self.down_since = None

    def count(self, kind: Blow) -> int:
        return sum(each.kind is kind for each in self.happenings)

    @property
    def kills(self) -> int:
        return self.count(Blow.KILL) + self.count(Blow.DOOM) + self.count(Blow.OUTAGE)
