"""Flags: raise, take, resolve, open again; and texts that failed, which are flags too."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

from sqlalchemy import ColumnElement, Row, case, exists, select, update
from sqlalchemy.orm import Session

from bot.core.delivery import Deed, Status, deed_for
from bot.core.escalation import Rules, Urgency, asked_at, first_look, new_words_look_at
from bot.core.hours import minutes_between, week_of
from bot.core.kinds import Attention, FlagKind, Hit, Outcome
from bot.core.starting import TRY_AGAIN
from bot.db import do_each, insert_once
from bot.due import Moment
from bot.models import Alert, CheckIn, Danger, Flag, FlagState, Mark, Message, Participant, Plan, Resolution, Staff
from bot.outbox import Post, drop_mass_texts, drop_questions
from bot.people import counted, hold, note, opt_out, plan
from bot.statuses import move_all
from bot.verdicts import strike_out
from bot.waiting import failed_since, unresolved

BATCH = 100
AFTER_HELP = timedelta(days=5)
FAILURES_OF = timedelta(days=14)


MOST_PRESSING = case((Flag.urgency == Urgency.NOW, 0), (Flag.urgency == Urgency.TODAY, 1), else_=2)


@dataclass(frozen=True)
class Subject:
    """Whom a flag is about: a participant, or an address that nobody is known at."""

    participant_id: int | None
    address_hash: str | None = None


@dataclass(frozen=True)
class Concern:
    """What to raise a flag for, and the message and words that say so."""

    kind: FlagKind
    urgent: bool
    message_id: int | None = None
    hits: tuple[Hit, ...] = ()

    @property
    def urgency(self) -> Urgency:
        if self.urgent:
            return Urgency.NOW
        return Urgency.SILENCE if self.kind is Attention.QUIET else Urgency.TODAY


def raise_flag(session: Session, about: Subject, concern: Concern, rules: Rules, now: datetime) -> Flag:
    """Raise a flag, or add the message to the unresolved one of the same kind.

    Danger told anew lifts a quieter flag to *now*, and opens one that somebody had already taken. Other new words on
    a taken flag open it within the hour, unless who took it closes it with those in view.
    """
    urgency = concern.urgency
    if concern.urgent and about.participant_id is not None:
        drop_mass_texts(session, about.participant_id)
    flag = _unresolved(session, about, concern.kind)
    if flag is None:
        flag = _new_flag(session, about, concern.kind, urgency, rules, now)
    elif concern.urgent and (flag.urgency is not Urgency.NOW or flag.state is FlagState.ACKNOWLEDGED):
        open_again(session, flag, Urgency.NOW, rules, now)
        note(session, "flag_urgent_again", now, participant_id=about.participant_id, flag_id=flag.id)
    elif flag.state is FlagState.ACKNOWLEDGED:
        again_at = new_words_look_at(flag.urgency, now, rules)
        flag.look_at, flag.asked_at = min(flag.look_at or again_at, again_at), now
    _mark(session, flag, concern)
    return flag


def _unresolved(session: Session, about: Subject, kind: FlagKind) -> Flag | None:
    same = unresolved() & (Flag.kind == kind)
    whose = (
        Flag.participant_id == about.participant_id
        if about.participant_id
        else (Flag.address_hash == about.address_hash) & Flag.participant_id.is_(None)
    )
    return session.scalar(select(Flag).where(same, whose).with_for_update())


def danger_open(session: Session, participant_id: int) -> bool:
    """Whether a *now* flag of this participant is unresolved."""
    return participant_id in in_danger_among(session, [participant_id])


def in_danger_among(session: Session, participant_ids: Collection[int]) -> set[int]:
    """Of which of these participants a *now* flag is unresolved."""
    danger = (Flag.urgency == Urgency.NOW) & unresolved() & Flag.participant_id.in_(participant_ids)
    return {each for each in session.scalars(select(Flag.participant_id).where(danger)) if each is not None}


def _new_flag(session: Session, about: Subject, kind: FlagKind, urgency: Urgency, rules: Rules, now: datetime) -> Flag:
    during = _check_in_during(session, about, now)
    flag = Flag(
        participant_id=about.participant_id,
        address_hash=about.address_hash,
        kind=kind,
        urgency=urgency,
        state=FlagState.OPEN,
        raised_at=now,
        check_in_id=during.id if during else None,
        check_in_week=during.week if during else None,
        rung=0,
        look_at=first_look(urgency, now, rules),
        **counted(_person_of(session, about), week_of(now, rules.zone)),
    )
    if not insert_once(session, flag):  # another process raised it a moment ago
        raised = _unresolved(session, about, kind)
        assert raised is not None
        return raised
    note(session, "flag_raised", now, participant_id=about.participant_id, flag_id=flag.id, detail=str(kind))
    _stands_open(session, flag, now)
    return flag


def _person_of(session: Session, about: Subject) -> Participant | None:
    return session.get(Participant, about.participant_id) if about.participant_id else None


def _check_in_during(session: Session, about: Subject, now: datetime) -> Row[int, date] | None:
    """Id and week of the check-in that runs with them, or ended just now: what ends one often raises a flag."""
    theirs = select(CheckIn.id, CheckIn.week).where(CheckIn.participant_id == about.participant_id)
    lasts = CheckIn.ended_at.is_(None) | (CheckIn.ended_at == now)
    return session.execute(theirs.where(lasts).order_by(CheckIn.id.desc()).limit(1)).one_or_none()


def open_again(session: Session, flag: Flag, urgency: Urgency, rules: Rules, now: datetime) -> None:
    """The flag is open, at the foot of its ladder."""
    flag.state, flag.urgency, flag.rung = FlagState.OPEN, urgency, 0
    flag.look_at = first_look(urgency, now, rules)
    flag.taken_at = flag.taken_by = flag.asked_at = flag.resolved_at = flag.resolved_by = None
    flag.resolution = flag.service_id = None
    _stands_open(session, flag, now)


def _stands_open(session: Session, flag: Flag, now: datetime) -> None:
    """Danger waits for a person from now on, unless it does already."""
    waits = exists().where(Danger.flag_id == flag.id, Danger.taken_at.is_(None))
    if flag.urgency is Urgency.NOW and not session.scalar(select(waits)):
        session.add(Danger(flag_id=flag.id, since=now))


def _in_hand(session: Session, flag: Flag, now: datetime) -> None:
    """A person has the flag in hand."""
    flag.first_taken_at = flag.first_taken_at or now
    session.execute(update(Danger).where(Danger.flag_id == flag.id, Danger.taken_at.is_(None)).values(taken_at=now))


def _mark(session: Session, flag: Flag, concern: Concern) -> None:
    if concern.message_id is None:
        return
    known = set(session.execute(select(Mark.message_id, Mark.start, Mark.end).where(Mark.flag_id == flag.id)))
    for start, end, rule in [(hit.start, hit.end, hit.rule) for hit in concern.hits] or [(0, 0, "")]:
        if (concern.message_id, start, end) not in known:
            session.add(Mark(flag_id=flag.id, message_id=concern.message_id, start=start, end=end, rule=rule[:120]))
    session.flush()


def reopen(session: Session, flag_id: int, rules: Rules, now: datetime) -> None:
    """The help did not come: the flag is open again, unless the same need was raised anew meanwhile."""
    flag = session.get_one(Flag, flag_id, with_for_update=True)
    raised_anew = _unresolved(session, Subject(flag.participant_id, flag.address_hash), flag.kind)
    if raised_anew is None:
        open_again(session, flag, flag.urgency, rules, now)
        session.flush()
        note(session, "flag_reopened", now, participant_id=flag.participant_id, flag_id=flag.id)


def drop_needless_alerts(session: Session, flag: Flag) -> None:
    """Alerts that still wait while nobody needs them any more do not leave: every flag in them is taken."""
    for alert in session.scalars(select(Alert).where(Alert.flags.contains(flag))):
        if all(each.state is not FlagState.OPEN for each in alert.flags):
            drop_alert(session, alert, "taken meanwhile")


def drop_alert(session: Session, alert: Alert, reason: str) -> None:
    """An alert that has not left yet does not leave."""
    waiting = (Message.id == alert.message_id) & (Message.status == Status.QUEUED)
    move_all(session, waiting, Status.DROPPED, reason)


def take(session: Session, flag_id: int, staff: Staff, rules: Rules, now: datetime) -> bool:
    """The first to take an open flag has it. False where somebody had it, or it was resolved."""
    flag = session.get_one(Flag, flag_id, with_for_update=True)
    if flag.state is not FlagState.OPEN:
        return False
    flag.state, flag.taken_at, flag.taken_by = FlagState.ACKNOWLEDGED, now, staff.id
    flag.look_at, flag.asked_at = asked_at(flag.urgency, now, rules), None
    _in_hand(session, flag, now)
    session.flush()
    note(session, "flag_taken", now, staff.id, flag.participant_id, flag.id)
    drop_needless_alerts(session, flag)
    return True


@dataclass(frozen=True)
class Result:
    """What became of a flag, in a word and a note, and the service that they were referred to.

    `seen` is the last mark that whoever says so had before them.
    """

    resolution: Resolution
    note: str = ""
    seen: int | None = None
    service_id: int | None = None


class Closing(Enum):
    """What came of closing a flag."""

    CLOSED = auto()
    CLOSED_BEFORE = auto()
    NEW_WORDS = auto()  # the person has said more meanwhile: first that is read


def resolve(session: Session, flag_id: int, staff: Staff, result: Result, now: datetime) -> Closing:
    """Close a flag with its outcome; where help was given, the participant is asked later whether it came.

    Where nothing was needed, the words that raised it get that verdict.
    """
    flag = session.get_one(Flag, flag_id, with_for_update=True)
    if flag.state is FlagState.RESOLVED:
        return Closing.CLOSED_BEFORE
    if result.seen is not None and any(mark.id > result.seen for mark in flag.marks):
        return Closing.NEW_WORDS
    if result.resolution is Resolution.NOT_A_NEED:
        strike_out(session, flag, staff, now)
    flag.state, flag.resolved_at, flag.resolved_by = FlagState.RESOLVED, now, staff.id
    flag.resolution, flag.note, flag.look_at = result.resolution, result.note or None, None
    flag.service_id = result.service_id if result.resolution is Resolution.REFERRED else None
    _in_hand(session, flag, now)
    session.flush()
    note(session, "flag_resolved", now, staff.id, flag.participant_id, flag.id, result.resolution)
    drop_needless_alerts(session, flag)
    helped = result.resolution in (Resolution.HELPED, Resolution.REFERRED) and flag.kind not in set(Attention)
    if helped and flag.participant is not None:
        plan(session, flag.participant, "after_help", now + AFTER_HELP, given={"need": str(flag.kind)}, flag_id=flag.id)
    return Closing.CLOSED


def follow_up_failures(post: Post, now: datetime) -> int:
    """Texts that did not reach a participant become flags, so that a person sees them; how many."""
    with post.db.reading() as session:
        failed = select(Message.id).where(_unseen(now)).order_by(Message.handed_over_at, Message.id)
        ids = session.scalars(failed.limit(BATCH)).all()
    return do_each(ids, lambda message_id: _flag_failure(post, message_id, now), "flagging")


def any_unseen_failure(now: Moment) -> ColumnElement[bool]:
    """Whether `follow_up_failures` may have something to do."""
    return exists().where(_unseen(now))


def _unseen(now: Moment) -> ColumnElement[bool]:
    flagged = exists().where(Mark.message_id == Message.id)
    return failed_since(now - FAILURES_OF) & Message.participant_id.is_not(None) & ~flagged


def _flag_failure(post: Post, message_id: int, now: datetime) -> int:
    """21610 is the carrier's proof of an opt-out that we missed: it ends everything for the person, as STOP does."""
    with post.db.writing() as session:
        failure = select(Message.participant_id, Message.error_code).where(Message.id == message_id)
        participant_id, code = session.execute(failure).one()
        assert participant_id is not None
        participant = hold(session, participant_id)
        if session.scalar(select(exists().where(Mark.message_id == message_id))):
            return 0  # flagged meanwhile, by another clock
        kind = Attention.UNREACHABLE
        if code is not None and deed_for(code) is Deed.OPTED_OUT:
            opt_out(session, participant, "carrier", now)
            end_running(session, participant.id, Outcome.STOPPED, now)
            kind = Attention.STOPPED
        raise_flag(session, Subject(participant.id), Concern(kind, False, message_id), post.rules, now)
        return 1


def _runs_with(participant_id: int) -> ColumnElement[bool]:
    return (CheckIn.participant_id == participant_id) & CheckIn.ended_at.is_(None)


def end_running(session: Session, participant_id: int, outcome: Outcome, now: datetime) -> None:
    """End the check-in that runs with this participant, if one does; cut short, it asks nothing more. What waited for
    its end begins in an hour.
    """
    running = select(CheckIn.id, CheckIn.asked_at, CheckIn.waited_min).where(_runs_with(participant_id))
    for row in session.execute(running.with_for_update()).all():
        if outcome in (Outcome.STOPPED, Outcome.REPLACED):
            drop_questions(session, row.id)
        waited_min = minutes_between(row.asked_at, now) if row.waited_min is None else row.waited_min
        ended = update(CheckIn).where(CheckIn.id == row.id).values(ended_at=now, outcome=outcome, waited_min=waited_min)
        session.execute(ended.values(position=None, nudge_at=None, silent_after=None))
        waits = (Plan.participant_id == participant_id) & (Plan.lease_until > now + TRY_AGAIN)
        session.execute(update(Plan).where(waits).values(lease_until=now + TRY_AGAIN))
