"""What staff arrange with a participant in person: an end to texts, consent, a pause."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from bot.casework import end_running
from bot.config import Settings
from bot.consents import has_consented, is_blocked
from bot.core.escalation import Rules
from bot.core.hours import on_wall_clock
from bot.core.kinds import Outcome
from bot.first_texts import plan_first_texts, startable_flows
from bot.flows import Shelf
from bot.models import Address, CheckIn, Participant, Plan, Staff
from bot.people import agree, note, opt_out, pause, plan, recipient

TOLD_STAFF = "told staff"
METHODS = ("spoken", "paper")
FARTHEST = timedelta(days=366)
ONLY_START = "They asked for no more texts. Only they can lift that, by texting START from their own phone."


class NotArranged(Exception):
    """It cannot be arranged so, and nothing was changed. The message says why, and what to do instead."""


@dataclass(frozen=True)
class Desk:
    """Where one member of staff arranges something with one participant: inside one transaction that holds them."""

    session: Session
    settings: Settings
    rules: Rules
    shelf: Shelf
    participant: Participant
    staff: Staff
    now: datetime

    @property
    def today(self) -> date:
        """The day it is for the participant."""
        return self.now.astimezone(ZoneInfo(self.participant.zone)).date()

    def note(self, what: str, detail: str = "") -> None:
        """Put it on record with who did it."""
        note(self.session, what, self.now, self.staff.id, self.participant.id, detail=detail)


def end_texts(desk: Desk) -> bool:
    """They told staff that they want no more texts: in force at once, on every address (47 CFR 64.1200(a)(10)).

    No text confirms it: the person was spoken to. False where it was so already.
    """
    fresh = opt_out(desk.session, desk.participant, TOLD_STAFF, desk.now)
    end_running(desk.session, desk.participant.id, Outcome.STOPPED, desk.now)
    desk.note("opt_out_taken_down", TOLD_STAFF)
    return fresh


@dataclass(frozen=True)
class Agreement:
    """They agreed to texts at one of their addresses, on a day of theirs. `flow` is what then comes week by week."""

    address_id: int
    given_on: date
    method: str
    flow: str = ""


def open_to_consent(session: Session, participant: Participant) -> list[Address]:
    """The addresses that nobody agreed to yet and that are not opted out."""
    unblocked = [each for each in participant.addresses if not is_blocked(session, each.value_hash)]
    return [each for each in unblocked if not has_consented(session, participant.id, each.channel, each.value_hash)]


def take_consent(desk: Desk, given: Agreement) -> datetime | None:
    """Record consent, and plan what is texted first; when the welcome is due, None where they had it.

    Raises NotArranged; above all for an opt-out, which nobody but the person can lift.
    """
    address = _address(desk, given.address_id)
    if given.method not in METHODS:
        raise NotArranged("Say how they agreed: spoken or on paper.")
    if given.given_on > desk.today:
        raise NotArranged("That day lies in the future. Write the day on which they agreed.")
    if given.flow and given.flow not in startable_flows(desk.shelf):
        raise NotArranged("This flow cannot be started. Choose one from the list.")
    agree(desk.session, address, given.given_on, given.method, desk.staff.name, desk.now)
    desk.note("consent_taken_down", given.method)
    return plan_first_texts(desk.session, desk.settings, desk.participant, given.flow, desk.now)


def _address(desk: Desk, address_id: int) -> Address:
    address = next((each for each in desk.participant.addresses if each.id == address_id), None)
    if address is None:
        raise NotArranged("Choose the number that they agreed to be texted at.")
    if is_blocked(desk.session, address.value_hash):
        raise NotArranged(ONLY_START)
    if address not in open_to_consent(desk.session, desk.participant):
        raise NotArranged("Consent for this number is on record already.")
    return address


def pause_until(desk: Desk, day: date) -> datetime:
    """No check-ins before this day of theirs; the instant at which it begins. Raises NotArranged."""
    if not desk.today < day <= desk.today + FARTHEST:
        raise NotArranged("Choose a day after today, within a year.")
    until = on_wall_clock(day, time(0), desk.participant.zone)
    pause(desk.session, desk.participant, until, desk.now)
    desk.note("pause_arranged", day.isoformat())
    return until


def check_in_once(desk: Desk, flow: str, at: datetime | None) -> datetime:
    """One check-in beside those that come by themselves, now or at an instant ahead; when. Raises NotArranged."""
    if flow not in startable_flows(desk.shelf):
        raise NotArranged("Choose a check-in from the list.")
    if at is not None and not desk.now < at <= desk.now + FARTHEST:
        raise NotArranged("Choose a time ahead, within a year.")
    to = recipient(desk.session, desk.participant)
    if to is None or not has_consented(desk.session, desk.participant.id, to.channel, to.value_hash):
        raise NotArranged("No text may leave to them: they opted out, did not agree, or no number works.")
    if _is_begun(desk, flow, at):
        raise NotArranged("This check-in runs already, or waits to begin. It is not begun twice.")
    planned = plan(desk.session, desk.participant, flow, at or desk.now)
    desk.note("check_in_arranged", flow)
    assert planned.next_check_in_at is not None
    return planned.next_check_in_at


def _is_begun(desk: Desk, flow: str, at: datetime | None) -> bool:
    """Whether the same is there already: asked now, due and held up by something, or planned for that instant."""
    runs = exists().where(
        CheckIn.participant_id == desk.participant.id, CheckIn.flow_name == flow, CheckIn.ended_at.is_(None)
    )
    due = Plan.next_check_in_at <= desk.now if at is None else Plan.next_check_in_at == at
    waits = exists().where(Plan.participant_id == desk.participant.id, Plan.flow_name == flow, due)
    return bool(desk.session.scalar(select(waits if at else or_(runs, waits))))


def end_pause(desk: Desk) -> None:
    """Check-ins go on as planned."""
    pause(desk.session, desk.participant, None, desk.now)
    desk.note("pause_lifted")
