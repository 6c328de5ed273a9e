"""Enrolling from a CSV file: what enters, what does not, and what the report says."""

import csv
import io
from datetime import UTC, date, datetime, time
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot import people
from bot.db import Base
from bot.importing import DONE, PARTICIPANTS, Register, RowReport, import_rows, read_phone
from bot.models import Consent, Participant, Plan, Role
from bot.sheets import ImportProblem, read_rows
from tests.world import World

ANA = {
    "name": "Ana", "phone": "816-555-0160", "language": "es", "zone": "America/Denver",
    "caseworker": "dana@example.org", "cohort": "Fall", "consent_on": "2026-11-20", "consent_by": "Dana Reed",
    "flow": "weekly", "start_on": "2026-11-25",
}  # fmt: skip


@pytest.fixture
def quiet_world(world: World) -> World:
    """A programme with one caseworker, Dana."""
    world.colleague("Dana")
    return world


def sheet(*rows: dict[str, str], columns: tuple[str, ...] = PARTICIPANTS.known) -> bytes:
    """A CSV file of these rows."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def row(**over: str) -> dict[str, str]:
    return {**ANA, **over}


def imports(world: World, content: bytes) -> list[RowReport]:
    register = Register(world.standby.db, world.settings, world.standby.shelf)
    return list(import_rows(register, read_rows(content, PARTICIPANTS), world.now))


def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with world.standby.db.reading() as session:
        tables = Base.metadata.sorted_tables
        return {table.name: sorted(map(tuple, session.execute(select(table))), key=repr) for table in tables}


def plans(world: World) -> list[tuple[str, str, int | None]]:
    with world.standby.db.reading() as session:
        found = session.scalars(select(Plan).where(Plan.next_check_in_at.is_not(None)).order_by(Plan.id))
        return [(each.flow_name, f"{each.next_check_in_at:%m-%d %H:%M}", each.repeat_days) for each in found]


def names(world: World) -> list[str]:
    with world.standby.db.reading() as session:
        return list(session.scalars(select(Participant.name).order_by(Participant.id)))


def test_a_good_row_enters_with_everything(quiet_world: World) -> None:
    assert imports(quiet_world, sheet(ANA)) == [RowReport(2, "enrolled")]
    with quiet_world.standby.db.reading() as session:
        ana = session.scalars(select(Participant)).one()
        assert (ana.name, ana.language, ana.zone, ana.cohort) == ("Ana", "es", "America/Denver", "Fall")
        assert ana.caseworker is not None and ana.caseworker.email == "dana@example.org"
        assert [(each.channel, each.value) for each in ana.addresses] == [("sms", "+18165550160")]
        consent = session.scalars(select(Consent)).one()
        assert (consent.given_on, consent.recorded_by, consent.method) == (date(2026, 11, 20), "Dana Reed", "paper")
    assert plans(quiet_world) == [("welcome", "11-23 16:00", None), ("weekly", "11-25 17:00", 7)]


def test_a_name_and_a_number_are_enough(quiet_world: World) -> None:
    reports = imports(quiet_world, sheet({"name": "Ana", "phone": "(816) 555-0160"}, columns=("phone", "name")))
    assert reports == [RowReport(2, "enrolled", ("consent_on: empty, so this person is not texted",))]
    with quiet_world.standby.db.reading() as session:
        ana = session.scalars(select(Participant)).one()
        assert (ana.language, ana.zone, ana.caseworker_id, ana.cohort) == ("en", "America/Chicago", None, "")


FAULTS = {
    "name": ("", "alias is enough"),
    "phone": ("816-555-01", "write it like 816-555-0123"),
    "language": ("French", "en, es"),
    "zone": ("Central", "write it like America/Chicago"),
    "caseworker": ("omar@example.org", "add-staff"),
    "cohort": ("x" * 61, "shorten"),
    "consent_on": ("11/20/2026", "write it like 2026-11-23"),
    "consent_by": ("", "who recorded"),
    "flow": ("monthly", "reconnect, weekly"),
    "start_on": ("tomorrow", "write it like 2026-11-23"),
}


@pytest.mark.parametrize("column", FAULTS)
def test_a_fault_is_told_with_its_column_and_the_mend(quiet_world: World, column: str) -> None:
    wrong, mend = FAULTS[column]
    before = everything(quiet_world)
    (report,) = imports(quiet_world, sheet(row(**{column: wrong})))
    assert (report.line, report.done, len(report.problems)) == (2, "not taken", 1)
    assert report.problems[0].startswith(f"{column}: ") and mend in report.problems[0]
    assert everything(quiet_world) == before


def test_every_fault_of_a_row_is_told(quiet_world: World) -> None:
    (report,) = imports(quiet_world, sheet({column: wrong for column, (wrong, _) in FAULTS.items()}))
    assert [problem.partition(":")[0] for problem in report.problems] == list(FAULTS)


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("phone", "none"), ("phone", "816-555-0160 ext. 4"), ("phone", "+1 816 155 0160"), ("phone", "9" * 400),
        ("consent_on", "2026-11-24"), ("consent_on", "2026-02-30"), ("start_on", "2062-11-25"), ("flow", "after_help"),
        ("flow", "always"), ("flow", "welcome"), ("caseworker", "rita@example.org"), ("name", "x" * 101),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(quiet_world: World, column: str, wrong: str) -> None:
    quiet_world.colleague("Rita", Role.RESEARCHER)
    (report,) = imports(quiet_world, sheet(row(**{column: wrong})))
    assert report.done == "not taken"
    assert [problem.partition(":")[0] for problem in report.problems] == [column]
    assert names(quiet_world) == []


def test_good_rows_enter_beside_bad_ones(quiet_world: World) -> None:
    content = sheet(ANA, row(name="Beto", phone="12"), row(name="Chuy", phone="816-555-0161"))
    assert [report.done for report in imports(quiet_world, content)] == ["enrolled", "not taken", "enrolled"]
    assert names(quiet_world) == ["Ana", "Chuy"]


def test_a_second_import_changes_nothing(quiet_world: World) -> None:
    content = sheet(ANA, row(name="Beto", phone="816-555-0161", zone=""), row(name="Chuy", phone="12"))
    imports(quiet_world, content)
    before = everything(quiet_world)
    assert [report.done for report in imports(quiet_world, content)] == ["already there", "already there", "not taken"]
    assert everything(quiet_world) == before


def test_the_same_person_twice_in_a_file_enters_once(quiet_world: World) -> None:
    reports = imports(quiet_world, sheet(ANA, row(name="ANA", phone="+1 (816) 555-0160")))
    assert [report.done for report in reports] == ["enrolled", "already there"]
    assert names(quiet_world) == ["Ana"]


def test_two_people_with_one_number_are_told_apart(quiet_world: World) -> None:
    _, beto = imports(quiet_world, sheet(ANA, row(name="Beto")))
    assert (beto.done, beto.problems) == ("not taken", ("phone: this number belongs to another participant",))
    assert names(quiet_world) == ["Ana"]


def test_staff_cannot_be_enrolled(quiet_world: World) -> None:
    dana = quiet_world.phones[0]
    (report,) = imports(quiet_world, sheet(row(phone=dana.number)))
    assert (report.done, report.problems) == ("not taken", ("phone: this is the number of a member of staff",))
    assert names(quiet_world) == []


def test_without_consent_nobody_is_texted(quiet_world: World) -> None:
    ana = quiet_world.stranger()
    (report,) = imports(quiet_world, sheet(row(phone=ana.number, consent_on="", consent_by="")))
    assert report.done == "enrolled"
    quiet_world.passes(days=21)
    ana.hears_nothing()


def test_with_consent_the_welcome_comes_first_and_the_flow_at_its_day(quiet_world: World) -> None:
    ana = quiet_world.stranger()
    imports(quiet_world, sheet(row(phone=ana.number, language="en", zone="")))
    quiet_world.settles()
    ana.hears("Dana", "STOP")
    ana.hears("911")
    ana.texts("good")
    ana.texts("1")
    assert len(ana.hears_all()) == 2
    quiet_world.passes(days=1, hours=23)
    ana.hears_nothing()
    quiet_world.passes(hours=1)
    ana.hears("Dana", "?")


def test_an_opt_out_outlives_an_import(quiet_world: World) -> None:
    ana = quiet_world.stranger()
    with quiet_world.standby.db.writing() as session:
        people.block(session, quiet_world.standby.db.fingerprint(ana.number), "stop", quiet_world.now)
    (report,) = imports(quiet_world, sheet(row(phone=ana.number)))
    assert report.done == "enrolled" and "asked for no more texts" in report.problems[0]
    quiet_world.passes(days=21)
    ana.hears_nothing()


def test_an_opted_out_participant_stays_so(quiet_world: World) -> None:
    ana = quiet_world.stranger()
    content = sheet(row(phone=ana.number, language="en"))
    imports(quiet_world, content)
    quiet_world.settles()
    ana.texts("please stop texting me")
    ana.hears_all()
    quiet_world.phones[0].hears("someone needs an answer")
    before = everything(quiet_world)
    assert [report.done for report in imports(quiet_world, content)] == ["already there"]
    assert everything(quiet_world) == before


def test_consent_that_comes_later_starts_the_texts(quiet_world: World) -> None:
    ana = quiet_world.stranger()
    first = row(phone=ana.number, language="en", zone="", consent_on="", consent_by="", flow="", start_on="")
    imports(quiet_world, sheet(first))
    quiet_world.passes(days=2)  # the welcome came due meanwhile, and no text was allowed
    content = sheet(row(phone=ana.number, language="en", zone="", start_on="", consent_on="2026-11-24"))
    assert [report.done for report in imports(quiet_world, content)] == ["consent recorded"]
    before = everything(quiet_world)
    assert [report.done for report in imports(quiet_world, content)] == ["already there"]
    assert everything(quiet_world) == before
    assert plans(quiet_world) == [("welcome", "11-25 16:00", None), ("weekly", "11-26 16:00", 7)]
    quiet_world.settles()
    ana.hears("Dana", "STOP")
    ana.hears("911")


def test_consent_that_comes_later_plans_nothing_twice(quiet_world: World) -> None:
    imports(quiet_world, sheet(row(consent_on="", consent_by="")))
    planned = plans(quiet_world)
    assert [report.done for report in imports(quiet_world, sheet(ANA))] == ["consent recorded"]
    assert plans(quiet_world) == planned


def test_consent_of_an_opted_out_person_is_not_taken_from_a_file(quiet_world: World) -> None:
    ana = quiet_world.stranger()
    imports(quiet_world, sheet(row(phone=ana.number, consent_on="", consent_by="")))
    ana.texts("stop")
    ana.hears_all()
    quiet_world.phones[0].hears("someone needs an answer")
    before = everything(quiet_world)
    (report,) = imports(quiet_world, sheet(row(phone=ana.number)))
    assert report.done == "already there" and "asked for no more texts" in report.problems[0]
    assert everything(quiet_world) == before


@pytest.mark.parametrize(
    ("now", "start_on", "hours", "welcome", "weekly"),
    [
        ("2026-11-24 03:30", "2026-11-20", ("09:00", "20:00"), "11-24 15:00", "11-25 16:00"),  # at night; a day past
        ("2026-11-23 16:00", "2026-11-23", ("09:00", "20:00"), "11-23 16:00", "11-24 16:00"),  # today
        ("2026-11-23 16:00", "", ("09:00", "20:00"), "11-23 16:00", "11-24 16:00"),
        ("2026-11-24 02:30", "2026-11-24", ("09:00", "20:00"), "11-24 15:00", "11-25 16:00"),  # still Monday there
        ("2026-11-23 16:00", "2026-11-26", ("12:00", "20:00"), "11-23 18:00", "11-26 18:00"),
        ("2026-11-23 17:00", "2026-11-26", ("08:00", "09:30"), "11-24 14:00", "11-27 14:00"),
    ],
)  # fmt: skip
def test_first_texts_come_inside_sending_hours(
    quiet_world: World, now: str, start_on: str, hours: tuple[str, str], welcome: str, weekly: str
) -> None:
    quiet_world.now = datetime.fromisoformat(now).replace(tzinfo=UTC)
    opens, closes = map(time.fromisoformat, hours)
    update = {"sending_from": opens, "sending_until": closes}
    quiet_world.settings = quiet_world.settings.model_copy(update=update)
    imports(quiet_world, sheet(row(zone="", start_on=start_on)))
    assert plans(quiet_world) == [("welcome", welcome, None), ("weekly", weekly, 7)]


@pytest.mark.parametrize(
    ("phone", "zone"),
    [
        ("913-555-0160", "America/Chicago"),
        ("212-555-0160", "America/New_York"),
        ("509-555-0160", "America/Los_Angeles"),
    ],
)
def test_the_area_code_is_a_first_guess_at_the_zone(quiet_world: World, phone: str, zone: str) -> None:
    imports(quiet_world, sheet(row(phone=phone, zone="")))
    with quiet_world.standby.db.reading() as session:
        assert session.scalars(select(Participant.zone)).one() == zone


# the file itself

HEADER, CELLS = b"name,phone,cohort", b"Ana,816-555-0160,Fall"


@pytest.mark.parametrize(
    "content",
    [
        HEADER + b"\n" + CELLS,
        b"\xef\xbb\xbf" + HEADER + b"\r\n" + CELLS + b"\r\n",
        HEADER + b"\r" + CELLS + b"\r",
        b" Name , PHONE,Cohort\nAna, 816-555-0160 ,  Fall\n",
        HEADER.replace(b",", b";") + b"\n" + CELLS.replace(b",", b";"),
        HEADER.replace(b",", b"\t") + b"\n" + CELLS.replace(b",", b"\t"),
        HEADER + b"\n\n\n,,\n" + CELLS + b"\n,,\n",
        b'name,phone,cohort\n"Ana","816-555-0160", "Fall"\n',
    ],
    ids=["plain", "bom crlf", "cr", "spaces", "semicolons", "tabs", "blank lines", "quotes"],
)
def test_sheets_are_read_as_programs_write_them(content: bytes) -> None:
    (found,) = read_rows(content, PARTICIPANTS)
    assert {name: cell for name, cell in found.cells.items() if cell} == {
        "name": "Ana", "phone": "816-555-0160", "cohort": "Fall",
    }  # fmt: skip
    assert found.problem == ""


def test_commas_and_line_breaks_live_inside_quotes() -> None:
    (found,) = read_rows(b'name,phone,cohort\n"Reed, Ana",816-555-0160,"Fall\n2026"\n', PARTICIPANTS)
    assert (found.cells["name"], found.cells["cohort"]) == ("Reed, Ana", "Fall 2026")


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    assert [row.line for row in read_rows(HEADER + b"\n\n" + CELLS + b"\n\n,,\n" + CELLS, PARTICIPANTS)] == [3, 6]


def test_a_comma_too_many_is_told_and_nothing_enters(quiet_world: World) -> None:
    (report,) = imports(quiet_world, HEADER + b"\nReed, Ana,816-555-0160,Fall\n")
    assert report.done == "not taken" and "quotes" in report.problems[0]
    assert names(quiet_world) == []


def test_a_header_alone_is_an_empty_sheet() -> None:
    assert read_rows(HEADER, PARTICIPANTS) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b" \r\n\n", "empty"),
        (b"Ana,816-555-0160", "no column 'name'"),
        (b"name,phone,race\n", "unknown column 'race'"),
        (b"name\nAna", "no column 'phone'"),
        (b"name,phone,phone\n", "column 'phone' twice"),
        ("name,phone\nInés,816-555-0160".encode("latin-1"), "CSV UTF-8"),
        ("name,phone\nInés,816-555-0160".encode("utf-16"), "CSV UTF-8"),
        (b"name,phone\nA\0na,816-555-0160", "CSV UTF-8"),
        (b'name,phone\n"Ana,816-555-0160\nBeto,816-555-0161\n', "stray quote"),
        (b'name,phone\n"Ana" Reed,816-555-0160\n', "line 2"),
        (b"x" * 200_000, "line 1"),
        (b"PK\x03\x04\x14\x00\x06\x00", "CSV UTF-8"),
    ],
)
def test_a_file_that_cannot_be_meant_says_what_to_do(content: bytes, told: str) -> None:
    with pytest.raises(ImportProblem, match=told):
        read_rows(content, PARTICIPANTS)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_thousand_rows_enter_in_reasonable_time(quiet_world: World) -> None:
    rows = [row(name=f"P{i}", phone=f"816-{200 + i // 100:03d}-01{i % 100:02d}") for i in range(2000)]
    started = process_time()
    reports = imports(quiet_world, sheet(*rows))
    assert process_time() - started < 60
    assert {report.done for report in reports} == {"enrolled"}
    assert len(names(quiet_world)) == 2000


CELL = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(sorted(set(ANA.values())))


NEARLY = st.text(max_size=200).map(lambda text: f"name,phone\n{text}".encode("utf-8", "replace"))


@given(st.binary(max_size=200) | NEARLY)
def test_whatever_the_bytes_only_one_error_is_raised(content: bytes) -> None:
    try:
        read_rows(content, PARTICIPANTS)
    except ImportProblem as problem:
        assert str(problem)


@given(st.text(max_size=40))
def test_whatever_the_text_a_number_is_read_or_refused(text: str) -> None:
    try:
        assert read_phone(text).startswith("+")
    except ImportProblem as problem:
        assert str(problem)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fixed_dictionaries({column: CELL for column in PARTICIPANTS.known}), max_size=3))
def test_whatever_the_cells_every_row_is_reported(quiet_world: World, rows: list[dict[str, str]]) -> None:
    try:
        reports = imports(quiet_world, sheet(*rows))
    except ImportProblem:
        return
    assert all(report.done in DONE for report in reports)
