"""The doctor: each check is seen to fail and to pass, over a real carrier's API and a real web on loopback."""

import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, make_url, select, text
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.test import Client
from werkzeug.wrappers import Response

from app import create_app
from bot.carrier.postings import Account
from bot.carrier.simulated import SimulatedCarrier
from bot.carrier.twilio import signature
from bot.checkup.proof import HEADER, proof
from bot.checkup.settings import check_settings
from bot.checkup.storage import TRIED
from bot.config import Settings
from bot.core import needs
from bot.core.finding import Finding, Grade
from bot.core.promises import IS_IT_RUNNING
from bot.core.rota import Layer
from bot.db import Database
from bot.doctor import CHECKS, Check, Patient, examine, line, verdict
from bot.duty import always_on_call
from bot.models import Direction, Message, Role, Staff
from bot.wiring import build, real_now
from scheduler import tick
from tests.conftest import FLOWS, Log
from tests.databases import DATA_KEY, fresh_postgresql, fresh_sqlite

ACCOUNT = Account(sid="AC" + "7" * 32, auth_token="the carrier's token")
NAMES = [check.name for check in CHECKS]


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing of requests, nor of a handshake that was broken off."""


@contextmanager
def served(app: Any = None, tls: bool = False) -> Iterator[BaseWSGIServer]:
    """A web server on loopback; `app` can be set later."""
    with_tls = {"ssl_context": "adhoc"} if tls else {}
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet, **with_tls)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Programme:
    """An installation in which all is well, until a test spoils it."""

    settings: Settings
    server: BaseWSGIServer

    def serves(self, wrap: Callable[[Any], Any] = lambda app: app, **over: Any) -> None:
        """The web, begun anew with these settings changed, perhaps behind a proxy."""
        app = create_app(build(replaced(self.settings, **over), soon=lambda deed: None))
        self.server.app = wrap(app)

    def finds(self, name: str, **over: Any) -> Finding:
        """What the check of this name finds, with these settings, after those that it needs."""
        wanted = {name} | needed_by(name)
        checks = [check for check in CHECKS if check.name in wanted]
        return next(each for each in examine(Patient(replaced(self.settings, **over)), checks) if each.name == name)


def needed_by(name: str) -> set[str]:
    needs = next(check.needs for check in CHECKS if check.name == name)
    return set(needs).union(*map(needed_by, needs))


def replaced(settings: Settings, **over: Any) -> Settings:
    return settings.model_copy(update=over)


@pytest.fixture
def programme(log: Log) -> Iterator[Programme]:
    """A programme on SQLite, for checks that do not ask the database."""
    with fresh_sqlite() as url, begun(url) as programme:
        yield programme


@pytest.fixture
def on_both(database_url: str, log: Log) -> Iterator[Programme]:
    """A programme on SQLite, and one on PostgreSQL."""
    with begun(database_url) as programme:
        yield programme


@contextmanager
def begun(database_url: str) -> Iterator[Programme]:
    """Staff who hear alerts, a clock that ticked, a web on loopback, a carrier that answers."""
    with SimulatedCarrier(real_now, ACCOUNT) as carrier, served() as server:
        settings = Settings(
            _env_file=None,
            database_url=database_url,
            public_url=f"http://127.0.0.1:{server.server_port}",
            secret_key="a key for tests only",
            data_keys=DATA_KEY,
            carrier="simulated",
            account_sid=ACCOUNT.sid,
            auth_token=ACCOUNT.auth_token,
            from_number=ACCOUNT.numbers[0],
            api_url=carrier.url,
            flows=FLOWS,
        )
        programme = Programme(settings, server)
        standby = build(settings, soon=lambda deed: None)
        add_staff(standby.db)
        tick(standby, standby.now())
        programme.serves()
        yield programme
        standby.db.engine.dispose()


def add_staff(db: Database) -> None:
    """One on call day and night, the same as backup, and a supervisor."""
    with db.writing() as session:
        for name, role in (("Omar Lee", Role.CASEWORKER), ("Sam Roe", Role.SUPERVISOR)):
            number = f"+1816555017{len(name)}"
            session.add(
                Staff(
                    email=f"{name[:3].lower()}@example.org", name=name, phone=number, role=role, active=True,
                    phone_hash=db.fingerprint(number), phone_verified_at=real_now(),
                )
            )  # fmt: skip
        session.flush()
        session.add_all([*always_on_call(1), *always_on_call(1, Layer.BACKUP)])


def test_all_is_well(on_both: Programme) -> None:
    found = list(examine(Patient(on_both.settings)))
    assert [(each.name, each.grade) for each in found] == [(name, Grade.OK) for name in NAMES], found
    assert verdict(found) == "Nothing wrong."


def test_offline_asks_no_network(programme: Programme) -> None:
    nobody = programme.settings.model_copy(update={"api_url": nowhere(), "public_url": nowhere()})
    found = {each.name: each for each in examine(Patient(nobody, online=False))}
    assert {name for name, each in found.items() if each.grade is Grade.UNSEEN} - {"time"} == {"account", "webhook"}
    assert not [each for each in found.values() if each.grade is Grade.MEND]


def test_offline_does_not_ask_the_carrier_for_the_time(programme: Programme) -> None:
    (found,) = [each for each in examine(Patient(programme.settings, online=False)) if each.name == "time"]
    assert found.grade is Grade.UNSEEN


def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_a_check_that_breaks_hides_no_other(programme: Programme) -> None:
    def breaks(patient: Patient) -> Finding:
        raise ValueError("+18165550160 said: he hit me")

    found = list(examine(Patient(programme.settings), [Check("first", breaks), *CHECKS[1:3]]))
    assert [each.grade for each in found] == [Grade.MEND, Grade.OK, Grade.OK]
    assert "could not be checked (ValueError" in found[0].said[0] and "hit me" not in found[0].said[0]


# settings


REAL = {
    "_env_file": None, "secret_key": "a key for tests only", "data_keys": DATA_KEY, "account_sid": ACCOUNT.sid,
    "auth_token": "t", "messaging_service_sid": "MG" + "1" * 32, "public_url": "https://texts.example.net",
    "behind_proxy": True, "contact": "816-555-0199", "programme": "River Check-In",
    "heartbeat_url": "https://heartbeat.example.net/1",
}  # fmt: skip


@pytest.mark.parametrize(
    ("over", "grade", "said"),
    [
        ({}, Grade.OK, "All that are required"),
        ({"public_url": "http://127.0.0.1:8000"}, Grade.MEND, "the carrier cannot post there"),
        ({"public_url": "https://checkin.example.org"}, Grade.MEND, "STANDBY_PUBLIC_URL is still the example's"),
        ({"contact": "816-555-0100"}, Grade.MEND, "STANDBY_CONTACT is still the example's"),
        ({"behind_proxy": False}, Grade.MEND, "STANDBY_BEHIND_PROXY is not set"),
        ({"public_url": "http://texts.example.net"}, Grade.LOOK, "Use https"),
        ({"programme": "KC Check-In"}, Grade.LOOK, "STANDBY_PROGRAMME"),
        ({"messaging_service_sid": "", "from_number": "+18165550199"}, Grade.LOOK, "TWILIO_MESSAGING_SERVICE_SID"),
        ({"heartbeat_url": ""}, Grade.LOOK, "nobody is told"),
        ({"account_sid": "", "api_url": "http://127.0.0.1:1", "carrier": "simulated", "contact": "816-555-0100",
          "heartbeat_url": "", "public_url": "http://127.0.0.1:8000"}, Grade.OK, "All that are required"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_told(
    over: dict[str, Any], grade: Grade, said: str, tmp_path: Path
) -> None:
    found = check_settings(Settings(**{**REAL, **over}), tmp_path / ".env")
    assert found.grade is grade and len(found.said) == 1 and said in found.said[0]


@pytest.mark.parametrize(
    ("mode", "grade"), [(0o600, Grade.OK), (0o640, Grade.OK), (0o604, Grade.LOOK), (0o602, Grade.LOOK)]
)
def test_settings_that_others_can_read_are_told(mode: int, grade: Grade, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.touch()
    env.chmod(mode)
    assert stat.S_IMODE(env.stat().st_mode) == mode
    assert check_settings(Settings(**REAL), env).grade is grade


# what ships


def test_a_missing_model_is_told(programme: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "shipped", lambda: SimpleNamespace(model=None))
    assert "install the files anew" in programme.finds("reading").said[0]


def test_a_broken_flow_is_told_and_alerts_are_checked_all_the_same(programme: Programme, tmp_path: Path) -> None:
    for path in FLOWS.glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "mine.toml").write_text("title = 1")
    found = programme.finds("flows", flows=tmp_path)
    assert found.grade is Grade.MEND and found.said[0].startswith("mine.toml: ")
    assert programme.finds("cover", flows=tmp_path).grade is Grade.OK
    (tmp_path / "always.toml").unlink()
    assert "always.toml" in programme.finds("flows", flows=tmp_path).said[0]


# the database


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, programme: Programme) -> None:
    path = tmp_path / "none.db"
    found = {each.name: each for each in examine(Patient(replaced(programme.settings, database_url=f"sqlite:///{path}")))}
    assert "python -m bot init" in found["database"].said[0] and not path.exists()
    blocked = ["tables", "keys", "jobs", "promises", "cover"]
    assert [name for name in NAMES if found[name].grade is Grade.UNSEEN] == blocked
    assert found["keys"].said == ("Not checked: first mend tables.",)
    assert [found[name].grade for name in ("time", "account", "webhook")] == [Grade.OK] * 3


def test_a_file_that_is_no_database_is_told(tmp_path: Path, programme: Programme) -> None:
    (tmp_path / "other.db").write_text("a letter, and no database" * 100)
    assert "cannot be used" in programme.finds("database", database_url=f"sqlite:///{tmp_path / 'other.db'}").said[0]


def test_a_server_that_does_not_answer_is_told_without_its_password(programme: Programme) -> None:
    found = programme.finds("database", database_url="postgresql://standby:the-password@127.0.0.1:1/standby")
    assert found.grade is Grade.MEND and "STANDBY_DATABASE_URL" in found.said[0]
    assert "the-password" not in found.said[0]


def test_a_server_that_does_not_answer_leaves_the_carriers_clock(programme: Programme) -> None:
    found = programme.finds("time", database_url="postgresql://standby@127.0.0.1:1/standby")
    assert found.said == ("This machine's clock agrees with the carrier's.",)


def test_a_server_that_only_reads_is_told(programme: Programme) -> None:
    with fresh_postgresql() as url:
        reading = make_url(url).update_query_dict({"options": "-c default_transaction_read_only=on"})
        found = programme.finds("database", database_url=reading.render_as_string(hide_password=False))
    assert found.grade is Grade.MEND and "takes nothing that is written" in found.said[0]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM alembic_version", "There are none yet"),
        ("UPDATE alembic_version SET version_num = '0001'", "stop web and clock"),
        ("UPDATE alembic_version SET version_num = '9999'", "install the newer Standby"),
    ],
)
def test_tables_of_another_version_are_told(on_both: Programme, statement: str, said: str) -> None:
    database = Database(on_both.settings.database_url, DATA_KEY)
    with database.engine.begin() as connection:
        if "0001" in statement:
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) != "0001"
        connection.execute(text(statement))
    found = on_both.finds("tables")
    assert found.grade is Grade.MEND and said in found.said[0]
    assert on_both.finds("cover").grade is Grade.UNSEEN
    database.engine.dispose()


# keys


OTHER_KEY = Fernet.generate_key().decode()


def test_keys_that_do_not_open_what_is_stored_are_told(on_both: Programme) -> None:
    found = on_both.finds("keys", data_keys=OTHER_KEY)
    assert found.grade is Grade.MEND and "put the missing key back" in found.said[0]
    assert on_both.finds("cover", data_keys=OTHER_KEY).grade is Grade.UNSEEN


def test_a_key_put_in_front_is_right_and_the_older_is_still_needed(on_both: Programme) -> None:
    found = on_both.finds("keys", data_keys=f"{OTHER_KEY},{DATA_KEY}")
    assert found.grade is Grade.OK and "need key 2" in found.said[0]


def test_the_newest_of_many_values_are_tried_too(programme: Programme) -> None:
    database = Database(programme.settings.database_url, DATA_KEY)
    with database.writing() as session:
        for _ in range(2 * TRIED + 1):
            session.add(
                Message(
                    direction=Direction.IN, channel="sms", other="x", other_hash="x", body="hi", at=real_now()
                )
            )  # fmt: skip
    lost = Fernet(OTHER_KEY).encrypt(b"sealed with a key that is gone").decode()
    with database.engine.begin() as connection:
        last = "(SELECT max(id) FROM messages)"
        connection.execute(text(f"UPDATE messages SET body = :body WHERE id = {last}"), {"body": lost})
    assert programme.finds("keys").said[0].startswith("1 of ")
    database.engine.dispose()


def test_keys_in_the_wrong_order_are_told(on_both: Programme) -> None:
    later = Fernet(OTHER_KEY).encrypt_at_time(b"Lena", int(real_now().timestamp()) + 60).decode()
    database = Database(on_both.settings.database_url, DATA_KEY)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE staff SET name = :name WHERE id = 2"), {"name": later})
    assert "newest key first" in on_both.finds("keys", data_keys=f"{DATA_KEY},{OTHER_KEY}").said[0]
    database.engine.dispose()


# time


@pytest.mark.parametrize(("seconds", "grade"), [(0, Grade.OK), (15, Grade.LOOK), (-120, Grade.MEND)])
def test_a_clock_that_goes_wrong_is_told(on_both: Programme, seconds: int, grade: Grade) -> None:
    off = timedelta(seconds=seconds)
    patient = Patient(on_both.settings, wall=lambda: datetime.now(UTC) + off)
    (found,) = [each for each in examine(patient) if each.name == "time"]
    assert found.grade is grade
    on_file = on_both.settings.database_url.startswith("sqlite")
    others = {"the carrier's"} if on_file else {"the carrier's", "the database's"}
    assert {whose for whose in ("the carrier's", "the database's") if whose in " ".join(found.said)} == others


def test_without_another_clock_nothing_is_said(on_both: Programme) -> None:
    found = on_both.finds("time", api_url=nowhere(), database_url=on_both.settings.database_url)
    on_file = on_both.settings.database_url.startswith("sqlite")
    assert found.grade is (Grade.UNSEEN if on_file else Grade.OK)


# what runs


def test_a_clock_that_does_not_tick_is_told(on_both: Programme) -> None:
    database = Database(on_both.settings.database_url, DATA_KEY)
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM beats"))
    assert on_both.finds("jobs").said == (f"The clock is late with: every job. {IS_IT_RUNNING}",)
    database.engine.dispose()


def test_a_promise_that_does_not_hold_is_told(on_both: Programme) -> None:
    database = Database(on_both.settings.database_url, DATA_KEY)
    with database.writing() as session:
        session.add(
            Message(
                direction=Direction.IN, channel="sms", other="+18165550160", other_hash="x", body="he hit me",
                at=real_now() - timedelta(minutes=5),
            )
        )  # fmt: skip
    found = on_both.finds("promises")
    assert found.grade is Grade.MEND and "A text was not taken in yet" in found.said[0]
    database.engine.dispose()


def test_alerts_that_reach_nobody_are_told_and_nobody_is_named(on_both: Programme) -> None:
    database = Database(on_both.settings.database_url, DATA_KEY)
    with database.writing() as session:
        for each in session.scalars(select(Staff)):
            each.phone_verified_at = None
    found = on_both.finds("cover")
    said = " ".join(found.said)
    assert found.grade is Grade.MEND and "No supervisor can be alerted" in said
    assert "Phones of staff that get no alerts: the code was not texted back yet: 2." in found.said
    assert "Omar" not in said and "Sam" not in said
    database.engine.dispose()


# the carrier


def test_a_wrong_token_is_told(programme: Programme) -> None:
    found = programme.finds("account", auth_token="another token")
    assert found.grade is Grade.MEND and "does not know TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN" in found.said[0]


def test_a_carrier_that_is_not_reached_is_told(programme: Programme) -> None:
    found = programme.finds("account", api_url=nowhere())
    assert found.grade is Grade.MEND and "way out to the carrier's API" in found.said[0]


@pytest.mark.parametrize(
    ("account", "grade", "said"),
    [
        (replace(ACCOUNT, status="suspended"), Grade.MEND, "suspended or closed"),
        (replace(ACCOUNT, type="Trial"), Grade.LOOK, "trial account"),
    ],
)
def test_an_account_that_may_not_send_is_told(
    programme: Programme, account: Account, grade: Grade, said: str
) -> None:
    with SimulatedCarrier(real_now, account) as carrier:
        found = programme.finds("account", api_url=carrier.url)
    assert found.grade is grade and said in found.said[0]


# the webhook


def loses_the_query(app: Any) -> Any:
    return lambda environ, start: app({**environ, "QUERY_STRING": "", "RAW_URI": environ["PATH_INFO"]}, start)


def changes_host_and_scheme(app: Any) -> Any:
    inside = {"HTTP_HOST": "10.0.0.7:8000", "wsgi.url_scheme": "https", "SERVER_NAME": "inside"}
    return lambda environ, start: app({**environ, **inside}, start)


def test_a_proxy_may_change_host_and_scheme(programme: Programme) -> None:
    programme.serves(changes_host_and_scheme)
    assert programme.finds("webhook").grade is Grade.OK


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"public_url": "https://old.example.net"}, "checks for STANDBY_PUBLIC_URL=https://old.example.net"),
        ({"auth_token": "the token of before"}, "another TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN"),
        ({"account_sid": "AC" + "8" * 32}, "another TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN"),
        ({"secret_key": "another key for tests"}, "another STANDBY_SECRET_KEY"),
    ],
)
def test_a_web_with_other_settings_is_told(programme: Programme, over: dict[str, Any], said: str) -> None:
    programme.serves(**over)
    found = programme.finds("webhook")
    assert found.grade is Grade.MEND and said in found.said[0]
    assert not any(str(secret) in found.said[0] for name, secret in over.items() if name != "public_url")


def test_a_proxy_that_changes_the_address_is_told(programme: Programme) -> None:
    programme.serves(loses_the_query)
    assert "changes path or query" in programme.finds("webhook").said[0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Response("", 301, headers={"Location": "https://texts.example.net/twilio/check?m=check"}),
         "leads on to https://texts.example.net,"),
        (Response("", 308, headers={"Location": "/elsewhere"}), "leads on to another path,"),
        (Response("not found", 404), "(HTTP 404)"),
        (Response("bad gateway", 502), "(HTTP 502)"),
        (Response("<h1>welcome</h1>", 200), "(HTTP 200)"),
        (Response("[]", 200, mimetype="application/json"), "(HTTP 200)"),
        (Response("{}", 200, mimetype="application/json"), "(HTTP 200)"),
    ],
)  # fmt: skip
def test_something_else_that_answers_is_told(programme: Programme, answer: Response, said: str) -> None:
    programme.server.app = answer
    found = programme.finds("webhook")
    assert found.grade is Grade.MEND and said in found.said[0]


def test_nobody_at_the_address_is_told(programme: Programme) -> None:
    found = programme.finds("webhook", public_url=nowhere())
    assert found.grade is Grade.MEND and "Nobody answers" in found.said[0]


def test_a_certificate_that_nobody_trusts_is_told(programme: Programme) -> None:
    with served(Response("ok"), tls=True) as server:
        found = programme.finds("webhook", public_url=f"https://127.0.0.1:{server.server_port}")
    assert found.grade is Grade.MEND and "certificate" in found.said[0]


def test_without_a_token_nothing_can_be_signed(programme: Programme) -> None:
    assert programme.finds("webhook", auth_token="").grade is Grade.UNSEEN


def stored(programme: Programme) -> int:
    database = Database(programme.settings.database_url, DATA_KEY)
    with database.reading() as session:
        count = session.scalar(select(func.count()).select_from(Message))
    database.engine.dispose()
    return count or 0


def test_the_round_trip_stores_nothing(programme: Programme) -> None:
    before = stored(programme)
    assert programme.finds("webhook").grade is Grade.OK
    assert stored(programme) == before


@pytest.mark.parametrize(
    ("signed_with", "proof_of"),
    [(ACCOUNT.auth_token, None), (ACCOUNT.auth_token, "another signature"), (None, None), ("guessed", None)],
)
def test_only_who_has_the_secret_key_is_told_anything(
    programme: Programme, signed_with: str | None, proof_of: str | None
) -> None:
    url = f"{programme.settings.public_url}/twilio/check?m=check"
    form = {"AccountSid": ACCOUNT.sid}
    headers = {"X-Twilio-Signature": signature(url, form, signed_with)} if signed_with else {}
    if proof_of:
        headers[HEADER] = proof(proof_of, programme.settings.secret_key)
    answer = Client(programme.server.app).post("/twilio/check?m=check", data=form, headers=headers)
    assert (answer.status_code, answer.text) == (403, "The signature does not fit.")


# how it is said


def test_each_finding_is_a_line_and_what_else_is_wrong_stands_below() -> None:
    assert line(Finding("cover", Grade.MEND, ("One.", "Two."))) == (
        "MEND  cover     One.\n                Two."
    )
    some = [Finding("a", Grade.MEND, ("x",)), Finding("b", Grade.LOOK, ("x",)), Finding("c", Grade.UNSEEN, ("x",))]
    assert verdict(some) == "1 to mend, 1 to look at."
    assert verdict(some[1:]) == "1 to look at."


def test_no_secret_number_or_name_is_said(programme: Programme) -> None:
    programme.serves(secret_key="another key for tests", auth_token="the token of before")
    settings = replaced(programme.settings, data_keys=f"{OTHER_KEY},{DATA_KEY}")
    said = "\n".join(line(each) for each in examine(Patient(settings)))
    secret = (settings.secret_key, settings.auth_token, settings.account_sid, DATA_KEY, OTHER_KEY)
    assert not [each for each in (*secret, "+1816", "Omar", "Sam") if each in said]


def test_an_empty_database_has_no_key_to_miss() -> None:
    with fresh_sqlite() as url:
        settings = Settings(**{**REAL, "database_url": url})
        found = {each.name: each for each in examine(Patient(settings, online=False))}
    assert found["keys"].said[0].startswith("All of 0 stored values")
