"""Verdicts: what staff say of a need in one message, where the reading was wrong. Nothing retrains itself by them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from bot.core.escalation import Urgency
from bot.core.kinds import Lane, Need
from bot.db import insert_once
from bot.models import Event, Flag, Mark, Message, Staff, Verdict, VerdictKind
from bot.people import note

MARKED_BY_STAFF = "marked by staff"


@dataclass(frozen=True)
class Raised:
    """How the system took a message for a need.

    `by_words`: its words said so, and not only the answer to a question. `urgent`: it is what put the message into
    *now*, as far as that can be told from its flag.
    """

    by_words: bool
    urgent: bool


def raised_by(session: Session, which: ColumnElement[bool]) -> defaultdict[int, dict[Need, Raised]]:
    """What each of these messages was taken for, by message id and in the order it was raised; without staff's part."""
    rows = (
        select(Mark.message_id, Mark.rule, Flag.kind, Flag.urgency, Message.lane)
        .join(Flag, Mark.flag_id == Flag.id)
        .join(Message, Mark.message_id == Message.id)
        .where(which, Mark.rule != MARKED_BY_STAFF, Flag.kind.in_(list(Need)))
    )
    found: defaultdict[int, dict[Need, Raised]] = defaultdict(dict)
    for message_id, rule, kind, urgency, lane in session.execute(rows.order_by(Mark.id)):
        need, urgent = Need(kind), lane is Lane.NOW and urgency is Urgency.NOW
        before = found[message_id].get(need, Raised(by_words=False, urgent=False))
        found[message_id][need] = Raised(before.by_words or rule != "", before.urgent or urgent)
    return found


def verdicts_on(session: Session, which: ColumnElement[bool]) -> defaultdict[int, dict[Need, Verdict]]:
    """The verdicts on these messages, by message id, with who gave them."""
    found: defaultdict[int, dict[Need, Verdict]] = defaultdict(dict)
    rows = select(Verdict).join(Verdict.message).where(which).options(joinedload(Verdict.staff))
    for verdict in session.scalars(rows.order_by(Verdict.id)):
        found[verdict.message_id][verdict.need] = verdict
    return found


def a_verdict(
    message: Message, need: Need, kind: VerdictKind, staff_id: int, now: datetime, urgent: bool = False
) -> Verdict:
    """A verdict to give. Only a missed need is urgent."""
    urgent = urgent and kind is VerdictKind.MISSED
    return Verdict(message_id=message.id, need=need, kind=kind, urgent=urgent, staff_id=staff_id, at=now)


def give(session: Session, message: Message, verdict: Verdict) -> bool:
    """Keep the verdict in place of an earlier one on the same need of the message; whether it changes anything.

    Whoever says what the system says anyway takes an earlier verdict back: that is how one is undone.
    """
    changes = _take_back(session, verdict) if _agrees(session, verdict) else _keep(session, verdict)
    if changes:
        said = f"{verdict.need}: {verdict.kind}{', urgent' if verdict.urgent else ''}"
        note(session, "verdict_given", verdict.at, verdict.staff_id, message.participant_id, detail=said)
    return changes


def _agrees(session: Session, verdict: Verdict) -> bool:
    raised = raised_by(session, Message.id == verdict.message_id)[verdict.message_id].get(verdict.need)
    if verdict.kind is VerdictKind.NOT_A_NEED:
        return raised is None
    return raised is not None and (raised.urgent or not verdict.urgent)


def _take_back(session: Session, verdict: Verdict) -> bool:
    kept = _kept(session, verdict)
    if kept is not None:
        session.delete(kept)
        session.flush()
    return kept is not None


def _keep(session: Session, verdict: Verdict) -> bool:
    kept = _kept(session, verdict)
    if kept is None and insert_once(session, verdict):
        return True
    kept = kept or _kept(session, verdict)  # somebody else gave one a moment ago
    assert kept is not None
    if (kept.kind, kept.urgent) == (verdict.kind, verdict.urgent):
        return False
    kept.kind, kept.urgent, kept.staff_id, kept.at = verdict.kind, verdict.urgent, verdict.staff_id, verdict.at
    session.flush()
    return True


def _kept(session: Session, verdict: Verdict) -> Verdict | None:
    same = (Verdict.message_id == verdict.message_id) & (Verdict.need == verdict.need)
    return session.scalar(select(Verdict).where(same).with_for_update())


def strike_out(session: Session, flag: Flag, staff: Staff, now: datetime) -> None:
    """Nothing was needed: the words that raised this flag were not what they were taken for.

    Of a flag that was resolved before and opened again, only those said since: the earlier ones had an outcome of
    their own. Nothing where the flag is not about a need.
    """
    if not isinstance(flag.kind, Need):
        return
    resolved_before = (Event.flag_id == flag.id) & (Event.what == "flag_resolved")
    since = session.scalar(select(func.max(Event.at)).where(resolved_before))
    by_words = select(Mark.message_id).where(Mark.flag_id == flag.id, Mark.rule != "")
    said = select(Message).where(Message.id.in_(by_words)).order_by(Message.id)
    for message in session.scalars(said.where(Message.at > since) if since else said):
        give(session, message, a_verdict(message, flag.kind, VerdictKind.NOT_A_NEED, staff.id, now))
