"""Two entries turn out to be one person: everything goes to one of them, and the other is gone."""

from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session, aliased

from bot.arrangements import Desk, NotArranged
from bot.casework import end_running
from bot.consents import asked_for_no_more
from bot.core.kinds import Outcome
from bot.first_texts import WELCOME, comes_regularly, is_welcomed
from bot.joining import move_flag
from bot.models import (
    Address,
    Assignment,
    CheckIn,
    Consent,
    Event,
    Flag,
    FlagState,
    Handover,
    Message,
    Note,
    Opening,
    Participant,
    Plan,
    StudyId,
)
from bot.people import opt_out

MERGED = "merged"
OWNED: tuple[type[Any], ...] = (
    Address, Consent, CheckIn, Message, Note, Handover, Opening, Event, Flag, Assignment,
)  # fmt: skip


def merge(desk: Desk, double: Participant) -> None:
    """Numbers, texts, flags, notes and history of the double become the participant's. It cannot be undone.

    Both are held. Name, caseworker and cohort of the one that stays count. An opt-out on either closes both
    (47 CFR 64.1200(a)(10)). Raises NotArranged.
    """
    if double.id == desk.participant.id:
        raise NotArranged("Choose somebody else than this person.")
    addresses = (*desk.participant.addresses, *double.addresses)
    out = any(asked_for_no_more(desk.session, each.value_hash) for each in addresses)
    end_running(desk.session, double.id, Outcome.REPLACED, desk.now)
    _move_plans(desk.session, desk.participant, double)
    for flag in _unresolved(desk.session, double):
        move_flag(desk, flag)
    _drop_other_wordings(desk.session, desk.participant.id, double.id)
    _move_rows(desk.session, desk.participant.id, double.id)
    _join_states(desk.participant, double)
    gone = double.id
    desk.session.flush()
    desk.session.expire_all()
    desk.session.execute(delete(StudyId).where(StudyId.participant_id == gone))
    desk.session.execute(delete(Participant).where(Participant.id == gone))
    if out:
        opt_out(desk.session, desk.participant, MERGED, desk.now)
        end_running(desk.session, desk.participant.id, Outcome.STOPPED, desk.now)
    desk.note("merged", f"participant {gone}")


def _unresolved(session: Session, double: Participant) -> list[Flag]:
    theirs = (Flag.participant_id == double.id) & (Flag.state != FlagState.RESOLVED)
    return list(session.scalars(select(Flag).where(theirs).order_by(Flag.id).with_for_update()))


def _move_plans(session: Session, participant: Participant, double: Participant) -> None:
    """What comes week by week comes once, and so does the welcome: the double's stays behind where there is one."""
    theirs = Plan.participant_id == double.id
    if comes_regularly(session, participant):
        session.execute(delete(Plan).where(theirs, Plan.repeat_days.is_not(None)))
    if is_welcomed(session, participant):
        session.execute(delete(Plan).where(theirs, Plan.flow_name == WELCOME))
    for each in _planned(session, double):
        if any(_same(each, own) for own in _planned(session, participant)):
            session.delete(each)  # the same reminder of the same day, told to both entries
    session.flush()
    session.execute(update(Plan).where(Plan.participant_id == double.id).values(participant_id=participant.id))


def _same(one: Plan, other: Plan) -> bool:
    same_flow = (one.flow_name, one.given, one.flag_id) == (other.flow_name, other.given, other.flag_id)
    return same_flow and one.next_check_in_at == other.next_check_in_at


def _planned(session: Session, participant: Participant) -> list[Plan]:
    """What they are due for once; what comes again and again is told apart already."""
    once = Plan.repeat_days.is_(None) & Plan.next_check_in_at.is_not(None)
    return list(session.scalars(select(Plan).where(Plan.participant_id == participant.id, once)))


def _drop_other_wordings(session: Session, stays_id: int, double_id: int) -> None:
    """Of a state that both were asked in, the wording that the one who stays got counts."""
    own = aliased(Assignment)
    same = (own.flow_name == Assignment.flow_name) & (own.state == Assignment.state)
    doubled = exists().where(own.participant_id == stays_id, same)
    session.execute(
        delete(Assignment)
        .where(Assignment.participant_id == double_id, doubled)
        .execution_options(synchronize_session=False)
    )


def _move_rows(session: Session, to_id: int, from_id: int) -> None:
    for table in OWNED:
        session.execute(update(table).where(table.participant_id == from_id).values(participant_id=to_id))


def _join_states(participant: Participant, double: Participant) -> None:
    """The more careful of the two: the longer wait, the later pause, the fewer silences."""
    waits = [each.waits_since for each in (participant, double) if each.waits_since]
    pauses = [each.paused_until for each in (participant, double) if each.paused_until]
    talks = [each.talk_until for each in (participant, double) if each.talk_until]
    participant.waits_since, participant.paused_until = min(waits, default=None), max(pauses, default=None)
    participant.talk_until = max(talks, default=None)
    participant.silences = min(participant.silences, double.silences)
