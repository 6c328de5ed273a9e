"""Learning from people: a need that was missed is worked on, and what staff corrected can be taken out as examples."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from bot.casework import Concern, Subject, raise_flag
from bot.core.escalation import Rules
from bot.core.kinds import Hit, Intent, Lane, Language, Need
from bot.core.masking import mask, name_words
from bot.core.needs.evaluation import Labelled
from bot.models import Flag, FlagState, Mark, Message, Participant, Staff, Verdict, VerdictKind
from bot.people import hold, note
from bot.verdicts import MARKED_BY_STAFF, Raised, give, raised_by, verdicts_on

COUNTED = timedelta(days=90)
SHOWN = 50


@dataclass(frozen=True)
class Entry:
    """One verdict with what it is about: whose text it was, and what the system took it for."""

    verdict: Verdict
    person: Participant | None
    raised: tuple[Need, ...]


@dataclass(frozen=True)
class Mistakes:
    """How often a need was found where it was none, and missed where it was one."""

    false_alarms: int = 0
    missed: int = 0


def judge(session: Session, verdict: Verdict, rules: Rules) -> bool:
    """Take a verdict of somebody who read the text; whether it changes anything.

    A missed need raises a flag, or goes into the unresolved one of its kind, unless the text is in that already.
    """
    message = session.get_one(Message, verdict.message_id, with_for_update={"key_share": True})
    if message.participant_id is not None:
        hold(session, message.participant_id)
    worked_on = is_worked_on(session, message.id, verdict.need)
    changes = give(session, message, verdict)
    if changes and verdict.kind is VerdictKind.MISSED and (verdict.urgent or not worked_on):
        about = Subject(message.participant_id, message.other_hash)
        words = (Hit(verdict.need, verdict.urgent, 0, len(message.body), MARKED_BY_STAFF),)
        raise_flag(session, about, Concern(verdict.need, verdict.urgent, message.id, words), rules, verdict.at)
    return changes


def is_worked_on(session: Session, message_id: int, need: Need) -> bool:
    """Whether this message belongs to an unresolved flag of this need.

    The flag is locked, as resolving does it before it gives verdicts: so neither waits for the other.
    """
    its_flags = select(Mark.flag_id).where(Mark.message_id == message_id)
    flag = Flag.id.in_(its_flags) & (Flag.kind == need) & (Flag.state != FlagState.RESOLVED)
    return session.scalar(select(Flag.id).where(flag).with_for_update()) is not None


def latest(session: Session, readable: ColumnElement[bool]) -> list[Entry]:
    """The verdicts given last on texts that the reader may read, newest first."""
    wanted = select(Verdict).join(Verdict.message).where(readable).order_by(Verdict.at.desc(), Verdict.id.desc())
    together = wanted.limit(SHOWN).options(joinedload(Verdict.message), joinedload(Verdict.staff))
    verdicts = session.scalars(together).all()
    raised = raised_by(session, Message.id.in_([each.message_id for each in verdicts]))
    people = _people(session, [each.message for each in verdicts])
    return [Entry(each, people.get(each.message.participant_id), tuple(raised[each.message_id])) for each in verdicts]


def _people(session: Session, messages: Sequence[Message]) -> dict[int | None, Participant]:
    ids = {each.participant_id for each in messages}
    return {each.id: each for each in session.scalars(select(Participant).where(Participant.id.in_(ids)))}


def mistakes(session: Session, now: datetime) -> dict[Need, Mistakes]:
    """The mistakes by need that verdicts of the last 90 days speak of; a need without any is left out."""
    rows = select(Verdict.need, Verdict.kind, func.count()).where(Verdict.at > now - COUNTED)
    counts = {(need, kind): count for need, kind, count in session.execute(rows.group_by(Verdict.need, Verdict.kind))}
    found = {
        need: Mistakes(counts.get((need, VerdictKind.NOT_A_NEED), 0), counts.get((need, VerdictKind.MISSED), 0))
        for need in Need
    }
    return {need: each for need, each in found.items() if each != Mistakes()}


def take_out(session: Session, readable: ColumnElement[bool], now: datetime, staff_id: int | None = None) -> str:
    """The corrected texts, one JSON object a line, as `needs evaluate` reads them. That they were taken goes on record.

    Names, numbers and addresses are masked (bot/core/masking.py says what that cannot remove). Texts without words are
    left out.
    """
    examples = corrected(session, readable)
    note(session, "learned_taken_out", now, staff_id, detail=f"{len(examples)} texts")
    return "".join(f"{_line(each)}\n" for each in examples)


def corrected(session: Session, readable: ColumnElement[bool]) -> list[Labelled]:
    """Every text with a verdict as staff would label it, names masked, oldest first."""
    judged = Message.id.in_(select(Verdict.message_id))
    messages = session.scalars(select(Message).where(judged, readable).order_by(Message.id)).all()
    raised, verdicts = raised_by(session, judged), verdicts_on(session, judged)
    people, staff = _people(session, messages), name_words(session.scalars(select(Staff.name)))
    return [
        _example(each, people.get(each.participant_id), raised[each.id], verdicts[each.id], staff)
        for each in messages
        if each.body.strip()
    ]


def _example(
    message: Message,
    person: Participant | None,
    raised: Mapping[Need, Raised],
    verdicts: Mapping[Need, Verdict],
    staff: frozenset[str],
) -> Labelled:
    names = staff | name_words([person.name]) if person else staff
    found = {need for need, how in raised.items() if how.by_words}
    return Labelled(
        text=mask(message.body, names),
        lang=person.language if person else Language.EN,
        needs=frozenset(found - _of_kind(verdicts, VerdictKind.NOT_A_NEED) | _of_kind(verdicts, VerdictKind.MISSED)),
        urgent=_is_urgent(message, raised, verdicts),
        intent=message.intent or Intent.REPLY,  # a text that could not be read has none
    )


def _of_kind(verdicts: Mapping[Need, Verdict], kind: VerdictKind) -> set[Need]:
    return {need for need, verdict in verdicts.items() if verdict.kind is kind}


def _is_urgent(message: Message, raised: Mapping[Need, Raised], verdicts: Mapping[Need, Verdict]) -> bool:
    """Missed as urgent, or found so and its danger not struck out: `safety`, and where that was not it, all the needs
    that were urgent.
    """
    if any(verdict.urgent for verdict in verdicts.values()):
        return True
    danger = {need for need, how in raised.items() if how.urgent}
    danger = {Need.SAFETY} if Need.SAFETY in danger else danger
    struck_out = bool(danger) and danger <= _of_kind(verdicts, VerdictKind.NOT_A_NEED)
    return message.lane is Lane.NOW and not struck_out


def _line(example: Labelled) -> str:
    """The example as one line of JSON; halves of broken characters, which UTF-8 cannot hold, become "?"."""
    row = {
        "text": example.text,
        "lang": example.lang,
        "needs": [need for need in Need if need in example.needs],
        "urgent": example.urgent,
        "intent": example.intent,
    }
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace").decode()

