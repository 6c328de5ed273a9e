"""Wordings that are compared: who was assigned which, and what became of the first check-in that said it.

There are no filters: a difference that is looked for in one part of the programme after another is found in some by
chance.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.checkins import as_kept
from bot.core.became import COUNTED, Became, became
from bot.core.comparing import Arm, Comparison
from bot.core.flow import Flow, State
from bot.core.kinds import Answer, Language
from bot.core.wordings import USUAL, Aim
from bot.models import Assignment, CheckIn, FlowVersion, Message


class _Group(NamedTuple):
    """How many people were assigned one wording of one version of a flow; `first` is the id of the first of them."""

    flow: str
    state: str
    wording: str
    version: str
    people: int
    first: int


def comparisons(session: Session, flows: Mapping[str, Flow]) -> tuple[Comparison, ...]:
    """Every wording ever held against the usual one, by flow, state and name. `flows` are those in use now.

    Counted like every response rate, but by the text in that wording: it arrived, and a reply followed in time in the
    same check-in. For the opening question of a check-in that is the same. People are read only as far as the plan
    wants them, however many there are.
    """
    groups = _groups(session)
    kept = _kept(session, {each.version for each in groups})
    of_state = groupby(groups, lambda each: (each.flow, each.state))
    began = [each for (name, _), found in of_state for each in _begun(session, tuple(found), kept, flows.get(name))]
    keys = {_key(each) for each in began}
    fresh = [each for flow in flows.values() for each in _planned(flow) if _key(each) not in keys]
    return tuple(sorted([*began, *fresh], key=_key))


def _key(comparison: Comparison) -> tuple[str, str, str]:
    return comparison.flow, comparison.state, comparison.other.wording


def _groups(session: Session) -> list[_Group]:
    """Flow by flow and state by state, the first that was assigned first."""
    alike = (Assignment.flow_name, Assignment.state, Assignment.variant, Assignment.flow_version)
    rows = session.execute(select(*alike, func.count(), func.min(Assignment.id)).group_by(*alike))
    return sorted((_Group(*row) for row in rows), key=lambda each: (each.flow, each.state, each.first))


def _kept(session: Session, versions: Set[str]) -> dict[str, Flow]:
    rows = session.scalars(select(FlowVersion).where(FlowVersion.version.in_(versions)))
    return {row.version: as_kept(row.name, row.version, row.source) for row in rows}


def _begun(
    session: Session, groups: Sequence[_Group], kept: Mapping[str, Flow], now: Flow | None
) -> Iterator[Comparison]:
    """The comparisons of one state in which somebody was assigned. `now` is the flow in use, None while it has none."""
    by_version = {each.version: kept[each.version].states[each.state] for each in groups}
    names = dict.fromkeys(name for state in by_version.values() for name in state.wordings)
    for name in names:
        offered = {version: state for version, state in by_version.items() if name in state.wordings}
        first, *later = offered.values()
        asked = [each for each in groups if each.version in offered]
        yield Comparison(
            flow=asked[0].flow,
            title=(now or kept[asked[0].version]).title,
            state=first.name,
            aim=_aim(first),
            usual=_arm(session, first, USUAL, asked),
            other=_arm(session, first, name, asked),
            rivals=len(names),
            has_ended=now is not None and not _offers(now, first.name, name),
            was_reworded=any(each.worded[it] != first.worded[it] for each in later for it in (USUAL, name)),
            was_replanned=any(each.aim != first.aim for each in later),
        )


def _arm(session: Session, state: State, wording: str, asked: Sequence[_Group]) -> Arm:
    """Those who were assigned this wording while both were to be had: people of another time may be other people."""
    groups, planned = [each for each in asked if each.wording == wording], _aim(state).people
    found = _became(session, groups, planned) if groups else []
    return Arm(wording, _text(state, wording), found, sum(each.people for each in groups), planned)


def _became(session: Session, groups: Sequence[_Group], planned: int) -> list[Became]:
    """What became of the first check-in of each, in order, until as many count as are planned, or a few more.

    Counted by the text in that wording, which need not be the first of its check-in.
    """
    flow, state, wording = groups[0][:3]
    of_them = (Assignment.flow_name == flow) & (Assignment.state == state) & (Assignment.variant == wording)
    of_them &= Assignment.flow_version.in_({each.version for each in groups})
    columns = (Assignment.id, Message.status, Assignment.answer, CheckIn.outcome)
    rows = select(*columns).join(CheckIn, CheckIn.id == Assignment.check_in_id)
    rows = rows.outerjoin(Message, Message.id == Assignment.message_id).where(of_them).order_by(Assignment.id)
    found, last = list[Became](), 0
    while sum(each in COUNTED for each in found) < planned:
        some = session.execute(rows.where(Assignment.id > last).limit(planned)).all()
        found += [
            became(status, answer is not None, outcome is None, outcome, answer is Answer.LATE)
            for _, status, answer, outcome in some
        ]
        if len(some) < planned:
            break
        last = some[-1].id
    return found


def _planned(flow: Flow) -> Iterator[Comparison]:
    """The comparisons of a flow as if nobody had been asked yet."""
    for state in flow.states.values():
        for name in state.wordings:
            aim = _aim(state)
            usual, other = (Arm(each, _text(state, each), (), 0, aim.people) for each in (USUAL, name))
            yield Comparison(flow.name, flow.title, state.name, aim, usual, other, rivals=len(state.wordings))


def _text(state: State, wording: str) -> str:
    return state.worded[wording].get(Language.EN, "")


def _aim(state: State) -> Aim:
    assert state.aim is not None, "the check lets no flow pass that compares without a plan"
    return state.aim


def _offers(flow: Flow, state: str, wording: str) -> bool:
    return state in flow.states and wording in flow.states[state].wordings
