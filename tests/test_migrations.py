"""Databases that hold something already come to this version with what they hold."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, select

from bot.config import ROOT
from bot.db import Database
from bot.migrations import alembic_config, migrate
from bot.models import CheckIn, Danger, Flag
from bot.revision import is_current, known
from tests.databases import DATA_KEY

ZONE = "America/Chicago"
# Sunday 3 January 2027, 23:30 in Kansas City: in Lisbon it is Monday, and in UTC too
SUNDAY_NIGHT = datetime(2027, 1, 4, 5, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A database as it was before figures were kept."""
    database = Database(database_url, DATA_KEY)
    command.downgrade(alembic_config(database.engine), "0004")
    yield database.engine
    database.engine.dispose()


class _Old:
    """Writes rows into the tables as they were."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.tables = connection, MetaData()
        self.tables.reflect(connection)
        self.naive = connection.dialect.name == "sqlite"

    def add(self, table: str, /, **values: Any) -> None:
        row = {key: self._kept(each) for key, each in values.items()}
        self.connection.execute(self.tables.tables[table].insert(), row)

    def _kept(self, value: Any) -> Any:
        return value.replace(tzinfo=None) if self.naive and isinstance(value, datetime) else value

    def staff(self, staff_id: int, team: str) -> None:
        email = f"{staff_id}@example.org"
        self.add("staff", id=staff_id, email=email, name="x", role="caseworker", team=team, active=True)

    def participant(self, person_id: int, zone: str, caseworker_id: int, cohort: str) -> None:
        self.add(
            "participants", id=person_id, name="x", language="es", zone=zone, cohort=cohort, enrolled_at=SUNDAY_NIGHT,
            caseworker_id=caseworker_id, silences=0,
        )  # fmt: skip
        number = {"channel": "whatsapp", "value": "x", "value_hash": f"h{person_id}"}
        self.add("addresses", participant_id=person_id, reachable=True, **number)

    def check_in(self, check_in_id: int, person_id: int, at: datetime, ended_at: datetime | None) -> None:
        self.add(
            "check_ins", id=check_in_id, participant_id=person_id, flow_name="weekly", flow_version="v", started_at=at,
            ended_at=ended_at, outcome="silent" if ended_at else None,
        )  # fmt: skip

    def text(self, check_in_id: int, status: str, sent_at: datetime | None, direction: str = "out") -> None:
        self.add(
            "messages", direction=direction, channel="sms", other="x", other_hash="h", body="x", at=SUNDAY_NIGHT,
            check_in_id=check_in_id, status=status, sent_at=sent_at,
            attempts=0, priority=0, segments=1, confirms_opt_out=False,
        )  # fmt: skip

    def flag(self, flag_id: int, person_id: int | None, at: datetime, urgency: str = "today", **more: Any) -> None:
        self.add(
            "flags", id=flag_id, participant_id=person_id, kind="safety", urgency=urgency, rung=0, raised_at=at,
            **{"state": "resolved", **more},
        )  # fmt: skip

    def event(self, flag_id: int, what: str, at: datetime) -> None:
        self.add("events", at=at, what=what, flag_id=flag_id, detail="")


def _fill(engine: Engine) -> None:
    with engine.execution_options(writes=True).begin() as connection:
        old = _Old(connection)
        old.add("flow_versions", version="v", name="weekly", source="")
        old.staff(1, "North")
        old.staff(2, "South")
        old.participant(1, "Europe/Lisbon", 2, "Fall")
        old.participant(2, ZONE, 1, "")
        old.add("handovers", participant_id=1, from_id=1, to_id=2, by_id=1, at=SUNDAY_NIGHT + DAY)
        old.check_in(1, 1, SUNDAY_NIGHT, SUNDAY_NIGHT + 3 * HOUR)
        old.check_in(2, 1, SUNDAY_NIGHT + 2 * DAY, None)
        old.check_in(3, 2, SUNDAY_NIGHT, SUNDAY_NIGHT + DAY)
        old.text(1, "undelivered", SUNDAY_NIGHT + HOUR)
        old.text(1, "delivered", SUNDAY_NIGHT + 2 * HOUR)
        old.text(2, "waiting", None)
        old.flag(1, 1, SUNDAY_NIGHT + HOUR, "now", taken_at=SUNDAY_NIGHT + 9 * HOUR)
        for what, hours in (("flag_taken", 2), ("flag_urgent_again", 5), ("flag_taken", 9)):
            old.event(1, what, SUNDAY_NIGHT + hours * HOUR)
        old.flag(2, 1, SUNDAY_NIGHT + DAY, resolved_at=SUNDAY_NIGHT + 2 * DAY)
        old.flag(3, None, SUNDAY_NIGHT, "now", state="open")
        old.flag(4, 2, SUNDAY_NIGHT, "now", state="open")  # raised as what could wait, and nobody has taken it
        old.event(4, "flag_urgent_again", SUNDAY_NIGHT + 3 * HOUR)
        old.event(4, "flag_urgent_again", SUNDAY_NIGHT + 4 * HOUR)


def test_what_is_known_of_old_check_ins_is_counted(engine: Engine, database_url: str) -> None:
    _fill(engine)
    migrate(engine, ZONE)
    assert is_current(engine)
    with Database(database_url, DATA_KEY).reading() as session:
        first, second, third = session.scalars(select(CheckIn).order_by(CheckIn.id))
        assert (first.week, second.week) == (date(2026, 12, 28), date(2027, 1, 4))
        assert (first.first_status, first.asked_at) == ("undelivered", SUNDAY_NIGHT + HOUR)
        assert first.local_hour == 6  # half past six on Monday morning in Lisbon
        assert (first.caseworker_id, first.team, first.cohort) == (1, "North", "Fall")
        assert (second.caseworker_id, second.team) == (2, "South")
        assert (second.first_status, second.asked_at, second.local_hour) == ("waiting", None, None)
        assert (third.first_status, third.channel, third.language) == (None, "whatsapp", "es")
        assert (first.channel, first.waited_min, second.waited_min) == ("sms", 120, None)


def test_what_is_known_of_old_flags_is_counted(engine: Engine, database_url: str) -> None:
    _fill(engine)
    migrate(engine, ZONE)
    with Database(database_url, DATA_KEY).reading() as session:
        first, second, third, _ = session.scalars(select(Flag).order_by(Flag.id))
        assert (first.first_taken_at, first.check_in_id) == (SUNDAY_NIGHT + 2 * HOUR, 1)
        assert (first.check_in_week, second.check_in_week) == (date(2026, 12, 28), None)
        assert (second.first_taken_at, second.check_in_id) == (SUNDAY_NIGHT + 2 * DAY, None)
        assert (first.week, third.week) == (date(2027, 1, 4), date(2026, 12, 28))
        assert (first.caseworker_id, third.caseworker_id, third.cohort) == (1, None, "")
        dangers = [(each.flag_id, each.since - SUNDAY_NIGHT, each.taken_at) for each in session.scalars(select(Danger))]
        assert sorted(dangers) == [
            (1, HOUR, SUNDAY_NIGHT + 2 * HOUR),
            (1, 5 * HOUR, SUNDAY_NIGHT + 9 * HOUR),
            (3, timedelta(0), None),
            (4, 3 * HOUR, None),
        ]


def test_our_versions_are_those_of_the_migrations() -> None:
    """In their order; Alembic lists the newest first."""
    walked = [each.revision for each in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
    assert known() == tuple(reversed(walked))


def test_web_and_clock_do_without_alembic() -> None:
    heavy = "import app, scheduler, sys; print(sorted({'alembic', 'mako'} & set(sys.modules)))"
    asked = subprocess.run([sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "[]"
