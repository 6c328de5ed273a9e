"""What is said: flows, check-ins, texts and what became of them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.columns import Instant, Sealed, SealedJson, SealedValues, partial_index, words
from bot.core.delivery import Status
from bot.core.kinds import Answer, Intent, Lane, Language, Outcome, Purpose
from bot.db import Base
from bot.models.people import Participant


class Direction(StrEnum):
    """Which way a message went."""

    IN = "in"
    OUT = "out"


class Counted:
    """Where a row counts in the figures: the Monday of its week in the programme's zone, and whose the person was then.

    Kept when it begins: a hand-over moves no figure of the past.
    """

    week: Mapped[date] = mapped_column()
    cohort: Mapped[str] = mapped_column(String(60), default="")
    team: Mapped[str] = mapped_column(String(60), default="")
    caseworker_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


NARROWED_BY = ("flow_name", "cohort", "team", "caseworker_id")
FIGURES_BY = ("cohort", "caseworker_id", "channel", "language", "local_hour", "waited_min")
STATE = ("first_status", "answer", "outcome")  # what says what became of a check-in


class FlowVersion(Base):
    """The text of a flow, kept by content hash for check-ins that run on it."""

    __tablename__ = "flow_versions"
    version: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(Text)


class Plan(Base):
    """A flow that a participant is due for. `repeat_days` keeps it coming; without it, it is done once started."""

    __tablename__ = "plans"
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    flow_name: Mapped[str] = mapped_column(String(60))
    next_check_in_at: Mapped[datetime | None] = mapped_column(Instant)
    repeat_days: Mapped[int | None] = mapped_column()
    given: Mapped[dict[str, str]] = mapped_column(SealedValues, default=dict, nullable=True)
    flag_id: Mapped[int | None] = mapped_column(ForeignKey("flags.id"))
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        partial_index(
            "plans_due", "next_check_in_at", "id",  # in the order in which they start, however many are due at once
            where="next_check_in_at IS NOT NULL",
        ),
    )  # fmt: skip


class CheckIn(Counted, Base):
    """One run of a flow with one participant. At most one runs at a time.

    `first_status` is where its first text stands, `asked_at` when that left, `local_hour` the hour of the week it was
    then for the participant (Monday at midnight is 0): bot/statuses.py keeps them in step with the text. `waited_min`:
    whole minutes from then to the first answer, or to the end without one. `channel` and `language` are those it began
    in.
    """

    __tablename__ = "check_ins"
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    flow_name: Mapped[str] = mapped_column(String(60))
    flow_version: Mapped[str] = mapped_column(ForeignKey("flow_versions.version"))
    flag_id: Mapped[int | None] = mapped_column(ForeignKey("flags.id"))
    position: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)
    started_at: Mapped[datetime] = mapped_column(Instant, index=True)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    nudge_at: Mapped[datetime | None] = mapped_column(Instant)
    silent_after: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[Outcome | None] = mapped_column(words(Outcome))
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    channel: Mapped[str] = mapped_column(String(20), default="")
    language: Mapped[Language] = mapped_column(words(Language))
    first_status: Mapped[Status | None] = mapped_column(words(Status))
    asked_at: Mapped[datetime | None] = mapped_column(Instant)
    local_hour: Mapped[int | None] = mapped_column()
    answer: Mapped[Answer | None] = mapped_column(words(Answer))
    waited_min: Mapped[int | None] = mapped_column()
    participant: Mapped[Participant] = relationship()
    __table_args__ = (
        partial_index("one_running_check_in", "participant_id", unique=True, where="ended_at IS NULL"),
        partial_index("check_ins_waiting", "silent_after", where="ended_at IS NULL"),
        # Figures count check-ins week by week: the whole programme's of the last weeks, whose counts are not kept yet
        # (bot/week_counts.py), and those of one cohort, team or caseworker. All they ask for is in the index.
        # The id stands where it keeps those that begin together side by side.
        Index("figures_of_week", *dict.fromkeys(("week", "flow_name", "id", *NARROWED_BY, *FIGURES_BY, *STATE))),
        *(Index(f"figures_of_{name}", *dict.fromkeys((name, "week", *NARROWED_BY, *FIGURES_BY, *STATE)))
          for name in NARROWED_BY[1:]),
        partial_index("figures_of_running", "week", "asked_at", where="ended_at IS NULL"),
    )  # fmt: skip


class WeekCount(Base):
    """The check-ins of a week that is over for good, counted by one more column (`by`) and by flow: bot/week_counts.py.

    Each of `parts`: where the first text stands, answer, outcome, the values of the column, how many have each.
    """

    __tablename__ = "week_counts"
    by: Mapped[str] = mapped_column(String(20), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    flow_name: Mapped[str] = mapped_column(String(60), primary_key=True)
    parts: Mapped[list[tuple[str | None, str | None, str | None, list[Any], list[int]]]] = mapped_column(JSON)
    __table_args__ = (Index("counts_of_week", "week"),)


class Reply(Base):
    """What a participant answered to one question of a check-in."""

    __tablename__ = "replies"
    id: Mapped[int] = mapped_column(primary_key=True)
    check_in_id: Mapped[int] = mapped_column(ForeignKey("check_ins.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    value: Mapped[str] = mapped_column(Sealed)
    at: Mapped[datetime] = mapped_column(Instant)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)


class Message(Base):
    """One text in or out, to or from anyone.

    `other` is the address at the far end. Outgoing: `token` is our own id, `status` only climbs, `not_before` is when
    its writer wants it to leave, `anyway` why it may leave outside sending hours. Incoming: `handled_at` is empty until
    it was understood.
    """

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    direction: Mapped[Direction] = mapped_column(words(Direction))
    channel: Mapped[str] = mapped_column(String(20))
    other: Mapped[str] = mapped_column(Sealed)
    other_hash: Mapped[str] = mapped_column(String(64))
    participant_id: Mapped[int | None] = mapped_column(ForeignKey("participants.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    check_in_id: Mapped[int | None] = mapped_column(ForeignKey("check_ins.id"), index=True)
    body: Mapped[str] = mapped_column(Sealed)
    carrier_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    at: Mapped[datetime] = mapped_column(Instant)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)

    token: Mapped[str | None] = mapped_column(String(32), unique=True)
    purpose: Mapped[Purpose | None] = mapped_column(words(Purpose))
    priority: Mapped[int] = mapped_column(default=0)
    segments: Mapped[int] = mapped_column(default=1)
    status: Mapped[Status | None] = mapped_column(words(Status))
    send_after: Mapped[datetime | None] = mapped_column(Instant)
    not_before: Mapped[datetime | None] = mapped_column(Instant)
    send_before: Mapped[datetime | None] = mapped_column(Instant)
    anyway: Mapped[str | None] = mapped_column(Sealed)
    mass_text_id: Mapped[int | None] = mapped_column(ForeignKey("mass_texts.id"), index=True)
    answers_at: Mapped[datetime | None] = mapped_column(Instant)
    confirms_opt_out: Mapped[bool] = mapped_column(default=False)
    written_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    handed_over_at: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    error_code: Mapped[int | None] = mapped_column()
    reason: Mapped[str | None] = mapped_column(String(200))

    media: Mapped[list[list[str]] | None] = mapped_column(SealedJson)
    carrier_says: Mapped[str | None] = mapped_column(String(20))
    handled_at: Mapped[datetime | None] = mapped_column(Instant)
    lane: Mapped[Lane | None] = mapped_column(words(Lane))
    intent: Mapped[Intent | None] = mapped_column(words(Intent))
    __table_args__ = (
        Index("thread", "participant_id", "at"),
        partial_index(  # of strangers and staff; those of participants are found by whose they are
            "by_address", "other_hash", "at",
            where="participant_id IS NULL",
        ),
        partial_index("to_send", "priority", "send_after", "id", where="status IN ('waiting', 'handing_over')"),
        partial_index(  # who is behind whom: nobody's text overtakes one before it
            "in_line", "participant_id", "id",
            where="participant_id IS NOT NULL AND status IN ('waiting', 'handing_over')",
        ),
        partial_index(  # the same of staff and strangers
            "others_in_line", "other_hash", "id",
            where="participant_id IS NULL AND status IN ('waiting', 'handing_over')",
        ),
        # what the clock looks for among all that ever left: bot/waiting.py names the conditions
        partial_index(
            "failed_lately", "handed_over_at",
            where="status IN ('refused', 'failed', 'undelivered', 'unknown')",
        ),
        partial_index("without_end", "sent_at", where="status IN ('taken', 'sent')"),
        partial_index("to_handle", "at", where="direction = 'in' AND handled_at IS NULL"),
        partial_index(  # of each sender the oldest first
            "to_handle_in_order", "other_hash", "id",
            where="direction = 'in' AND handled_at IS NULL",
        ),
    )  # fmt: skip


class Delivery(Base):
    """One status callback, word for word, once."""

    __tablename__ = "deliveries"
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    word: Mapped[str] = mapped_column(String(40))
    error_code: Mapped[int | None] = mapped_column()
    at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (Index("one_word_once", "message_id", "word", unique=True),)


class Assignment(Base):
    """Which wording of a state a participant gets, written down before it is sent.

    Of the first check-in that says it: `flow_version` is its flow's, `message_id` the text, none where nothing could be
    sent, and `answer` the first reply after it.
    """

    __tablename__ = "assignments"
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    flow_name: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(60))
    variant: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(Instant)
    flow_version: Mapped[str] = mapped_column(ForeignKey("flow_versions.version"))
    check_in_id: Mapped[int] = mapped_column(ForeignKey("check_ins.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    answer: Mapped[Answer | None] = mapped_column(words(Answer))
    __table_args__ = (
        Index("one_wording_a_state", "participant_id", "flow_name", "state", unique=True),
        Index("wordings_in_order", "flow_name", "state", "variant", "id", "flow_version"),
    )
