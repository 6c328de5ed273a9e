"""What was promised of texts that go out: none twice, none unwanted, none without an end that is known."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.faults.evidence import Evidence, Row, Text
from tests.faults.town import Meaning, is_night, meaning_of

A_WEEK = timedelta(weeks=1)
FARTHEST_OFF = timedelta(hours=1)  # our clock
QUICK_ANSWER = timedelta(minutes=15)
A_MOMENT = timedelta(minutes=1)
LATEST_CONFIRMATION = timedelta(minutes=6)
SETTLED_WITHIN = timedelta(minutes=15)  # what the carrier does not have is sent again after ten minutes
EXPLAINED = {"dropped", "refused", "unknown", "undelivered", "failed"}
ENDED_AT_CARRIER = {"delivered", "undelivered", "failed", "canceled"}


def nobody_twice(evidence: Evidence) -> Iterator[str]:
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


def asked_once(evidence: Evidence) -> Iterator[str]:
    """Each time the weekly check-in is due it begins at most once, and one runs at a time."""
    begun: dict[int, list[Row]] = defaultdict(list)
    for row in evidence.tables["check_ins"]:
        begun[row["participant_id"]].append(row)
    people = list(evidence.people.values())  # enrolled in this order
    for participant_id, rows in begun.items():
        since_due = evidence.ends_at + FARTHEST_OFF - people[participant_id - 1].first_due_at
        weekly = sum(row["flow_name"] == "weekly" for row in rows)
        if weekly > max(0, since_due // A_WEEK + 1):
            yield f"participant {participant_id} was asked {weekly} times, which is too often"
        if sum(row["ended_at"] is None for row in rows) > 1:
            yield f"participant {participant_id} has two check-ins at once"


def no_text_after_stop(evidence: Evidence) -> Iterator[str]:
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


def no_text_at_night(evidence: Evidence) -> Iterator[str]:
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


def no_text_without_consent(evidence: Evidence) -> Iterator[str]:
    """Nobody who did not agree is texted, and nobody whom the programme does not know."""
    agreed_again = {each.handset for each in evidence.heard if meaning_of(each.body) is Meaning.START}
    for text in evidence.told:
        person = evidence.people.get(text.handset)
        if text.handset in evidence.staff:
            continue
        if person is None or (not person.consents and text.handset not in agreed_again):
            yield f"text {text.sid} was sent without consent"


def every_end_known(evidence: Evidence) -> Iterator[str]:
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
            case "waiting" if row["send_after"] < now - SETTLED_WITHIN:
                yield f"message {row['id']} should have left at {row['send_after']}"
            case "handing_over" if row["handed_over_at"] < now - SETTLED_WITHIN:
                yield f"message {row['id']} is being handed over since {row['handed_over_at']}"
            case "taken" | "sent" if ended:
                yield f"message {row['id']} is {row['status']} with us and {text.status if text else ''} at the carrier"
