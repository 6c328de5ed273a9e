"""The benchmarks run, each in its small form, and say what they found."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.results import Result

HAVE_A_GOAL = set(BENCHMARKS) - {"reply"}
QUICK = sorted(set(BENCHMARKS) - {"rest"})  # that one starts the demo, as tests/test_demo.py does anyway


@pytest.mark.parametrize("name", QUICK)
def test_a_benchmark_yields_its_figures(name: str) -> None:
    found = list(BENCHMARKS[name](True))
    assert found and all(each.value > 0 for each in found)
    assert any(each.ratio for each in found)
    assert any(each.met is not None for each in found) == (name in HAVE_A_GOAL)


def test_figures_are_shown_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Result("a thing", "SQLite", 3.0, "/s", "another", 6.0, ">= 1", False)
    monkeypatch.setitem(BENCHMARKS, "idle", lambda small: iter([short]))
    ran = CliRunner().invoke(main, ["idle", "--json", str(tmp_path / "var" / "bench.json")])
    assert ran.exit_code == 0 and "a thing" in ran.output
    kept = json.loads((tmp_path / "var" / "bench.json").read_text())["results"]
    assert kept == [short.as_json()] and kept[0]["ratio"] == 0.5
