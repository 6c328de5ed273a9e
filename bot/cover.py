"""Whom alerts would not reach, said before it hurts: gaps in the rota, phones that hear nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
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
    duty = Duty(session, settings, rules, now)
    reachable = _reachable(duty)
    found = list(_gaps(duty, rules, now, AHEAD))
    if not any(duty.staff[each].role is Role.SUPERVISOR for each in reachable):
        found.append("No supervisor can be alerted: when a caseworker does not answer, alerts go to everybody.")
    return (*found, *_means(settings, rules), *_phones(session))


def rota_gaps(
    session: Session, settings: Settings, rules: Rules, now: datetime, ahead: timedelta
) -> tuple[str, ...]:
    """Of that, when nobody is on call in the time to come, one or two weeks; nobody is named."""
    return tuple(_gaps(Duty(session, settings, rules, now), rules, now, ahead))


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
    blocked = exists().where(OptOut.address_hash == Staff.phone_hash, OptOut.until.is_(None))
    working = select(Staff).where(Staff.active, Staff.role != Role.RESEARCHER).order_by(Staff.id)
    for staff in session.scalars(working.where(Staff.phone_verified_at.is_(None))):
        yield f"{staff.name}'s phone gets no alerts: its code was not texted back yet."
    for staff in session.scalars(working.where(blocked)):
        yield f"{staff.name} texted STOP and hears no alerts. They must text START."
    for staff in session.scalars(working.where(Staff.alert_failed_at.is_not(None))):
        yield f"An alert to {staff.name} did not arrive. Check their number and phone."
