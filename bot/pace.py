"""The pace of a sender, which all processes share: its time is kept in the database, and so is how the carrier has been
to it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from bot.carrier import EMAIL
from bot.config import Settings
from bot.core.delivery import Status
from bot.core.pressure import CALM, Pressure
from bot.core.sending import UNPACED
from bot.db import insert_once
from bot.models import Message, Sender
from bot.waiting import underway

LETTERS = "letters"  # the sender of what goes by mail
AHEAD = timedelta(seconds=1)  # the clock sends once a second


def sender_name(settings: Settings, letters: bool = False) -> str:
    """Under which name the pace is kept."""
    return LETTERS if letters else settings.sender or "none"


def hold_sender(session: Session, name: str, now: datetime) -> Sender:
    """The sender, locked until the transaction ends."""
    sender = session.get(Sender, name, with_for_update=True)
    if sender is None:
        insert_once(session, Sender(name=name, taken_until=now))
        sender = session.get_one(Sender, name, with_for_update=True)
    return sender


def pressure_of(sender: Sender) -> Pressure:
    """How the carrier has been to this sender."""
    return Pressure(sender.troubles, sender.held_until, sender.trouble_since)


def press(session: Session, name: str, code: int | None, now: datetime) -> None:
    """Hold the sender up: the carrier is in trouble, or too much was asked of it."""
    sender = hold_sender(session, name, now)
    _keep(sender, pressure_of(sender).after_trouble(code, now))


def ease(session: Session, name: str, now: datetime) -> None:
    """The carrier took a text. If that means that it is well, what waits for its next try need not wait for it."""
    sender = hold_sender(session, name, now)
    pressure = pressure_of(sender).after_success(now)
    if pressure != CALM:
        return
    _keep(sender, pressure)
    session.execute(update(Message).where(refused_before(name == LETTERS, now)).values(send_after=now))


def refused_before(letters: bool, now: datetime) -> ColumnElement[bool]:
    """Texts, or letters, that wait only because the carrier did not take them."""
    by_it = Message.channel == EMAIL if letters else Message.channel != EMAIL
    is_time = Message.not_before.is_(None) | (Message.not_before <= now)
    return underway() & by_it & (Message.status == Status.QUEUED) & Message.reason.is_not(None) & is_time


def _keep(sender: Sender, pressure: Pressure) -> None:
    sender.troubles, sender.held_until, sender.trouble_since = pressure.troubles, pressure.held_until, pressure.since


@dataclass(frozen=True)
class Outage:
    """The carrier has taken no text since then, and so many wait for it."""

    since: datetime
    waiting: int


def outage(session: Session, settings: Settings, now: datetime) -> Outage | None:
    """What staff are told where no text leaves; None while texts do."""
    sender = session.get(Sender, sender_name(settings))
    pressure = pressure_of(sender) if sender else CALM
    if pressure.since is None or not pressure.is_told(now):
        return None
    waits = underway() & (Message.channel != EMAIL) & ((Message.attempts > 0) | (Message.send_after <= now))
    waiting = select(func.count()).select_from(Message).where(waits)
    return Outage(pressure.since, session.scalar(waiting) or 0)


@dataclass
class Gate:
    """What one sender, which is held, may send now: at its pace, and one at a time while the carrier is in trouble.

    `flying`: how many are on their way. No pace holds for letters.
    """

    sender: Sender
    segments_per_second: float
    now: datetime
    flying: int

    def lets(self, message: Message) -> bool:
        """Reserve the sender's time for this text. What rings people takes its time without asking."""
        assert message.purpose is not None
        pressure = pressure_of(self.sender)
        if not pressure.may_leave(message.purpose, self.now):
            return False
        if pressure.at_once is not None and self.flying >= pressure.at_once:
            return False
        if self.sender.name != LETTERS:
            if message.purpose not in UNPACED and self.sender.taken_until > self.now + AHEAD:
                return False
            takes = timedelta(seconds=message.segments / self.segments_per_second)
            self.sender.taken_until = max(self.sender.taken_until, self.now) + takes
        self.flying += 1
        return True
