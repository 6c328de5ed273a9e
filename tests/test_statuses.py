"""No status moves past its one place, so no check-in falls out of step with its first text."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

BOT = Path(__file__).resolve().parent.parent / "bot"
ONE_PLACE = BOT / "statuses.py"
OTHERS = ("carrier", "migrations")  # the carrier's own texts, and tables as they once were
FILES = [path for path in sorted(BOT.glob("**/*.py")) if path != ONE_PLACE and not set(path.parts) & set(OTHERS)]


def _strays(tree: ast.AST) -> Iterator[int]:
    """Lines that set a status: `text.status = …`, `update(…).values(status=…)`, or with a dictionary of values."""
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        flat = [each for target in targets for each in (target.elts if isinstance(target, ast.Tuple) else [target])]
        yield from (each.lineno for each in flat if isinstance(each, ast.Attribute) and each.attr == "status")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "values":
            yield from (node.lineno for each in node.keywords if each.arg in ("status", None))
        if isinstance(node, ast.Dict):
            yield from (node.lineno for each in node.keys if isinstance(each, ast.Constant) and each.value == "status")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(BOT)))
def test_statuses_move_in_one_place(path: Path) -> None:
    strays = list(_strays(ast.parse(path.read_text(encoding="utf-8"))))
    assert not strays, f"{path}, lines {strays}: use bot/statuses.py"


def test_a_stray_is_found() -> None:
    lines = ("text.status = now", "a.b, text.status = 1, 2", "update(Message).values(status=now)", '{"status": now}')
    for line in lines:
        assert list(_strays(ast.parse(line))) == [1]
