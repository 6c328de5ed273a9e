"""What the database holds: nothing readable, what the models say, and rows that are claimed once."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet
from sqlalchemy import MetaData, func, insert, inspect, make_url, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from bot.core.kinds import Language, Purpose
from bot.db import Base, Database, claim, insert_once
from bot.engines import PREPARED_AFTER
from bot.models import Address, Message, Participant, Sender
from bot.outbox import Draft, Recipient, queue
from bot.people import Enrolment, enrol
from tests.databases import DATA_KEY, fresh_postgresql, fresh_sqlite

NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)
NUMBER = "+18165550123"
SECRETS = ("Anastasia", NUMBER, NUMBER[2:], "they shot at my house", "Officer Dana")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, DATA_KEY)
    yield database
    database.engine.dispose()
    Database(database_url, DATA_KEY).engine.dispose()  # the next test finds the usual keys again


def _takes_in_ana(database: Database) -> None:
    with database.writing() as session:
        ana = Enrolment(
            "Anastasia", "sms", NUMBER, Language.EN, "America/Chicago", None,
            consent_on=date(2026, 11, 2), consent_by="Officer Dana",
        )  # fmt: skip
        person = enrol(database, session, ana, NOW)
        to = Recipient("sms", NUMBER, database.fingerprint(NUMBER), person.id)
        queue(session, Draft(to, "they shot at my house", Purpose.WRITTEN), NOW)


def test_nothing_readable_is_stored(database: Database, database_url: str) -> None:
    _takes_in_ana(database)
    stored = _everything(database, database_url)
    assert "America/Chicago" in stored  # what is not secret is found: the search works
    for secret in SECRETS:
        assert secret not in stored


def _everything(database: Database, url: str) -> str:
    """The whole SQLite file, or all rows of PostgreSQL as it writes them."""
    if url.startswith("sqlite:///"):
        database.engine.dispose()
        path = Path(url.removeprefix("sqlite:///"))
        files = [each for each in path.parent.iterdir() if each.name.startswith(path.name)]
        return "".join(each.read_bytes().decode("latin-1") for each in files)
    with closing(psycopg.connect(url)) as connection:
        tables = inspect(database.engine).get_table_names()
        rows = [connection.execute(f'SELECT t::text FROM "{table}" t').fetchall() for table in tables]
    return "\n".join(row[0] for table in rows for row in table)


def test_keys_rotate_and_old_rows_are_still_read(database: Database, database_url: str) -> None:
    _takes_in_ana(database)
    fingerprint = database.fingerprint(NUMBER)
    newer = Fernet.generate_key().decode()
    rotated = Database(database_url, f"{newer},{DATA_KEY}")
    with rotated.reading() as session:
        assert session.scalars(select(Participant.name)).one() == "Anastasia"
        assert session.scalars(select(Address)).one().value == NUMBER
    assert rotated.fingerprint(NUMBER) == fingerprint
    rotated.engine.dispose()


def test_every_programme_has_fingerprints_of_its_own(database: Database, tmp_path: Path, database_url: str) -> None:
    if database_url.startswith("sqlite:///"):
        other_path = tmp_path / "other.db"
        shutil.copy(database_url.removeprefix("sqlite:///"), other_path)  # empty still: it makes a key of its own
        other = Database(f"sqlite:///{other_path}", DATA_KEY)
        assert other.fingerprint(NUMBER) != database.fingerprint(NUMBER)
        other.engine.dispose()
    assert NUMBER not in database.fingerprint(NUMBER)
    assert len(database.fingerprint(NUMBER)) == 64


def test_the_lookup_key_is_made_inside_a_first_write(database: Database) -> None:
    with database.writing():
        assert database.fingerprint(NUMBER)


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        migrated = MetaData()
        migrated.reflect(connection)
    for name, table in Base.metadata.tables.items():
        assert {each.name for each in table.indexes} <= {each.name for each in migrated.tables[name].indexes}
        assert {each.name: each.nullable for each in table.columns} == {
            each.name: each.nullable for each in migrated.tables[name].columns
        }


def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="needs a zone"), database.writing() as session:
        session.add(Sender(name="x", taken_until=datetime(2026, 11, 23)))  # noqa: DTZ001


def test_an_instant_comes_back_as_it_was(database: Database) -> None:
    at = NOW.astimezone() + timedelta(microseconds=123456)
    with database.writing() as session:
        session.add(Sender(name="x", taken_until=at))
    with database.reading() as session:
        assert session.get_one(Sender, "x").taken_until == at


def test_the_hour_that_comes_twice_in_fall_is_stored_as_two(database: Database) -> None:
    """Python takes the two for equal as long as both are of one zone."""
    first = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/Chicago"))
    second = first.replace(fold=1)
    assert first == second
    with database.writing() as session:
        rows = [{"name": "first", "taken_until": first}, {"name": "second", "taken_until": second}]
        session.execute(insert(Sender), rows)
    with database.reading() as session:
        stored = [session.get_one(Sender, name).taken_until for name in ("first", "second")]
    assert stored == [datetime(2026, 11, 1, 6, 30, tzinfo=UTC), datetime(2026, 11, 1, 7, 30, tzinfo=UTC)]


def test_inserting_what_is_there_changes_nothing(database: Database) -> None:
    with database.writing() as session:
        assert insert_once(session, Sender(name="x", taken_until=NOW))
        session.flush()
        assert not insert_once(session, Sender(name="x", taken_until=NOW + timedelta(days=1)))
        assert session.get_one(Sender, "x").taken_until == NOW


def test_what_is_locked_is_read_anew(database: Database) -> None:
    _takes_in_ana(database)
    with database.writing() as session:
        ana = session.get_one(Participant, 1)
        ana.cohort = "Fall"
        table = Participant.__table__
        session.connection().execute(table.update().values(zone="America/Denver"))  # as another process would
        assert session.get_one(Participant, 1, with_for_update=True) is ana
        assert (ana.zone, ana.cohort) == ("America/Denver", "Fall")
        session.connection().execute(table.update().values(zone="America/Phoenix"))
        session.scalars(select(Participant).with_for_update()).all()
        assert ana.zone == "America/Phoenix"


def test_no_row_is_claimed_by_two(database: Database) -> None:
    _has_texts(database, 60)
    claimed: list[list[int]] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while ids := _claims(database, NOW):
            claimed.append(ids)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [each for ids in claimed for each in ids]
    assert len(every) == len(set(every)) == 60


def test_what_a_dead_process_held_is_free_after_its_lease(database: Database) -> None:
    _has_texts(database, 3)
    assert len(_claims(database, NOW)) == 3
    assert _claims(database, NOW + timedelta(seconds=59)) == []
    assert len(_claims(database, NOW + timedelta(seconds=60))) == 3
    with database.writing() as session:
        session.execute(update(Message).values(lease_until=None))
    assert len(_claims(database, NOW)) == 3


def _has_texts(database: Database, count: int) -> None:
    with database.writing() as session:
        for _ in range(count):
            to = Recipient("sms", NUMBER, database.fingerprint(NUMBER))
            queue(session, Draft(to, "hello", Purpose.ALERT), NOW)


def _claims(database: Database, now: datetime) -> list[int]:
    with database.writing() as session:
        return claim(session, Message, Message.id > 0, (Message.id,), 7, now, timedelta(minutes=1))


def test_a_reader_sees_one_moment(database: Database) -> None:
    with database.reading() as session:
        people = select(func.count()).select_from(Participant)
        assert session.scalar(people) == 0
        _takes_in_ana(database)
        assert session.scalar(people) == 0
    with database.reading() as session:
        assert session.scalar(people) == 1


def test_no_reader_writes(database: Database) -> None:
    for_others = Participant(name="Luz", language=Language.EN, zone="UTC", enrolled_at=NOW)
    with pytest.raises(DBAPIError, match="read-?only"), database.reading() as session:
        session.execute(update(Participant).values(name="somebody"))
    with pytest.raises(DBAPIError, match="read-?only"), database.reading() as session:
        session.add(for_others)
    with pytest.raises(DBAPIError, match="read-?only"), database.asking() as asking:
        asking.execute(update(Participant).values(name="somebody"))
    _takes_in_ana(database)  # on the same connection


def test_postgresql_prepares_what_writers_ask_and_plans_anew_what_is_only_read() -> None:
    """A reader between two writers makes it forget nothing."""
    prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE :like")
    with fresh_postgresql() as url:
        database = Database(url, DATA_KEY)
        for way, column in ((database.writing, Participant.zone), (database.reading, Participant.cohort)):
            for _ in range(PREPARED_AFTER + 1):
                with way() as session:
                    session.scalar(select(column))
        with database.writing() as session:
            counts = [session.scalar(prepared, {"like": f"%participants.{name}%"}) for name in ("zone", "cohort")]
        database.engine.dispose()
    assert counts == [1, 0]


def test_a_writer_waits_for_another_process_and_looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    with fresh_sqlite() as url:
        database, other = Database(url, DATA_KEY), sqlite3.connect(str(make_url(url).database), isolation_level=None)
        _takes_in_ana(database)
        other.execute("BEGIN IMMEDIATE")
        waited: list[float] = []

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 3:
                other.execute("ROLLBACK")

        monkeypatch.setattr("bot.engines.time.sleep", sleep)
        with database.writing() as session:
            session.add(Sender(name="us", taken_until=NOW))
        other.close()
        database.engine.dispose()
        assert len(waited) == 3 and max(waited) < 0.02


def test_a_writer_whose_turn_never_comes_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with fresh_sqlite() as url:
        database, other = Database(url, DATA_KEY), sqlite3.connect(str(make_url(url).database), isolation_level=None)
        _takes_in_ana(database)
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("bot.engines.SQLITE_WAITS_S", 0)
        with pytest.raises(OperationalError, match="locked"), database.writing() as session:
            session.add(Sender(name="us", taken_until=NOW))
        other.close()
        database.engine.dispose()
