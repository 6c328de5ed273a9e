"""The words every part shares: needs, lanes, intents, and what was found in a text."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Need(StrEnum):
    """What a message says is lacking. The definitions are in docs/needs.md."""

    SAFETY = "safety"
    HOUSING = "housing"
    JOB = "job"
    EDUCATION = "education"
    COUNSELING = "counseling"
    BASICS = "basics"
    TRANSPORT = "transport"
    HEALTH = "health"
    LEGAL = "legal"
    FAMILY = "family"


class Lane(StrEnum):
    """How soon a person reads a reply."""

    NOW = "now"
    TODAY = "today"
    CLOSED = "closed"


class Intent(StrEnum):
    """What the writer wants; where two fit, the earlier one wins."""

    STOP = "stop"
    WRONG_NUMBER = "wrong_number"
    HUMAN = "human"
    HELP = "help"
    REPLY = "reply"


class Language(StrEnum):
    """The languages every text to a participant is written in."""

    EN = "en"
    ES = "es"


@dataclass(frozen=True)
class Hit:
    """One need at `text[start:end]` of the original message, and the rule or model version that says so.

    `certain`: these words alone say so, whatever stands around them. `watched`: they say that somebody else looks at
    this phone, so nothing may light it up.
    """

    need: Need
    urgent: bool
    start: int
    end: int
    rule: str
    certain: bool = False
    watched: bool = False


@dataclass(frozen=True)
class Found:
    """What one message says: its lane, what the writer wants, and each need with its reason.

    `partial`: part of the message was not read (a picture, a detector that failed), so it is never closed.
    `by_rule`: what the writer wants as far as rules alone can tell.
    """

    lane: Lane
    intent: Intent
    hits: tuple[Hit, ...] = ()
    partial: bool = False
    by_rule: Intent = Intent.REPLY

    @property
    def needs(self) -> tuple[Need, ...]:
        """Each need once, in the order of the text."""
        return tuple(dict.fromkeys(hit.need for hit in self.hits))

    @property
    def certain(self) -> "Found":
        """Without what the model alone supposes: of an answer that a question lists, only rules may say more."""
        hits = tuple(hit for hit in self.hits if hit.certain)
        urgent = any(hit.urgent for hit in hits)
        lane = Lane.TODAY if self.urgent and not urgent else self.lane
        return replace(self, hits=hits, lane=lane, intent=self.by_rule)

    @property
    def watched(self) -> bool:
        return any(hit.watched for hit in self.hits)

    @property
    def urgent(self) -> bool:
        return self.lane is Lane.NOW


class Attention(StrEnum):
    """Why a person is wanted where no need was named."""

    READ = "read"
    HUMAN = "human"
    HELP = "help"
    MOVE = "move"
    QUIET = "quiet"
    STOPPED = "stopped"
    WRONG_NUMBER = "wrong_number"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


FlagKind = Need | Attention


class Purpose(StrEnum):
    """Why a text leaves; sending rules and the order of sending hang on it (bot/core/sending.py)."""

    SAFETY = "safety"
    ALERT = "alert"
    NOTICE = "notice"
    ANSWER = "answer"
    WRITTEN = "written"
    CHECK_IN = "check_in"


class Outcome(StrEnum):
    """How a check-in ended."""

    FINISHED = "finished"
    SILENT = "silent"
    HANDED_OVER = "handed_over"
    STOPPED = "stopped"
    REPLACED = "replaced"
    BROKEN = "broken"


class Answer(StrEnum):
    """When the first answer to a check-in came: within its time, or when that was over."""

    IN_TIME = "in_time"
    LATE = "late"


def flag_kind(name: str) -> FlagKind:
    """The kind with this name. Raises ValueError where there is none."""
    return Need(name) if name in set(Need) else Attention(name)
