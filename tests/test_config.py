"""Settings: whatever is missing or wrong is told at once, in words that give no secret away."""

from datetime import time
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from bot.config import ConfigError, Settings, load_settings

GOOD = {
    "STANDBY_SECRET_KEY": "a key for tests only",
    "STANDBY_DATA_KEYS": Fernet.generate_key().decode(),
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "the token",
    "TWILIO_FROM_NUMBER": "+18165550100",
}
NAMES = [str(each.alias) for each in Settings.model_fields.values()]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def loaded(**over: str) -> Settings:
    return load_settings(**{**GOOD, **over})


def faults(**over: str) -> dict[str, str]:
    """What is wrong, by setting."""
    with pytest.raises(ConfigError) as refused:
        loaded(**over)
    first, *lines = str(refused.value).splitlines()
    assert first == "These settings are missing or wrong:"
    return dict(line.strip().split(": ", 1) for line in lines)


def test_good_settings_are_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**GOOD, "STANDBY_SENDING_FROM": "10:30", "STANDBY_PORT": "8123"}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.sending_hours.opens, settings.port, settings.uses_twilio) == (time(10, 30), 8123, True)


def test_good_settings_are_taken_from_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("\n".join(f"{name}={value}" for name, value in GOOD.items()))
    assert load_settings().auth_token == "the token"


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("STANDBY_PROGRAMME=Señal".encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        load_settings()


def test_every_fault_is_told_at_once() -> None:
    wrong = faults(
        STANDBY_SECRET_KEY="short",
        STANDBY_DATA_KEYS="",
        STANDBY_DATABASE_URL="mysql://db/standby",
        STANDBY_PUBLIC_URL="checkin.example.org",
        STANDBY_CARRIER="fax",
        STANDBY_PORT="80000",
        STANDBY_ZONE="Mars/Base",
        STANDBY_SENDING_FROM="07:00",
        STANDBY_SEGMENTS_PER_SECOND="0",
        STANDBY_FLOWS="/no/such/folder",
        TWILIO_ACCOUNT_SID="",
        TWILIO_FROM_NUMBER="816 555 0100",
        TWILIO_API_URL="https://api.example.org",
    )
    assert set(wrong) == {
        "STANDBY_SECRET_KEY", "STANDBY_DATA_KEYS", "STANDBY_DATABASE_URL", "STANDBY_PUBLIC_URL", "STANDBY_CARRIER",
        "STANDBY_PORT", "STANDBY_ZONE", "STANDBY_SENDING_UNTIL", "STANDBY_SEGMENTS_PER_SECOND", "STANDBY_FLOWS",
        "TWILIO_FROM_NUMBER", "TWILIO_API_URL",
    }  # fmt: skip


def test_nothing_set_names_what_is_needed() -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings()
    missing = ("STANDBY_SECRET_KEY: is missing", "STANDBY_DATA_KEYS: is missing")
    for name in (*missing, "TWILIO_API_URL: the simulated carrier"):
        assert name in str(refused.value)


@pytest.mark.parametrize("name", ["STANDBY_SECRET_KEY", "STANDBY_DATA_KEYS"])
def test_an_empty_secret_is_a_missing_one(name: str) -> None:
    assert "is missing" in faults(**{name: " "})[name]


def test_an_empty_line_means_the_default() -> None:
    settings = loaded(STANDBY_PORT="", STANDBY_ZONE="", STANDBY_SENDING_FROM="", STANDBY_PROGRAMME="", STANDBY_FLOWS="")
    assert (settings.port, settings.zone, settings.programme) == (8000, "America/Chicago", "KC Check-In")


@pytest.mark.parametrize(
    ("opens", "closes"),
    [("07:59", "20:00"), ("08:00", "20:01"), ("00:00", "23:59"), ("12:00", "12:00"), ("19:00", "09:00"),
     ("08:00Z", "20:00Z"), ("09:00", "20:00+02:00")],
)  # fmt: skip
def test_sending_hours_never_widen(opens: str, closes: str) -> None:
    assert "STANDBY_SENDING_UNTIL" in faults(STANDBY_SENDING_FROM=opens, STANDBY_SENDING_UNTIL=closes)


@pytest.mark.parametrize(("opens", "closes"), [("08:00", "20:00"), ("08:00:30", "09:00"), ("19:59", "20:00")])
def test_sending_hours_may_narrow(opens: str, closes: str) -> None:
    hours = loaded(STANDBY_SENDING_FROM=opens, STANDBY_SENDING_UNTIL=closes).sending_hours
    assert (hours.opens, hours.closes) == (time.fromisoformat(opens), time.fromisoformat(closes))


def test_a_late_opening_alone_is_held_against_the_usual_close() -> None:
    assert "STANDBY_SENDING_UNTIL" in faults(STANDBY_SENDING_FROM="20:30")


def test_a_twilio_account_has_to_be_whole() -> None:
    wrong = faults(STANDBY_CARRIER="twilio", TWILIO_ACCOUNT_SID="", TWILIO_AUTH_TOKEN="", TWILIO_FROM_NUMBER="")
    assert set(wrong) == {"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM_NUMBER"}
    assert "TWILIO_MESSAGING_SERVICE_SID" in wrong["TWILIO_FROM_NUMBER"]


def test_a_messaging_service_is_a_sender() -> None:
    settings = loaded(TWILIO_FROM_NUMBER="", TWILIO_MESSAGING_SERVICE_SID="MG" + "1" * 32)
    assert settings.sender == "MG" + "1" * 32


@pytest.mark.parametrize(
    "url",
    ["", "https://api.twilio.com", "http://127.0.0.1.evil.example", "http://localhost.evil.example:80",
     "http://127.0.0.1@evil.example/", "http://[::1", "ftp://127.0.0.1", "127.0.0.1:8001"],
)  # fmt: skip
def test_the_simulated_carrier_stays_on_this_machine(url: str) -> None:
    assert "TWILIO_API_URL" in faults(STANDBY_CARRIER="simulated", TWILIO_API_URL=url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001", "http://localhost:1", "http://[::1]:8001/"])
def test_the_simulated_carrier_makes_it_a_simulation(url: str) -> None:
    settings = loaded(STANDBY_CARRIER="simulated", TWILIO_API_URL=url)
    assert settings.simulated and settings.carrier_is_on_this_machine


@pytest.mark.parametrize("carrier", ["twilio", ""])
def test_an_account_behind_a_loopback_proxy_is_no_simulation(carrier: str) -> None:
    settings = loaded(STANDBY_CARRIER=carrier, TWILIO_API_URL="http://127.0.0.1:8001")
    assert settings.uses_twilio and settings.carrier_is_on_this_machine
    assert not settings.simulated


@pytest.mark.parametrize("url", ["", "http://127.0.0.1.evil.example", "https://proxy.example"])
def test_a_real_carrier_is_no_simulation(url: str) -> None:
    settings = loaded(TWILIO_API_URL=url)
    assert not settings.simulated and not settings.carrier_is_on_this_machine


def test_no_proxy_is_believed_unless_it_is_set() -> None:
    assert not loaded().behind_proxy and not loaded(STANDBY_BEHIND_PROXY="").behind_proxy
    assert loaded(STANDBY_BEHIND_PROXY="true").behind_proxy


def test_a_wrong_key_among_several_is_named() -> None:
    good = Fernet.generate_key().decode()
    assert "key 2" in faults(STANDBY_DATA_KEYS=f"{good}, not-a-key")["STANDBY_DATA_KEYS"]
    assert loaded(STANDBY_DATA_KEYS=f"{good}, {Fernet.generate_key().decode()}").data_keys.startswith(good)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://db/x", "no address", "://"])
def test_a_database_that_would_forget_or_is_unknown_is_refused(url: str) -> None:
    assert "STANDBY_DATABASE_URL" in faults(STANDBY_DATABASE_URL=url)


@pytest.mark.parametrize("url", ["example.org", "https://", "ftp://example.org", "https://example.org/app", "http://[::1"])
def test_the_public_address_is_whole_and_bare(url: str) -> None:
    assert "STANDBY_PUBLIC_URL" in faults(STANDBY_PUBLIC_URL=url)


def test_a_slash_behind_the_public_address_is_nothing() -> None:
    assert loaded(STANDBY_PUBLIC_URL="https://example.org/").public_url == "https://example.org"


def test_secrets_stay_out_of_messages_and_of_print() -> None:
    secrets = {
        "STANDBY_SECRET_KEY": "tooshort-secret",
        "STANDBY_DATA_KEYS": "not-a-fernet-secret",
        "STANDBY_DATABASE_URL": "mysql://standby:db-secret@db/standby",
        "TWILIO_AUTH_TOKEN": "token-secret",
        "STANDBY_PORT": "none",
    }
    with pytest.raises(ConfigError) as refused:
        loaded(**secrets)
    told = f"{refused.value} {refused.value.__cause__} {loaded(TWILIO_AUTH_TOKEN='token-secret')!r}"
    for word in ("tooshort-secret", "not-a-fernet-secret", "db-secret", "token-secret", GOOD["STANDBY_SECRET_KEY"]):
        assert word not in told


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=60)))
def test_whatever_is_written_is_taken_or_told(over: dict[str, str]) -> None:
    try:
        settings = loaded(**over)
    except ConfigError as error:
        assert all(line.startswith("  ") for line in str(error).splitlines()[1:])
    else:
        assert time(8) <= settings.sending_from < settings.sending_until <= time(20)
