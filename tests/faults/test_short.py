"""The short form of `python -m tests.faults`: a few simulated days on each database."""

import pytest

from tests.faults.run import Order, run


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_promised_holds_whatever_is_killed(database: str) -> None:
    verdict = run(Order(database, kills=10, people=20, weeks=0.2, seed=1, minutes=1))
    assert verdict.evidence.diary.kills >= 10
    assert verdict.evidence.heard and verdict.evidence.told
    assert {name: broken for name, broken in verdict.violations.items() if broken} == {}
