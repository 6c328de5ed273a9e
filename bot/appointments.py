"""Appointments that staff make for a participant: the reminders are planned, listed and taken away."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.arrangements import FARTHEST, Desk, NotArranged
from bot.casework import end_running
from bot.consents import has_consented
from bot.core.hours import next_open, on_wall_clock
from bot.core.kinds import Outcome
from bot.core.machine import moment_of
from bot.core.turn import Position
from bot.first_texts import TEXTS_COME_AT
from bot.models import CheckIn, Participant, Plan
from bot.people import plan, recipient

REMINDER = "appointment"
REMINDERS = (REMINDER, "appointment_soon")
REMIND_AHEAD = timedelta(days=2)


@dataclass(frozen=True)
class Appointment:
    """A time of which the participant is reminded. `remind_at` is None while a reminder waits for their answer."""

    at: datetime
    remind_at: datetime | None


def appointments(session: Session, participant: Participant, now: datetime) -> list[Appointment]:
    """What lies ahead, the nearest first."""
    ahead = {at: Appointment(at, None) for _, at in _running(session, participant)}
    ahead |= {at: Appointment(at, row.next_check_in_at) for row, at in _planned(session, participant)}
    return [ahead[at] for at in sorted(ahead) if at > now]


def _planned(session: Session, participant: Participant) -> Iterator[tuple[Plan, datetime]]:
    waits = Plan.flow_name.in_(REMINDERS) & Plan.next_check_in_at.is_not(None)
    for row in session.scalars(select(Plan).where(Plan.participant_id == participant.id, waits)).all():
        if at := _moment(participant, row.given):
            yield row, at


def _running(session: Session, participant: Participant) -> Iterator[tuple[CheckIn, datetime]]:
    """The reminder that waits for an answer, if one does."""
    runs = CheckIn.flow_name.in_(REMINDERS) & CheckIn.ended_at.is_(None)
    for row in session.scalars(select(CheckIn).where(CheckIn.participant_id == participant.id, runs)).all():
        if row.position and (at := _moment(participant, Position.from_dict(row.position).values)):
            yield row, at


def _moment(participant: Participant, values: Mapping[str, str]) -> datetime | None:
    at = moment_of(values.get("appointment_at", ""), datetime.now(ZoneInfo(participant.zone)))
    return at.astimezone(UTC) if at else None


def make_appointment(desk: Desk, day: date, hour: time) -> Appointment:
    """Remind them of this time on their own clocks: two days before at 10:00, or as soon as texts may leave after that.

    Raises NotArranged where it lies in the past, is there already, or no reminder could leave before it.
    """
    at = on_wall_clock(day, hour, desk.participant.zone)
    if at <= desk.now:
        raise NotArranged("That time has passed. Write a time to come.")
    if day > desk.today + FARTHEST:
        raise NotArranged("That is more than a year away. Look at the year.")
    if at in (each.at for each in appointments(desk.session, desk.participant, desk.now)):
        raise NotArranged("They are reminded of this time already.")
    remind_at = _remind_at(desk, day, at)
    local = at.astimezone(ZoneInfo(desk.participant.zone)).isoformat(timespec="minutes")
    plan(desk.session, desk.participant, REMINDER, remind_at, given={"appointment_at": local})
    desk.note("appointment_made")
    return Appointment(at, remind_at)


def _remind_at(desk: Desk, day: date, at: datetime) -> datetime:
    zone, paused_until = desk.participant.zone, desk.participant.paused_until
    _must_be_reachable(desk)
    usual = on_wall_clock(day - REMIND_AHEAD, TEXTS_COME_AT, zone)
    remind_at = next_open(desk.settings.sending_hours, max(usual, desk.now, paused_until or desk.now), zone)
    if remind_at >= at:
        raise NotArranged("No text may leave before that time. Call them, or end the pause if there is one.")
    return remind_at


def _must_be_reachable(desk: Desk) -> None:
    """A reminder that could not leave must not look planned."""
    to = recipient(desk.session, desk.participant)
    if to is None or not has_consented(desk.session, desk.participant.id, to.channel, to.value_hash):
        raise NotArranged("No text may leave to them, so no reminder can be planned. Call them instead.")
    if REMINDER not in desk.shelf.flows:
        raise NotArranged(f"The flow '{REMINDER}' cannot be used now. Tell your admin: python -m bot flow check")


def take_away_appointment(desk: Desk, at: datetime) -> None:
    """No more reminders of this time; one that waits for an answer ends. Raises NotArranged where none is planned."""
    planned = [row for row, moment in _planned(desk.session, desk.participant) if moment == at]
    running = [row for row, moment in _running(desk.session, desk.participant) if moment == at]
    if not planned and not running:
        raise NotArranged("It is not planned any more.")
    for row in planned:
        row.next_check_in_at = row.lease_until = None
    if running:
        end_running(desk.session, desk.participant.id, Outcome.REPLACED, desk.now)
    desk.note("appointment_taken_away")
