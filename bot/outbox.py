"""The only way a text leaves: it is queued here, handed over by dispatch and followed by deliveries."""

import secrets
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.carrier import Carrier
from bot.columns import sealer
from bot.config import Settings
from bot.core.delivery import Status
from bot.core.escalation import Policy, Rules
from bot.core.kinds import Purpose
from bot.core.segments import segments
from bot.core.sending import PRIORITY
from bot.db import Database
from bot.models import Direction, Message
from bot.statuses import add_firsts, keep_in_step, move_all

ECHO_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Post:
    """What sending needs, and the programme's policy on alerts as it stands now. `hands` make the calls to the carrier,
    several at once.
    """

    db: Database
    carrier: Carrier
    settings: Settings
    policy: Callable[[], Policy]
    hands: Executor

    @property
    def rules(self) -> Rules:
        """The policy on the programme's own clocks."""
        return Rules(self.policy(), self.settings.zone)


@dataclass(frozen=True)
class Recipient:
    """One address of one participant or member of staff. Where many are texted at once `value` may be a Token."""

    channel: str
    value: str
    value_hash: str
    participant_id: int | None = None
    staff_id: int | None = None


@dataclass(frozen=True)
class Draft:
    """One text to queue. `answers_at` is when the text it answers came in, `not_before` when its writer wants it to
    leave, `anyway` why it may leave outside sending hours.
    """

    to: Recipient
    body: str
    purpose: Purpose
    check_in_id: int | None = None
    answers_at: datetime | None = None
    send_before: datetime | None = None
    confirms_opt_out: bool = False
    written_by: int | None = None
    not_before: datetime | None = None
    anyway: str | None = None
    mass_text_id: int | None = None


def queue(session: Session, draft: Draft, now: datetime) -> Message:
    """Write the text down as waiting. It leaves when `send_due` runs and the rules allow it then.

    What was said to the same address twice just now is written down as dropped: two machines that answer each other
    would never end.
    """
    echo = _is_echo(session, draft, now)
    status, reason = (Status.DROPPED, "said twice just now") if echo else (Status.QUEUED, None)
    message = Message(**_row(draft, now), status=status, reason=reason)
    session.add(message)
    session.flush()
    keep_in_step(session, message)
    return message


def queue_firsts(session: Session, drafts: Sequence[Draft], now: datetime) -> list[str]:
    """Write down the first texts of check-ins that begin in this transaction and keep already that these wait; their
    tokens, in this order. None of them can be said twice. Many say the same, which is encrypted and measured once.
    """
    seal = sealer()
    bodies = {body: (seal(body), segments(body)[1]) for body in {draft.body for draft in drafts}}
    rows = [_row_of_any(draft, *bodies[draft.body], now) for draft in drafts]
    if rows:
        add_firsts(session, rows)
    return [row["token"] for row in rows]


def texts_of(session: Session, tokens: Collection[str]) -> dict[str, int]:
    """The ids of texts by our own."""
    rows = session.execute(select(Message.token, Message.id).where(Message.token.in_(tokens))) if tokens else ()
    return {token: message_id for token, message_id in rows if token is not None}


def _row(draft: Draft, now: datetime) -> dict[str, Any]:
    """The columns of a new text, but for where it stands."""
    return {
        **_row_of_any(draft, draft.body, segments(draft.body)[1], now),
        "staff_id": draft.to.staff_id,
        "send_after": max(now, draft.not_before or now),
        "not_before": draft.not_before,
        "answers_at": draft.answers_at,
        "confirms_opt_out": draft.confirms_opt_out,
        "written_by": draft.written_by,
        "anyway": draft.anyway,
        "mass_text_id": draft.mass_text_id,
    }


def _row_of_any(draft: Draft, body: str, count: int, now: datetime) -> dict[str, Any]:
    """Those that the first text of a check-in has as well. `count`: segments of its body."""
    return {
        "direction": Direction.OUT,
        "channel": draft.to.channel,
        "other": draft.to.value,
        "other_hash": draft.to.value_hash,
        "participant_id": draft.to.participant_id,
        "check_in_id": draft.check_in_id,
        "body": body,
        "at": now,
        "attempts": 0,
        "token": _token(now),
        "purpose": draft.purpose,
        "priority": PRIORITY[draft.purpose],
        "segments": count,
        "send_after": now,
        "send_before": draft.send_before,
        "confirms_opt_out": False,
    }


def _token(now: datetime) -> str:
    """A name of our own for a text: 12 hexadecimal digits of milliseconds, then 80 bits of chance, much as in UUIDs of
    version 7 (RFC 9562). What is queued together lies together in the index of names, which is written page by page.
    """
    return f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(10)}"


def _is_echo(session: Session, draft: Draft, now: datetime) -> bool:
    if draft.purpose not in (Purpose.ANSWER, Purpose.NOTICE) or draft.check_in_id is not None:
        return False
    there = (Message.participant_id == draft.to.participant_id) & (Message.other_hash == draft.to.value_hash)
    lately = select(Message.body).where(there, Message.at > now - ECHO_WITHIN, Message.purpose == draft.purpose)
    return session.scalars(lately).all().count(draft.body) >= 2


def drop_questions(session: Session, check_in_id: int) -> None:
    """What a check-in still meant to ask is not asked any more."""
    unsaid = (Message.check_in_id == check_in_id) & (Message.status == Status.QUEUED)
    talk = unsaid & Message.purpose.in_((Purpose.ANSWER, Purpose.CHECK_IN))
    move_all(session, talk, Status.DROPPED, "the questions ended")


def take_back(session: Session, which: ColumnElement[bool]) -> int:
    """Texts that still wait do not leave; how many."""
    return len(move_all(session, which & (Message.status == Status.QUEUED), Status.DROPPED, "taken back"))


def drop_mass_texts(session: Session, participant_id: int) -> None:
    """What many were to get is nothing for whoever is in danger or in a pause."""
    take_back(session, (Message.participant_id == participant_id) & Message.mass_text_id.is_not(None))
