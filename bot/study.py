"""The rows of an export for research, person by person in the order of their random ids. Reads only."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.core.became import became
from bot.core.deidentify import (
    OTHER,
    CheckInRow,
    Dates,
    Extra,
    FlagRow,
    Person,
    QuestionRow,
    ReplyRow,
    Row,
    TextRow,
    coarse,
    folded,
    generalised,
    part_of_day,
    window,
)
from bot.core.figure import never_run
from bot.core.flow import Expect, FlowError, State, parse
from bot.core.hours import minutes_between, week_of
from bot.core.kinds import Answer, Language
from bot.core.masking import mask, name_words
from bot.models import CheckIn, Consent, Direction, Flag, FlowVersion, Message, Participant, Reply, Staff
from bot.reports.scope import Scope

BATCH = 500  # people at a time: as many ids as every database takes in one question
LISTED = frozenset({Expect.CHOICE, Expect.YES_NO})


@dataclass(frozen=True)
class Alias:
    """As whom somebody stands in an export, and how far their days are shifted in it."""

    study_id: str
    shift_days: int


@dataclass(frozen=True)
class Known:
    """What is known of one person while their rows are written."""

    id: int
    alias: Alias
    enrolled: datetime


@dataclass(frozen=True)
class Wanted:
    """What an export is to hold: these weeks of everybody, days coarsened like this, with these extras."""

    scope: Scope
    dates: Dates = Dates.WEEK
    extras: frozenset[Extra] = frozenset()


class Study:
    """The rows of the people who had a check-in or a flag in the weeks of the scope; nothing else of it counts."""

    def __init__(self, session: Session, wanted: Wanted, aliases: Mapping[int, Alias], smallest: int) -> None:
        self.session, self.scope, self.extras, self._dates = session, wanted.scope, wanted.extras, wanted.dates
        self._smallest = smallest
        self._aliases = dict(sorted(aliases.items(), key=lambda each: each[1].study_id))
        self._window = window(self.scope.first, self.scope.last, self._dates)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Every row, with the name of its table."""
        yield from (("questions", row) for row in self._questions())
        words = self._names if Extra.TEXTS in self.extras else frozenset()
        ids = iter(self._aliases)
        while batch := list(islice(ids, BATCH)):
            yield from _Batch(self, batch, words).rows()

    def day(self, at: datetime, alias: Alias) -> date | None:
        """The day of this instant, coarsened; None where it is outside of what may be told."""
        day = coarse(at.astimezone(ZoneInfo(self.scope.zone)).date(), self._dates, alias.shift_days)
        return day if self._window[0] <= day <= self._window[1] else None

    def enrolled_on(self, at: datetime, alias: Alias) -> date | None:
        """The Monday, however long ago; a shifted day only where it is within the window."""
        by_week = self._dates is Dates.WEEK
        return week_of(at, self.scope.zone) if by_week else self.day(at, alias)

    def weeks_in(self, at: datetime, enrolled: datetime) -> int:
        return (week_of(at, self.scope.zone) - week_of(enrolled, self.scope.zone)).days // 7

    def known(self, ids: Sequence[int]) -> dict[int, Known]:
        """These people, in this order."""
        rows = select(Participant.id, Participant.enrolled_at).where(Participant.id.in_(ids))
        enrolled = {row.id: row.enrolled_at for row in self.session.execute(rows)}
        return {each: Known(each, self._aliases[each], enrolled[each]) for each in ids}

    @cached_property
    def traits(self) -> dict[int, tuple[str, ...]]:
        """Language and, where they are asked for, cohort and zone of each person, coarsened together."""
        asked = {Extra.COHORT: Participant.cohort, Extra.ZONE: Participant.zone}
        columns = [Participant.language, *(asked[each] for each in asked if each in self.extras)]
        rows = self.session.execute(select(Participant.id, *columns))
        found = {row[0]: tuple(map(str, row[1:])) for row in rows if row[0] in self._aliases}
        return generalised(found, self._smallest)

    @cached_property
    def flows(self) -> frozenset[str]:
        """The flows that enough people had: of a rare one it is known too well whom it is for."""
        return frozenset(flow for flow, count in self._people_by(CheckIn.flow_name).items() if count >= self._smallest)

    @cached_property
    def rare_channels(self) -> frozenset[str]:
        return folded(self._people_by(CheckIn.channel), self._smallest)

    def _people_by(self, column: InstrumentedAttribute[str]) -> dict[str, int]:
        people = func.count(CheckIn.participant_id.distinct())
        counts = self.session.execute(select(column, people).where(self.scope.of(CheckIn)).group_by(column))
        return {value: count for value, count in counts}

    @cached_property
    def _names(self) -> frozenset[str]:
        """The words of everybody's name: people write of each other."""
        names = [*self.session.scalars(select(Participant.name)), *self.session.scalars(select(Staff.name))]
        return name_words(names)

    @cached_property
    def choices(self) -> dict[str, dict[str, State]]:
        """The questions with listed answers, by version of the flow and by what their answers are kept as."""
        versions = select(CheckIn.flow_version).where(self.scope.of(CheckIn)).distinct()
        sources = select(FlowVersion).where(FlowVersion.version.in_(versions)).order_by(FlowVersion.version)
        return {each.version: _listed(each) for each in self.session.scalars(sources)}

    def _questions(self) -> Iterator[QuestionRow]:
        ran = select(CheckIn.flow_version, CheckIn.flow_name).where(self.scope.of(CheckIn)).distinct()
        for version, flow in self.session.execute(ran.order_by(CheckIn.flow_name, CheckIn.flow_version)):
            for question, state in self.choices[version].items() if flow in self.flows else ():
                asks = state.say.get(Language.EN, "")
                yield from (QuestionRow(flow, version, question, asks, *each) for each in _answers(state).items())


def _listed(version: FlowVersion) -> dict[str, State]:
    """A wording that this version of Standby cannot read any more tells of no answers."""
    try:
        states = parse(version.name, version.source).states.values()
    except FlowError:
        return {}
    return {each.remember: each for each in states if each.remember and each.expect in LISTED}


def _answers(state: State) -> dict[str, str | None]:
    """The keys of its answers, and the first word that means each."""
    own = {each.key: each.words[0] if each.words else None for each in state.answers}
    return ({"yes": None, "no": None} if state.expect is Expect.YES_NO else {}) | own


class _Batch:
    """The rows of some people at a time."""

    def __init__(self, study: Study, ids: Sequence[int], names: frozenset[str]) -> None:
        self.study, self.ids, self.names = study, ids, names
        self.people = study.known(ids)
        self.numbers: dict[int, int] = {}  # of the check-ins that are in the export

    def rows(self) -> Iterator[tuple[str, Row]]:
        yield from (("participants", row) for row in self._persons())
        yield from (("check_ins", row) for row in self._check_ins())
        yield from (("replies", row) for row in self._replies())
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
            enrolled_on = self.study.enrolled_on(person.enrolled, person.alias)
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
        state = self.study.choices[row.flow_version].get(row.name)
        if state is not None and row.value in _answers(state):
            number = self.numbers[row.check_in_id]
            yield ReplyRow(person.alias.study_id, number, row.flow_name, row.flow_version, row.name, row.value)

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
        words = never_run(mask(row.body, self.names)).encode("utf-8", "replace").decode()
        number = self.numbers.get(row.check_in_id)
        return TextRow(person.alias.study_id, number, self.study.weeks_in(row.at, person.enrolled), said_on, words)


def _minutes(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else minutes_between(start, end)


_OF_FLOW = (CheckIn.participant_id, CheckIn.flow_name, CheckIn.flow_version)
_COUNTED = (
    CheckIn.id, *_OF_FLOW, CheckIn.started_at, CheckIn.channel, CheckIn.local_hour, CheckIn.first_status,
    CheckIn.answer, CheckIn.waited_min, CheckIn.outcome,
)  # fmt: skip
_RAISED = (
    Flag.participant_id, Flag.check_in_id, Flag.raised_at, Flag.kind, Flag.urgency, Flag.state, Flag.first_taken_at,
    Flag.resolved_at, Flag.resolution,
)  # fmt: skip


def people_of(session: Session, scope: Scope) -> frozenset[int]:
    """Whoever had a check-in or a flag in these weeks."""
    asked = select(CheckIn.participant_id).where(scope.of(CheckIn))
    flagged = select(Flag.participant_id).where(scope.of(Flag), Flag.participant_id.is_not(None))
    return frozenset(session.scalars(union(asked, flagged)))


def counts_of(session: Session, scope: Scope) -> dict[str, int]:
    """How many people, check-ins and flags there are in these weeks."""
    check_ins = select(func.count()).where(scope.of(CheckIn))
    flags = select(func.count()).where(scope.of(Flag), Flag.participant_id.is_not(None))
    counts = {"check-ins": session.scalar(check_ins) or 0, "flags": session.scalar(flags) or 0}
    return {"people": len(people_of(session, scope)), **counts}
