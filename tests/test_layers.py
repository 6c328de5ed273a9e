"""Which way imports point: one table, and nothing beside it."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*ROOT.glob("bot/**/*.py"), ROOT / "app.py", ROOT / "scheduler.py"])

# Each layer may import those above it; a layer's modules may import each other. The first name that fits counts.
LAYERS = (
    ("bot.core",),
    ("bot.drawing", "bot.passwords", "bot.pictures"),
    ("bot.config", "bot.columns", "bot.db", "bot.engines", "bot.models", "bot.carrier", "bot.flows", "bot.logs",
     "bot.migrations", "bot.policy", "bot.revision"),
    ("bot.due", "bot.week_counts"),
    ("bot.assignments", "bot.restored", "bot.statuses", "bot.waiting"),
    ("bot.consents",),
    ("bot.outbox",),
    ("bot.departures", "bot.pace"),
    ("bot.people", "bot.talking"),
    ("bot.verdicts",),
    ("bot.deliveries", "bot.dispatch", "bot.casework", "bot.duty"),
    ("bot.alerts", "bot.scene", "bot.staff_replies"),
    ("bot.checkins", "bot.openings", "bot.starting"),
    ("bot.hearing", "bot.inbox"),
    ("bot.sheets", "bot.first_texts"),
    ("bot.arrangements", "bot.appointments", "bot.joining", "bot.importing", "bot.directory", "bot.handovers",
     "bot.numbers", "bot.merging", "bot.enrolling", "bot.mass_texts", "bot.staffing"),
    ("bot.reports", "bot.learning", "bot.cover", "bot.roster", "bot.auditor"),
    ("bot.figures",),
    ("bot.backup_file", "bot.backups", "bot.copying", "bot.restoring"),
    ("bot.study", "bot.study_rows", "bot.research", "bot.summary", "bot.summary_letter"),
    ("bot", "app", "scheduler"),  # the edges: wiring, web, command line, demo
)
NOT_PURE = {"sqlalchemy", "flask", "requests", "structlog", "socket", "threading", "random", "os"}
ONLY_HERE = {
    "twilio": ("bot.carrier.twilio",),
    "flask": ("bot.web", "app"),
    "apscheduler": ("scheduler",),
    "arro3": ("bot.filing",),
    "altair": ("bot.drawing",),
    "vl_convert": ("bot.drawing",),
}


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _lies_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _layer(module: str) -> int:
    return next(place for place, names in enumerate(LAYERS) if any(_lies_in(module, name) for name in names))


MODULES = {_module(path): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def _imports(tree: ast.AST) -> Iterator[str]:
    """Everything imported, as modules: `from bot.core import hours` means bot.core.hours."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name.name}" for name in node.names]
            yield from (name if name in MODULES else str(node.module) for name in names)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_one_way(module: str) -> None:
    ours = [name for name in _imports(MODULES[module]) if name.partition(".")[0] in ("bot", "app", "scheduler")]
    wrong = [name for name in ours if _layer(name) > _layer(module)]
    assert not wrong, f"{module} must not import {wrong}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_frameworks_stay_where_they_belong(module: str) -> None:
    used = {name.partition(".")[0] for name in _imports(MODULES[module])}
    for framework in used & set(ONLY_HERE):
        places = ONLY_HERE[framework]
        assert any(_lies_in(module, place) for place in places), f"{module} must not import {framework}"


@pytest.mark.parametrize("module", sorted(name for name in MODULES if _lies_in(name, "bot.core")))
def test_the_core_is_pure(module: str) -> None:
    foreign = {name.partition(".")[0] for name in _imports(MODULES[module])} & NOT_PURE
    assert not foreign, f"{module} must not import {foreign}"


@pytest.mark.parametrize("path", [path for path in FILES if "core" in path.parts], ids=_module)
def test_the_core_is_told_the_time(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not any(clock in source for clock in ("datetime.now(", "date.today(", "time.time("))


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_stand_at_the_top_and_are_absolute(module: str) -> None:
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [each for each in ast.walk(node) if isinstance(each, ast.Import | ast.ImportFrom)]
            assert not inner, f"{module}: an import inside {node.name}"
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import in line {node.lineno}"


def test_nothing_imports_in_a_circle() -> None:
    graph = {name: {each for each in _imports(tree) if each in MODULES} - {name} for name, tree in MODULES.items()}
    assert set(TopologicalSorter(graph).static_order()) == set(MODULES), "a circle raises CycleError"


def test_letters_that_are_no_texts_leave_by_one_module() -> None:
    """Texts leave by the outbox alone; beside it stands the weekly letter, which no participant can get."""
    senders = {name for name, tree in MODULES.items() if "bot.carrier.mail" in _imports(tree)}
    assert senders == {"bot.wiring", "bot.summary"}
