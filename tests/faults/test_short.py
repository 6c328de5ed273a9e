"""The short form of `python -m tests.faults`: a simulated day on each database."""

import pytest

from tests.faults.run import Order, run


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_promised_holds_whatever_is_killed(database: str) -> None:
    verdict = run(Order(database, kills=10, people=20, weeks=0.12, seed=1, minutes=0.6))
    assert verdict.evidence.diary.kills >= 10
    assert verdict.evidence.heard and verdict.evidence.told
    assert {name: broken for name, broken in verdict.violations.items() if broken} == {}
