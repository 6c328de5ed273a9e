"""What the programme does from minute to minute: jobs, promises, whom alerts reach, and whose clock is right."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import auditor
from bot.carrier import CarrierError, Standing
from bot.config import Settings
from bot.core.escalation import Rules
from bot.core.finding import Finding, Grade, fine, judge_time, unseen, wrong
from bot.core.promises import Promise
from bot.cover import nameless_gaps
from bot.reports.clock import lateness

BAD_CREDENTIALS = 20003
WHOLE_SECONDS = timedelta(milliseconds=500)  # a Date header leaves out what was past the second: on average, half


def check_jobs(session: Session, now: datetime) -> Finding:
    """Whether a clock runs and gets through all its jobs."""
    if late := lateness(session, now):
        return wrong("jobs", late)
    return fine("jobs", "Every job of the clock is on time.")


def check_promises(session: Session, now: datetime) -> Finding:
    """Whether what Standby promises of itself holds; late jobs are told apart."""
    broken = [each.sentence for each in auditor.faults(session, now) if each.promise is not Promise.TICKED]
    return wrong("promises", *broken) if broken else fine("promises", "No danger, reply or text waits too long.")


def check_cover(session: Session, settings: Settings, rules: Rules, now: datetime) -> Finding:
    """Whether alerts would reach somebody in the two weeks to come."""
    if gaps := nameless_gaps(session, settings, rules, now):
        return wrong("cover", *gaps)
    return fine("cover", "Alerts reach somebody at every hour of the next two weeks.")


def check_time(clocks: dict[str, Callable[[], datetime | None]], wall: Callable[[], datetime]) -> Finding:
    """Whether this machine's clock agrees with those of others, by whose it is; None where one does not tell."""
    ahead = {whose: by for whose, clock in clocks.items() if (by := _ahead(clock, wall)) is not None}
    return judge_time("time", ahead) if ahead else unseen("time", "there is no other clock to hold this one against")


def _ahead(clock: Callable[[], datetime | None], wall: Callable[[], datetime]) -> timedelta | None:
    """Ours at the middle of the question, less theirs: how long the way took matters little then."""
    before = wall()
    try:
        theirs = clock()
    except (CarrierError, SQLAlchemyError):
        return None  # told by the check of the account, or of the database
    return None if theirs is None else before + (wall() - before) / 2 - theirs


def carrier_time(standing: Callable[[], Standing]) -> datetime | None:
    """What time it is at the carrier. Raises CarrierError."""
    at = standing().at
    return at + WHOLE_SECONDS if at else None


def check_account(standing: Callable[[], Standing]) -> Finding:
    """Whether the carrier takes our credentials and the account may send."""
    try:
        account = standing()
    except CarrierError as error:
        if error.code == BAD_CREDENTIALS:
            said = "The carrier does not know TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN: copy both from its console."
            return wrong("account", said)
        return wrong("account", f"{error}: is the way out to the carrier's API open? Look at its status page too.")
    if not account.is_active:
        return wrong("account", "The carrier has suspended or closed the account: its console says why.")
    if account.is_on_trial:
        return Finding("account", Grade.LOOK, ("It is a trial account, which texts only verified numbers: upgrade.",))
    return fine("account", "The carrier takes our credentials.")
