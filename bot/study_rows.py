"""The rows of an export for research, person by person in the order of their random ids. Reads only."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from bot.core.became import became
from bot.core.deidentify import (
    OTHER,
    CheckInRow,
    Extra,
    FlagRow,
    Person,
    ReplyRow,
    Row,
    TextRow,
    WordingRow,
    part_of_day,
)
from bot.core.figure import never_run
from bot.core.hours import minutes_between
from bot.core.kinds import Answer
from bot.core.masking import mask
from bot.models import Assignment, CheckIn, Consent, Direction, Flag, Message, Reply
from bot.study import Known, Study, answers_of


def rows_of(study: Study) -> Iterator[tuple[str, Row]]:
    """Every row, with the name of its table."""
    yield from (("questions", row) for row in study.questions())
    for people in study.batches():
        yield from _Batch(study, people).rows()


class _Batch:
    """The rows of some people at a time."""

    def __init__(self, study: Study, people: dict[int, Known]) -> None:
        self.study, self.people, self.ids = study, people, list(people)
        self.numbers: dict[int, int] = {}  # of the check-ins that are in the export

    def rows(self) -> Iterator[tuple[str, Row]]:
        yield from (("participants", row) for row in self._persons())
        yield from (("check_ins", row) for row in self._check_ins())
        yield from (("replies", row) for row in self._replies())
        yield from (("wordings", row) for row in self._wordings())
        yield from (("flags", row) for row in self._flags())
        if Extra.TEXTS in self.study.extras:
            yield from (("texts", row) for row in self._texts())

    def _of_each(self, found: Any) -> Iterator[tuple[Known, Any]]:
        """The rows in the order of the people: that of the database would tell who was enrolled before whom."""
        place = {each: number for number, each in enumerate(self.ids)}
        for row in sorted(found, key=lambda row: place[row.participant_id]):
            yield self.people[row.participant_id], row

    def _persons(self) -> Iterator[Person]:
        session, extras = self.study.session, self.study.extras
        given = Consent.participant_id.in_(self.ids) & Consent.revoked_at.is_(None)
        agreed = set(session.scalars(select(Consent.participant_id).where(given)))
        for each, person in self.people.items():
            language, *others = self.study.traits[each]
            cohort = others.pop(0) if Extra.COHORT in extras else None
            zone = others.pop(0) if Extra.ZONE in extras else None
            enrolled_on = self.study.long_ago(person.enrolled, person.alias)
            yield Person(person.alias.study_id, language, cohort or None, zone, enrolled_on, each in agreed)

    def _check_ins(self) -> Iterator[CheckInRow]:
        of_these = select(*_COUNTED).where(CheckIn.participant_id.in_(self.ids), self.study.scope.of(CheckIn))
        seen, ordered = Counter(self._before()), of_these.order_by(CheckIn.started_at, CheckIn.id)
        for person, row in self._of_each(self.study.session.execute(ordered)):
            seen[person.id] += 1
            began_on = self.study.day(row.started_at, person.alias)
            if began_on is not None and row.flow_name in self.study.flows:
                self.numbers[row.id] = seen[person.id]
                yield self._check_in(person, row, began_on)

    def _before(self) -> dict[int, int]:
        """How many check-ins each had before these weeks."""
        older = (CheckIn.week < self.study.scope.first) & CheckIn.participant_id.in_(self.ids)
        counts = select(CheckIn.participant_id, func.count()).where(older).group_by(CheckIn.participant_id)
        return {each: count for each, count in self.study.session.execute(counts)}

    def _check_in(self, person: Known, row: Any, began_on: date) -> CheckInRow:
        channel = OTHER if row.channel in self.study.rare_channels else row.channel
        late = row.answer is Answer.LATE
        return CheckInRow(
            study_id=person.alias.study_id,
            check_in=self.numbers[row.id],
            weeks_in=self.study.weeks_in(row.started_at, person.enrolled),
            began_on=began_on,
            part_of_day=part_of_day(row.local_hour),
            flow=row.flow_name,
            flow_version=row.flow_version,
            channel=channel or None,
            became=became(row.first_status, row.answer is not None, row.outcome is None, row.outcome, late),
            answer=row.answer,
            waited_min=row.waited_min,
            outcome=row.outcome,
        )

    def _replies(self) -> Iterator[ReplyRow]:
        columns = (Reply.check_in_id, Reply.name, Reply.value, *_OF_FLOW)
        found = select(*columns).join_from(Reply, CheckIn, CheckIn.id == Reply.check_in_id)
        of_these = found.where(CheckIn.participant_id.in_(self.ids), self.study.scope.of(CheckIn))
        for person, row in self._of_each(self.study.session.execute(of_these.order_by(Reply.id))):
            if row.check_in_id in self.numbers:
                yield from self._reply(person, row)

    def _reply(self, person: Known, row: Any) -> Iterator[ReplyRow]:
        """Only what the flow itself lists as an answer: whatever else is kept are somebody's words."""
        state = self.study.choices.get(row.flow_version, {}).get(row.name)
        if state is not None and row.value in answers_of(state):
            number = self.numbers[row.check_in_id]
            yield ReplyRow(person.alias.study_id, number, row.flow_name, row.flow_version, row.name, row.value)

    def _wordings(self) -> Iterator[WordingRow]:
        theirs = Assignment.participant_id.in_(self.ids) & (Assignment.at < self.study.scope.until)
        of_these = select(*_ASSIGNED).where(theirs)
        for person, row in self._of_each(self.study.session.execute(of_these.order_by(Assignment.id))):
            if row.flow_name in self.study.flows:
                assigned_on = self.study.long_ago(row.at, person.alias)
                told = (row.flow_name, row.flow_version, row.state, row.variant, assigned_on, row.answer)
                yield WordingRow(person.alias.study_id, *told)

    def _flags(self) -> Iterator[FlagRow]:
        of_these = select(*_RAISED).where(Flag.participant_id.in_(self.ids), self.study.scope.of(Flag))
        for person, row in self._of_each(self.study.session.execute(of_these.order_by(Flag.raised_at, Flag.id))):
            raised_on = self.study.day(row.raised_at, person.alias)
            if raised_on is not None:
                yield self._flag(person, row, raised_on)

    def _flag(self, person: Known, row: Any, raised_on: date) -> FlagRow:
        return FlagRow(
            study_id=person.alias.study_id,
            check_in=self.numbers.get(row.check_in_id),
            weeks_in=self.study.weeks_in(row.raised_at, person.enrolled),
            raised_on=raised_on,
            kind=row.kind,
            urgency=row.urgency,
            state=row.state,
            taken_after_min=_minutes(row.raised_at, row.first_taken_at),
            resolved_after_min=_minutes(row.raised_at, row.resolved_at),
            resolution=row.resolution,
        )

    def _texts(self) -> Iterator[TextRow]:
        scope = self.study.scope
        theirs = Message.participant_id.in_(self.ids) & (Message.direction == Direction.IN)
        columns = (Message.participant_id, Message.check_in_id, Message.at, Message.body)
        found = select(*columns).where(theirs, Message.at >= scope.since, Message.at < scope.until)
        for person, row in self._of_each(self.study.session.execute(found.order_by(Message.at, Message.id))):
            said_on = self.study.day(row.at, person.alias)
            if said_on is not None and row.body.strip():
                yield self._text(person, row, said_on)

    def _text(self, person: Known, row: Any, said_on: date) -> TextRow:
        """Halves of broken characters, which UTF-8 cannot hold, become "?"."""
        words = never_run(mask(row.body, self.study.names)).encode("utf-8", "replace").decode()
        number = self.numbers.get(row.check_in_id)
        return TextRow(person.alias.study_id, number, self.study.weeks_in(row.at, person.enrolled), said_on, words)


def _minutes(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else minutes_between(start, end)


_OF_FLOW = (CheckIn.participant_id, CheckIn.flow_name, CheckIn.flow_version)
_COUNTED = (
    CheckIn.id, *_OF_FLOW, CheckIn.started_at, CheckIn.channel, CheckIn.local_hour, CheckIn.first_status,
    CheckIn.answer, CheckIn.waited_min, CheckIn.outcome,
)  # fmt: skip
_ASSIGNED = (
    Assignment.participant_id, Assignment.flow_name, Assignment.flow_version, Assignment.state, Assignment.variant,
    Assignment.at, Assignment.answer,
)  # fmt: skip
_RAISED = (
    Flag.participant_id, Flag.check_in_id, Flag.raised_at, Flag.kind, Flag.urgency, Flag.state, Flag.first_taken_at,
    Flag.resolved_at, Flag.resolution,
)  # fmt: skip
