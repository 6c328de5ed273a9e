"""What the programme keeps about itself: what was done, what left, how the clock and the sender are."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.columns import Instant, Sealed, SealedJson, partial_index, words
from bot.core.promises import Promise
from bot.db import Base


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
        partial_index("opt_outs_by_time", "at", where="what = 'opted_out'"),
    )  # fmt: skip


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
    """When each job of the clock last ran to its end, and how often it means to: a clock that starts writes that."""

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
