"""What is written for running it: files that parse, and name nothing that is not there."""

import re
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from click import Group

from app import CLOCK_ENDS_WITHIN_S, create_app
from bot.cli import main
from bot.config import Settings
from bot.wiring import build
from tests.databases import DATA_KEY

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
PAGES = [ROOT / "docs" / "twilio.md", ROOT / "docs" / "running.md"]
SETTINGS = {str(field.alias) for field in Settings.model_fields.values()}
NAMES = re.compile(r"\b(?:STANDBY|TWILIO)_[A-Z_]+\b")
NAMED = re.compile(r"\b((?:deploy|docs)/[\w.]+|app\.py|scheduler\.py|requirements\.lock)")
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()


def unit(path: Path) -> RawConfigParser:
    """A unit, each key at most once; names as they are written."""
    parser = RawConfigParser(strict=True, comment_prefixes=("#",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text())
    return parser


def settings() -> Settings:
    return Settings(
        _env_file=None, secret_key="a key for tests only", data_keys=DATA_KEY, carrier="simulated",
        api_url="http://127.0.0.1:9",
    )  # fmt: skip


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


def test_there_is_a_unit_for_each_program() -> None:
    assert [path.name for path in UNITS] == ["standby-clock@.service", "standby-web@.service"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_program_that_is_there_and_comes_back(path: Path) -> None:
    service = unit(path)["Service"]
    *_, python, program = service["ExecStart"].split()
    assert python == f"{service['WorkingDirectory']}/.venv/bin/python" and (ROOT / program).is_file()
    assert (service["Restart"], service["User"]) == ("always", "standby")
    assert service["EnvironmentFile"] == "/etc/standby/standby.env"
    assert set(unit(path)) == {"DEFAULT", "Unit", "Service", "Install"}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_keeps_to_its_own_folder_and_lets_pictures_be_drawn(path: Path) -> None:
    service = unit(path)["Service"]
    kept = (service["ProtectSystem"], service["NoNewPrivileges"], service["StateDirectory"])
    assert kept == ("strict", "true", "standby")
    assert "MemoryDenyWriteExecute" not in service


def test_the_clock_has_time_to_end_its_round() -> None:
    assert int(unit(DEPLOY / "standby-clock@.service")["Service"]["TimeoutStopSec"]) >= 60
    assert int(unit(DEPLOY / "standby-web@.service")["Service"]["TimeoutStopSec"]) > CLOCK_ENDS_WITHIN_S
    assert compose()["services"]["clock"]["stop_grace_period"] == "2m"


def test_in_containers_the_clock_is_never_in_a_web_that_has_less_time_to_end() -> None:
    assert compose()["services"]["web"]["environment"]["STANDBY_CLOCK_IN_WEB"] == "false"


def test_the_port_of_a_web_is_what_stands_behind_the_at() -> None:
    assert "STANDBY_PORT=%i" in unit(DEPLOY / "standby-web@.service")["Service"]["ExecStart"]


def runs(command: list[str]) -> bool:
    """Whether this command of a container names something that is there."""
    match command:
        case ["python", "-m", "bot", *words]:
            return isinstance(main, Group) and words[0] in main.commands
        case ["python", program]:
            return (ROOT / program).is_file()
    return False


def test_the_image_holds_what_it_runs_and_not_as_root() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", CONTAINERFILE, re.MULTILINE)
    assert all((ROOT / name).exists() for line in copied for name in line.split())
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {name for line in copied for name in line.split()} == kept
    assert re.search(r"^USER \d+$", CONTAINERFILE, re.MULTILINE)
    assert runs(re.findall(r'"([^"]+)"', CONTAINERFILE.rsplit("CMD", 1)[1]))


def test_the_image_asks_whether_the_web_answers() -> None:
    assert "HEALTHCHECK" in CONTAINERFILE and "/healthz" in CONTAINERFILE
    code = re.search(r'"-c", "(.+)"\]', CONTAINERFILE)
    assert code
    compile(code[1].replace('\\"', '"'), "healthcheck", "exec")


@pytest.mark.parametrize("name", ["init", "web", "clock"])
def test_a_service_runs_what_is_there_without_rights(name: str) -> None:
    service = compose()["services"][name]
    assert runs(service["command"])
    assert (service["read_only"], service["cap_drop"], service["env_file"]) == (True, ["ALL"], "../.env")


def test_services_wait_for_the_database_and_its_tables() -> None:
    services = compose()["services"]
    assert services["init"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert services["db"]["healthcheck"]["test"][1] == "pg_isready"
    for name in ("web", "clock"):
        assert services[name]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}
        assert services[name]["deploy"]["replicas"] == 2
    assert services["clock"]["healthcheck"] == {"disable": True}  # the image's asks a web


def test_what_compose_mounts_and_builds_is_there() -> None:
    read = compose()
    for name in ("init", "web", "clock"):
        assert all((DEPLOY / volume.split(":")[0]).is_dir() for volume in read["services"][name]["volumes"])
    build = read["services"]["init"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    assert {volume.split(":")[0] for volume in read["services"]["db"]["volumes"]} == set(read["volumes"])


@pytest.mark.parametrize("path", [*sorted(DEPLOY.iterdir()), *PAGES], ids=lambda path: path.name)
def test_only_settings_that_there_are_are_named(path: Path) -> None:
    unknown = set(NAMES.findall(path.read_text(encoding="utf-8"))) - SETTINGS
    assert not unknown


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_name_commands_files_and_addresses_that_there_are(path: Path) -> None:
    said = path.read_text(encoding="utf-8")
    assert set(re.findall(r"python -m bot (\S+?)[`\s]", said)) <= set(main.commands)
    named = set(NAMED.findall(said))
    assert all((ROOT / name).exists() for name in named)
    assert set(re.findall(r"\]\((\w+\.md)\)", said)) <= {page.name for page in PAGES}
    routes = {rule.rule for rule in create_app(build(settings(), soon=lambda deed: None)).url_map.iter_rules()}
    asked = re.findall(r"(?:YOUR-HOST|GET )(/[\w/]+)", said)
    assert asked and set(asked) <= routes
