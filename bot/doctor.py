"""The doctor: every check of an installation, in order, none hidden by another that fails."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import make_url

from bot.carrier import Carrier, Standing
from bot.checkup.round_trip import check_webhook
from bot.checkup.running import (
    carrier_time,
    check_account,
    check_cover,
    check_jobs,
    check_promises,
    check_time,
)
from bot.checkup.settings import check_flows, check_settings, check_weights, unreadable_settings
from bot.checkup.storage import check_database, check_keys, check_tables, database_time
from bot.config import ConfigError, Settings
from bot.core.escalation import Rules
from bot.core.finding import Finding, Grade, unseen, wrong
from bot.db import Database
from bot.flows import load_flows
from bot.logs import told
from bot.wiring import carrier_of, clock_of, real_now

CONNECT_WITHIN_S = "5"
MARKS = {Grade.OK: "ok", Grade.LOOK: "LOOK", Grade.MEND: "MEND", Grade.UNSEEN: "-"}


@dataclass(frozen=True)
class Patient:
    """What is looked at. Everything is opened when the first check asks for it. `wall` is this machine's own clock."""

    settings: Settings
    online: bool = True
    wall: Callable[[], datetime] = real_now

    @cached_property
    def db(self) -> Database:
        """Its database, which gets few seconds to answer."""
        url = make_url(self.settings.database_url)
        if url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": CONNECT_WITHIN_S})
        return Database(url.render_as_string(hide_password=False), self.settings.data_keys)

    @cached_property
    def carrier(self) -> Carrier:
        return carrier_of(self.settings)

    def standing(self) -> Standing:
        return self.carrier.standing()

    @property
    def now(self) -> datetime:
        """The programme's time, which a rehearsal may have wound on."""
        return clock_of(self.settings, self.db)()


@dataclass(frozen=True)
class Check:
    """One thing to look at. Where one of `needs` has to be mended first, it is not looked at."""

    name: str
    run: Callable[[Patient], Finding]
    needs: tuple[str, ...] = ()
    asks_network: bool = False


def _jobs(patient: Patient) -> Finding:
    with patient.db.reading() as session:
        return check_jobs(session, patient.now)


def _promises(patient: Patient) -> Finding:
    with patient.db.reading() as session:
        return check_promises(session, patient.now)


def _cover(patient: Patient) -> Finding:
    rules = Rules(load_flows(patient.settings.flows).policy, patient.settings.zone)
    with patient.db.reading() as session:
        return check_cover(session, patient.settings, rules, patient.now)


def _time(patient: Patient) -> Finding:
    clocks: dict[str, Callable[[], datetime | None]] = {"the database's": lambda: database_time(patient.db.engine)}
    if patient.online:
        clocks["the carrier's"] = lambda: carrier_time(patient.standing)
    return check_time(clocks, patient.wall)


CHECKS = (
    Check("settings", lambda patient: check_settings(patient.settings)),
    Check("reading", lambda patient: check_weights()),
    Check("flows", lambda patient: check_flows(patient.settings.flows)),
    Check("database", lambda patient: check_database(patient.db.engine)),
    Check("tables", lambda patient: check_tables(patient.db.engine), needs=("database",)),
    Check("keys", lambda patient: check_keys(patient.db.engine, patient.settings.data_keys), needs=("tables",)),
    Check("time", _time),
    Check("jobs", _jobs, needs=("tables",)),
    Check("promises", _promises, needs=("tables",)),
    Check("cover", _cover, needs=("tables", "keys")),
    Check("account", lambda patient: check_account(patient.standing), asks_network=True),
    Check("webhook", lambda patient: check_webhook(patient.settings), asks_network=True),
)


def examine(patient: Patient, checks: Iterable[Check] = CHECKS) -> Iterator[Finding]:
    """What each check finds, in their order."""
    sick: set[str] = set()
    for check in checks:
        finding = _look(check, patient, sick)
        if finding.grade in (Grade.MEND, Grade.UNSEEN):
            sick.add(check.name)
        yield finding


def _look(check: Check, patient: Patient, sick: set[str]) -> Finding:
    if check.asks_network and not patient.online:
        return unseen(check.name, "it asks the network")
    if blocked := [name for name in check.needs if name in sick]:
        return unseen(check.name, f"first mend {' and '.join(blocked)}")
    try:
        return check.run(patient)
    except Exception as error:  # one check that breaks must hide no other; its words may quote people and stay out
        return wrong(check.name, f"It could not be checked ({told(error)}).")


def examine_without_settings(error: ConfigError) -> Iterator[Finding]:
    """What can be said where the settings cannot be read."""
    yield unreadable_settings(error)
    for check in CHECKS[1:]:
        yield check_weights() if check.name == "reading" else unseen(check.name, "first mend settings")


def line(finding: Finding) -> str:
    """A finding for a terminal: one line, and one more for each further sentence."""
    first, *more = finding.said
    head = f"{MARKS[finding.grade]:<5} {finding.name:<9} "
    return "\n".join([head + first, *(" " * len(head) + each for each in more)])


def verdict(findings: list[Finding]) -> str:
    """The last line: how many things to mend."""
    mend, look = (sum(each.grade is grade for each in findings) for grade in (Grade.MEND, Grade.LOOK))
    if not mend and not look:
        return "Nothing wrong."
    return ", ".join([*([f"{mend} to mend"] if mend else []), *([f"{look} to look at"] if look else [])]) + "."
