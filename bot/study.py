"""Whom an export for research is about, and what of them may be told. Reads only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from bot.core.deidentify import (
    Dates,
    Extra,
    QuestionRow,
    coarse,
    generalised,
    window,
)
from bot.core.flow import Expect, FlowError, State, parse
from bot.core.hiding import folded
from bot.core.hours import week_of
from bot.core.kinds import Language
from bot.core.masking import name_words
from bot.models import CheckIn, Flag, FlowVersion, Participant, Staff
from bot.reports.checkins import people_by
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

    def day(self, at: datetime, alias: Alias) -> date | None:
        """The day of this instant, coarsened; None where it is outside of what may be told."""
        day = coarse(at.astimezone(ZoneInfo(self.scope.zone)).date(), self._dates, alias.shift_days)
        return day if self._window[0] <= day <= self._window[1] else None

    def long_ago(self, at: datetime, alias: Alias) -> date | None:
        """The Monday, however long ago; a shifted day only where it is within the window."""
        by_week = self._dates is Dates.WEEK
        return week_of(at, self.scope.zone) if by_week else self.day(at, alias)

    def weeks_in(self, at: datetime, enrolled: datetime) -> int:
        """Beside shifted days real Mondays would tell the shift, so there weeks begin on the person's own day."""
        if self._dates is Dates.WEEK:
            return (week_of(at, self.scope.zone) - week_of(enrolled, self.scope.zone)).days // 7
        day, first = (each.astimezone(ZoneInfo(self.scope.zone)).date() for each in (at, enrolled))
        return (day - first).days // 7

    def batches(self) -> Iterator[dict[int, Known]]:
        """Everybody by their ids in the database, some at a time, in the order of their random ids. Who was merged into
        another entry a moment ago is not there any more.
        """
        ids = iter(self._aliases)
        while batch := list(islice(ids, BATCH)):
            rows = select(Participant.id, Participant.enrolled_at).where(Participant.id.in_(batch))
            enrolled = {row.id: row.enrolled_at for row in self.session.execute(rows)}
            yield {each: Known(each, self._aliases[each], enrolled[each]) for each in batch if each in enrolled}

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
        people = people_by(self.session, self.scope, CheckIn.flow_name)
        return frozenset(flow for flow, count in people.items() if count >= self._smallest)

    @cached_property
    def rare_channels(self) -> frozenset[str]:
        return folded(people_by(self.session, self.scope, CheckIn.channel), self._smallest)

    @cached_property
    def names(self) -> frozenset[str]:
        """The words of everybody's name: people write of each other."""
        names = [*self.session.scalars(select(Participant.name)), *self.session.scalars(select(Staff.name))]
        return name_words(names)

    @cached_property
    def choices(self) -> dict[str, dict[str, State]]:
        """The questions with listed answers, by version of the flow and by what their answers are kept as."""
        versions = select(CheckIn.flow_version).where(self.scope.of(CheckIn)).distinct()
        sources = select(FlowVersion).where(FlowVersion.version.in_(versions)).order_by(FlowVersion.version)
        return {each.version: _listed(each) for each in self.session.scalars(sources)}

    def questions(self) -> Iterator[QuestionRow]:
        ran = select(CheckIn.flow_version, CheckIn.flow_name).where(self.scope.of(CheckIn)).distinct()
        for version, flow in self.session.execute(ran.order_by(CheckIn.flow_name, CheckIn.flow_version)):
            for question, state in self.choices[version].items() if flow in self.flows else ():
                asks = state.say.get(Language.EN) or None
                yield from (QuestionRow(flow, version, question, asks, *each) for each in answers_of(state).items())


def _listed(version: FlowVersion) -> dict[str, State]:
    """A wording that this version of Standby cannot read any more tells of no answers."""
    try:
        states = parse(version.name, version.source).states.values()
    except FlowError:
        return {}
    return {each.remember: each for each in states if each.remember and each.expect in LISTED}


def answers_of(state: State) -> dict[str, str | None]:
    """The keys of its answers, and the first word that means each."""
    own = {each.key: each.words[0] if each.words else None for each in state.answers}
    return ({"yes": None, "no": None} if state.expect is Expect.YES_NO else {}) | own


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
