"""What an export for research holds and does not hold, what it says of itself, and that it is on record."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from arro3.core import DataType
from arro3.io import read_parquet
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.config import ROOT, Settings
from bot.core.became import Became
from bot.core.deidentify import OTHER, Dates, Extra, Type, tables
from bot.core.escalation import Urgency
from bot.core.kinds import Language, Need, Outcome
from bot.db import Database
from bot.models import (
    Address,
    Assignment,
    CheckIn,
    Consent,
    Direction,
    Event,
    Export,
    FlagState,
    FlowVersion,
    Message,
    Note,
    Participant,
    Reply,
    Resolution,
    Staff,
    StudyId,
)
from bot.reports.scope import Scope
from bot.research import ExportProblem, Taken, take, version
from bot.study import Wanted, people_of
from tests.databases import DATA_KEY
from tests.kept import DAY, HOUR, MINUTE, NOW, THIS_WEEK, WEEK, ZONE, Kept

SCOPE = Scope(date(2026, 9, 14), date(2026, 11, 23), ZONE)
PLAIN, ALL = Wanted(SCOPE), frozenset(Extra)
TEXT = "its Quentin O’Neil, ask Ozymandias or Dana. =cmd 816-555-0199 qn@example.com"
Rows = list[dict[str, Any]]


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A programme of 26 people, two of them in a cohort of their own, one in another zone."""
    database = Database(database_url, DATA_KEY)
    with database.writing() as session:
        _fill(session, Kept(session))
    yield database
    database.engine.dispose()


def _fill(session: Session, kept: Kept) -> None:
    dana = kept.worker("Dana")
    dana.phone = "+18165550111"
    for n in range(26):
        person = kept.person(
            name="Quentin O’Neil" if n == 0 else f"Ozymandias Xavier{n}",
            language=Language.ES if n < 12 else Language.EN,
            zone="America/Denver" if n == 3 else ZONE,
            cohort="Witnesses" if n in (3, 4) else "North",
            caseworker_id=dana.id,
            enrolled_at=THIS_WEEK - 10 * WEEK + n * DAY,
        )
        number = f"+181655502{n:02d}"
        session.add(Address(participant_id=person.id, channel="sms", value=number, value_hash=f"h{n}"))
        session.add(Note(participant_id=person.id, staff_id=dana.id, body="Lives on Troost Avenue", at=NOW))
        for week in (9, 2, 0):
            _run(session, kept, person, n, week)
    session.get_one(FlowVersion, "weekly").source = (ROOT / "flows" / "weekly.toml").read_text(encoding="utf-8")


def _run(session: Session, kept: Kept, person: Participant, n: int, week: int) -> None:
    at = THIS_WEEK - week * WEEK + n * HOUR / 2 + 9 * HOUR
    check_in = kept.check_in(
        at, answered=n * MINUTE, outcome=Outcome.FINISHED if week else None, participant_id=person.id,
        flow="secret" if n == 5 and week == 2 else "weekly",
    )  # fmt: skip
    if week == 2:
        for flow, wording in (("weekly", "warm"), ("secret", "cold")):
            row = {"flow_name": flow, "state": "open", "variant": wording, "at": NOW - WEEK, "flow_version": "weekly"}
            session.add(Assignment(participant_id=person.id, check_in_id=check_in.id, **row))
    for name, value in (("open", "my brother Ozymandias hit me"), ("bed", "3"), ("work", "yes please and call")):
        session.add(Reply(check_in_id=check_in.id, name=name, value=value, at=at + n * MINUTE))
    text = {"direction": Direction.IN, "channel": "sms", "other": f"+181655502{n:02d}", "other_hash": f"h{n}"}
    session.add(Message(**text, participant_id=person.id, check_in_id=check_in.id, body=TEXT, at=at + n * MINUTE))
    flag = kept.flag(
        Need.HOUSING, at + n * MINUTE, check_in, 20 * MINUTE, resolved=True, note="sleeps at Union Station",
        resolution=Resolution.REFERRED, resolved_at=at + DAY,
    )  # fmt: skip
    assert flag.state is FlagState.RESOLVED


def settings(**over: Any) -> Settings:
    usual = {"secret_key": "a key for tests only", "data_keys": DATA_KEY, "api_url": "http://127.0.0.1:9"}
    return Settings(_env_file=None, carrier="simulated", **(usual | over))


def taken(db: Database, path: Path, wanted: Wanted = PLAIN, **over: Any) -> Taken:
    return take(db, settings(**over), wanted, path / f"{len(list(path.iterdir()))}.zip", NOW, None)


def unpacked(export: Taken) -> dict[str, bytes]:
    with ZipFile(export.path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def csv_rows(export: Taken, table: str) -> Rows:
    return list(csv.DictReader(io.StringIO(unpacked(export)[f"{table}.csv"].decode())))


def parquet_rows(export: Taken, table: str) -> Rows:
    found = read_parquet(unpacked(export)[f"{table}.parquet"]).read_all()
    columns = [[cell.as_py() for cell in found.column(name)] for name in found.column_names]
    return [dict(zip(found.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def test_no_cell_of_any_file_names_anybody(db: Database, tmp_path: Path) -> None:
    export = taken(db, tmp_path, Wanted(SCOPE, extras=ALL), research_texts="reviewed")
    with db.reading() as session:
        names = [word for each in session.scalars(select(Participant.name)) for word in each.split()]
        secret = {*names, *session.scalars(select(Staff.name)), *session.scalars(select(Staff.email))}
        secret |= set(session.scalars(select(Address.value))) | set(session.scalars(select(Note.body)))
        secret |= set(session.scalars(select(Message.other))) | {"555-0199", "qn@example.com", "Union Station"}
        secret |= set(session.scalars(select(Reply.value))) - {"3"}
        secret |= set(session.scalars(select(Message.body)))
    assert len(secret) > 60
    for name, content in unpacked(export).items():
        told = (content.decode() if not name.endswith(".parquet") else _told(export, name)).casefold()
        assert not [each for each in secret if each.casefold() in told], name
        assert name.endswith(".json") or len(told) > 200


def _told(export: Taken, name: str) -> str:
    return repr(parquet_rows(export, name.removesuffix(".parquet")))


def test_csv_parquet_and_codebook_have_the_columns_of_the_schema(db: Database, tmp_path: Path) -> None:
    export = taken(db, tmp_path, Wanted(SCOPE, extras=ALL), research_texts="reviewed")
    lines = csv_rows(export, "codebook")
    for name in tables(ALL):
        schema = read_parquet(unpacked(export)[f"{name}.parquet"]).schema
        stored = [(each.name, _kind(each.type), each.nullable) for each in schema]
        its = [line for line in lines if line["table"] == name]
        told = [(line["column"], line["type"], line["may be empty"] == "yes") for line in its]
        assert stored == told
        assert list(csv_rows(export, name)[0]) == [each[0] for each in told]


def _kind(stored: DataType) -> Type:
    kinds = {DataType.is_string: Type.TEXT, DataType.is_int32: Type.WHOLE, DataType.is_date32: Type.DAY}
    return next((kind for fits, kind in kinds.items() if fits(stored)), Type.TRUTH)


def test_csv_and_parquet_hold_the_same_and_only_values_of_the_codebook(db: Database, tmp_path: Path) -> None:
    export = taken(db, tmp_path, Wanted(SCOPE, extras=ALL), research_texts="reviewed")
    listed = {(line["table"], line["column"]): line["values"] for line in csv_rows(export, "codebook")}
    for name in tables(ALL):
        rows = parquet_rows(export, name)
        assert [{key: _as_csv(cell) for key, cell in row.items()} for row in rows] == csv_rows(export, name)
        assert len(rows) == export.rows[name] > 0
        for row in rows:
            for column, cell in row.items():
                values = listed[name, column]
                assert cell is None or not values or cell in values.split(", "), (name, column, cell)


def _as_csv(cell: Any) -> str:
    return "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)


def test_rows_say_what_was_kept(db: Database, tmp_path: Path) -> None:
    export = taken(db, tmp_path)
    first = next(each for each in parquet_rows(export, "participants") if each["enrolled_on"] == date(2026, 10, 5))
    (run, *_) = [each for each in parquet_rows(export, "check_ins") if each["study_id"] == first["study_id"]]
    assert (run["check_in"], run["began_on"], run["became"], run["part_of_day"]) == (
        1, date(2026, 9, 21), Became.ANSWERED, "evening",
    )  # fmt: skip
    flags = [each for each in parquet_rows(export, "flags") if each["study_id"] == first["study_id"]]
    assert [each["check_in"] for each in flags] == [1, 2, 3]
    assert {(each["kind"], each["urgency"], each["taken_after_min"], each["resolution"]) for each in flags} == {
        (Need.HOUSING, Urgency.TODAY, 20, "referred")
    }
    assert all(each["weeks_in"] >= -3 for each in flags)


def test_only_listed_answers_of_flows_that_enough_people_had_are_replies(db: Database, tmp_path: Path) -> None:
    export = taken(db, tmp_path)
    replies = parquet_rows(export, "replies")
    assert len(replies) == 26 * 3 - 1 and {(each["question"], each["answer"]) for each in replies} == {("bed", "3")}
    runs = parquet_rows(export, "check_ins")
    assert len(runs) == 26 * 3 - 1 and {each["flow"] for each in runs} == {"weekly"}
    assert [each["check_in"] for each in parquet_rows(export, "flags")].count(None) == 1
    questions = parquet_rows(export, "questions")
    asked = {(each["question"], each["answer"]): each["meaning"] for each in questions}
    assert asked["bed", "3"] == "no place" and {each["flow"] for each in questions} == {"weekly"}


def test_wordings_say_what_each_person_gets(db: Database, tmp_path: Path) -> None:
    rows = parquet_rows(taken(db, tmp_path), "wordings")
    assert {(each["flow"], each["state"], each["wording"], each["assigned_on"]) for each in rows} == {
        ("weekly", "open", "warm", date(2026, 11, 16))
    }
    assert len({each["study_id"] for each in rows}) == len(rows) == 26


def test_rare_cohorts_languages_and_zones_are_other(db: Database, tmp_path: Path) -> None:
    export = taken(db, tmp_path, Wanted(SCOPE, extras=frozenset({Extra.COHORT, Extra.ZONE})))
    people = parquet_rows(export, "participants")
    assert "Witnesses" not in {each["cohort"] for each in people} and {each["zone"] for each in people} <= {ZONE, OTHER}
    groups = [(each["language"], each["cohort"], each["zone"]) for each in people]
    assert min(groups.count(each) for each in groups) >= 10


def test_texts_leave_only_where_they_were_reviewed_and_are_asked_for(db: Database, tmp_path: Path) -> None:
    with pytest.raises(ExportProblem, match="STANDBY_RESEARCH_TEXTS=reviewed"):
        taken(db, tmp_path, Wanted(SCOPE, extras=frozenset({Extra.TEXTS})))
    assert "texts.csv" not in unpacked(taken(db, tmp_path, research_texts="reviewed"))
    export = taken(db, tmp_path, Wanted(SCOPE, extras=frozenset({Extra.TEXTS})), research_texts="reviewed")
    assert {each["text"] for each in parquet_rows(export, "texts")} == {
        "its [name] O’[name], ask [name] or [name]. =cmd [number] [email]"
    }


def test_the_manifest_holds_the_checksum_of_every_file(db: Database, tmp_path: Path) -> None:
    export = taken(db, tmp_path)
    files = unpacked(export)
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["sha256"] == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert manifest["rows"] == export.rows and manifest["standby"] == version() == "0.1.0"
    assert manifest["parameters"] == {
        "from": "2026-09-14", "until": "2026-11-23", "zone": ZONE, "dates": "week", "extras": [], "linked": False,
    }  # fmt: skip
    assert export.checksum == hashlib.sha256(export.path.read_bytes()).hexdigest()
    assert export.path.stat().st_mode & 0o077 == 0


def test_every_export_has_ids_of_its_own_and_none_are_kept(db: Database, tmp_path: Path) -> None:
    one, other = taken(db, tmp_path), taken(db, tmp_path)
    assert not _ids(one) & _ids(other) and one.checksum != other.checksum
    assert "for this export alone" in json.loads(unpacked(one)["manifest.json"])["ids"]
    with db.reading() as session:
        assert not session.scalars(select(StudyId)).all()


def _ids(export: Taken) -> set[str]:
    return {each["study_id"] for each in parquet_rows(export, "participants")}


@pytest.mark.parametrize("dates", Dates)
def test_where_ids_are_kept_the_same_question_gives_the_same_bytes(db: Database, tmp_path: Path, dates: Dates) -> None:
    wanted = Wanted(replace(SCOPE, first=date(2026, 9, 21), last=date(2026, 11, 16)), dates)
    one, other = (taken(db, tmp_path, wanted, research_linked=True) for _ in range(2))
    assert one.checksum == other.checksum and one.path.read_bytes() == other.path.read_bytes()
    later = taken(db, tmp_path, Wanted(SCOPE), research_linked=True)
    assert _ids(later) == _ids(one)


def test_files_are_in_the_order_of_ids_not_of_enrolment(db: Database, tmp_path: Path) -> None:
    for table in ("participants", "check_ins", "flags"):
        ids = [each["study_id"] for each in parquet_rows(taken(db, tmp_path), table)]
        assert ids == sorted(ids)


def test_shifted_days_keep_their_distances_and_hide_the_calendar(db: Database, tmp_path: Path) -> None:
    wanted = Wanted(replace(SCOPE, first=date(2026, 9, 21), last=date(2026, 11, 16)), Dates.SHIFTED)
    export = taken(db, tmp_path, wanted)
    rows = parquet_rows(export, "check_ins")
    days = [each["began_on"] for each in rows]
    assert rows and min(days) >= date(2026, 9, 21) and max(days) <= date(2026, 11, 22) - timedelta(days=28)
    assert {each["enrolled_on"] for each in parquet_rows(export, "participants")} != {None}


@pytest.mark.parametrize(
    ("scope", "dates", "says"),
    [
        (replace(SCOPE, first=date(2020, 1, 6), last=date(2020, 2, 3)), Dates.WEEK, "Fewer than 10 people"),
        (SCOPE, Dates.SHIFTED, "weeks that are over, from 2026-09-21 on"),
        (replace(SCOPE, last=date(2026, 11, 16)), Dates.SHIFTED, "weeks that are over, from 2026-09-21 on"),
        (replace(SCOPE, first=date(2026, 10, 5), last=date(2026, 11, 16)), Dates.SHIFTED, "choose 8 weeks or more"),
    ],
)
def test_what_would_tell_too_much_is_refused(
    db: Database, tmp_path: Path, scope: Scope, dates: Dates, says: str
) -> None:
    with pytest.raises(ExportProblem, match=says):
        taken(db, tmp_path, Wanted(scope, dates))
    assert not list(tmp_path.iterdir())
    with db.reading() as session:
        assert not session.scalars(select(Export)).all()


def test_an_export_is_on_record(db: Database, tmp_path: Path) -> None:
    with db.reading() as session:
        staff_id = session.scalars(select(Staff.id)).first()
    export = take(db, settings(), Wanted(SCOPE), tmp_path / "a.zip", NOW, staff_id)
    with db.reading() as session:
        row, event = session.scalars(select(Export)).one(), session.scalars(select(Event)).one()
    assert (row.staff_id, row.at, row.checksum, row.rows) == (staff_id, NOW, export.checksum, sum(export.rows.values()))
    assert row.parameters["from"] == "2026-09-14"
    assert (event.what, event.staff_id) == ("research_exported", staff_id) and export.checksum in event.detail


def test_nothing_leaves_that_is_not_on_record(db: Database, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError):
        take(db, settings(), PLAIN, tmp_path / "a.zip", NOW, staff_id=999)
    assert not list(tmp_path.iterdir())


def test_files_that_cannot_be_written_are_a_sentence(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.research.sys.executable", "/bin/false")
    with pytest.raises(ExportProblem, match="nothing was exported"):
        taken(db, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_question_without_english_leaves_too(db: Database, tmp_path: Path) -> None:
    with db.writing() as session:
        kept = session.get_one(FlowVersion, "weekly")
        kept.source = "\n".join(line for line in kept.source.splitlines() if not line.startswith("say.en"))
    assert {each["asks"] for each in parquet_rows(taken(db, tmp_path), "questions")} == {None}


def test_who_was_merged_away_meanwhile_is_left_out(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = people_of
    monkeypatch.setattr("bot.research.people_of", lambda session, scope: everybody(session, scope) | {10**6})
    rows = parquet_rows(taken(db, tmp_path), "participants")
    with db.reading() as session:
        assert len(rows) == len(people_of(session, SCOPE))


def test_nothing_is_written_over(db: Database, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("mine")
    with pytest.raises(FileExistsError):
        take(db, settings(), Wanted(SCOPE), tmp_path / "a.zip", NOW, None)
    assert (tmp_path / "a.zip").read_text() == "mine"


def test_who_agrees_to_texts_today_is_said(db: Database, tmp_path: Path) -> None:
    with db.writing() as session:
        for each in session.scalars(select(CheckIn.participant_id).distinct().limit(11)):
            session.add(Consent(participant_id=each, channel="sms", address_hash="h", given_on=NOW.date(),
                                method="paper", recorded_by="Dana", recorded_at=NOW))  # fmt: skip
    people = parquet_rows(taken(db, tmp_path), "participants")
    assert [each["agrees_to_texts"] for each in people].count(True) == 11
