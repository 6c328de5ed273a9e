"""Participants: where they are reached, what they agreed to, what staff keep about them."""

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.columns import Instant, Sealed, SealedJson, SealedLabel, partial_index, words
from bot.core.kinds import Language
from bot.db import Base
from bot.models.team import Staff


class Participant(Base):
    """Whom the programme follows up with. `silences` counts check-ins in a row that nobody answered.

    `waits_since`: they wrote something that a person should answer, and nobody has. `talk_until`: until then people
    talk with them, and the machine is silent.
    """

    __tablename__ = "participants"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(SealedLabel)
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
        partial_index("participants_waiting", "waits_since", where="waits_since IS NOT NULL"),
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
        partial_index("one_open_opt_out", "address_hash", unique=True, where="until IS NULL"),
    )  # fmt: skip


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
