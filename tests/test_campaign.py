"""The texts to register, as the command prints them: what is registered is what is sent."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.alerts import alert_text
from bot.cli import main
from bot.config import Settings
from bot.core.escalation import Means, Urgency
from bot.models import Alert, Flag
from tests.conftest import FLOWS
from tests.databases import DATA_KEY


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A programme with settings and a copy of the flows of its own, and no database."""
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    flows = tmp_path / "flows"
    flows.mkdir()
    for path in FLOWS.glob("*.toml"):
        (flows / path.name).write_bytes(path.read_bytes())
    for name, value in {
        "STANDBY_SECRET_KEY": "a key for tests only",
        "STANDBY_DATA_KEYS": DATA_KEY,
        "STANDBY_CARRIER": "simulated",
        "TWILIO_API_URL": "http://127.0.0.1:9",
        "STANDBY_PROGRAMME": "River Check-In",
        "STANDBY_CONTACT": "816-555-0199",
        "STANDBY_PUBLIC_URL": "https://texts.example.net",
        "STANDBY_FLOWS": str(flows),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return flows


def prints(*words: str) -> Result:
    result = CliRunner().invoke(main, ["campaign", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def part(result: Result, title: str) -> str:
    """What stands under a title."""
    assert result.exit_code == 0, result.output
    return result.stdout.split(f"{title}\n", 1)[1].split("\n\n", 1)[0]


def test_names_are_the_programmes_own(folder: Path) -> None:
    said = prints("--worker", "Rosa")
    assert "River Check-In keeps in touch" in part(said, "Campaign description")
    assert "it's Rosa" in part(said, "Sample messages")
    assert "816-555-0199" in part(said, "Help keywords and their answer")
    assert "KC Check-In" not in said.stdout and "{" not in said.stdout


def test_an_edited_flow_is_what_is_registered(folder: Path) -> None:
    weekly = folder / "weekly.toml"
    weekly.write_text(weekly.read_text().replace("How is your week going?", "How was your week so far?"))
    assert "How was your week so far?" in part(prints(), "Sample messages")


def test_the_alert_is_the_one_that_staff_get(folder: Path) -> None:
    settings = Settings(_env_file=None, **{"flows": folder})
    flag = Flag(participant_id=7, urgency=Urgency.TODAY)
    alert = alert_text(Alert(link="EXAMPLE", code="0000"), Means.TEXT, [flag], settings)
    assert alert in part(prints(), "Sample messages")


def test_links_and_numbers_in_texts_are_told(folder: Path) -> None:
    assert "to texts.example.net. Texts to participants hold none." in part(prints(), "Embedded links")
    assert part(prints(), "Embedded phone numbers").strip() == "Yes: 816-555-0199 in the answer to HELP."
    weekly = folder / "weekly.toml"
    weekly.write_text(weekly.read_text().replace("How is your week going?", "See river.example.org now?"))
    assert "Texts to participants hold some too." in part(prints(), "Embedded links")


def test_keywords_are_those_that_the_carrier_heeds(folder: Path) -> None:
    said = part(prints(), "Opt-out keywords and their answer").splitlines()
    assert said[0].strip() == "STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT, REVOKE, OPTOUT"
    assert said[1].strip().startswith("en: River Check-In: You will get no more texts")
    assert part(prints(), "Help keywords and their answer").split("\n")[0].strip() == "HELP, INFO"


def test_a_broken_flow_registers_nothing(folder: Path) -> None:
    (folder / "mine.toml").write_text("title = 1")
    result = prints()
    assert (result.exit_code, result.stdout) == (1, "") and "python -m bot flow check" in result.stderr


def test_without_a_welcome_nobody_says_how_people_opt_in(folder: Path) -> None:
    (folder / "welcome.toml").unlink()
    assert prints().exit_code == 1


def test_texts_too_long_for_the_form_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDBY_PUBLIC_URL", f"https://{'.'.join(['x' * 50] * 21)}.net")
    result = prints()
    assert (result.exit_code, result.stdout) == (1, "") and "A sample has" in result.stderr
