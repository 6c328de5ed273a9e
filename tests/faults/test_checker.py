"""The checker can fail: of a record that is well, each thing done wrong to it is named, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults.checker import check
from tests.faults.diary import Blow, Diary, Wrong
from tests.faults.evidence import TABLES, Evidence, Text
from tests.faults.town import STAFF, residents

NOON = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)  # in Kansas City
NIGHT = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PEOPLE = {each.number: each for each in residents(40, seed=1)}
ANA = next(each.number for each in PEOPLE.values() if each.consents)
SILENT = next(each.number for each in PEOPLE.values() if not each.consents)
DANA = STAFF[0].number


def row(table: str, **given: Any) -> dict[str, Any]:
    """A row with every column that the checker reads, empty where nothing is given."""
    columns = [name.split(" AS ")[-1].strip() for name in TABLES[table].split(",")]
    return {**dict.fromkeys(columns), **given}


class Record:
    """A record in the making: what was texted, what is stored, what was sent."""

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        self.diary = Diary()

    def heard(self, body: str, at: datetime, handled_after: timedelta = timedelta(0), stored: int = 1) -> int:
        """Ana texts this; the id of the message."""
        sid = f"SM{len(self.texts)}"
        self.texts.append(Text(sid, "inbound", ANA, body, at, "", [("received", at)]))
        for _ in range(stored):
            self.put("messages", direction="in", carrier_id=sid, at=at, handled_at=at + handled_after, lane="today")
        return len(self.tables["messages"])

    def told(self, to: str, at: datetime, times: int = 1, purpose: str = "answer", **columns: Any) -> int:
        """The carrier took this so many times; the id of the message."""
        token = f"t{len(self.tables['messages'])}"
        sids = [f"SM{len(self.texts) + count}" for count in range(times)]
        for sid in sids:
            states = [("queued", at), ("delivered", at + timedelta(seconds=4))]
            self.texts.append(Text(sid, "outbound-api", to, "words", at, token, states))
        given = {"status": "delivered", "carrier_id": sids[0] if sids else None, "at": at, "send_after": at, **columns}
        return self.put("messages", direction="out", token=token, purpose=purpose, **given)

    def danger(self, message_id: int, since: datetime, rang_after: timedelta | None, taken_after: timedelta) -> None:
        """A *now* flag raised by a message, alerted about so much later."""
        flag_id = self.put("flags", kind="safety", urgency="now", state="acknowledged", raised_at=since)
        self.put("marks", flag_id=flag_id, message_id=message_id, start=0)
        self.put("dangers", flag_id=flag_id, since_at=since, taken_at=since + taken_after)
        if rang_after is not None:
            alert_id = self.put("alerts", message_id=self.told(DANA, since + rang_after, purpose="alert"), at=since)
            self.put("alert_flags", alert_id=alert_id, flag_id=flag_id)

    def put(self, table: str, **given: Any) -> int:
        rows = self.tables[table]
        rows.append(row(table, **{"id": len(rows) + 1, **given}))
        return len(rows)

    def broken(self) -> set[str]:
        """The promises that do not hold."""
        evidence = Evidence(
            self.texts, self.tables, [], self.diary, PEOPLE, frozenset(each.number for each in STAFF),
            NOON + timedelta(days=2),
        )  # fmt: skip
        return {name for name, sentences in check(evidence).items() if sentences}


@pytest.fixture
def record() -> Record:
    """A day on which all went well: a question, an answer to a reply, danger that rang, a STOP that was heeded."""
    record = Record()
    record.told(ANA, NOON - MINUTE, purpose="check_in")
    record.heard("all good thanks", NOON)
    record.told(ANA, NOON, answers_at=NOON)
    record.danger(record.heard("he hit me", NOON + 5 * MINUTE), NOON + 5 * MINUTE, timedelta(0), 4 * MINUTE)
    record.told(ANA, NOON + 5 * MINUTE, purpose="safety")
    record.heard("stop texting me", NOON + 60 * MINUTE)
    record.told(ANA, NOON + 60 * MINUTE, purpose="notice", confirms_opt_out=True)
    return record


def test_a_good_day_breaks_nothing(record: Record) -> None:
    assert record.broken() == set()


def _marks_twice(record: Record) -> None:
    record.tables["marks"] *= 2


def _two_check_ins(record: Record) -> None:
    for _ in range(2):
        record.put("check_ins", participant_id=1, flow_name="weekly", started_at=NOON, ended_at=NOON)


def _unalerted(record: Record) -> None:
    record.danger(record.heard("he hit me", NOON + 30 * MINUTE), NOON + 30 * MINUTE, None, 8 * MINUTE)


def _rings_once(record: Record) -> None:
    record.danger(record.heard("he hit me", NOON + 30 * MINUTE), NOON + 30 * MINUTE, timedelta(0), 20 * MINUTE)


def _held_into_the_night(record: Record) -> None:
    record.told(ANA, NOON + 10 * MINUTE, purpose="check_in")
    record.texts[-1].states[-1] = ("delivered", NIGHT)


DONE_WRONG: dict[str, tuple[str, Callable[[Record], object]]] = {
    "a lost reply": ("stored_once", lambda record: record.heard("ok", NOON + MINUTE, stored=0)),
    "a reply stored twice": ("stored_once", lambda record: record.heard("ok", NOON + MINUTE, stored=2)),
    "a row from nowhere": ("stored_once", lambda record: record.put("messages", direction="in", carrier_id="SMx",
                                                                     handled_at=NOON, lane="today")),
    "a reply handled twice": ("handled_once", _marks_twice),
    "a reply handled late": ("handled_in_time", lambda record: record.heard("ok", NOON + MINUTE, 4 * MINUTE)),
    "a text sent twice": ("nobody_twice", lambda record: record.told(ANA, NOON + 9 * MINUTE, times=2)),
    "an answer given twice": ("nobody_twice", lambda record: record.told(ANA, NOON + MINUTE, answers_at=NOON)),
    "a check-in started twice": ("asked_once", _two_check_ins),
    "a text after STOP": ("no_text_after_stop", lambda record: record.told(ANA, NOON + 90 * MINUTE)),
    "a late confirmation": ("no_text_after_stop", lambda record: record.told(ANA, NOON + 90 * MINUTE,
                                                                             confirms_opt_out=True)),
    "a text at night": ("no_text_at_night", lambda record: record.told(ANA, NIGHT - timedelta(days=1))),
    "a text held into the night": ("no_text_at_night", _held_into_the_night),
    "a text without consent": ("no_text_without_consent", lambda record: record.told(SILENT, NOON)),
    "danger that raised nothing": ("danger_seen", lambda record: record.heard("he hit me", NOON + 30 * MINUTE)),
    "danger that rang nobody": ("danger_alerted", _unalerted),
    "danger that rang once only": ("danger_alerted", _rings_once),
    "a text that failed without a reason": ("every_end_known", lambda record: record.told(ANA, NOON, status="failed")),
    "a text that never left": ("every_end_known", lambda record: record.told(ANA, NOON, 0, status="waiting")),
    "a text in nobody's hands": ("every_end_known", lambda record: record.told(ANA, NOON, 0, status="handing_over",
                                                                                handed_over_at=NOON)),
    "an end that only the carrier knows": ("every_end_known", lambda record: record.told(ANA, NOON, status="taken")),
}  # fmt: skip


@pytest.mark.parametrize("wrong", DONE_WRONG)
def test_what_is_done_wrong_is_named(record: Record, wrong: str) -> None:
    promise, do = DONE_WRONG[wrong]
    do(record)
    assert record.broken() == {promise}


def test_alerts_may_be_repeated(record: Record) -> None:
    record.told(DANA, NOON, times=2, purpose="alert")
    assert record.broken() == set()


def test_quick_answers_and_safety_words_may_come_at_night(record: Record) -> None:
    at = NIGHT - timedelta(days=1)
    record.heard("ok", at)
    record.told(ANA, at + MINUTE, answers_at=at)
    record.told(ANA, at + 2 * MINUTE, purpose="safety")
    assert record.broken() == set()


def test_a_blow_gives_more_time_and_calm_after_it_no_more(record: Record) -> None:
    at = NOON + 30 * MINUTE
    record.heard("ok", at, 9 * MINUTE)
    record.diary.note(Blow.OUTAGE, at, at + 7 * MINUTE)
    assert record.broken() == set()
    record.heard("ok", at + 20 * MINUTE, 9 * MINUTE)
    assert record.broken() == {"handled_in_time"}


def test_night_is_what_our_clock_said(record: Record) -> None:
    at_eight = NOON.replace(hour=14) + 30 * MINUTE
    record.told(ANA, at_eight, purpose="check_in")
    assert record.broken() == {"no_text_at_night"}
    ahead, right_again = Wrong(at_eight - 2 * HOUR, HOUR), Wrong(at_eight + MINUTE, timedelta(0))
    record.diary.wrong = [ahead, right_again]
    assert record.broken() == set()
