"""What a person says, is called or can be reached at does not come into the log, however something fails."""

import logging
import sys
import threading
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from bot import logs
from bot.config import ConfigError
from bot.db import Database
from bot.models import Participant, Staff
from tests.databases import DATA_KEY

NAME, NUMBER, WORDS = "Guadalupe", "+18165550177", "he hit me again"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """What a test sets up for the process is gone after it."""
    before, hooks = structlog.get_config(), (sys.excepthook, threading.excepthook)
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**before)
    logging.root.handlers[:], (sys.excepthook, threading.excepthook) = handlers, hooks
    logging.root.setLevel(level)


def fails(message: str = "") -> None:
    name, number, words = NAME, NUMBER, WORDS
    raise ValueError(message or f"cannot handle {words!r} of {name} at {number}")


def the_log(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == "", "standard output is for answers, not for the log"
    return err


def assert_private(logged: str) -> None:
    assert logged, "nothing was logged at all"
    for secret in (NAME, NUMBER, NUMBER[2:], WORDS):
        assert secret not in logged


def test_an_error_is_told_by_type_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    try:
        fails()
    except ValueError:
        structlog.get_logger().exception("handling_failed", message=7)
    logged = the_log(capsys)
    assert_private(logged)
    assert "event=handling_failed" in logged and "message=7" in logged
    assert "ValueError at tests/test_logs.py:" in logged and " fails" in logged
    assert logged.count("\n") == 1


def test_what_led_to_an_error_is_told_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    try:
        try:
            fails()
        except ValueError as error:
            raise RuntimeError(f"no luck with {NAME}") from error
    except RuntimeError:
        structlog.get_logger().exception("handling_failed")
    logged = the_log(capsys)
    assert_private(logged)
    assert "RuntimeError at" in logged and "from ValueError at" in logged


def test_errors_that_libraries_log_are_told_alike(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    try:
        fails()
    except ValueError:
        logging.getLogger("some.library").exception("Exception on %s", "/caseload")
    logged = the_log(capsys)
    assert_private(logged)
    assert "Exception on /caseload ValueError at" in logged


def test_a_thread_that_dies_keeps_words_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    logged = the_log(capsys)
    assert_private(logged)
    assert "event=thread_ended_by" in logged


def test_a_process_that_dies_keeps_words_to_itself(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    try:
        fails()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert_private(the_log(capsys))


@pytest.mark.parametrize(
    "statement",
    [
        insert(Staff).values(email=WORDS, name=NAME, phone_hash=NUMBER, role="caseworker", team="", active=True),
        insert(Participant).values(name=NAME, language="en", zone=WORDS, cohort=NUMBER, caseworker_id=99999),
    ],
    ids=["twice", "incomplete"],
)
def test_what_a_database_refuses_is_not_quoted(
    database_url: str, statement: object, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up()
    database = Database(database_url, DATA_KEY)
    try:
        with pytest.raises(DBAPIError) as refused, database.writing() as session:
            session.execute(statement)  # type: ignore[call-overload]
            session.execute(statement)  # type: ignore[call-overload]
    finally:
        database.engine.dispose()
    structlog.get_logger().error("handling_failed", exc_info=refused.value)
    logged = the_log(capsys)
    assert_private(logged)
    assert "IntegrityError" in logged
    quoted = str(refused.value).partition("DETAIL")[0]
    assert WORDS not in quoted and NUMBER not in quoted, "parameters stay hidden in the exception itself"


def test_an_unreachable_database_says_why_without_the_password(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    database = Database("postgresql://standby:the-password@127.0.0.1:1/standby", DATA_KEY)
    try:
        with database.reading() as session:
            session.execute(text("SELECT 1"))
    except DBAPIError:
        structlog.get_logger().exception("job_failed")
    logged = the_log(capsys)
    assert "refused" in logged and "127.0.0.1" in logged
    assert "the-password" not in logged


def test_what_is_wrong_with_settings_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    structlog.get_logger().error("ended_by", exc_info=ConfigError("STANDBY_ZONE: no such time zone"))
    assert "STANDBY_ZONE: no such time zone" in the_log(capsys)


def test_a_full_disk_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    structlog.get_logger().error("ended_by", exc_info=OSError(28, "No space left on device", f"/srv/{NAME}"))
    logged = the_log(capsys)
    assert "No space left on device" in logged
    assert_private(logged)
