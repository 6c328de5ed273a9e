"""The command line, as somebody at a terminal meets it: what is printed where, what is stored, how it exits."""

import hashlib
import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from sqlalchemy import delete, select

from app import create_app
from bot.carrier.simulated import Account, SimulatedCarrier
from bot.cli import main
from bot.config import Settings, load_settings
from bot.core.delivery import Status
from bot.core.kinds import Intent, Need
from bot.core.rota import Layer
from bot.db import Database
from bot.duty import always_on_call
from bot.models import Direction, Event, Export, Message, Participant, Role, Staff, VerdictKind, WeeklyShift
from bot.verdicts import a_verdict
from bot.wiring import build
from tests.kept import THIS_WEEK, WEEK, Kept

KEY = Fernet.generate_key().decode()
OMAR = ("add-staff", "Omar@Example.org", "--name", "Omar Lee", "--phone", "816-555-0170", "--role", "caseworker")


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A folder and an environment of their own; what the commands set up for the process is gone afterwards."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    for name, value in {
        "STANDBY_SECRET_KEY": "a key for tests only",
        "STANDBY_DATA_KEYS": KEY,
        "STANDBY_DATABASE_URL": f"sqlite:///{tmp_path / 'standby.db'}",
        "STANDBY_CARRIER": "simulated",
        "TWILIO_API_URL": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    before, hooks = structlog.get_config(), (sys.excepthook, threading.excepthook)
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**before)
    logging.root.handlers[:], (sys.excepthook, threading.excepthook) = handlers, hooks
    logging.root.setLevel(level)


def run(*words: str, input: str | None = None) -> Result:
    result = CliRunner().invoke(main, words, input=input)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def works(*words: str, told: str = "") -> str:
    result = run(*words)
    assert (result.exit_code, result.stderr) == (0, told)
    return result.stdout


def fails(*words: str) -> str:
    """What is said of the fault, on standard error alone."""
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    return " ".join(result.stderr.split())


@pytest.fixture
def database() -> Iterator[Database]:
    works("init")
    database = Database(load_settings().database_url, KEY)
    yield database
    database.engine.dispose()


def staff(database: Database) -> list[tuple[str, str, str | None, Role]]:
    with database.reading() as session:
        return [(each.email, each.name, each.phone, each.role) for each in session.scalars(select(Staff))]


def test_a_database_is_made_and_made_again_without_harm(database: Database) -> None:
    works(*OMAR)
    assert "ready" in works("init")
    assert len(staff(database)) == 1


@pytest.mark.parametrize("words", [OMAR, ("import", "participants", "people.csv"), ("needs", "learned"), ("tick",)])
def test_without_a_database_the_first_step_is_named(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,phone\n")
    said = fails(*words)
    assert said.startswith("There is no database ") and said.endswith("make it: python -m bot init")


@pytest.mark.parametrize("words", [("init",), OMAR, ("tick",)])
def test_settings_that_are_missing_are_one_message(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STANDBY_SECRET_KEY")
    monkeypatch.setenv("STANDBY_ZONE", "Mars/Base")
    said = fails(*words)
    assert said.startswith("These settings are missing or wrong:")
    assert "STANDBY_SECRET_KEY" in said and "STANDBY_ZONE" in said


def test_a_database_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDBY_DATABASE_URL", "postgresql://standby:the-password@127.0.0.1:1/standby")
    said = fails("init")
    assert said.startswith("The database cannot be used:") and "the-password" not in said


# staff


def test_staff_are_added_with_a_password_that_signs_in(database: Database) -> None:
    said = works(*OMAR, "--on-call")
    assert staff(database) == [("omar@example.org", "Omar Lee", "+18165550170", Role.CASEWORKER)]
    assert "Alerts reach it once the code was texted back" in said
    with database.reading() as session:
        asked = session.scalars(select(Message)).one()
        shifts = session.scalars(select(WeeklyShift)).all()
    assert asked.body.startswith("Standby: text back ") and asked.status is Status.QUEUED
    assert sorted(each.weekday for each in shifts) == list(range(7))
    password = said.rsplit(" ", 1)[1].strip()
    assert signs_in("omar@example.org", password)
    assert not signs_in("omar@example.org", password + "x")


def test_who_lost_a_password_gets_another(database: Database) -> None:
    old = works(*OMAR).rsplit(" ", 1)[1].strip()
    new = works("new-password", "OMAR@example.org").rsplit(" ", 1)[1].strip()
    assert signs_in("omar@example.org", new) and not signs_in("omar@example.org", old)
    assert fails("new-password", "nobody@example.org") == "Nobody on the staff has this e-mail address."


def signs_in(email: str, password: str) -> bool:
    app = create_app(build(load_settings(), soon=lambda deed: None))
    client = app.test_client()
    form = client.get("/", follow_redirects=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.text)
    answer = client.post(
        form.request.path, data={"email": email, "password": password, "csrf_token": token[1] if token else ""}
    )
    return answer.status_code == 302


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({1: "omar@example.org"}, "already has this e-mail"),
        ({1: "other@example.org"}, "already has this e-mail address or number"),
        ({1: "no address"}, "Write it like dana@example.org"),
        ({1: "other@example.org", 3: "  "}, "name is empty"),
        ({1: "other@example.org", 5: "12"}, "write it like 816-555-0123"),
        ({1: "other@example.org", 5: "816-555-0160"}, "number of a participant"),
    ],
    ids=["e-mail taken", "number taken", "bad e-mail", "no name", "bad number", "participant's"],
)
def test_staff_that_cannot_be_are_refused(
    database: Database, tmp_path: Path, change: dict[int, str], told: str
) -> None:
    works(*OMAR)
    (tmp_path / "people.csv").write_text("name,phone\nAna,816-555-0160\n")
    run("import", "participants", "people.csv")
    words = [change.get(i, word) for i, word in enumerate(OMAR)]
    assert told in fails(*words)
    assert len(staff(database)) == 1


# backups


def test_a_backup_is_made_and_put_back(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works(*OMAR)
    said = works("backup", "kept.db")
    assert said.startswith("kept.db: ") and "STANDBY_DATA_KEYS" in said
    assert "is there already" in fails("backup", "kept.db")
    assert "not empty" in fails("restore", "kept.db")
    monkeypatch.setenv("STANDBY_DATABASE_URL", f"sqlite:///{tmp_path / 'new' / 'standby.db'}")
    said = works("restore", "kept.db")
    assert re.search(r"^ +1  staff$", said, re.MULTILINE) and "Start app.py" in said and "bot tick" in said
    again = Database(load_settings().database_url, KEY)
    assert [email for email, *_ in staff(again)] == ["omar@example.org"]
    again.engine.dispose()


def test_there_has_to_be_a_database_to_back_up(tmp_path: Path) -> None:
    assert "There is no database" in fails("backup", "kept.db")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "standby.db").touch()
    assert "never set up" in fails("backup", "kept.db")


# import


def test_an_import_reports_row_by_row_and_stores_the_good(database: Database, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,phone,zone\nAna,816-555-0160,\nBeto,12,Central\n")
    result = run("import", "participants", "people.csv")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "line 2: enrolled"
    assert "line 3: not taken" in lines
    assert [line.strip().split(":")[0] for line in lines if line.startswith("    ")][1:] == ["phone", "zone"]
    assert lines[-1] == "1 enrolled, 0 already there, 1 not taken"
    assert "people.csv" in result.stderr and "people.csv" not in result.stdout
    with database.reading() as session:
        assert session.scalars(select(Participant.name)).all() == ["Ana"]


def test_an_import_without_faults_exits_well_twice(database: Database, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,phone\nAna,816-555-0160\n")
    assert run("import", "participants", "people.csv").exit_code == 0
    again = run("import", "participants", "people.csv")
    assert (again.exit_code, again.stdout) == (0, "line 2: already there\n0 enrolled, 1 already there, 0 not taken\n")


def test_consent_that_an_import_adds_is_counted(database: Database, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,phone\nAna,816-555-0160\n")
    run("import", "participants", "people.csv")
    (tmp_path / "people.csv").write_text("name,phone,consent_on,consent_by\nAna,816-555-0160,2026-01-02,Dana\n")
    said = run("import", "participants", "people.csv").stdout
    assert said == "line 2: consent recorded\n0 enrolled, 1 consent recorded, 0 already there, 0 not taken\n"


def test_a_file_that_is_no_sheet_is_one_sentence(database: Database, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(b"\xff\xfe\x00")
    assert "CSV UTF-8" in fails("import", "participants", "people.csv")


# needs


def test_a_text_is_explained() -> None:
    said = works("needs", "explain", "he hit me and i need a place to stay")
    assert said.startswith("lane: now   intent: reply")
    assert 'safety urgent: "' in said and "housing" in said


def test_a_harmless_text_is_explained() -> None:
    assert "no need found" in works("needs", "explain", "im good thanks")


LABELLED = [
    {"text": "he hit me", "lang": "en", "needs": ["safety"], "urgent": True, "intent": "reply"},
    {"text": "im good\u2028thanks", "lang": "en", "needs": [], "urgent": False, "intent": "reply"},
]


@pytest.fixture
def labelled(tmp_path: Path) -> str:
    path = tmp_path / "texts.jsonl"
    path.write_text("\n\n".join(json.dumps(each, ensure_ascii=False) for each in LABELLED) + "\n")
    return str(path)


def test_an_evaluation_for_programs_has_exactly_these_keys(labelled: str) -> None:
    found = json.loads(works("needs", "evaluate", labelled, "--json"))
    assert list(found) == ["n", "needs", "micro_f1", "safety", "urgent", "harmless", "intent", "us_per_message"]
    assert found["n"] == 2 and found["us_per_message"] > 0
    assert set(found["needs"]) == {need.value for need in Need}
    assert set(found["intent"]) == {intent.value for intent in Intent}
    assert all(set(count) == {"tp", "fp", "fn"} for count in [*found["needs"].values(), *found["intent"].values()])
    assert found["safety"] == found["urgent"] == {"n": 1, "now": 1, "seen": 1}
    assert found["harmless"] == {"n": 1, "now": 0, "today": 0}


def test_an_evaluation_for_people_is_a_table(labelled: str) -> None:
    said = works("needs", "evaluate", labelled)
    assert re.search(r"need\s+precision\s+recall", said) and re.search(r"safety\s+1\.000 \(0\.207 to", said)
    assert "over 2 texts" in said


def test_an_evaluation_is_written_into_a_page(labelled: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nafter\n")
    works("needs", "evaluate", labelled, "--report", str(page))
    written = page.read_text()
    assert written.startswith("before\n") and written.endswith("\nafter\n") and "old" not in written
    assert "| all | safety | 1 | 1.000 (0.207 to 1.000)" in written


def test_a_page_without_marks_is_left_as_it_is(labelled: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("mine")
    assert "page.md: the lines" in fails("needs", "evaluate", labelled, "--report", str(page))
    assert page.read_text() == "mine"


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "7", '{"text": "hi"}', json.dumps({**LABELLED[0], "needs": ["gold"]}),
     json.dumps({**LABELLED[0], "text": 7}), json.dumps({**LABELLED[0], "urgent": "false"}),
     json.dumps({**LABELLED[0], "intent": "buy"}), json.dumps({**LABELLED[0], "needs": None})],
)  # fmt: skip
def test_a_broken_line_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text(f"{json.dumps(LABELLED[0])}\n{line}\n")
    said = fails("needs", "evaluate", str(path), "--json")
    assert said.startswith("texts.jsonl, line 2:") and "each line must be like" in said


@pytest.fixture
def judged(database: Database) -> None:
    """One text that staff corrected."""
    works(*OMAR)
    text = "its Omar. i need a place to sleep"
    with database.writing() as session:
        other = database.fingerprint("+18165550160")
        message = Message(
            direction=Direction.IN, channel="sms", other="+18165550160", other_hash=other, body=text,
            at=datetime(2026, 11, 23, 16, tzinfo=UTC),
        )  # fmt: skip
        session.add(message)
        session.flush()
        session.add(a_verdict(message, Need.HOUSING, VerdictKind.MISSED, 1, message.at))


def test_corrected_texts_are_taken_out_for_evaluation(judged: None, database: Database, tmp_path: Path) -> None:
    told = "1 texts. Read them before you pass them on: they hold people's stories.\n"
    line = works("needs", "learned", told=told)
    assert json.loads(line) == {
        "text": "its [name]. i need a place to sleep", "lang": "en", "needs": ["housing"], "urgent": False,
        "intent": "reply",
    }  # fmt: skip
    path = tmp_path / "learned.jsonl"
    assert works("needs", "learned", "--out", str(path), told=told) == ""
    assert "learned.jsonl" in fails("needs", "learned", "--out", str(path))  # and what is there stays
    assert path.read_text() == line and path.stat().st_mode & 0o077 == 0
    assert json.loads(works("needs", "evaluate", str(path), "--json"))["n"] == 1
    with database.reading() as session:
        events = session.scalars(select(Event).where(Event.what == "learned_taken_out")).all()
        assert [(each.staff_id, each.detail) for each in events] == [(None, "1 texts")] * 2


def test_a_file_that_cannot_be_written_is_named(judged: None) -> None:
    assert "no-such/learned.jsonl" in fails("needs", "learned", "--out", "no-such/learned.jsonl")


# flows


def test_the_shipped_flows_have_nothing_wrong() -> None:
    assert works("flow", "check") == "Nothing wrong.\n"


def test_the_flows_that_are_checked_are_those_that_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the folder is named in .env alone, and nothing else is set."""
    (tmp_path / "ours").mkdir()
    monkeypatch.delenv("STANDBY_SECRET_KEY")
    (tmp_path / ".env").write_text("STANDBY_FLOWS=ours\n")
    assert "always.toml" in fails("flow", "check")
    (tmp_path / ".env").write_text("STANDBY_FLOWS=nowhere\n")
    assert "STANDBY_FLOWS" in fails("flow", "check") and "STANDBY_FLOWS" in fails("needs", "explain", "hello")


Break = Callable[[Callable[[str], str]], Path]


@pytest.fixture
def broken(tmp_path: Path) -> Break:
    """A weekly flow, edited, in a copy of the shipped folder."""
    folder = tmp_path / "flows"
    folder.mkdir()
    for path in (Path(__file__).resolve().parent.parent / "flows").glob("*.toml"):
        (folder / path.name).write_bytes(path.read_bytes())

    def breaks(edit: Callable[[str], str]) -> Path:
        weekly = folder / "weekly.toml"
        weekly.write_text(edit(weekly.read_text()))
        return weekly

    return breaks


@pytest.mark.parametrize("whole_folder", [False, True])
def test_a_broken_flow_names_file_state_and_mend(broken: Break, whole_folder: bool) -> None:
    weekly = broken(lambda text: text.replace('next = "work"', 'next = "wrok"'))
    words = ("flow", "--flows", str(weekly.parent), "check") if whole_folder else ("flow", "check", str(weekly))
    result = run(*words)
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if "wrok" in line]
    assert line.startswith("weekly.toml: state bed: ") and "no state named 'wrok'" in line


def test_a_flow_that_is_no_text_is_told(broken: Break) -> None:
    weekly = broken(lambda text: text)
    weekly.write_bytes(b"title = \"\xf1\"")
    result = run("flow", "check", str(weekly))
    assert (result.exit_code, result.stdout) == (1, "weekly.toml: not a UTF-8 text; save it again as UTF-8\n")


COMPARED = (
    "weekly.toml: state bed compares usual, warm: 388 people for each wording: enough to find a difference of 10 "
    "points, 4 times in 5, where 60 of 100 answer."
)


@pytest.mark.parametrize("whole_folder", [False, True])
def test_flow_check_lists_the_wordings_that_are_compared(broken: Break, whole_folder: bool) -> None:
    weekly = broken(
        lambda text: text.replace("[states.bed]\n", "[states.bed]\nsmallest_difference = 10\nusually_answered = 60\n")
        + '[states.bed.wordings.warm]\nsay.en = "A bed? Reply 1, 2, 3 or 0."\nsay.es = "¿Cama? Responda 1, 2, 3, 0."\n'
    )
    words = ("flow", "--flows", str(weekly.parent), "check") if whole_folder else ("flow", "check", str(weekly))
    assert works(*words).splitlines() == ["Nothing wrong.", COMPARED]


def test_flows_without_the_safety_text_are_refused(broken: Break) -> None:
    folder = broken(lambda text: text).parent
    (folder / "always.toml").unlink()
    assert "always.toml" in fails("flow", "--flows", str(folder), "check")


def test_a_flow_is_played_at_the_terminal() -> None:
    result = run("flow", "rehearse", "weekly", input="he hit me\n")
    assert result.exit_code == 0
    assert "A person is alerted at once." in result.stdout and "911" in result.stdout


def test_an_unknown_flow_names_the_known() -> None:
    result = run("flow", "rehearse", "monthly")
    assert result.exit_code == 1 and "weekly" in result.stderr


# the clock


def test_a_tick_runs_every_job(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    at = "2026-11-23T16:00+00:00"
    account = Account("AC" + "1" * 32, "the token", ("+18165550100",))
    carrier = SimulatedCarrier(lambda: datetime.fromisoformat(at), account, "http://127.0.0.1:9/twilio/sms")
    carrier.start()
    for name, value in {
        "TWILIO_API_URL": carrier.url,
        "TWILIO_ACCOUNT_SID": account.sid,
        "TWILIO_AUTH_TOKEN": account.auth_token,
        "TWILIO_FROM_NUMBER": account.numbers[0],
    }.items():
        monkeypatch.setenv(name, value)
    result = run("tick", "--at", at)
    carrier.stop()
    assert result.exit_code == 0
    assert "start check-ins" in result.stdout and "send the outbox" in result.stdout


def test_a_tick_says_what_failed(database: Database) -> None:
    """As where the carrier is away after a restore: nothing was fetched, so that much may be missing."""
    result = run("tick", "--at", "2026-11-23T16:00+00:00")
    assert result.exit_code == 1
    assert "failed  fetch texts that no webhook brought" in result.stdout
    assert "     0  start check-ins" in result.stdout and "run it again" in result.stderr


def test_a_tick_at_another_time_is_refused_with_a_real_carrier(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "STANDBY_CARRIER": "twilio",
        "TWILIO_API_URL": "",
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "TWILIO_AUTH_TOKEN": "the token",
        "TWILIO_FROM_NUMBER": "+18165550100",
    }.items():
        monkeypatch.setenv(name, value)
    assert "real people" in fails("tick", "--at", "2026-11-23T16:00+00:00")


def test_a_tick_at_another_time_is_taken_with_a_carrier_on_this_machine(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "STANDBY_CARRIER": "twilio",
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "TWILIO_AUTH_TOKEN": "the token",
        "TWILIO_FROM_NUMBER": "+18165550100",
    }.items():
        monkeypatch.setenv(name, value)
    assert "start check-ins" in run("tick", "--at", "2026-11-23T16:00+00:00").stdout


def test_an_instant_needs_its_zone(database: Database) -> None:
    result = run("tick", "--at", "2026-11-23T16:00")
    assert (result.exit_code, "has no zone" in result.output) == (2, True)


def test_what_is_no_instant_is_said(database: Database) -> None:
    result = run("tick", "--at", "tomorrow")
    assert (result.exit_code, "tomorrow is no instant" in result.output) == (2, True)


# doctor


def test_the_doctor_names_everything_that_is_wrong(database: Database) -> None:
    result = run("doctor")
    assert result.exit_code == 1
    for said in ("The clock is late with: every job.", "No supervisor can be alerted", "on call in the next two weeks"):
        assert said in result.stdout
    assert re.search(r"^ok    tables    ", result.stdout, re.MULTILINE)
    assert re.search(r"^MEND  account   Twilio could not be asked", result.stdout, re.MULTILINE)
    assert result.stdout.splitlines()[-1] == "3 to mend."


def test_the_doctor_finds_nothing_where_all_is_well(database: Database) -> None:
    works(*OMAR, "--on-call")
    works("add-staff", "sam@example.org", "--name", "Sam", "--phone", "816-555-0171", "--role", "supervisor")
    with database.writing() as session:
        for each in session.scalars(select(Staff)):
            each.phone_verified_at = datetime.now(UTC)
        session.add_all(always_on_call(1, Layer.BACKUP))
        session.execute(delete(Message))
    run("tick")
    said = works("doctor", "--offline").splitlines()
    assert said[-1] == "Nothing wrong." and "-     account   Not checked: it asks the network." in said


def test_the_doctor_names_settings_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STANDBY_SECRET_KEY")
    monkeypatch.setenv("STANDBY_ZONE", "Mars/Base")
    result = run("doctor")
    said = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (1, "")
    assert said[0] == "MEND  settings  These settings are missing or wrong:"
    assert "STANDBY_SECRET_KEY" in result.stdout and "STANDBY_ZONE" in result.stdout
    assert "-     database  Not checked: first mend settings." in said


def test_services_are_read_from_a_file(database: Database, tmp_path: Path) -> None:
    (tmp_path / "services.csv").write_text("name,phone,needs\nOpen Door,816-555-0150,housing\nX,,gold\n")
    result = run("import", "services", "services.csv")
    assert result.exit_code == 1
    assert "line 2: added" in result.stdout and "line 3: not taken (needs: gold; use: safety" in result.stdout


# export


RESEARCH = ("export", "research", "--from", "2026-10-05", "--until", "2026-11-22", "--out", "a.zip")


def test_an_export_is_written_and_says_its_checksum(database: Database, tmp_path: Path) -> None:
    works(*OMAR)
    with database.writing() as session:
        kept = Kept(session)
        for _ in range(10):
            kept.check_in(THIS_WEEK - 2 * WEEK, participant_id=kept.person().id)
    said = works(*RESEARCH, "--with", "cohort", "--by", "omar@example.org")
    assert "       10  check_ins" in said and "        0  flags" in said
    assert hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest() in said
    with database.reading() as session:
        row = session.scalars(select(Export)).one()
    assert (row.staff_id, row.parameters["until"], row.parameters["extras"]) == (1, "2026-11-16", ["cohort"])


def test_an_export_that_cannot_be_is_one_sentence(database: Database, tmp_path: Path) -> None:
    assert fails(*RESEARCH).startswith("Fewer than 10 people")
    assert fails(*RESEARCH, "--by", "x@example.org") == "Nobody on the staff has the e-mail address x@example.org."
    assert "comes after the last" in fails(*RESEARCH[:3], "2026-12-07", *RESEARCH[4:])
    (tmp_path / "a.zip").write_text("mine")
    assert "is there already" in fails(*RESEARCH)


def test_the_weekly_letter_can_be_looked_at(database: Database, tmp_path: Path) -> None:
    assert works("summary", "--preview", "letter.html") == ""
    assert "Nobody waits for an answer." in (tmp_path / "letter.html").read_text(encoding="utf-8")


# help


@pytest.mark.parametrize(
    "words",
    [(), ("init",), ("add-staff",), ("import",), ("import", "participants"), ("needs",), ("needs", "explain"),
     ("needs", "evaluate"), ("needs", "learned"), ("flow",), ("flow", "check"), ("flow", "rehearse"), ("tick",),
     ("demo",), ("campaign",), ("doctor",), ("import", "services"), ("export",), ("export", "research"), ("summary",)],
)  # fmt: skip
def test_every_command_and_option_says_what_it_is_for(words: tuple[str, ...]) -> None:
    said = works(*words, "--help")
    about, _, options = said.partition("Options:\n")
    assert re.search(r"\n\n  [A-Z][^.]*[.]", about), about
    for option in re.findall(r"^  --.*(?:\n {8,}.*)*", options, re.MULTILINE):
        assert option.rstrip().endswith((".", "]")) and re.search(r" [A-Z][a-z]+ ", option), option
