"""Builds the whole from Settings: the one place that knows every part."""

import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from cryptography.fernet import InvalidToken
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot import alerts, deliveries, dispatch, inbox
from bot.carrier import EMAIL, Carrier
from bot.carrier.mail import MailCarrier
from bot.carrier.routes import Routes
from bot.carrier.twilio import TwilioCarrier
from bot.config import ConfigError, Settings
from bot.db import Database
from bot.deliveries import Callback
from bot.engines import is_there
from bot.flows import LiveShelf, Shelf, read_with
from bot.hearing import Inbox
from bot.inbox import Incoming
from bot.models import Beat, Rehearsal
from bot.outbox import Post
from bot.pace import sender_name
from bot.revision import is_current
from bot.scene import Talk

log = structlog.get_logger()

Deed = Callable[[], object]


@dataclass(frozen=True)
class Standby:
    """Everything a process of Standby works with. `now` tells the time; `soon` does a deed right after, aside.

    `mail` takes letters, where there is a mail server.
    """

    settings: Settings
    inbox: Inbox
    now: Callable[[], datetime]
    soon: Callable[[Deed], None]
    mail: MailCarrier | None = None

    @property
    def db(self) -> Database:
        return self.inbox.talk.post.db

    @property
    def post(self) -> Post:
        return self.inbox.talk.post

    @property
    def talk(self) -> Talk:
        return self.inbox.talk

    @property
    def shelf(self) -> Shelf:
        return self.inbox.talk.shelf

    def take_in(self, text: Incoming) -> bool:
        """Store a text; it is handled right after. False where it was stored before."""
        sender_hash = inbox.receive(self.db, text, self.now())
        if sender_hash is None:
            return False
        self.soon(partial(self.handle, sender_hash))
        return True

    def handle(self, sender_hash: str) -> None:
        """Handle what this sender has waiting, alert whom it concerns, send what was queued."""
        inbox.handle_of(self.inbox, sender_hash, self.now())
        self.push()

    def push(self) -> None:
        """Alert and send at once what would otherwise wait for the clock."""
        alerts.escalate(self.post, self.now())
        dispatch.send_due(self.post, self.now())

    def take_callback(self, said: Callback) -> bool:
        """Write down what the carrier says of one text. False where the text is not ours."""
        with self.db.writing() as session:
            return deliveries.record_delivery(session, said, self.now(), sender_name(self.settings))


def build(
    settings: Settings,
    database: Database | None = None,
    now: Callable[[], datetime] | None = None,
    soon: Callable[[Deed], None] | None = None,
    carrier: Carrier | None = None,
) -> Standby:
    """Wire the parts together. Raises FlowError where always.toml cannot be used; other broken flows only rest."""
    db = database or Database(settings.database_url, settings.data_keys)
    shelf = LiveShelf(settings.flows)
    clock = now or clock_of(settings, db)
    mail = MailCarrier(settings.mail_url, settings.mail_from, clock) if settings.mail_url else None
    hands = ThreadPoolExecutor(settings.calls_at_once, "carrier")  # makes no thread before there is a text
    post = Post(db, carrier or carrier_of(settings, mail), settings, lambda: shelf.policy, hands)
    return Standby(settings, Inbox(Talk(post, shelf), partial(read_with, shelf)), clock, soon or _Worker().soon, mail)


def ready(standby: Standby) -> Standby:
    """The same, if its database is of this version and our keys open it. Raises ConfigError."""
    check_database(standby.db)
    check_keys(standby.db)
    return standby


def settle_down() -> None:
    """What is in memory now stays there. Full collections, which stop everything for a tenth of a second while a page
    with big tables is made or many check-ins start, need not walk through it.
    """
    gc.collect()
    gc.freeze()


def finish_first(deed: Deed) -> None:
    """Have this done as the process ends, while threads may still be given work: to send what a reply or a job has
    begun takes some. Pools refuse it from when they are told of the end, by the same means and before `atexit`.
    """
    threading._register_atexit(deed)  # type: ignore[attr-defined]


def check_database(db: Database) -> None:
    """Raises ConfigError where it is not there, does not answer, or is of another version. A file that is not there is
    not made.
    """
    if not is_there(db.engine):
        name = db.engine.url.database
        raise ConfigError(f"There is no database {name}. If the name is right, make it: python -m bot init")
    try:
        current = is_current(db.engine)
    except OperationalError:
        raise ConfigError("The database does not answer. Is it running, and STANDBY_DATABASE_URL right?") from None
    if not current:
        raise ConfigError("The database is not of this version. First: python -m bot init")


def check_keys(db: Database) -> None:
    """Raises ConfigError where they do not open this database: no text could be read, and none that comes in kept."""
    try:
        db.fingerprint("")
    except InvalidToken:
        why = "STANDBY_DATA_KEYS do not open this database."
        raise ConfigError(f"{why} Name the keys it was made with, the newest first: docs/running.md") from None


def carrier_of(settings: Settings, mail: MailCarrier | None = None) -> Carrier:
    """Texts and calls through Twilio, letters through the mail server where there is one."""
    return Routes(_twilio(settings), {EMAIL: mail}) if mail else _twilio(settings)


def _twilio(settings: Settings) -> TwilioCarrier:
    return TwilioCarrier(
        account_sid=settings.account_sid,
        auth_token=settings.auth_token,
        sender=settings.sender,
        api_url=settings.api_url or None,
        status_url=f"{settings.public_url.rstrip('/')}/twilio/status",
        calls_from=settings.calls_from,
        key_url=f"{settings.public_url.rstrip('/')}/twilio/key",
    )


class _Worker:
    """One thread beside the web's: a webhook is answered first, its text handled right after."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inbox")
        finish_first(self._pool.shutdown)

    def soon(self, deed: Deed) -> None:
        """Do it aside. What fails is logged and left to the clock."""
        self._pool.submit(_guarded, deed)


def _guarded(deed: Deed) -> None:
    try:
        deed()
    except Exception:
        log.exception("left_to_the_clock")


def clock_of(settings: Settings, db: Database) -> Callable[[], datetime]:
    """What tells the time: a rehearsal's clock can be wound on."""
    return partial(rehearsal_now, db) if settings.simulated else real_now


def real_now() -> datetime:
    """The instant it is."""
    return datetime.now(UTC)


def rehearsal_now(db: Database) -> datetime:
    """The instant it is in the rehearsal, whose clock can be wound on."""
    with db.reading() as session:
        wound_s = session.scalar(select(Rehearsal.wound_s))
    return real_now() + timedelta(seconds=wound_s or 0)


def wind_on(standby: Standby, by: timedelta) -> None:
    """Move the rehearsal's clock on, for every process of it. Only with a simulated carrier."""
    if not standby.settings.simulated:
        raise ValueError("real people's clocks cannot be wound; this works with the simulated carrier only")
    with standby.db.writing() as session:
        rehearsal = session.get(Rehearsal, 1) or Rehearsal(id=1, wound_s=0)
        rehearsal.wound_s += int(by.total_seconds())
        session.add(rehearsal)
        for beat in session.scalars(select(Beat).where(Beat.at.is_not(None))):
            beat.at = beat.at + by if beat.at else None  # no job is late because the rehearsal's clock jumped
