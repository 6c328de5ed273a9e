"""What pages say: kinds, states and times in plain words, and what every page shows around its content."""

import re
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, cast
from zoneinfo import ZoneInfo

import phonenumbers
from flask import Flask, g
from sqlalchemy.orm import Session

from bot.core.delivery import Status
from bot.core.escalation import Urgency, Whom
from bot.core.figure import Cell
from bot.core.kinds import Attention, Lane, Language, Need, Outcome
from bot.core.lengths import MINUTE, lasting
from bot.core.names import KINDS, LANGUAGES
from bot.core.speech import clock
from bot.cover import cover_gaps
from bot.duty import hears
from bot.figures.people import PERSON
from bot.flows import broken_files
from bot.models import FlagState, Message, Resolution, Role, Staff, VerdictKind
from bot.pace import Outage, outage
from bot.web.access import urgent_waiting
from bot.web.auth import me
from bot.web.standby import standby

MOST_ROWS = 100  # of a table among others; by itself it has all
URGENCIES = {Urgency.NOW: "Now", Urgency.TODAY: "Today", Urgency.SILENCE: "Soon"}
LANES = {Lane.NOW: "Now", Lane.TODAY: "Today", Lane.CLOSED: "Nothing needed"}
STATES = {FlagState.OPEN: "Open", FlagState.ACKNOWLEDGED: "Taken", FlagState.RESOLVED: "Resolved"}
RESOLUTIONS = {
    Resolution.HELPED: "Helped",
    Resolution.REFERRED: "Referred to a service",
    Resolution.NOT_REACHED: "Could not reach them",
    Resolution.NOT_A_NEED: "Nothing needed",
}
WHOM = {
    Whom.CASEWORKER: "their caseworker",
    Whom.TEAM: "the team",
    Whom.ON_CALL: "on call",
    Whom.BACKUP: "backup",
    Whom.SUPERVISORS: "supervisors",
    Whom.EVERYONE: "everybody",
}
VERDICTS = {VerdictKind.NOT_A_NEED: "Not a need", VerdictKind.MISSED: "Missed"}
OUTCOMES = {
    Outcome.FINISHED: "finished",
    Outcome.SILENT: "no answer in time",
    Outcome.HANDED_OVER: "handed over to people",
    Outcome.STOPPED: "ended by the person",
    Outcome.REPLACED: "replaced by something more pressing",
    Outcome.BROKEN: "could not go on",
}
DELIVERIES = {
    Status.QUEUED: "Waiting to leave",
    Status.SENDING: "Being handed to the carrier",
    Status.DROPPED: "Not sent",
    Status.REFUSED: "Not sent",
    Status.UNKNOWN: "Unclear if sent",
    Status.TAKEN: "With the carrier",
    Status.SENT: "Sent",
    Status.DELIVERED: "Delivered",
    Status.READ: "Read",
    Status.UNDELIVERED: "Did not arrive",
    Status.FAILED: "Did not arrive",
    Status.CANCELED: "Canceled",
}
NOT_ARRIVED = {
    Status.DROPPED, Status.REFUSED, Status.UNKNOWN, Status.UNDELIVERED, Status.FAILED, Status.CANCELED
}  # fmt: skip
ROLES = {
    Role.CASEWORKER: "caseworker",
    Role.SUPERVISOR: "supervisor",
    Role.ADMIN: "admin",
    Role.RESEARCHER: "researcher",
}
BOOK: dict[type, dict[Any, str]] = {
    Need: KINDS,
    Attention: KINDS,
    Urgency: URGENCIES,
    Whom: WHOM,
    Lane: LANES,
    FlagState: STATES,
    Resolution: RESOLUTIONS,
    VerdictKind: VERDICTS,
    Outcome: OUTCOMES,
    Role: ROLES,
    Language: LANGUAGES,
}
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def set_up_words(app: Flask) -> None:
    """Give the templates their words."""
    for word in (words, delivery, phone, legible, moment, day, iso_day, hour, clock_hour, ago, lasting, cell):
        app.add_template_filter(word)
    app.context_processor(_around)


def _around() -> dict[str, Any]:
    """What the frame of every page wants to know."""
    current = standby()
    return {
        "programme": current.settings.programme,
        "zone": current.settings.zone,
        "now": present,
        "simulated": current.settings.simulated,
        "urgent": _urgent,
        "unheard": _unheard,
        "outage": _outage,
        "broken_files": _broken_files,
        "needs": Need,
        "person_column": PERSON,
        "most_rows": MOST_ROWS,
        "smallest_cell": current.settings.smallest_cell,
    }


def _urgent() -> tuple[int, datetime | None]:
    with standby().db.reading() as session:
        return urgent_waiting(session, me())


def _unheard() -> tuple[bool, int]:
    """Whether no alert reaches the reader's own phone; for who keeps the rota, how much is amiss with alerts."""
    current = standby()
    with current.db.reading() as session:
        staff = session.get(Staff, me().id)
        deaf = staff is not None and staff.role is not Role.RESEARCHER and not hears(session, staff)
        keeps = me().role in (Role.SUPERVISOR, Role.ADMIN)
        return deaf, len(gaps_ahead(session)) if keeps else 0


def _outage() -> Outage | None:
    current = standby()
    with current.db.reading() as session:
        return outage(session, current.settings, present())


def _broken_files() -> list[str]:
    """The names of files among the flows that have mistakes, for who can have them mended."""
    return broken_files(standby().shelf) if me().role in (Role.SUPERVISOR, Role.ADMIN) else []


def gaps_ahead(session: Session) -> tuple[str, ...]:
    """What alerts lack in the two weeks to come, in sentences: once a request, for the page and its frame."""
    if "gaps_ahead" not in g:
        current = standby()
        g.gaps_ahead = cover_gaps(session, current.settings, current.post.rules, present())
    return cast(tuple[str, ...], g.gaps_ahead)


def present() -> datetime:
    """The instant that the whole page speaks of: asked for once a request."""
    if "present" not in g:
        g.present = standby().now()
    return cast(datetime, g.present)


def words(value: StrEnum) -> str:
    """A value of one of our kinds in plain words."""
    return BOOK[type(value)][value]


def delivery(message: Message, zone: str) -> str:
    """Where an outgoing text stands, with the reason where it did not arrive and the hour where it waits."""
    assert message.status is not None
    now = present()
    if message.status is Status.QUEUED and message.send_after and message.send_after > now + MINUTE:
        return f"Leaves {moment(message.send_after, zone)}"
    said = DELIVERIES[message.status]
    return f"{said}: {_lowered(message.reason)}" if message.status in NOT_ARRIVED and message.reason else said


def _lowered(reason: str) -> str:
    return reason[0].lower() + reason[1:].removesuffix(".")


def phone(value: str) -> str:
    """A number as people write it; what is no number stays as it is."""
    try:
        number = phonenumbers.parse(value, "US")
    except phonenumbers.NumberParseException:
        return legible(value) or "hidden number"
    national = number.country_code == 1
    style = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


def legible(text: str) -> str:
    """The text with a sign in place of each character that cannot be sent to a browser; every offset stays right."""
    return LONE_SURROGATE.sub("\ufffd", text)


def moment(at: datetime, zone: str) -> str:
    """"Tue Nov 3, 2:05 pm" on the wall clock of the zone, with the year where it is another."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(at, zone)}, {clock(local)}"


def day(at: datetime | date, zone: str) -> str:
    """"Tue Nov 3", with the year where it is another."""
    local = at.astimezone(ZoneInfo(zone)) if isinstance(at, datetime) else at
    year = "" if local.year == present().year else f" {local.year}"
    return f"{local:%a %b} {local.day}{year}"


def hour(at: datetime, zone: str) -> str:
    """"2:05 pm" on the wall clock of the zone; the hour at which a day ends or begins is "midnight"."""
    return clock_hour(at.astimezone(ZoneInfo(zone)).time())


def clock_hour(at: time) -> str:
    """"2:05 pm" or "midnight"."""
    return "midnight" if at == time(0) else clock(datetime.combine(date.min, at))


def iso_day(at: datetime, zone: str, later: int = 0) -> str:
    """The day it is in the zone, or some days later, as a date field wants it."""
    return (at.astimezone(ZoneInfo(zone)).date() + timedelta(days=later)).isoformat()


def ago(at: datetime) -> str:
    """"5 minutes ago", "in 2 days"."""
    now = present()
    if abs(now - at) < MINUTE:
        return "just now" if at <= now else "in a moment"
    return f"{lasting(now - at)} ago" if at < now else f"in {lasting(at - now)}"


def cell(value: Cell, zone: str) -> str:
    """A cell of a figure's table."""
    match value:
        case None:
            return ""
        case datetime():
            return moment(value, zone)
        case date():
            return day(value, zone)
        case int() | float():
            return f"{value:,}"
        case _:
            return value
