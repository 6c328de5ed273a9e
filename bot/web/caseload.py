"""My people: who needs something, who is waited for, whom texts do not reach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from bot.core.escalation import Urgency
from bot.models import CheckIn, Direction, Flag, FlagState, Message, Participant, Plan, Role
from bot.web.access import looked_after, visible_flags
from bot.web.auth import SignedIn, me, roles
from bot.web.fragments import fragment
from bot.web.standby import standby
from bot.web.standing import Standing, standings

caseload = Blueprint("caseload", __name__)
PAGE = 100


@dataclass(frozen=True)
class Row:
    """One participant in the list."""

    person: Participant
    standing: Standing
    flags: tuple[Flag, ...]
    heard_at: datetime | None
    asked_at: datetime | None
    next_at: datetime | None

    @property
    def is_now(self) -> bool:
        return any(flag.urgency is Urgency.NOW for flag in self.flags)


@dataclass(frozen=True)
class Listing:
    """A page of the list, and how many people there are on all of them."""

    rows: tuple[Row, ...]
    strangers: tuple[tuple[Flag, ...], ...]
    total: int
    page: int
    sought: str

    @property
    def has_more(self) -> bool:
        return self.page * PAGE < self.total


@caseload.get("/")
@roles(*Role)
def people() -> ResponseReturnValue:
    """The list for those who work with people; the figures for the others."""
    if me().role not in (Role.CASEWORKER, Role.SUPERVISOR):
        return redirect(url_for("dashboard.rates"))
    with standby().db.reading() as session:
        return render_template("people.html", listing=_listing(session, me(), request.args.get("page", 1, int)))


@caseload.post("/")
@roles(Role.CASEWORKER, Role.SUPERVISOR)
def search() -> ResponseReturnValue:
    """The people whose name holds what was typed. A form that is posted, so that no name ends in an address."""
    with standby().db.reading() as session:
        listing = _listing(session, me(), 1, request.form.get("name", "").strip())
        return render_template("people.html", listing=listing)


@caseload.get("/people")
@roles(Role.CASEWORKER, Role.SUPERVISOR)
def rows() -> ResponseReturnValue:
    """The list alone, for the page that is open."""
    with standby().db.reading() as session:
        return fragment("_people.html", listing=_listing(session, me(), request.args.get("page", 1, int)))


def _listing(session: Session, staff: SignedIn, page: int, sought: str = "") -> Listing:
    """Untaken danger first, then danger in somebody's hands, then other flags; the longest wait first, then by name."""
    participants = _participants(session, staff, sought)
    flags = _open_flags(session, staff)
    ordered = sorted(participants, key=lambda each: (*_pressing(flags.get(each.id, [])), each.name.casefold()))
    page = max(1, page)
    shown = ordered[(page - 1) * PAGE : page * PAGE]
    rows = tuple(_rows(session, shown, flags))
    return Listing(rows, () if sought else _by_number(flags.get(None, [])), len(ordered), page, sought)


def _by_number(flags: Sequence[Flag]) -> tuple[tuple[Flag, ...], ...]:
    """The flags of each unknown number together."""
    numbers: dict[str | None, list[Flag]] = {}
    for flag in flags:
        numbers.setdefault(flag.address_hash, []).append(flag)
    return tuple(map(tuple, numbers.values()))


def _participants(session: Session, staff: SignedIn, sought: str) -> list[Participant]:
    wanted = select(Participant).options(joinedload(Participant.caseworker))
    if staff.role is not Role.SUPERVISOR:
        wanted = wanted.where(Participant.id.in_(looked_after(staff)))
    return [each for each in session.scalars(wanted) if sought.casefold() in each.name.casefold()]


def _open_flags(session: Session, staff: SignedIn) -> dict[int | None, list[Flag]]:
    unresolved = select(Flag).where(Flag.state != FlagState.RESOLVED, visible_flags(staff))
    found: dict[int | None, list[Flag]] = {}
    for flag in sorted(session.scalars(unresolved), key=lambda each: (_rank(each), each.raised_at)):
        found.setdefault(flag.participant_id, []).append(flag)
    return found


def _pressing(flags: Sequence[Flag]) -> tuple[int, float]:
    """A rank, the lowest first, and since when the most pressing of the flags waits."""
    return min(((_rank(flag), flag.raised_at.timestamp()) for flag in flags), default=(4, 0.0))


def _rank(flag: Flag) -> int:
    if flag.urgency is not Urgency.NOW:
        return 2 if flag.urgency is Urgency.TODAY else 3
    return 0 if flag.state is FlagState.OPEN else 1


def _rows(session: Session, shown: list[Participant], flags: dict[int | None, list[Flag]]) -> Iterable[Row]:
    ids = [each.id for each in shown]
    stand = standings(session, shown)
    heard = _by_person(session, func.max(Message.at), Message.participant_id, ids, Message.direction == Direction.IN)
    waits = CheckIn.ended_at.is_(None) & CheckIn.answered_at.is_(None)
    asked = _by_person(session, func.max(CheckIn.started_at), CheckIn.participant_id, ids, waits)
    due = _by_person(
        session, func.min(Plan.next_check_in_at), Plan.participant_id, ids, Plan.next_check_in_at.is_not(None)
    )
    for person in shown:
        key = person.id
        yield Row(person, stand[key], tuple(flags.get(key, [])), heard.get(key), asked.get(key), due.get(key))


def _by_person(
    session: Session, figure: Any, person: Any, ids: list[int], which: ColumnElement[bool]
) -> dict[int, datetime]:
    """One instant for each participant who has any."""
    return dict(session.execute(select(person, figure).where(person.in_(ids), which).group_by(person)).all())
