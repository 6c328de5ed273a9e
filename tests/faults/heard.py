"""What was promised of texts that come in: stored once, handled once, in time."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.faults.calm import blows, deadline
from tests.faults.evidence import Evidence

HANDLED_WITHIN = timedelta(minutes=3)


def stored_once(evidence: Evidence) -> Iterator[str]:
    """Every text that came in is stored, and once."""
    stored = evidence.rows_in()
    for text in evidence.heard:
        count = len(stored.get(text.sid, ()))
        if count != 1:
            yield f"text {text.sid} is stored {count} times"
    for sid in stored.keys() - {text.sid for text in evidence.heard}:
        yield f"row of {sid}, which the carrier does not know"


def handled_once(evidence: Evidence) -> Iterator[str]:
    """Every text was handled and put into a lane, and left no trace twice."""
    for rows in evidence.rows_in().values():
        for row in rows:
            if row["handled_at"] is None or row["lane"] is None:
                yield f"message {row['id']} was never handled"
    marks = Counter((row["flag_id"], row["message_id"], row["start"]) for row in evidence.tables["marks"])
    replies = Counter((row["message_id"], row["name"]) for row in evidence.tables["replies"] if row["message_id"])
    for place, count in [*marks.items(), *replies.items()]:
        if count > 1:
            yield f"a trace of a handled message is there {count} times: {place}"


def handled_in_time(evidence: Evidence) -> Iterator[str]:
    """Every text was handled within HANDLED_WITHIN of calm."""
    stored = evidence.rows_in()
    for text in evidence.heard:
        for row in stored.get(text.sid, ()):
            felt = blows(evidence, frozenset({text.handset}))
            at = evidence.true(row["handled_at"], text.created_at) if row["handled_at"] else evidence.ends_at
            if at > deadline(text.created_at, HANDLED_WITHIN, felt):
                yield f"message {row['id']} was handled after {at - text.created_at}"
