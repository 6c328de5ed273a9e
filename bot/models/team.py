"""Who works here, and when."""

from datetime import datetime, time
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.columns import Instant, SealedLabel, words
from bot.core.rota import Layer
from bot.db import Base


class Role(StrEnum):
    """What a member of staff may do."""

    CASEWORKER = "caseworker"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    RESEARCHER = "researcher"


class Staff(Base):
    """Who signs in. No alert goes to a phone before its owner texted back the `phone_code` that went there."""

    __tablename__ = "staff"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(SealedLabel)
    phone: Mapped[str | None] = mapped_column(SealedLabel)
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
