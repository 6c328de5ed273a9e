"""The shelf of flows, while people edit the files."""

import shutil
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from bot.config import ROOT
from bot.core.flow import FlowError
from bot.core.kinds import Language
from bot.flows import SHIPPED, LiveShelf, load_flows
from bot.policy import POLICY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    return tmp_path / "flows"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_an_edit_is_seen_without_a_restart(folder: Path) -> None:
    shelf = LiveShelf(folder)
    edit(folder / "weekly.toml", "How is your week going?", "How are you this week, friend?")
    assert "friend" in shelf.flows["weekly"].states["open"].say[Language.EN]


def test_a_broken_edit_rests_that_flow_and_no_other(folder: Path, log: LogCapture) -> None:
    shelf = LiveShelf(folder)
    names = set(shelf.flows)
    edit(folder / "weekly.toml", 'start = "open"', 'start = "opne"')
    assert set(shelf.flows) == names - {"weekly"}
    assert any("weekly.toml" in problem and "opne" in problem for problem in shelf.problems)
    assert {entry["event"] for entry in log.entries} == {"flow_problem"}
    log.entries.clear()


def test_an_unusable_always_leaves_the_last_good_texts(folder: Path, log: LogCapture) -> None:
    shelf = LiveShelf(folder)
    safety = shelf.always.safety[Language.EN]
    (folder / "always.toml").write_text("[safety", encoding="utf-8")
    assert shelf.always.safety[Language.EN] == safety
    assert any("always.toml" in problem for problem in shelf.problems)
    log.entries.clear()


def test_an_edited_policy_counts_at_once(folder: Path) -> None:
    shelf = LiveShelf(folder)
    edit(folder / POLICY, "alerts_an_hour = 20", "alerts_an_hour = 30")
    assert shelf.policy.alerts_an_hour == 30


def test_of_a_broken_policy_the_last_good_one_stays(folder: Path, log: LogCapture) -> None:
    shelf = LiveShelf(folder)
    edit(folder / POLICY, "alerts_an_hour = 20", "alerts_an_hour = 30")
    assert shelf.policy.alerts_an_hour == 30
    edit(folder / POLICY, 'after = "3 minutes"', 'after = "soon"')
    assert shelf.policy.alerts_an_hour == 30
    assert any("now.step.2.after" in problem and "as it was before" in problem for problem in shelf.problems)
    log.entries.clear()


def test_without_a_policy_the_shipped_one_is_in_force(folder: Path, log: LogCapture) -> None:
    (folder / POLICY).unlink()
    shelf = LiveShelf(folder)
    assert shelf.policy.ladders
    assert any(POLICY in problem and "as it ships" in problem for problem in shelf.problems)
    log.entries.clear()


def test_a_broken_policy_with_none_to_fall_back_on_is_said_as_any_flow_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever edits the file that ships has no other; the commands say such faults in a sentence."""
    folder = shutil.copytree(SHIPPED.parent, tmp_path / "flows")
    broken = folder / SHIPPED.name
    broken.write_text(broken.read_text(encoding="utf-8").replace('"backup"', '"bakcup"'), encoding="utf-8")
    monkeypatch.setattr("bot.flows.SHIPPED", broken)
    with pytest.raises(FlowError, match=r"escalation\.toml: .*whom"):
        load_flows(folder)
