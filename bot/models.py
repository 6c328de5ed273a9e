"""The tables, nothing but. Words and instants are typed; addresses, names, texts and answers are encrypted."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.core.delivery import Status
from bot.core.escalation import Urgency
from bot.core.kinds import Answer, FlagKind, Intent, Lane, Language, Need, Outcome, Purpose
from bot.core.promises import Promise
from bot.core.rota import Layer
from bot.db import Base, FlagKindWord, Instant, Sealed, SealedJson, words


class Role(StrEnum):
    """What a member of staff may do."""

    CASEWORKER = "caseworker"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    RESEARCHER = "researcher"


class Direction(StrEnum):
    """Which way a message went."""

    IN = "in"
    OUT = "out"


class FlagState(StrEnum):
    """Where a flag stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """What became of a flag."""

    HELPED = "helped"
    REFERRED = "referred"
    NOT_REACHED = "not_reached"
    NOT_A_NEED = "not_a_need"


class VerdictKind(StrEnum):
    """What staff say of a need in one message."""

    NOT_A_NEED = "not_a_need"
    MISSED = "missed"


class Staff(Base):
    """Who signs in. No alert goes to a phone before its owner texted back the `phone_code` that went there."""

    __tablename__ = "staff"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(Sealed)
    phone: Mapped[str | None] = mapped_column(Sealed)
    phone_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(words(Role))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    team: Mapped[str] = mapped_column(String(60), default="")
    phone_code: Mapped[str | None] = mapped_column(String(8))
    phone_verified_at: Mapped[datetime | None] = mapped_column(Instant)
    alert_failed_at: Mapped[datetime | None] = mapped_column(Instant)
    active: Mapped[bool] = mapped_column(default=True)


class WeeklyShift(Base):
    """Every week this person is on call on that day (Monday is 0), from one hour to another, past midnight maybe."""

    __tablename__ = "weekly_shifts"
    id: Mapped[int] = mapped_column(primary_key=True)
    layer: Mapped[Layer] = mapped_column(words(Layer))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    weekday: Mapped[int] = mapped_column()
    starts: Mapped[time] = mapped_column()
    ends: Mapped[time] = mapped_column()


class Cover(Base):
    """For this while that person is on call instead of whom the weekly shifts name."""

    __tablename__ = "covers"
    id: Mapped[int] = mapped_column(primary_key=True)
    layer: Mapped[Layer] = mapped_column(words(Layer))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    since: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant, index=True)


class Absence(Base):
    """A member of staff is not there, and who stands in."""

    __tablename__ = "absences"
    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    since: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant, index=True)
    stand_in_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Participant(Base):
    """Whom the programme follows up with. `silences` counts check-ins in a row that nobody answered.

    `waits_since`: they wrote something that a person should answer, and nobody has. `talk_until`: until then people
    talk with them, and the machine is silent.
    """

    __tablename__ = "participants"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Sealed)
    language: Mapped[Language] = mapped_column(words(Language))
    zone: Mapped[str] = mapped_column(String(60))
    cohort: Mapped[str] = mapped_column(String(60), default="")
    caseworker_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    enrolled_at: Mapped[datetime] = mapped_column(Instant)
    paused_until: Mapped[datetime | None] = mapped_column(Instant)
    silences: Mapped[int] = mapped_column(default=0)
    safety_said_at: Mapped[datetime | None] = mapped_column(Instant)
    waits_since: Mapped[datetime | None] = mapped_column(Instant)
    talk_until: Mapped[datetime | None] = mapped_column(Instant)
    caseworker: Mapped[Staff | None] = relationship()
    addresses: Mapped[list["Address"]] = relationship(back_populates="participant", order_by="Address.id")
    __table_args__ = (
        Index(
            "participants_waiting", "waits_since",
            sqlite_where=text("waits_since IS NOT NULL"), postgresql_where=text("waits_since IS NOT NULL"),
        ),
    )  # fmt: skip


class Address(Base):
    """Where a participant can be reached. `reachable` turns false when the carrier says the number is bad."""

    __tablename__ = "addresses"
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    value: Mapped[str] = mapped_column(Sealed)
    value_hash: Mapped[str] = mapped_column(String(64))
    reachable: Mapped[bool] = mapped_column(default=True)
    participant: Mapped[Participant] = relationship(back_populates="addresses")
    __table_args__ = (Index("one_owner_an_address", "channel", "value_hash", unique=True),)


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


class Handover(Base):
    """A participant came from one caseworker to another; None where nobody looked after them."""

    __tablename__ = "handovers"
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    from_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    to_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(Instant)


class Note(Base):
    """What staff write down about a participant for each other; never sent."""

    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    body: Mapped[str] = mapped_column(Sealed)
    at: Mapped[datetime] = mapped_column(Instant)


class Opening(Base):
    """Somebody opened the conversation of a participant who is not theirs, and why; it stays open for a while."""

    __tablename__ = "openings"
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(Sealed)
    at: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)


class Service(Base):
    """Where the programme refers people to: one entry of its directory. `source_id` is its id in an imported file."""

    __tablename__ = "services"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    needs: Mapped[list[str]] = mapped_column(JSON, default=list)
    contact: Mapped[str] = mapped_column(String(300), default="")
    area: Mapped[str] = mapped_column(String(200), default="")
    hours: Mapped[str] = mapped_column(String(300), default="")
    languages: Mapped[str] = mapped_column(String(200), default="")
    source_id: Mapped[str | None] = mapped_column(String(100), unique=True)
    active: Mapped[bool] = mapped_column(default=True)


class MassText(Base):
    """One text to many participants. `key`: the form that ordered it, which may be posted twice. `stopped_at`: what
    had not left by then does not leave.
    """

    __tablename__ = "mass_texts"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    bodies: Mapped[dict[str, str]] = mapped_column(SealedJson)
    at: Mapped[datetime] = mapped_column(Instant)
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)


class Consent(Base):
    """Who agreed to texts at which address, when, how, and in front of whom. No row, no text."""

    __tablename__ = "consents"
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    address_hash: Mapped[str] = mapped_column(String(64), index=True)
    given_on: Mapped[date] = mapped_column()
    method: Mapped[str] = mapped_column(String(40))
    recorded_by: Mapped[str] = mapped_column(Sealed)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_how: Mapped[str | None] = mapped_column(String(40))


class OptOut(Base):
    """This address wants no texts. Only the hash is kept, so that it outlives the person's record."""

    __tablename__ = "opt_outs"
    id: Mapped[int] = mapped_column(primary_key=True)
    address_hash: Mapped[str] = mapped_column(String(64))
    since: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime | None] = mapped_column(Instant)
    how: Mapped[str] = mapped_column(String(40))
    __table_args__ = (
        Index(
            "one_open_opt_out", "address_hash", unique=True,
            sqlite_where=text("until IS NULL"), postgresql_where=text("until IS NULL"),
        ),
    )  # fmt: skip


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
    given: Mapped[dict[str, str]] = mapped_column(SealedJson, default=dict)
    flag_id: Mapped[int | None] = mapped_column(ForeignKey("flags.id"))
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        Index(
            "plans_due", "next_check_in_at",
            sqlite_where=text("next_check_in_at IS NOT NULL"), postgresql_where=text("next_check_in_at IS NOT NULL"),
        ),
    )  # fmt: skip


class CheckIn(Counted, Base):
    """One run of a flow with one participant. At most one runs at a time.

    `first_status` is where its first text stands, `asked_at` when that left, `local_hour` the hour of the week it was
    then for the participant (Monday at midnight is 0): bot/statuses.py keeps them in step. `waited_min`: whole minutes
    from then to the first answer, or to the end without one. `channel` and `language` are those it began in.
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
        Index(
            "one_running_check_in", "participant_id", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "check_ins_waiting", "silent_after",
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
        # Figures count check-ins week by week: the whole programme's of the last weeks, whose counts are not kept yet
        # (bot/week_counts.py), and those of one cohort, team or caseworker. All they ask for is in the index.
        Index("figures_of_week", *dict.fromkeys(("week", *NARROWED_BY, *FIGURES_BY, *STATE))),
        *(Index(f"figures_of_{name}", *dict.fromkeys((name, "week", *NARROWED_BY, *FIGURES_BY, *STATE)))
          for name in NARROWED_BY[1:]),
        Index(
            "figures_of_running", "week", "asked_at",
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
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
    check_in: Mapped[CheckIn | None] = relationship()
    __table_args__ = (
        Index("thread", "participant_id", "at"),
        Index("by_address", "other_hash", "at"),
        Index(
            "to_send", "priority", "send_after", "id",
            sqlite_where=text("status IN ('waiting', 'handing_over')"),
            postgresql_where=text("status IN ('waiting', 'handing_over')"),
        ),
        Index(  # who is behind whom: nobody's text overtakes one before it
            "in_line", "other_hash", "id",
            sqlite_where=text("status IN ('waiting', 'handing_over')"),
            postgresql_where=text("status IN ('waiting', 'handing_over')"),
        ),
        # what the clock looks for among all that ever left: bot/waiting.py names the conditions
        Index(
            "failed_lately", "handed_over_at",
            sqlite_where=text("status IN ('refused', 'failed', 'undelivered', 'unknown')"),
            postgresql_where=text("status IN ('refused', 'failed', 'undelivered', 'unknown')"),
        ),
        Index(
            "without_end", "sent_at",
            sqlite_where=text("status IN ('taken', 'sent')"), postgresql_where=text("status IN ('taken', 'sent')"),
        ),
        Index(
            "to_handle", "at",
            sqlite_where=text("direction = 'in' AND handled_at IS NULL"),
            postgresql_where=text("direction = 'in' AND handled_at IS NULL"),
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


class Flag(Counted, Base):
    """A need raised for humans. One open flag for each kind and participant; `look_at` is when the ladder goes on.

    `asked_at`: who took it was asked what became of it, and where that stays open it opens again. `first_taken_at`
    stays when it opens again. `check_in_id` is the check-in during which it was raised, `check_in_week` its week.
    """

    __tablename__ = "flags"
    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int | None] = mapped_column(ForeignKey("participants.id"), index=True)
    address_hash: Mapped[str | None] = mapped_column(String(64))
    kind: Mapped[FlagKind] = mapped_column(FlagKindWord)
    urgency: Mapped[Urgency] = mapped_column(words(Urgency))
    state: Mapped[FlagState] = mapped_column(words(FlagState), default=FlagState.OPEN)
    raised_at: Mapped[datetime] = mapped_column(Instant)
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    first_taken_at: Mapped[datetime | None] = mapped_column(Instant)
    resolved_at: Mapped[datetime | None] = mapped_column(Instant)
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    resolution: Mapped[Resolution | None] = mapped_column(words(Resolution))
    service_id: Mapped[int | None] = mapped_column(ForeignKey("services.id"))
    note: Mapped[str | None] = mapped_column(Sealed)
    # check-ins point at flags too: one of the two has to be made afterwards
    check_in_id: Mapped[int | None] = mapped_column(
        ForeignKey("check_ins.id", name="flag_raised_in", use_alter=True)
    )
    check_in_week: Mapped[date | None] = mapped_column()
    rung: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime | None] = mapped_column(Instant)
    look_at: Mapped[datetime | None] = mapped_column(Instant)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    participant: Mapped[Participant | None] = relationship()
    taker: Mapped[Staff | None] = relationship(foreign_keys=[taken_by])
    service: Mapped[Service | None] = relationship()
    marks: Mapped[list["Mark"]] = relationship(back_populates="flag", order_by="Mark.id")
    __table_args__ = (
        Index(
            "one_open_flag_a_kind", "participant_id", "kind", unique=True,
            sqlite_where=text("state != 'resolved'"), postgresql_where=text("state != 'resolved'"),
        ),
        Index(
            "one_open_flag_an_address", "address_hash", "kind", unique=True,
            sqlite_where=text("state != 'resolved' AND participant_id IS NULL"),
            postgresql_where=text("state != 'resolved' AND participant_id IS NULL"),
        ),
        Index(
            "flags_to_look_at", "look_at",
            sqlite_where=text("state != 'resolved'"), postgresql_where=text("state != 'resolved'"),
        ),
        Index("flags_by_week", "week", "kind", "cohort", "team", "caseworker_id", "check_in_id"),
        Index("flags_of_check_ins", "check_in_week", "kind", "check_in_id", "state", "first_taken_at"),
    )  # fmt: skip


class Danger(Base):
    """A *now* flag stands open from then on, until a person takes it. Opened again, it has one more."""

    __tablename__ = "dangers"
    id: Mapped[int] = mapped_column(primary_key=True)
    flag_id: Mapped[int] = mapped_column(ForeignKey("flags.id"), index=True)
    since: Mapped[datetime] = mapped_column(Instant, index=True)
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        Index(
            "dangers_waiting", "since",
            sqlite_where=text("taken_at IS NULL"), postgresql_where=text("taken_at IS NULL"),
        ),
    )  # fmt: skip


class Mark(Base):
    """A message that belongs to a flag, and the stretch of its text that says so (both zero: the whole message)."""

    __tablename__ = "marks"
    id: Mapped[int] = mapped_column(primary_key=True)
    flag_id: Mapped[int] = mapped_column(ForeignKey("flags.id"), index=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    start: Mapped[int] = mapped_column(default=0)
    end: Mapped[int] = mapped_column(default=0)
    rule: Mapped[str] = mapped_column(String(120), default="")
    flag: Mapped[Flag] = relationship(back_populates="marks")
    message: Mapped[Message] = relationship()


class Verdict(Base):
    """What staff say of one need in one message, where the reading was wrong. `urgent`: somebody could be badly hurt
    within a day, and that was missed too.
    """

    __tablename__ = "verdicts"
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    need: Mapped[Need] = mapped_column(words(Need))
    kind: Mapped[VerdictKind] = mapped_column(words(VerdictKind))
    urgent: Mapped[bool] = mapped_column(default=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    message: Mapped[Message] = relationship()
    staff: Mapped[Staff] = relationship()
    __table_args__ = (Index("one_verdict_a_need", "message_id", "need", unique=True),)


class Alert(Base):
    """One message to one member of staff about flags. Texting the code back takes them, and so does pressing 1."""

    __tablename__ = "alerts"
    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))
    code: Mapped[str] = mapped_column(String(8), index=True)
    link: Mapped[str] = mapped_column(String(32), unique=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    failed_at: Mapped[datetime | None] = mapped_column(Instant)
    flags: Mapped[list[Flag]] = relationship(secondary="alert_flags")


class AlertFlag(Base):
    """Which flags an alert is about."""

    __tablename__ = "alert_flags"
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"), primary_key=True)
    flag_id: Mapped[int] = mapped_column(ForeignKey("flags.id"), primary_key=True, index=True)


class Event(Base):
    """What was done, by whom, when: append-only, without words of anybody's."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    what: Mapped[str] = mapped_column(String(60))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    participant_id: Mapped[int | None] = mapped_column(ForeignKey("participants.id"), index=True)
    flag_id: Mapped[int | None] = mapped_column(ForeignKey("flags.id"), index=True)
    detail: Mapped[str] = mapped_column(String(200), default="")
    __table_args__ = (
        Index(
            "opt_outs_by_time", "at",
            sqlite_where=text("what = 'opted_out'"), postgresql_where=text("what = 'opted_out'"),
        ),
    )  # fmt: skip


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


class Export(Base):
    """Figures or rows that left the building: who took them, asked for how, how many, and the checksum of the file.

    Without a member of staff it was taken by the command line, on the machine itself.
    """

    __tablename__ = "exports"
    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    checksum: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int] = mapped_column()


class StudyId(Base):
    """As whom a participant stands in exports for research, and how far their days are shifted there.

    Kept only where STANDBY_RESEARCH_LINKED wants exports to be linked; known to nobody but the database.
    """

    __tablename__ = "study_ids"
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), primary_key=True)
    study_id: Mapped[str] = mapped_column(Sealed)
    shift_days: Mapped[int] = mapped_column(SealedJson)


class SummarySent(Base):
    """The letter about this week, by its Monday, went to this member of staff."""

    __tablename__ = "summaries_sent"
    week: Mapped[date] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)


class Sender(Base):
    """The pace of a sender: up to `taken_until` its time is spoken for. While the carrier is in trouble, so many times
    in a row since `trouble_since`, nothing but what rings people leaves before `held_until`.
    """

    __tablename__ = "senders"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    taken_until: Mapped[datetime] = mapped_column(Instant)
    troubles: Mapped[int] = mapped_column(default=0, server_default="0")
    held_until: Mapped[datetime | None] = mapped_column(Instant)
    trouble_since: Mapped[datetime | None] = mapped_column(Instant)


class Beat(Base):
    """When each job of the clock last ran to its end, and how often it means to."""

    __tablename__ = "beats"
    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    every_s: Mapped[int] = mapped_column()
    at: Mapped[datetime | None] = mapped_column(Instant)


class BrokenPromise(Base):
    """A promise that the auditor found broken, and when supervisors were told last."""

    __tablename__ = "broken_promises"
    promise: Mapped[Promise] = mapped_column(words(Promise), primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant)
    count: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[datetime | None] = mapped_column(Instant)


class Restoration(Base):
    """The database was put back from a backup. `fetched_at`: what came in since it was made was fetched."""

    __tablename__ = "restorations"
    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(Instant)
    restored_at: Mapped[datetime] = mapped_column(Instant)
    fetched_at: Mapped[datetime | None] = mapped_column(Instant)


class Rehearsal(Base):
    """How far the rehearsal's clock was wound on, in seconds. Used only with a simulated carrier."""

    __tablename__ = "rehearsals"
    id: Mapped[int] = mapped_column(primary_key=True)
    wound_s: Mapped[int] = mapped_column(default=0)
