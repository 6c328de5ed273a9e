"""Whom alerts would not reach, said before it hurts: gaps in the rota, phones that hear nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from bot.config import Settings
from bot.core.escalation import Means, Rules, Whom
from bot.core.kinds import Language
from bot.core.rota import Layer, gaps
from bot.core.speech import say_moment
from bot.duty import Duty
from bot.models import OptOut, Role, Staff

AHEAD = timedelta(weeks=2)
IN_WORDS = {timedelta(weeks=1): "in the next week", AHEAD: "in the next two weeks"}
NAMED = 3  # gaps that are told one by one
LAYERS = {Layer.FIRST: "on call", Layer.BACKUP: "on call as backup"}
WORDS = {Layer.FIRST: Whom.ON_CALL, Layer.BACKUP: Whom.BACKUP}


def cover_gaps(session: Session, settings: Settings, rules: Rules, now: datetime) -> tuple[str, ...]:
    """In sentences, what the ladders of the policy lack in the two weeks to come, and whose phone hears no alert."""
    return (*_ladder_gaps(session, settings, rules, now), *_phones(session))


def nameless_gaps(session: Session, settings: Settings, rules: Rules, now: datetime) -> tuple[str, ...]:
    """The same for a terminal or a log, which may be read by anybody: phones are counted, nobody is named."""
    return (*_ladder_gaps(session, settings, rules, now), *_counted_phones(session))


def rota_gaps(
    session: Session, settings: Settings, rules: Rules, now: datetime, ahead: timedelta
) -> tuple[str, ...]:
    """Of that, when nobody is on call in the time to come, one or two weeks; nobody is named."""
    return tuple(_gaps(Duty(session, settings, rules, now), rules, now, ahead))


def _ladder_gaps(session: Session, settings: Settings, rules: Rules, now: datetime) -> Iterator[str]:
    duty = Duty(session, settings, rules, now)
    yield from _gaps(duty, rules, now, AHEAD)
    if not any(duty.staff[each].role is Role.SUPERVISOR for each in _reachable(duty)):
        yield "No supervisor can be alerted: when a caseworker does not answer, alerts go to everybody."
    yield from _means(settings, rules)


def _reachable(duty: Duty) -> frozenset[int]:
    return frozenset(each for reached in duty.reach(None).values() for each in reached[Whom.EVERYONE])


def _gaps(duty: Duty, rules: Rules, now: datetime, ahead: timedelta) -> Iterator[str]:
    asked_for = {whom for ladder in rules.policy.ladders.values() for rung in ladder.all for whom in rung.whom}
    for layer, whom in WORDS.items():
        if whom in asked_for:
            yield from _of_layer(duty, layer, rules.zone, now, ahead)


def _means(settings: Settings, rules: Rules) -> Iterator[str]:
    used = {by for ladder in rules.policy.ladders.values() for rung in ladder.all for by in rung.by}
    if Means.EMAIL in used and not settings.mail_url:
        yield "The policy alerts by e-mail, and none can be sent: set STANDBY_MAIL_URL."
    if Means.CALL in used and not settings.calls_from:
        yield "The policy alerts by call, and none can be made: set TWILIO_FROM_NUMBER to a number that can call."


def _of_layer(duty: Duty, layer: Layer, zone: str, now: datetime, ahead: timedelta) -> Iterator[str]:
    holes = gaps(duty.rota.stretches(layer, now, now + ahead), _reachable(duty))
    if holes and (holes[0].since, holes[0].until) == (now, now + ahead):
        yield f"Nobody who can be alerted is {LAYERS[layer]} {IN_WORDS[ahead]}: that step is skipped at once."
        return
    for hole in holes[:NAMED]:
        since, until = (say_moment(at.astimezone(ZoneInfo(zone)), Language.EN, True) for at in (hole.since, hole.until))
        yield f"Nobody who can be alerted is {LAYERS[layer]} from {since} until {until}."
    if len(holes) > NAMED:
        yield f"There are {len(holes) - NAMED} more gaps {LAYERS[layer]} {IN_WORDS[ahead]}."


def _phones(session: Session) -> Iterator[str]:
    for staff in session.scalars(_working(_UNVERIFIED)):
        yield f"{staff.name}'s phone gets no alerts: its code was not texted back yet."
    for staff in session.scalars(_working(_BLOCKED)):
        yield f"{staff.name} texted STOP and hears no alerts. They must text START."
    for staff in session.scalars(_working(_FAILED)):
        yield f"An alert to {staff.name} did not arrive. Check their number and phone."


def _counted_phones(session: Session) -> Iterator[str]:
    """Of whom it is said, staff see on their pages."""
    for which, what in (
        (_UNVERIFIED, "get no alerts: the code was not texted back yet"),
        (_BLOCKED, "hear no alerts since a STOP: a START must be texted from there"),
        (_FAILED, "did not get their last alert: check number and phone"),
    ):
        if count := session.scalar(select(func.count()).select_from(_working(which).subquery())):
            yield f"Phones of staff that {what}: {count}."


_UNVERIFIED = Staff.phone_verified_at.is_(None)
_BLOCKED = exists().where(OptOut.address_hash == Staff.phone_hash, OptOut.until.is_(None))
_FAILED = Staff.alert_failed_at.is_not(None)


def _working(which: ColumnElement[bool]) -> Select[Staff]:
    """Staff whom alerts are for, and of whom this is so."""
    return select(Staff).where(Staff.active, Staff.role != Role.RESEARCHER, which).order_by(Staff.id)
