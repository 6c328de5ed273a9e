"""The independent checker: what was promised, and whether the carrier's record and the database bear it out.

Each promise is one function that gives its violations as sentences with ids, never with words of anybody. Nothing
here comes from the programme: what a text means is the town's word, what was sent is the carrier's, the rest is SQL.

What is late is counted in calm time (tests/faults/calm.py). How long each step may take, and why:

- HANDLED_WITHIN 3 minutes: a killed process keeps a text for its lease of one minute; a text that no webhook brought
  is asked for every minute; the clock looks every five seconds.
- ALERTED_WITHIN 5 minutes: a killed process keeps an alert for two minutes, what has no outcome is asked about after
  two, and the jobs that do so run every half minute. `flows/escalation.toml` has the first alert after 0 minutes.
- RINGS_EVERY 10 minutes: the longest wait on the *now* ladder, after which the next alert has ALERTED_WITHIN again.
"""

from collections.abc import Callable, Iterator

from tests.faults.danger import danger_alerted, danger_seen
from tests.faults.evidence import Evidence
from tests.faults.heard import handled_in_time, handled_once, stored_once
from tests.faults.sent import (
    asked_once,
    every_end_known,
    no_text_after_stop,
    no_text_at_night,
    no_text_without_consent,
    nobody_twice,
)

PROMISES: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    stored_once,
    handled_once,
    handled_in_time,
    nobody_twice,
    asked_once,
    no_text_after_stop,
    no_text_at_night,
    no_text_without_consent,
    danger_seen,
    danger_alerted,
    every_end_known,
)


def check(evidence: Evidence) -> dict[str, list[str]]:
    """The violations of each promise, under its name."""
    return {promise.__name__: list(promise(evidence)) for promise in PROMISES}
