"""What people have to see to: flags, danger, alerts, and what staff said of the reading."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.columns import FlagKindWord, Instant, Sealed, partial_index, words
from bot.core.escalation import Urgency
from bot.core.kinds import FlagKind, Need
from bot.db import Base
from bot.models.people import Participant, Service
from bot.models.talks import Counted, Message
from bot.models.team import Staff


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
        partial_index("one_open_flag_a_kind", "participant_id", "kind", unique=True, where="state != 'resolved'"),
        partial_index(
            "one_open_flag_an_address", "address_hash", "kind", unique=True,
            where="state != 'resolved' AND participant_id IS NULL",
        ),
        partial_index("flags_to_look_at", "look_at", where="state != 'resolved'"),
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
        partial_index("dangers_waiting", "since", where="taken_at IS NULL"),
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
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
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
