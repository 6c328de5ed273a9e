"""A number that nobody was known at turns out to be a participant's: its texts and flags go to that person."""

import re

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.arrangements import Desk, NotArranged
from bot.casework import Concern, Result, Subject, end_running, raise_flag, resolve
from bot.consents import asked_for_no_more, block
from bot.core.escalation import Urgency, first_look
from bot.core.hours import week_of
from bot.core.kinds import Attention, Outcome
from bot.db import Database
from bot.models import AlertFlag, Danger, Direction, Flag, FlagState, Mark, Message, Resolution
from bot.people import add_address, counted, opt_out, participant_at, staff_at
from bot.waiting import unresolved

JOINED = "number joined"
TEXTABLE = re.compile(r"\+[1-9]\d{6,14}")


def join_number(db: Database, desk: Desk, address_hash: str) -> None:
    """Add the number to the participant, without consent for it: nothing is texted there until they agree.

    Its texts and unresolved flags become theirs. An opt-out stands for the whole person (47 CFR 64.1200(a)(12)): one
    on their other addresses closes this one, one on this number closes the others. Raises NotArranged.
    """
    messages = _texts_of(desk.session, address_hash)
    _must_be_free(desk, address_hash, messages)
    out_before = any(asked_for_no_more(desk.session, each.value_hash) for each in desk.participant.addresses)
    for channel, value in sorted({(each.channel, each.other) for each in messages}):
        if participant_at(desk.session, channel, address_hash) is None:
            add_address(db, desk.session, desk.participant, channel, value)
    desk.session.refresh(desk.participant, ["addresses"])
    for each in messages:
        each.participant_id = desk.participant.id
    _keep_opt_out(desk, address_hash, out_before)
    for flag in _flags_of(desk.session, address_hash):
        move_flag(desk, flag)
    desk.note("number_joined")


def _texts_of(session: Session, address_hash: str) -> list[Message]:
    """What came in from this number while it was nobody's: what its former owner wrote stays theirs."""
    came_in = (Message.direction == Direction.IN) & Message.staff_id.is_(None) & Message.participant_id.is_(None)
    return list(session.scalars(select(Message).where(Message.other_hash == address_hash, came_in)))


def _must_be_free(desk: Desk, address_hash: str, messages: list[Message]) -> None:
    if not messages or not all(TEXTABLE.fullmatch(each.other) for each in messages):
        raise NotArranged("No text can reach this sender: it is no phone number.")
    if staff_at(desk.session, address_hash):
        raise NotArranged("This is the number of a member of staff.")
    owners = {participant_at(desk.session, each.channel, address_hash) for each in messages}
    if owners - {None, desk.participant}:
        raise NotArranged("This number belongs to a participant already.")


def _keep_opt_out(desk: Desk, address_hash: str, out_before: bool) -> None:
    if asked_for_no_more(desk.session, address_hash):
        opt_out(desk.session, desk.participant, JOINED, desk.now)
        end_running(desk.session, desk.participant.id, Outcome.STOPPED, desk.now)
    elif out_before:
        block(desk.session, address_hash, JOINED, desk.now)


def _flags_of(session: Session, address_hash: str) -> list[Flag]:
    theirs = unresolved() & (Flag.address_hash == address_hash) & Flag.participant_id.is_(None)
    return list(session.scalars(select(Flag).where(theirs).order_by(Flag.id).with_for_update()))


def move_flag(desk: Desk, flag: Flag) -> None:
    """To the person; into their own unresolved flag of the kind, if any. That the number was unknown is settled."""
    alike = (Flag.participant_id == desk.participant.id) & (Flag.kind == flag.kind)
    own = desk.session.scalar(select(Flag).where(alike, unresolved()).with_for_update())
    if own is not None:
        _absorb(desk, flag, own)
    first_taken_at = flag.first_taken_at
    if own is not None or flag.kind is Attention.UNKNOWN:
        why = "Goes on in the flag of the same kind." if own else "The number was joined to this person."
        resolve(desk.session, flag.id, desk.staff, Result(Resolution.NOT_A_NEED, why), desk.now)
    if own is not None:
        flag.first_taken_at = first_taken_at  # nobody took it by this: it waits on in the other
    if flag.participant_id is None:
        _count_as_theirs(desk, flag)
    flag.participant_id = desk.participant.id
    if flag.state is FlagState.OPEN:  # their own caseworker, whom nobody asked so far, is the first to hear of it
        flag.rung, flag.look_at = 0, first_look(flag.urgency, desk.now, desk.rules)
    desk.session.flush()


def _count_as_theirs(desk: Desk, flag: Flag) -> None:
    """Figures count it as the person's, in the week in which it was raised."""
    for name, value in counted(desk.participant, week_of(flag.raised_at, desk.settings.zone)).items():
        setattr(flag, name, value)


def _wait_once(session: Session, flag: Flag) -> None:
    """Danger that both told of waits for a person once, from the first word of it on."""
    open_now = (Danger.flag_id == flag.id) & Danger.taken_at.is_(None)
    _, *others = session.scalars(select(Danger.id).where(open_now).order_by(Danger.since)).all() or (None,)
    session.execute(delete(Danger).where(Danger.id.in_(others)))


def _absorb(desk: Desk, flag: Flag, own: Flag) -> None:
    """Marks, alerts and danger go to the person's own flag. What nobody had taken of it yet is new there: danger rings
    anew, and of other words whoever has the flag is told.
    """
    for table in (Mark, Danger):
        desk.session.execute(update(table).where(table.flag_id == flag.id).values(flag_id=own.id))
    _wait_once(desk.session, own)
    both = select(AlertFlag.alert_id).where(AlertFlag.flag_id == own.id)
    doubled = (AlertFlag.flag_id == flag.id) & AlertFlag.alert_id.in_(both)
    desk.session.execute(delete(AlertFlag).where(doubled).execution_options(synchronize_session=False))
    desk.session.execute(update(AlertFlag).where(AlertFlag.flag_id == flag.id).values(flag_id=own.id))
    desk.session.flush()
    urgent = flag.urgency is Urgency.NOW
    if flag.state is FlagState.OPEN or (urgent and own.urgency is not Urgency.NOW):
        raise_flag(desk.session, Subject(desk.participant.id), Concern(flag.kind, urgent), desk.rules, desk.now)
    desk.session.flush()
    desk.session.expire(flag)
    desk.session.expire(own)
