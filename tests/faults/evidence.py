"""What a run left behind: the carrier's own record, the faults it made, and the database by plain SQL."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.faults.books import Books
from tests.faults.diary import Diary
from tests.faults.town import Resident

Row = dict[str, Any]
TABLES = {
    "messages": "id, direction, participant_id, staff_id, check_in_id, carrier_id, token, purpose, status, reason, at,"
    " send_after, handed_over_at, answers_at, confirms_opt_out, handled_at, lane, lease_until, other_hash",
    "flags": "id, kind, urgency, state, raised_at, taken_at, resolved_at, look_at, participant_id",
    "dangers": "id, flag_id, since AS since_at, taken_at",
    "alerts": "id, message_id, at",
    "alert_flags": "alert_id, flag_id",
    "marks": "id, flag_id, message_id, start",
    "replies": "id, check_in_id, name, message_id",
    "check_ins": "id, participant_id, flow_name, started_at, ended_at, outcome",
}  # fmt: skip


@dataclass
class Text:
    """One text as the carrier has it: when it was made, and each state with its instant."""

    sid: str
    direction: str
    handset: str
    body: str
    created_at: datetime
    token: str
    states: list[tuple[str, datetime]] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.states[-1][0]

    @property
    def delivered_at(self) -> datetime | None:
        return next((at for state, at in self.states if state == "delivered"), None)


@dataclass
class Evidence:
    """All there is to judge a run by. `ends_at` is the last instant, in true time."""

    texts: list[Text]
    tables: dict[str, list[Row]]
    faults: list[tuple[datetime, str, str]]
    diary: Diary
    people: dict[str, Resident]
    staff: frozenset[str]
    ends_at: datetime

    @property
    def heard(self) -> list[Text]:
        """What came in."""
        return [each for each in self.texts if each.direction == "inbound"]

    @property
    def told(self) -> list[Text]:
        """What the carrier took from us."""
        return [each for each in self.texts if each.direction == "outbound-api"]

    def rows_in(self) -> dict[str, list[Row]]:
        """What is stored of what came in, by the carrier's id."""
        return self._by("carrier_id", "in")

    def rows_out(self) -> dict[str, list[Row]]:
        """What we meant to send, by its token."""
        return self._by("token", "out")

    def _by(self, key: str, direction: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.tables["messages"]:
            if row["direction"] == direction:
                found[row[key]].append(row)
        return found

    def off_at(self, at: datetime) -> timedelta:
        """How far our clock was off at this true instant."""
        return next((each.by for each in reversed(self.diary.wrong) if each.since <= at), timedelta(0))

    def true(self, shown: datetime, since: datetime | None = None) -> datetime:
        """The true instant at which our clock showed this. Set back, it shows an hour twice: then the first that is
        not before `since`, or without that the last.
        """
        fits = self.moments(shown)
        return fits[-1] if since is None else next((at for at in fits if at >= since), shown)

    def moments(self, shown: datetime) -> list[datetime]:
        """All true instants at which our clock showed this, in order."""
        offs = {timedelta(0), *(each.by for each in self.diary.wrong)}
        return sorted(shown - by for by in offs if self.off_at(shown - by) == by) or [shown]


def read_carrier(journal: Path) -> list[Text]:
    """Every text, in the order in which the carrier first knew of it."""
    texts: dict[str, Text] = {}
    for line in journal.read_text(encoding="ascii").splitlines():
        record = json.loads(line).get("message") if line else None
        if record is None:
            continue
        inbound = record["direction"] == "inbound"
        text = texts.setdefault(
            record["sid"],
            Text(
                record["sid"], record["direction"], record["from_"] if inbound else record["to"], record["body"],
                datetime.fromisoformat(record["created_at"]), _token(record["status_callback"]),
            ),
        )  # fmt: skip
        text.states.append((record["status"], datetime.fromisoformat(record["updated_at"])))
    return list(texts.values())


def _token(callback: str | None) -> str:
    return parse_qs(urlsplit(callback or "").query).get("m", [""])[0]


def read_faults(path: Path) -> list[tuple[datetime, str, str]]:
    """Instant, kind and handset of each fault that befell a text."""
    lines = path.read_text().splitlines() if path.exists() else []
    told = [json.loads(line) for line in lines]
    return [(datetime.fromisoformat(each["at"]), each["kind"], each["handset"]) for each in told]


def read_tables(books: Books) -> dict[str, list[Row]]:
    """The tables that the promises are about."""
    return {name: list(books.rows(f"SELECT {columns} FROM {name}")) for name, columns in TABLES.items()}
