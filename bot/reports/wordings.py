"""Wordings that are compared: who was assigned which, and what became of the first check-in that said it.

There are no filters: a difference that is looked for in one part of the programme after another is found in some by
chance.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.checkins import as_kept
from bot.core.became import Became, became
from bot.core.comparing import Arm, Comparison
from bot.core.delivery import Status
from bot.core.flow import Flow, State
from bot.core.kinds import Answer, Language, Outcome
from bot.core.wordings import USUAL, Aim
from bot.models import Assignment, CheckIn, FlowVersion, Message


class _Assigned(NamedTuple):
    """One person of one comparison. `version` is the flow's by which they were assigned."""

    flow: str
    state: str
    wording: str
    version: str
    status: Status | None
    answer: Answer | None
    outcome: Outcome | None

    @property
    def became(self) -> Became:
        """Of the text in this wording, which need not be the first of its check-in."""
        late = self.answer is Answer.LATE
        return became(self.status, self.answer is not None, self.outcome is None, self.outcome, late)


def comparisons(session: Session, flows: Mapping[str, Flow]) -> tuple[Comparison, ...]:
    """Every wording ever held against the usual one, by flow, state and name. `flows` are those in use now.

    Counted like every response rate, but by the text in that wording: it arrived, and a reply followed in time in the
    same check-in. For the opening question of a check-in that is the same.
    """
    kept = _kept(session)
    of_state = groupby(_assigned(session), lambda each: (each.flow, each.state))
    began = [each for (name, _), found in of_state for each in _begun(tuple(found), kept, flows.get(name))]
    keys = {_key(each) for each in began}
    fresh = [each for flow in flows.values() for each in _planned(flow) if _key(each) not in keys]
    return tuple(sorted([*began, *fresh], key=_key))


def _key(comparison: Comparison) -> tuple[str, str, str]:
    return comparison.flow, comparison.state, comparison.other.wording


def _kept(session: Session) -> dict[str, Flow]:
    """Every version of a flow by which somebody was assigned a wording."""
    ran = select(CheckIn.flow_version).join(Assignment, Assignment.check_in_id == CheckIn.id)
    rows = session.scalars(select(FlowVersion).where(FlowVersion.version.in_(ran)))
    return {row.version: as_kept(row.name, row.version, row.source) for row in rows}


def _assigned(session: Session) -> Iterator[_Assigned]:
    """Everybody, state by state, in the order in which they were assigned."""
    columns = (Assignment.flow_name, Assignment.state, Assignment.variant, CheckIn.flow_version)
    became_of = (Message.status, Assignment.answer, CheckIn.outcome)
    rows = select(*columns, *became_of).join(CheckIn, CheckIn.id == Assignment.check_in_id)
    rows = rows.outerjoin(Message, Message.id == Assignment.message_id)
    order = (Assignment.flow_name, Assignment.state, Assignment.id)
    return (_Assigned(*row) for row in session.execute(rows.order_by(*order)))


def _begun(found: Sequence[_Assigned], kept: Mapping[str, Flow], now: Flow | None) -> Iterator[Comparison]:
    """The comparisons of one state in which somebody was assigned. `now` is the flow in use, None while it has none."""
    by_version = {each.version: kept[each.version].states[each.state] for each in found}
    names = dict.fromkeys(name for state in by_version.values() for name in state.wordings)
    for name in names:
        offered = {version: state for version, state in by_version.items() if name in state.wordings}
        first, *later = offered.values()
        asked = [each for each in found if each.version in offered]
        flow = now or kept[asked[0].version]
        yield Comparison(
            flow=asked[0].flow,
            title=flow.title,
            state=first.name,
            aim=_aim(first),
            usual=_arm(first, USUAL, asked),
            other=_arm(first, name, asked),
            rivals=len(names),
            has_ended=now is not None and not _offers(now, first.name, name),
            was_reworded=any(each.worded[it] != first.worded[it] for each in later for it in (USUAL, name)),
            was_replanned=any(each.aim != first.aim for each in later),
        )


def _arm(state: State, wording: str, asked: Sequence[_Assigned]) -> Arm:
    """Those who were assigned this wording while both were to be had: people of another time may be other people."""
    found = tuple(each.became for each in asked if each.wording == wording)
    return Arm(wording, state.worded[wording].get(Language.EN, ""), found, _aim(state).people)


def _planned(flow: Flow) -> Iterator[Comparison]:
    """The comparisons of a flow as if nobody had been asked yet."""
    for state in flow.states.values():
        for name in state.wordings:
            arms = _arm(state, USUAL, ()), _arm(state, name, ())
            yield Comparison(flow.name, flow.title, state.name, _aim(state), *arms, rivals=len(state.wordings))


def _aim(state: State) -> Aim:
    assert state.aim is not None, "the check lets no flow pass that compares without a plan"
    return state.aim


def _offers(flow: Flow, state: str, wording: str) -> bool:
    return state in flow.states and wording in flow.states[state].wordings
