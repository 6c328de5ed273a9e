"""Rows as the tables keep them, with sealed columns sealed already. What is left out is empty."""

from datetime import date, datetime
from typing import NamedTuple

from bot import models
from bot.core.delivery import Status
from bot.core.escalation import Urgency
from bot.core.kinds import Answer, Intent, Lane, Language, Outcome, Purpose
from bot.db import Base
from bot.models import Direction, FlagState, Resolution, VerdictKind


class ParticipantRow(NamedTuple):
    """One of participants."""

    id: int
    name: str
    language: Language
    zone: str
    cohort: str
    caseworker_id: int
    enrolled_at: datetime
    paused_until: datetime | None
    silences: int
    safety_said_at: datetime | None
    waits_since: datetime | None


class AddressRow(NamedTuple):
    """One of addresses."""

    participant_id: int
    channel: str
    value: str
    value_hash: str
    reachable: bool


class ConsentRow(NamedTuple):
    """One of consents."""

    participant_id: int
    channel: str
    address_hash: str
    given_on: date
    method: str
    recorded_by: str
    recorded_at: datetime
    revoked_at: datetime | None = None
    revoked_how: str | None = None


class OptOutRow(NamedTuple):
    """One of opt_outs."""

    address_hash: str
    since: datetime
    until: datetime | None
    how: str


class HandoverRow(NamedTuple):
    """One of handovers."""

    participant_id: int
    from_id: int
    to_id: int
    by_id: int
    at: datetime


class PlanRow(NamedTuple):
    """One of plans."""

    participant_id: int
    flow_name: str
    next_check_in_at: datetime | None
    repeat_days: int | None
    given: str
    flag_id: int | None = None


class CheckInRow(NamedTuple):
    """One of check_ins."""

    id: int
    participant_id: int
    flow_name: str
    flow_version: str
    flag_id: int | None
    position: str | None
    started_at: datetime
    answered_at: datetime | None
    nudge_at: datetime | None
    silent_after: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    channel: str
    language: Language
    first_status: Status | None
    asked_at: datetime | None
    local_hour: int | None
    answer: Answer | None
    waited_min: int | None
    week: date
    cohort: str
    team: str
    caseworker_id: int


class MessageRow(NamedTuple):
    """One of messages."""

    id: int
    direction: Direction
    channel: str
    other: str
    other_hash: str
    body: str
    carrier_id: str | None
    at: datetime
    participant_id: int | None = None
    staff_id: int | None = None
    check_in_id: int | None = None
    attempts: int = 0
    token: str | None = None
    purpose: Purpose | None = None
    priority: int = 0
    segments: int = 1
    status: Status | None = None
    send_after: datetime | None = None
    answers_at: datetime | None = None
    confirms_opt_out: bool = False
    written_by: int | None = None
    handed_over_at: datetime | None = None
    sent_at: datetime | None = None
    error_code: int | None = None
    reason: str | None = None
    carrier_says: str | None = None
    handled_at: datetime | None = None
    lane: Lane | None = None
    intent: Intent | None = None


class DeliveryRow(NamedTuple):
    """One of deliveries."""

    message_id: int
    word: str
    error_code: int | None
    at: datetime


class ReplyRow(NamedTuple):
    """One of replies."""

    check_in_id: int
    name: str
    value: str
    at: datetime
    message_id: int


class FlagRow(NamedTuple):
    """One of flags."""

    id: int
    participant_id: int | None
    address_hash: str | None
    kind: str
    urgency: Urgency
    state: FlagState
    raised_at: datetime
    taken_at: datetime | None
    taken_by: int | None
    first_taken_at: datetime | None
    resolved_at: datetime | None
    resolved_by: int | None
    resolution: Resolution | None
    service_id: int | None
    check_in_id: int | None
    check_in_week: date | None
    rung: int
    look_at: datetime | None
    week: date
    cohort: str
    team: str
    caseworker_id: int | None


class DangerRow(NamedTuple):
    """One of dangers."""

    flag_id: int
    since: datetime
    taken_at: datetime | None


class MarkRow(NamedTuple):
    """One of marks."""

    flag_id: int
    message_id: int
    start: int
    end: int
    rule: str


class VerdictRow(NamedTuple):
    """One of verdicts."""

    message_id: int
    need: str
    kind: VerdictKind
    urgent: bool
    staff_id: int
    at: datetime


class AlertRow(NamedTuple):
    """One of alerts."""

    id: int
    staff_id: int
    message_id: int
    code: str
    link: str
    at: datetime


class AlertFlagRow(NamedTuple):
    """One of alert_flags."""

    alert_id: int
    flag_id: int


class EventRow(NamedTuple):
    """One of events."""

    at: datetime
    what: str
    staff_id: int | None = None
    participant_id: int | None = None
    flag_id: int | None = None
    detail: str = ""


Row = (
    ParticipantRow | AddressRow | ConsentRow | OptOutRow | HandoverRow | PlanRow | CheckInRow | MessageRow
    | DeliveryRow | ReplyRow | FlagRow | DangerRow | MarkRow | VerdictRow | AlertRow | AlertFlagRow | EventRow
)  # fmt: skip

# In this order what is pointed at is there before what points.
TABLES: dict[type[Row], type[Base]] = {
    ParticipantRow: models.Participant,
    AddressRow: models.Address,
    ConsentRow: models.Consent,
    OptOutRow: models.OptOut,
    HandoverRow: models.Handover,
    CheckInRow: models.CheckIn,
    MessageRow: models.Message,
    DeliveryRow: models.Delivery,
    ReplyRow: models.Reply,
    FlagRow: models.Flag,
    DangerRow: models.Danger,
    MarkRow: models.Mark,
    VerdictRow: models.Verdict,
    AlertRow: models.Alert,
    AlertFlagRow: models.AlertFlag,
    EventRow: models.Event,
    PlanRow: models.Plan,
}
