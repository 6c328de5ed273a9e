"""Backups of both kinds of database, put back into both: everything is there, or nothing is."""

import os
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from alembic import command
from cryptography.fernet import Fernet
from sqlalchemy import MetaData, func, insert, select, text

from bot import mass_texts, restoring
from bot.backup_file import BackupProblem, read_stamp, stamp
from bot.backups import make_backup
from bot.config import Settings
from bot.core.kinds import Language
from bot.db import Database
from bot.migrations import alembic_config
from bot.models import Event, Export, Message, Note, Participant, Service, WeekCount
from bot.restoring import put_back
from bot.revision import is_current
from tests.backed_up import Rows, back_up, opened, put_elsewhere, rows
from tests.databases import DATA_KEY, FRESH
from tests.world import MONDAY_MORNING, Colleague, Person, World

NOW = MONDAY_MORNING


@pytest.fixture(params=FRESH)
def elsewhere(request: pytest.FixtureRequest) -> Iterator[str]:
    """One more fresh database, of either kind."""
    with FRESH[request.param]() as url:
        yield url


@pytest.fixture
def another(database_url: str) -> Iterator[str]:
    """One more fresh database, of the same kind."""
    with FRESH[database_url.partition(":")[0]]() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.db"


def settings(url: str, keys: str = DATA_KEY) -> Settings:
    return Settings(
        _env_file=None, database_url=url, secret_key="a key for tests only", data_keys=keys, carrier="simulated",
        api_url="http://127.0.0.1:9",
    )  # fmt: skip


def restored(file: Path, url: str) -> Rows:
    """What a database holds in which the file was put back."""
    with opened(url) as database:
        put_back(file, database, settings(url), NOW)
        return rows(database.engine)


# everything


def _lives(world: World) -> tuple[Colleague, Person]:
    """A morning with something in nearly every table, and something left undone."""
    dana = world.colleague("Dana", on_call=True, team="North")
    ana = world.participant("Ana", dana)
    luz = world.participant("Luz", dana, language="es")
    ben = world.participant("Ben", dana)
    for person in (ana, luz, ben):
        world.is_due(person, "weekly", repeat_days=7)
    world.settles()
    ana.texts("its ok \u2028 \U0001f600 no complaints")
    luz.texts("me pegó otra vez")
    dana.texts(dana.code())
    ben.texts("STOP")
    world.stranger().texts("who is this", media=("https://example.org/1",))
    with world.standby.db.writing() as session:
        parts = [("delivered", None, "silent", ["sms", "whatsapp"], [3, 1])]
        session.add(WeekCount(by="channel", week=date(2026, 10, 5), flow_name="weekly", parts=parts))
        session.add(Note(participant_id=ana.id, staff_id=dana.id, body="likes ñandúes", at=world.now))
        session.add(Service(name="Beds", needs=["housing", "ñ"], active=True, languages="", hours="", area=""))
        session.add(Export(at=world.now, parameters={"from": "2026-11-23", "n": 1.5}, checksum="x", rows=3))
        people = session.scalars(select(Participant)).all()
        bodies = {Language.EN: "We are closed on Friday."}
        to_whom = mass_texts.audience(session, people, bodies, world.now)
        mass_texts.send_to_all(session, dana.id, "key", bodies, to_whom, world.now)
    ana.sends("i need a ride")
    world.carrier.run_due()
    return dana, ana


def test_a_backup_put_back_holds_every_row_as_it_was(elsewhere: str, world: World, file: Path) -> None:
    _lives(world)
    before = rows(world.standby.db.engine)
    for phone in world.phones:
        phone.hears_all()
    back_up(world, file)
    done = put_elsewhere(world, file, elsewhere)
    after = rows(world.standby.db.engine)
    assert len(after.pop("restorations")) == 1 and before.pop("restorations") == []
    new = [row for row in after["events"] if row not in before["events"]]
    assert len(new) == 1 and "restored" in new[0]
    after["events"].remove(new[0])
    assert done.dropped == 1
    dropped = [(new, old) for new, old in zip(after["messages"], before["messages"], strict=True) if new != old]
    assert [{pair for pair in zip(new, old, strict=True) if pair[0] != pair[1]} for new, old in dropped] == [
        {("dropped", "waiting"), ("restored from a backup", None)}
    ]
    del before["messages"], after["messages"]
    assert after == before
    assert {name: count for name, count in done.rows.items() if name in before} == {
        name: len(each) for name, each in before.items()
    }
    empty = {name for name, each in before.items() if not each}
    assert empty == {
        "absences", "assignments", "broken_promises", "covers", "handovers", "openings", "rehearsals", "study_ids",
        "summaries_sent", "verdicts",
    }  # fmt: skip


def test_a_restored_programme_goes_on(elsewhere: str, world: World, file: Path) -> None:
    dana, ana = _lives(world)
    back_up(world, file)
    with world.standby.db.reading() as session:
        last = session.scalar(select(func.max(Message.id)))
    assert last is not None
    put_elsewhere(world, file, elsewhere)
    for phone in world.phones:
        phone.hears_all()
    world.passes(minutes=15)
    assert world.texts_from(ana)[-1].handled_at is not None
    for phone in world.phones:
        phone.hears_all()
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("someone may be in danger")
    assert "safety now open" in world.flags(ana)
    assert world.texts_from(ana)[-1].id > last


def test_nothing_in_a_backup_can_be_read_without_the_keys(world: World, file: Path) -> None:
    _lives(world)
    back_up(world, file)
    for phone in world.phones:
        phone.hears_all()
    held = file.read_bytes()
    for word in ("a ride", "pegó", "closed on Friday", "ñandúes", *(phone.number for phone in world.phones)):
        assert word.encode() not in held


def test_a_text_that_was_damaged_stops_no_backup(world: World, file: Path) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("How is your week going")
    ana.sends("im good")
    world.carrier.run_due()
    with world.standby.db.writing() as session:
        newest = session.scalars(select(func.max(Message.id))).one()
        kept = session.execute(text(f"SELECT body FROM messages WHERE id = {newest}")).scalar_one()
        session.execute(text(f"UPDATE messages SET body = 'no key opens this' WHERE id = {newest}"))
    back_up(world, file)
    assert file.exists()
    with world.standby.db.writing() as session:
        session.execute(text("UPDATE messages SET body = :kept WHERE id = :id"), {"kept": kept, "id": newest})


def test_a_backup_stands_alone_and_is_its_owners(database: Database, file: Path) -> None:
    make_backup(database, settings("sqlite:///x"), file, NOW)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert read_stamp(file).made_at == NOW


def test_a_backup_of_a_restored_database_is_one_too(database: Database, file: Path, elsewhere: str) -> None:
    made = settings("sqlite:///x")
    make_backup(database, made, file, NOW)
    with opened(elsewhere) as second:
        put_back(file, second, made, NOW)
        make_backup(second, made, file.with_name("again.db"), NOW + timedelta(hours=1))
    with FRESH["sqlite"]() as url:
        assert len(restored(file.with_name("again.db"), url)["restorations"]) == 2


def test_a_database_without_tables_gets_them(database: Database, file: Path, tmp_path: Path) -> None:
    make_backup(database, settings("sqlite:///x"), file, NOW)
    url = f"sqlite:///{tmp_path}/new/standby.db"
    assert restored(file, url)["restorations"]
    with opened(url) as new:
        assert is_current(new.engine)


def test_references_are_checked_at_once_again(database: Database, file: Path) -> None:
    """PostgreSQL lets them wait while rows are put back; nobody else's may."""
    make_backup(database, settings("sqlite:///x"), file, NOW)
    with FRESH["postgresql"]() as url:
        restored(file, url)
        with opened(url) as new, new.engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM pg_constraint WHERE condeferrable")) == 0


# while others write


def test_a_backup_taken_while_others_write_is_of_one_moment(database: Database, tmp_path: Path) -> None:
    """Each of the writer's transactions writes into two tables: a backup has both rows or none."""
    with _writer(database) as written:
        for number in range(5):
            made = tmp_path / f"{number}.db"
            before = written()
            make_backup(database, settings("sqlite:///x"), made, NOW)
            assert written(more_than=written()) > before
            with closing(sqlite3.connect(made)) as connection:
                events = connection.execute("SELECT count(*), max(detail) FROM events").fetchone()
                services = connection.execute("SELECT count(*), max(name) FROM services").fetchone()
            assert events == services and events[0] >= before


@contextmanager
def _writer(database: Database) -> Iterator[Callable[..., int]]:
    """Somebody who writes all the time; gives a question: how many commits so far, or as soon as they are more?"""
    committed, enough = threading.Condition(), threading.Event()
    count = 0

    def write() -> None:
        nonlocal count
        while not enough.is_set():
            with database.writing() as session:
                session.add(Event(at=NOW, what="pair", detail=f"{count:06}"))
                session.flush()
                session.add(Service(name=f"{count:06}", needs=[]))
            with committed:
                count += 1
                committed.notify_all()

    def written(more_than: int = -1) -> int:
        with committed:
            assert committed.wait_for(lambda: count > more_than, timeout=30)
            return count

    thread = threading.Thread(target=write)
    thread.start()
    try:
        written(more_than=0)
        yield written
    finally:
        enough.set()
        thread.join()


# what goes wrong


def test_a_file_that_is_there_is_not_written_over(database: Database, file: Path) -> None:
    file.write_text("mine")
    with pytest.raises(BackupProblem, match="is there already"):
        make_backup(database, settings("sqlite:///x"), file, NOW)
    assert file.read_text() == "mine"


def test_a_file_that_appears_meanwhile_is_not_written_over(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.backups.check_keys", lambda *_: file.write_text("mine"))
    with pytest.raises(BackupProblem, match="is there already"):
        make_backup(database, settings("sqlite:///x"), file, NOW)
    assert file.read_text() == "mine" and len(list(file.parent.iterdir())) == 1


def test_a_disk_without_links_gets_a_backup_too(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    make_backup(database, settings("sqlite:///x"), file, NOW)
    assert read_stamp(file).made_at == NOW


def test_a_full_disk_leaves_no_half_file(database: Database, file: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(BackupProblem, match="was not written.*disk is full"):
            make_backup(database, settings("sqlite:///x"), file, NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(file.parent.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(database: Database, tmp_path: Path) -> None:
    with pytest.raises(BackupProblem, match="nowhere/backup.db was not written.*name a folder"):
        make_backup(database, settings("sqlite:///x"), tmp_path / "nowhere" / "backup.db", NOW)


def test_a_damaged_database_is_not_backed_up(file: Path) -> None:
    with FRESH["sqlite"]() as url, opened(url) as database:
        with closing(sqlite3.connect(str(database.engine.url.database), isolation_level=None)) as connection:
            connection.execute("INSERT INTO replies (check_in_id, name, value, at) VALUES (7, 'bed', 'x', 'y')")
        with pytest.raises(BackupProblem, match="damaged and was not backed up"):
            make_backup(database, settings(url), file, NOW)
    assert list(file.parent.iterdir()) == []


def _lose_the_end(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5000])


def _change_a_letter(file: Path) -> None:
    held = file.read_bytes()
    assert held.count(b"Xanadu") == 1
    file.write_bytes(held.replace(b"Xanadu", b"Xanadi"))


def _change_an_entry(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("DELETE FROM events")


def _be_something_else(file: Path) -> None:
    file.write_text("dear diary")


def _be_a_plain_copy(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("DROP TABLE standby_backup")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_lose_the_end, "is damaged"),
        (_change_a_letter, "backup.db is damaged. Put another"),
        (_change_an_entry, "backup.db is damaged. Put another"),
        (_be_something_else, "not made by python -m bot backup"),
        (_be_a_plain_copy, "not made by python -m bot backup"),
    ],
)
def test_what_is_no_sound_backup_is_refused(
    database: Database, file: Path, another: str, damage: Callable[[Path], None], told: str
) -> None:
    with database.writing() as session:
        session.add(Event(at=NOW, what="Xanadu"))
    make_backup(database, settings("sqlite:///x"), file, NOW)
    damage(file)
    with pytest.raises(BackupProblem, match=told):
        restored(file, another)
    assert _holds_nothing(another)


def _holds_nothing(url: str) -> bool:
    with opened(url) as database:
        return not any(rows(database.engine).values())


def test_a_backup_of_a_newer_version_is_refused(database: Database, file: Path, another: str) -> None:
    make_backup(database, settings("sqlite:///x"), file, NOW)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    stamp(file, NOW)
    with pytest.raises(BackupProblem, match="newer version of Standby. Install that one"):
        restored(file, another)
    assert _holds_nothing(another)


def test_a_backup_of_an_older_version_is_brought_up(database: Database, file: Path, elsewhere: str) -> None:
    command.downgrade(alembic_config(database.engine), "0004")
    with database.engine.execution_options(writes=True).begin() as connection:
        old = MetaData()
        old.reflect(connection)
        version = {"version": "v", "name": "weekly", "source": ""}
        connection.execute(insert(old.tables["flow_versions"]), version)
        at = NOW if connection.dialect.name == "postgresql" else NOW.replace(tzinfo=None)
        sealed = {"name": "x", "language": "en", "zone": "America/Chicago", "cohort": "Fall"}
        connection.execute(insert(old.tables["participants"]), {"id": 7, "enrolled_at": at, "silences": 0, **sealed})
        kept = {"id": 5, "participant_id": 7, "flow_name": "weekly", "flow_version": "v", "started_at": at}
        connection.execute(insert(old.tables["check_ins"]), kept)
    make_backup(database, settings("sqlite:///x"), file, NOW)
    with opened(elsewhere) as new:
        put_back(file, new, settings(elsewhere), NOW)
        assert is_current(new.engine)
        with new.engine.connect() as connection:
            row = connection.execute(text("SELECT id, week, cohort FROM check_ins")).one()
        assert (row.id, str(row.week), row.cohort) == (5, "2026-11-23", "Fall")


def test_a_database_that_holds_anything_is_not_written_over(database: Database, file: Path, another: str) -> None:
    make_backup(database, settings("sqlite:///x"), file, NOW)
    with opened(another) as taken:
        with taken.writing() as session:
            session.add(Event(at=NOW, what="mine"))
        before = rows(taken.engine)
        with pytest.raises(BackupProblem, match="not empty.*name a new one"):
            put_back(file, taken, settings(another), NOW)
        assert rows(taken.engine) == before


def test_a_database_that_holds_anything_keeps_its_version(database: Database, file: Path, another: str) -> None:
    make_backup(database, settings("sqlite:///x"), file, NOW)
    with opened(another) as taken:
        with taken.writing() as session:
            session.add(Event(at=NOW, what="mine"))
        command.downgrade(alembic_config(taken.engine), "0006")
        with pytest.raises(BackupProblem, match="not empty"):
            put_back(file, taken, settings(another), NOW)
        assert not is_current(taken.engine)


def test_who_writes_meanwhile_keeps_what_they_wrote(
    database: Database, file: Path, another: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup(database, settings("sqlite:///x"), file, NOW)
    whole = restoring._migrate

    def migrates_and_is_used(db: Database, given: Settings) -> None:
        whole(db, given)
        with opened(another) as other, other.writing() as session:
            session.add(Event(at=NOW, what="mine"))

    monkeypatch.setattr(restoring, "_migrate", migrates_and_is_used)
    with pytest.raises(BackupProblem, match="not empty"):
        restored(file, another)
    with opened(another) as taken:
        assert len(rows(taken.engine)["events"]) == 1


def test_a_restore_that_dies_midway_puts_nothing_back(
    database: Database, file: Path, another: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing() as session:
        session.add(Event(at=NOW, what="mine"))
    make_backup(database, settings("sqlite:///x"), file, NOW)

    def dies(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(restoring, "_make_safe", dies)
        with pytest.raises(KeyboardInterrupt):
            restored(file, another)
    assert _holds_nothing(another)
    assert restored(file, another)["events"]


def test_wrong_keys_are_refused_both_ways(database: Database, file: Path, another: str) -> None:
    with database.writing() as session:
        session.add(Event(at=NOW, what="mine"))
    make_backup(database, settings("sqlite:///x"), file, NOW)
    wrong = Fernet.generate_key().decode()
    try:
        with pytest.raises(BackupProblem, match="STANDBY_DATA_KEYS do not open backup.db"):
            put_back(file, Database(another, wrong), settings(another, wrong), NOW)
        with pytest.raises(BackupProblem, match="STANDBY_DATA_KEYS do not open this database"):
            make_backup(database, settings("sqlite:///x", wrong), file.with_name("other.db"), NOW)
    finally:
        Database(another, DATA_KEY)  # keys are the process's: the right ones again
    assert _holds_nothing(another) and not file.with_name("other.db").exists()
