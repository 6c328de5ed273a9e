"""The measure itself, held against a table counted by hand."""

import json

from bot.core.kinds import Found, Hit, Intent, Lane, Need
from bot.core.needs.evaluation import Labelled, evaluate


def row(text, needs=(), urgent=False, intent=Intent.REPLY):
    return Labelled(text, "en", frozenset(needs), urgent, intent)


def says(lane, *needs, intent=Intent.REPLY):
    return Found(lane, intent, tuple(Hit(need, lane is Lane.NOW, 0, 1, "rule") for need in needs))


# text -> the labels, and what a reader with four faults makes of it
ROWS = [
    (row("a", [Need.SAFETY], urgent=True), says(Lane.NOW, Need.SAFETY)),
    (row("b", [Need.SAFETY, Need.JOB], urgent=True), says(Lane.TODAY, Need.JOB)),  # the danger found too late
    (row("c", [Need.SAFETY]), says(Lane.CLOSED)),  # and one never seen
    (row("d"), says(Lane.NOW, Need.SAFETY)),  # a false alarm
    (row("e"), says(Lane.TODAY)),
    (row("f"), says(Lane.CLOSED)),
    (row("g", intent=Intent.STOP), says(Lane.TODAY, intent=Intent.REPLY)),  # a stop missed
]


def measured():
    answers = {labelled.text: found for labelled, found in ROWS}
    ticks = iter([10.0, 10.000070])
    return evaluate((labelled for labelled, _ in ROWS), timer=lambda: next(ticks), read=answers.__getitem__)


def test_the_object_counted_by_hand():
    found = measured().as_object()
    assert json.loads(json.dumps(found)) == found
    assert found["n"] == 7
    assert found["needs"]["safety"] == {"tp": 1, "fp": 1, "fn": 2}
    assert found["needs"]["job"] == {"tp": 1, "fp": 0, "fn": 0}
    assert found["needs"]["family"] == {"tp": 0, "fp": 0, "fn": 0}
    assert found["micro_f1"] == 2 * 2 / (2 * 2 + 1 + 2)
    assert found["safety"] == {"n": 3, "now": 1, "seen": 2}
    assert found["urgent"] == {"n": 2, "now": 1, "seen": 2}
    assert found["harmless"] == {"n": 3, "now": 1, "today": 1}
    assert found["intent"]["stop"] == {"tp": 0, "fp": 0, "fn": 1}
    assert found["intent"]["reply"] == {"tp": 6, "fp": 1, "fn": 0}
    assert round(found["us_per_message"], 6) == 10.0


def test_the_object_names_every_code_and_nothing_else():
    found = measured().as_object()
    keys = ["n", "needs", "micro_f1", "safety", "urgent", "harmless", "intent", "us_per_message"]
    assert list(found) == keys
    assert list(found["needs"]) == list(Need) and list(found["intent"]) == list(Intent)


def test_nothing_to_read_is_no_error():
    assert evaluate([], timer=lambda: 0.0).as_object()["us_per_message"] is None
    assert evaluate([]).micro_f1 == 1.0
