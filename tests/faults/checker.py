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

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from tests.faults.calm import blows, deadline
from tests.faults.evidence import Evidence, Row, Text
from tests.faults.town import Meaning, is_night, meaning_of

HANDLED_WITHIN = timedelta(minutes=3)
ALERTED_WITHIN = timedelta(minutes=5)
RINGS_EVERY = timedelta(minutes=10)
QUICK_ANSWER = timedelta(minutes=15)
A_MOMENT = timedelta(minutes=1)
LATEST_CONFIRMATION = timedelta(minutes=6)
BETWEEN_CHECK_INS = timedelta(days=6)
EXPLAINED = {"dropped", "refused", "unknown", "undelivered", "failed"}
ENDED_AT_CARRIER = {"delivered", "undelivered", "failed", "canceled"}

Violations = Iterator[str]


def stored_once(evidence: Evidence) -> Violations:
    """Every text that came in is stored, and once."""
    stored = evidence.rows_in()
    for text in evidence.heard:
        count = len(stored.get(text.sid, ()))
        if count != 1:
            yield f"text {text.sid} is stored {count} times"
    for sid in stored.keys() - {text.sid for text in evidence.heard}:
        yield f"row of {sid}, which the carrier does not know"


def handled_once(evidence: Evidence) -> Violations:
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


def handled_in_time(evidence: Evidence) -> Violations:
    """Every text was handled within HANDLED_WITHIN of calm."""
    stored = evidence.rows_in()
    for text in evidence.heard:
        for row in stored.get(text.sid, ()):
            felt = blows(evidence, frozenset({text.handset}))
            at = evidence.true(row["handled_at"], text.created_at) if row["handled_at"] else evidence.ends_at
            if at > deadline(text.created_at, HANDLED_WITHIN, felt):
                yield f"message {row['id']} was handled after {at - text.created_at}"


def nobody_twice(evidence: Evidence) -> Violations:
    """No participant got one text twice, and no answer to one text twice. An alert may be repeated."""
    known = evidence.rows_out()
    sids: dict[str, list[Text]] = defaultdict(list)
    answers: Counter[tuple[str, object, str]] = Counter()
    for text in evidence.told:
        if text.handset in evidence.staff:
            continue
        rows = known.get(text.token, [])
        if not rows:
            yield f"text {text.sid} belongs to no message"
        sids[text.token].append(text)
        for row in rows:
            if row["answers_at"] is not None and len(sids[text.token]) == 1:
                answers[text.handset, row["answers_at"], text.body] += 1
    for token, twins in sids.items():
        if len(twins) > 1:
            yield f"message {known[token][0]['id']} was sent {len(twins)} times: {[each.sid for each in twins]}"
    for (_, at, _), count in answers.items():
        if count > 1:
            yield f"what came in at {at} was answered {count} times with the same words"


def asked_once(evidence: Evidence) -> Violations:
    """The weekly check-in begins once a week with each participant, and one at a time."""
    begun: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(evidence.tables["check_ins"], key=lambda row: row["id"]):
        begun[row["participant_id"]].append(row)
    for participant_id, rows in begun.items():
        weekly = [row for row in rows if row["flow_name"] == "weekly"]
        for first, second in zip(weekly, weekly[1:], strict=False):
            if _local_days(second, first) < BETWEEN_CHECK_INS and not _put_off(first, second):
                yield f"check-ins {first['id']} and {second['id']} of participant {participant_id} are too close"
        if sum(row["ended_at"] is None for row in rows) > 1:
            yield f"participant {participant_id} has two check-ins at once"


def _local_days(second: Row, first: Row) -> timedelta:
    gap: timedelta = second["started_at"] - first["started_at"]
    return gap


def _put_off(first: Row, second: Row) -> bool:
    """The first had to wait for danger, a pause or another check-in, so that the next one, in its rhythm, follows soon.

    Two at the same instant never are that.
    """
    return bool(second["started_at"] - first["started_at"] > timedelta(hours=1) and first["ended_at"] is not None)


def no_text_after_stop(evidence: Evidence) -> Violations:
    """From the handling of a STOP to the next START nothing goes to that handset, save one quick confirmation."""
    stored, known = evidence.rows_in(), evidence.rows_out()
    told = _by_handset(evidence.told)
    for handset, said in _by_handset(evidence.heard).items():
        for place, stop in enumerate(said):
            handled_at = _handled_at(evidence, stored, stop)
            if handset in evidence.staff or meaning_of(stop.body) is not Meaning.STOP or handled_at is None:
                continue
            starts = [each.created_at for each in said[place:] if meaning_of(each.body) is Meaning.START]
            until = starts[0] if starts else evidence.ends_at
            after = [each for each in told.get(handset, ()) if handled_at < each.created_at < until]
            for text in after:
                confirms = any(row["confirms_opt_out"] for row in known.get(text.token, ()))
                if not confirms or text.created_at > handled_at + LATEST_CONFIRMATION:
                    yield f"text {text.sid} was sent after the STOP in {stop.sid}"


def _handled_at(evidence: Evidence, stored: dict[str, list[Row]], text: Text) -> datetime | None:
    rows = stored.get(text.sid)
    return evidence.true(rows[0]["handled_at"], text.created_at) if rows and rows[0]["handled_at"] else None


def _by_handset(texts: list[Text]) -> dict[str, list[Text]]:
    found: dict[str, list[Text]] = defaultdict(list)
    for text in texts:
        found[text.handset].append(text)
    return found


def no_text_at_night(evidence: Evidence) -> Violations:
    """Outside 9:00 to 20:00 of their clock nobody is texted, save with safety words or as a quick answer.

    Their clock is what ours said it was, be it wrong. What the carrier held up may arrive two minutes late.
    """
    known, said = evidence.rows_out(), _by_handset(evidence.heard)
    for text in evidence.told:
        person = evidence.people.get(text.handset)
        if person is None or _is_wanted_at_night(text, known, said):
            continue
        off = {evidence.off_at(text.created_at), evidence.off_at(text.created_at - A_MOMENT)}
        if all(is_night(text.created_at + by, person.zone) for by in off):
            yield f"text {text.sid} was sent at night"
        arrived = text.delivered_at
        late = [arrived - 2 * A_MOMENT, arrived] if arrived else []
        if late and all(is_night(at + by, person.zone) for by in off for at in late):
            yield f"text {text.sid} arrived at night"


def _is_wanted_at_night(text: Text, known: dict[str, list[Row]], said: dict[str, list[Text]]) -> bool:
    row = next(iter(known.get(text.token, ())), None)
    if row is None:
        return False
    since = text.created_at - QUICK_ANSWER - A_MOMENT
    wrote = any(since <= each.created_at <= text.created_at for each in said.get(text.handset, ()))
    return row["purpose"] == "safety" or (row["purpose"] in ("answer", "notice") and wrote)


def no_text_without_consent(evidence: Evidence) -> Violations:
    """Nobody who did not agree is texted, and nobody whom the programme does not know."""
    agreed_again = {each.handset for each in evidence.heard if meaning_of(each.body) is Meaning.START}
    for text in evidence.told:
        person = evidence.people.get(text.handset)
        if text.handset in evidence.staff:
            continue
        if person is None or (not person.consents and text.handset not in agreed_again):
            yield f"text {text.sid} was sent without consent"


def danger_seen(evidence: Evidence) -> Violations:
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
            if not any(_stood_open(each, row) for flag in seen for each in open_then[flag]):
                yield f"message {row['id']} tells of danger and raised no open flag"


def _stood_open(danger: Row, message: Row) -> bool:
    if message["handled_at"] is None:
        return False
    taken = danger["taken_at"]
    return bool(danger["since_at"] <= message["handled_at"] and (taken is None or taken >= message["handled_at"]))


def danger_alerted(evidence: Evidence) -> Violations:
    """While danger stands open phones ring: first within ALERTED_WITHIN, then every RINGS_EVERY and ALERTED_WITHIN."""
    felt, rang = blows(evidence, evidence.staff), _rings(evidence)
    for danger in evidence.tables["dangers"]:
        since = evidence.true(danger["since_at"])
        until = evidence.true(danger["taken_at"], since) if danger["taken_at"] else evidence.ends_at
        limit = ALERTED_WITHIN
        for at in [*(each for each in rang[danger["flag_id"]] if since <= each < until), until]:
            if at > deadline(since, limit, felt):
                yield f"flag {danger['flag_id']} rang nobody from {since} to {at}"
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


def every_end_known(evidence: Evidence) -> Violations:
    """Every text of ours has come to an end, or says why not, or waits for an instant that is still to come."""
    at_carrier = {text.sid: text for text in evidence.told}
    now = evidence.ends_at
    for row in evidence.tables["messages"]:
        if row["direction"] != "out":
            continue
        text = at_carrier.get(row["carrier_id"] or "")
        ended = text is not None and text.status in ENDED_AT_CARRIER
        match row["status"]:
            case status if status in EXPLAINED:
                if not row["reason"]:
                    yield f"message {row['id']} is {status} without a reason"
            case "waiting" if row["send_after"] < now - ALERTED_WITHIN:
                yield f"message {row['id']} should have left at {row['send_after']}"
            case "handing_over" if row["handed_over_at"] < now - ALERTED_WITHIN:
                yield f"message {row['id']} is being handed over since {row['handed_over_at']}"
            case "taken" | "sent" if ended:
                yield f"message {row['id']} is {row['status']} with us and {text.status if text else ''} at the carrier"


PROMISES: tuple[Callable[[Evidence], Violations], ...] = (
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
