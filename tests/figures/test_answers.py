"""Who answers, by group: every group is there, under a name of its own."""

from dataclasses import replace

from bot.core.kinds import Outcome
from bot.figures import answers
from bot.figures.view import View
from bot.flows import load_flows
from bot.policy import POLICY, load_policy
from bot.reports.scope import latest
from tests.conftest import FLOWS
from tests.kept import HOUR, NOW, THIS_WEEK, ZONE, Kept

SCOPE = latest(NOW, ZONE, 2)
SHELF = load_flows(FLOWS).flows
INSIDE = View(NOW, SHELF, load_policy(FLOWS / POLICY))


def test_flows_of_one_title_are_two_rows(kept: Kept) -> None:
    again = replace(SHELF["weekly"], name="again")
    for flow, count in (("weekly", 2), ("again", 3)):
        for _ in range(count):
            kept.check_in(THIS_WEEK, answered=HOUR, outcome=Outcome.FINISHED, flow=flow)
    figure = answers.by_flow(kept.session, SCOPE, replace(INSIDE, flows=SHELF | {"again": again}))
    assert [row[:2] for row in figure.table.rows] == [
        ("Weekly check-in (“again”)", 3), ("Weekly check-in (“weekly”)", 2),
    ]  # fmt: skip


def test_a_cohort_named_no_cohort_is_not_those_without(kept: Kept) -> None:
    kept.check_in(THIS_WEEK, outcome=Outcome.SILENT)
    for _ in range(2):
        kept.check_in(THIS_WEEK, outcome=Outcome.SILENT, cohort="No cohort")
    rows = answers.by_cohort(kept.session, SCOPE, INSIDE).table.rows
    assert [row[::2][:2] for row in rows] == [("No cohort (“No cohort”)", 2), ("No cohort", 1)]
