"""Rows as the database keeps them, for figures counted by hand: one participant for each check-in."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.core.delivery import Status
from bot.core.escalation import Urgency
from bot.core.hours import hour_of_week, minutes_between, week_of
from bot.core.kinds import Answer, FlagKind, Language, Outcome
from bot.models import CheckIn, Danger, Flag, FlagState, FlowVersion, Participant, Role, Staff

ZONE = "America/Chicago"
NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)  # a Wednesday noon in Kansas City
THIS_WEEK = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # Monday midnight there
MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


@dataclass
class Kept:
    """Writes rows with the columns by which figures count them."""

    session: Session
    staff: dict[str, Staff] = field(default_factory=dict)

    def worker(self, name: str, team: str = "") -> Staff:
        """A caseworker of that team."""
        if name not in self.staff:
            self.staff[name] = Staff(email=f"{name}@example.org", name=name, role=Role.CASEWORKER, team=team)
            self.session.add(self.staff[name])
            self.session.flush()
        return self.staff[name]

    def person(self, **columns: Any) -> Participant:
        """A participant."""
        usual: dict[str, Any] = {"name": "Ana", "language": Language.EN, "zone": ZONE, "enrolled_at": NOW - 99 * DAY}
        person = Participant(**(usual | columns))
        self.session.add(person)
        self.session.flush()
        return person

    def check_in(
        self,
        at: datetime,
        first: Status | None = Status.DELIVERED,
        answered: timedelta | None = None,
        outcome: Outcome | None = None,
        ended: timedelta = DAY,
        late: bool = False,
        flow: str = "weekly",
        worker: Staff | None = None,
        **columns: Any,
    ) -> CheckIn:
        """A check-in that began then; `answered` and `ended` count from there, `outcome` None means that it runs."""
        self.session.merge(FlowVersion(version=flow, name=flow, source=""))
        never_left = first in (None, Status.QUEUED, Status.DROPPED, Status.REFUSED)
        asked_at = None if never_left else at
        over = answered if answered is not None else (ended if outcome else None)
        usual: dict[str, Any] = {
            "participant_id": self.person(caseworker_id=worker.id if worker else None).id,
            "flow_name": flow,
            "flow_version": flow,
            "started_at": at,
            "answered_at": at + answered if answered is not None else None,
            "answer": (Answer.LATE if late else Answer.IN_TIME) if answered is not None else None,
            "ended_at": at + ended if outcome else None,
            "outcome": outcome,
            "first_status": first,
            "asked_at": asked_at,
            "local_hour": hour_of_week(asked_at, ZONE) if asked_at else None,
            "waited_min": minutes_between(asked_at, at + over) if over is not None else None,
            "week": week_of(at, ZONE),
            "channel": "sms",
            "language": Language.EN,
            "caseworker_id": worker.id if worker else None,
            "team": worker.team if worker else "",
        }
        check_in = CheckIn(**(usual | columns))
        self.session.add(check_in)
        self.session.flush()
        return check_in

    def flag(
        self,
        kind: FlagKind,
        at: datetime,
        check_in: CheckIn | None = None,
        taken: timedelta | None = None,
        resolved: bool = False,
        urgency: Urgency = Urgency.TODAY,
        **columns: Any,
    ) -> Flag:
        """A flag raised then; `taken` counts from there."""
        taken_at = at + taken if taken is not None else None
        state = FlagState.RESOLVED if resolved else FlagState.ACKNOWLEDGED if taken_at else FlagState.OPEN
        usual: dict[str, Any] = {
            "participant_id": check_in.participant_id if check_in else self.person().id,
            "kind": kind,
            "urgency": urgency,
            "state": state,
            "raised_at": at,
            "taken_at": taken_at,
            "first_taken_at": taken_at,
            "week": week_of(at, ZONE),
            "check_in_id": check_in.id if check_in else None,
            "check_in_week": check_in.week if check_in else None,
            "cohort": check_in.cohort if check_in else "",
            "team": check_in.team if check_in else "",
            "caseworker_id": check_in.caseworker_id if check_in else None,
        }
        flag = Flag(**(usual | columns))
        self.session.add(flag)
        self.session.flush()
        if urgency is Urgency.NOW:
            self.session.add(Danger(flag_id=flag.id, since=at, taken_at=taken_at))
            self.session.flush()
        return flag
