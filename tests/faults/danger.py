"""What was promised of danger: it is seen, and phones ring until a person takes it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.faults.calm import Span, blows, deadline
from tests.faults.evidence import Evidence, Row
from tests.faults.town import Meaning, meaning_of

ALERTED_WITHIN = timedelta(minutes=5)
RINGS_EVERY = timedelta(minutes=10)


def danger_seen(evidence: Evidence) -> Iterator[str]:
    """Every text that tells of danger belongs to a *now* flag that stood open when it was handled."""
    flags = {row["id"]: row for row in evidence.tables["flags"]}
    open_then: dict[int, list[Row]] = defaultdict(list)
    for row in evidence.tables["dangers"]:
        open_then[row["flag_id"]].append(row)
    marked: dict[int, set[int]] = defaultdict(set)
    for row in evidence.tables["marks"]:
        marked[row["message_id"]].add(row["flag_id"])
    stored = evidence.rows_in()
    for text in evidence.heard:
        if meaning_of(text.body) is not Meaning.DANGER:
            continue
        for row in stored.get(text.sid, ()):
            seen = [flag for flag in marked[row["id"]] if flags[flag]["urgency"] == "now"]
            if not any(_stood_open(evidence, each, row) for flag in seen for each in open_then[flag]):
                yield f"message {row['id']} tells of danger and raised no open flag"


def _stood_open(evidence: Evidence, danger: Row, message: Row) -> bool:
    """A flag that was raised while our clock was an hour ahead seems to come after a text handled since."""
    if message["handled_at"] is None:
        return False
    since = min(evidence.moments(danger["since_at"]))
    until = max(evidence.moments(danger["taken_at"])) if danger["taken_at"] else evidence.ends_at
    return any(since <= handled <= until for handled in evidence.moments(message["handled_at"]))


def danger_alerted(evidence: Evidence) -> Iterator[str]:
    """While danger stands open phones ring: first within ALERTED_WITHIN, then every RINGS_EVERY and ALERTED_WITHIN.

    Where our clock showed the same twice, in one of these two cases.
    """
    felt, rang = blows(evidence, evidence.staff), _rings(evidence)
    for danger in evidence.tables["dangers"]:
        cases = []
        for since in evidence.moments(danger["since_at"]):
            until = evidence.true(danger["taken_at"], since) if danger["taken_at"] else evidence.ends_at
            cases.append(list(_silences(since, until, rang[danger["flag_id"]], felt)))
        for start, end in cases[-1] if all(cases) else ():
            yield f"flag {danger['flag_id']} rang nobody from {start} to {end}"


def _silences(
    since: datetime, until: datetime, rang: list[datetime], felt: list[Span]
) -> Iterator[tuple[datetime, datetime]]:
    """Where nothing rang for too long, from when to when."""
    limit = ALERTED_WITHIN
    for at in [*(each for each in rang if since <= each < until), until]:
        if at > deadline(since, limit, felt):
            yield since, at
        since, limit = at, RINGS_EVERY + ALERTED_WITHIN


def _rings(evidence: Evidence) -> dict[int, list[datetime]]:
    """When phones showed an alert about each flag, in order."""
    shown: dict[str, list[datetime]] = defaultdict(list)
    for text in evidence.told:
        if text.delivered_at:
            shown[text.token].append(text.delivered_at)
    tokens = {row["id"]: row["token"] for row in evidence.tables["messages"]}
    alerts = {row["id"]: tokens.get(row["message_id"], "") for row in evidence.tables["alerts"]}
    rang: dict[int, list[datetime]] = defaultdict(list)
    for row in evidence.tables["alert_flags"]:
        rang[row["flag_id"]] += shown[alerts[row["alert_id"]]]
    return defaultdict(list, {flag: sorted(times) for flag, times in rang.items()})
