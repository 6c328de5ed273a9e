"""The policy file: what ships can be used, and what is wrong with another is said in a sentence."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import ROOT
from bot.core.escalation import Edge, Urgency, Whom
from bot.policy import POLICY, PolicyError, load_policy

SHIPPED = (ROOT / "flows" / POLICY).read_text(encoding="utf-8")


def test_danger_climbs_as_promised() -> None:
    """The defaults: caseworker and on-call at once and after 3 minutes, backup after 6, supervisors after 12."""
    ladder = load_policy(ROOT / "flows" / POLICY).ladders[Urgency.NOW]
    near = (Whom.CASEWORKER, Whom.ON_CALL)
    assert [(rung.whom, rung.wait) for rung in ladder.rungs] == [
        (near, timedelta(minutes=3)),
        (near, timedelta(minutes=3)),
        ((Whom.BACKUP,), timedelta(minutes=6)),
        ((Whom.SUPERVISORS,), timedelta(minutes=10)),
    ]
    assert [(rung.whom, rung.wait) for rung in ladder.again] == [((Whom.SUPERVISORS,), timedelta(minutes=10))]
    assert not ladder.working_hours


def test_a_day_in_working_hours_is_a_working_day() -> None:
    ladder = load_policy(ROOT / "flows" / POLICY).ladders[Urgency.TODAY]
    assert ladder.outcome_within == timedelta(hours=24) and ladder.grace == timedelta(hours=8)
    assert ladder.rungs[0].wait is Edge.END_OF_DAY


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], str]:
    def reads(source: str) -> str:
        path = tmp_path / POLICY
        path.write_text(source, encoding="utf-8")
        with pytest.raises(PolicyError) as caught:
            load_policy(path)
        return str(caught.value)

    return reads


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ('after = "3 minutes"', 'after = "three minutes"', "now.step.2.after"),
        ('after = "3 minutes"', 'after = "0 minutes"', "each step must come later"),
        ('after = "6 minutes"', 'after = "end of day"', "cannot wait for the working day"),
        ('every = "10 minutes"', 'every = "0 minutes"', "at least"),
        ('whom = ["backup"]', 'whom = ["back-up"]', "now.step.3.whom.1: Input should be 'caseworker'"),
        ('whom = ["backup"]', "whom = []", "now.step.3.whom"),
        ('outcome_within = "2 hours"', 'outcome_in = "2 hours"', "now.outcome_in: is a line nobody knows"),
        ('outcome_within = "2 hours"', "", "now.outcome_within: is missing"),
        ('closes = "17:00"', 'closes = "10:00"', "two hours"),
        ("alerts_an_hour = 20", "alerts_an_hour = 1", "alerts_an_hour"),
        ("[hours]", "[hours", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(there: str, instead: str, said: str, read: Callable[[str], str]) -> None:
    assert there in SHIPPED
    sentence = read(SHIPPED.replace(there, instead, 1))
    assert sentence.startswith(POLICY) and said in sentence


def test_every_fault_is_named_at_once(read: Callable[[str], str]) -> None:
    wrong = SHIPPED.replace('after = "3 minutes"', 'after = "soon"', 1)
    said = read(wrong.replace("alerts_an_hour = 20", "alerts_an_hour = 0"))
    assert len(said.splitlines()) == 2


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / POLICY)
