"""What somebody is texted first: the welcome, then a flow week by week."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from bot.config import Settings
from bot.core.flow import Flow
from bot.core.hours import next_open, on_wall_clock
from bot.flows import Shelf
from bot.models import CheckIn, Participant, Plan
from bot.people import plan

WELCOME = "welcome"
TEXTS_COME_AT = time(10)
WEEKLY_DAYS = 7


def startable_flows(shelf: Shelf) -> dict[str, Flow]:
    """The flows that can be begun with anybody, by name: they need nothing given, and are not the welcome."""
    flows = sorted(shelf.flows.items())
    return {name: flow for name, flow in flows if not flow.given and name != WELCOME}


def plan_first_texts(
    session: Session,
    settings: Settings,
    participant: Participant,
    flow: str,
    now: datetime,
    start_on: date | None = None,
) -> datetime | None:
    """Plan the welcome at once inside sending hours and the flow (where one is named) on a later day, week by week.

    A welcome that was begun or is planned, and a flow that comes regularly, stay as they are: nothing is planned twice.
    When the welcome is due; None where they had it.
    """
    welcome_at = _welcome_at(session, settings, participant, now)
    if flow and not comes_regularly(session, participant):
        hours, zone = settings.sending_hours, participant.zone
        earliest = (welcome_at or now).astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
        first = on_wall_clock(max(start_on or earliest, earliest), TEXTS_COME_AT, zone)
        plan(session, participant, flow, next_open(hours, first, zone), repeat_days=WEEKLY_DAYS)
    return welcome_at


def _welcome_at(session: Session, settings: Settings, participant: Participant, now: datetime) -> datetime | None:
    """A plan that ran out while no text was allowed was no welcome: only a check-in that began is one."""
    if session.scalar(select(_welcome_begun(participant))):
        return None
    waits = session.scalar(select(Plan.next_check_in_at).where(_welcome_waits(participant)).limit(1))
    if waits is not None:
        return waits
    at = next_open(settings.sending_hours, now, participant.zone)
    return plan(session, participant, WELCOME, at).next_check_in_at


def is_welcomed(session: Session, participant: Participant) -> bool:
    """Whether the welcome was begun with them, or is planned."""
    return bool(session.scalar(select(_welcome_begun(participant) | exists().where(_welcome_waits(participant)))))


def _welcome_begun(participant: Participant) -> ColumnElement[bool]:
    return exists().where(CheckIn.participant_id == participant.id, CheckIn.flow_name == WELCOME)


def _welcome_waits(participant: Participant) -> ColumnElement[bool]:
    welcome = (Plan.participant_id == participant.id) & (Plan.flow_name == WELCOME)
    return welcome & Plan.next_check_in_at.is_not(None)


def comes_regularly(session: Session, participant: Participant) -> bool:
    """Whether some flow comes to this participant again and again."""
    planned = Plan.next_check_in_at.is_not(None) & Plan.repeat_days.is_not(None)
    return bool(session.scalar(select(exists().where(Plan.participant_id == participant.id, planned))))
