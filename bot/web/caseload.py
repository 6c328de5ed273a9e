"""My people: who needs something, who waits for an answer, who has gone quiet, whom texts do not reach."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from bot.core.delivery import Status, what_to_do
from bot.core.escalation import Urgency
from bot.core.kinds import Attention
from bot.models import CheckIn, Direction, Flag, FlagState, Message, Participant, Plan, Role, Staff
from bot.talking import is_talking
from bot.waiting import unresolved
from bot.web.access import visible_flags
from bot.web.auth import SignedIn, me, roles
from bot.web.fields import chosen
from bot.web.fragments import fragment
from bot.web.standby import standby
from bot.web.standing import BEGINS_AT, Standing, State, standings
from bot.web.words import present

caseload = Blueprint("caseload", __name__)
PAGE = 100
WORKERS = (Role.CASEWORKER, Role.SUPERVISOR)
FAR = datetime.max.replace(tzinfo=UTC)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Tab(StrEnum):
    """Which people a list shows."""

    MINE = "mine"
    TEAM = "team"
    UNASSIGNED = "unassigned"
    QUIET = "quiet"
    UNREACHABLE = "unreachable"


TABS = {
    Tab.MINE: "Mine",
    Tab.TEAM: "My team",
    Tab.UNASSIGNED: "Unassigned",
    Tab.QUIET: "Gone quiet",
    Tab.UNREACHABLE: "Unreachable",
}


@dataclass(frozen=True)
class Trouble:
    """Why the latest text did not arrive, and what a caseworker does about it."""

    at: datetime
    reason: str
    what_to_do: str


@dataclass(frozen=True)
class Row:
    """One participant in the list."""

    person: Participant
    standing: Standing
    flags: tuple[Flag, ...]
    heard_at: datetime | None
    asked_at: datetime | None
    next_at: datetime | None
    is_talking: bool
    trouble: Trouble | None

    @property
    def is_now(self) -> bool:
        return any(flag.urgency is Urgency.NOW for flag in self.flags)

    @property
    def has_gone_quiet(self) -> bool:
        return any(flag.kind is Attention.QUIET for flag in self.flags)

    @property
    def pressing(self) -> tuple[int, float]:
        """A rank, the lowest first, and since when the most pressing waits. Who waits for an answer follows danger."""
        ranks = [(_rank(flag), flag.raised_at.timestamp()) for flag in self.flags]
        waits = [(2, self.person.waits_since.timestamp())] if self.person.waits_since else []
        return min((*ranks, *waits), default=(5, 0.0))


Order = Callable[[Row], Any]
ORDERS: dict[str, tuple[str, Order]] = {
    "pressing": ("What presses most", lambda row: row.pressing),
    "waits": ("Longest wait for an answer", lambda row: row.person.waits_since or FAR),
    "silent": ("Longest silence", lambda row: row.heard_at or LONG_AGO),
    "heard": ("Latest word", lambda row: -(row.heard_at or LONG_AGO.replace(year=2)).timestamp()),
    "next": ("Next check-in", lambda row: row.next_at or FAR),
    "name": ("Name", lambda row: row.person.name.casefold()),
}


@dataclass(frozen=True)
class View:
    """How the reader wants the list: which tab, in which order, of which cohort, only who waits."""

    tab: Tab
    order: str = "pressing"
    cohort: str = ""
    waits_only: bool = False
    sought: str = ""
    page: int = 1

    def at(self, **other: object) -> dict[str, object]:
        """The same as parameters of an address, with something changed; what is as usual is left out."""
        here = {"tab": self.tab, "order": self.order, "cohort": self.cohort, "waits": "yes" if self.waits_only else ""}
        usual = {"order": "pressing", "cohort": "", "waits": "", "page": 1}
        return {name: value for name, value in {**here, **other}.items() if value != usual.get(name)}


@dataclass(frozen=True)
class Listing:
    """A page of the list, how many people there are in each tab, and what there is to choose from."""

    view: View
    rows: tuple[Row, ...]
    strangers: tuple[tuple[Flag, ...], ...]
    total: int
    counts: dict[Tab, int]
    cohorts: tuple[str, ...]

    @property
    def has_more(self) -> bool:
        return self.view.page * PAGE < self.total


@caseload.get("/")
@roles(*Role)
def people() -> ResponseReturnValue:
    """The list for those who work with people; the figures for the others."""
    if me().role not in WORKERS:
        return redirect(url_for("dashboard.rates"))
    with standby().db.reading() as session:
        return render_template("people.html", listing=_listing(session, me(), _view()), **_choices())


@caseload.post("/")
@roles(*WORKERS)
def search() -> ResponseReturnValue:
    """The people whose name holds what was typed. A form that is posted, so that no name ends in an address."""
    view = View(_usual_tab(me()), sought=request.form.get("name", "").strip())
    with standby().db.reading() as session:
        return render_template("people.html", listing=_listing(session, me(), view), **_choices())


@caseload.get("/people")
@roles(*WORKERS)
def rows() -> ResponseReturnValue:
    """The list alone, for the page that is open."""
    with standby().db.reading() as session:
        return fragment("_people.html", listing=_listing(session, me(), _view()), **_choices())


def _choices() -> dict[str, object]:
    return {"tabs": _tabs_of(me()), "orders": {name: title for name, (title, _) in ORDERS.items()}}


def _tabs_of(staff: SignedIn) -> dict[Tab, str]:
    """A caseworker's team is there where they have one; who has no caseworker is for supervisors to see to."""
    if staff.role is Role.SUPERVISOR:
        return TABS | {Tab.TEAM: "Everybody"}  # also with a team of their own: nobody who waits is in no list
    hidden = {Tab.UNASSIGNED} if staff.team else {Tab.UNASSIGNED, Tab.TEAM}
    return {tab: title for tab, title in TABS.items() if tab not in hidden}


def _usual_tab(staff: SignedIn) -> Tab:
    return Tab.TEAM if staff.role is Role.SUPERVISOR else Tab.MINE


def _view() -> View:
    asked = request.args
    tabs = _tabs_of(me())
    tab = Tab(asked["tab"]) if asked.get("tab") in tabs else _usual_tab(me())
    order = asked.get("order", "pressing")
    return View(
        tab=tab,
        order=order if order in ORDERS else "pressing",
        cohort=asked.get("cohort", ""),
        waits_only=bool(asked.get("waits")),
        page=max(1, chosen(asked, "page", 1)),
    )


def _listing(session: Session, staff: SignedIn, view: View) -> Listing:
    """Everybody whom the reader may see, row by row; then one tab of them, in order."""
    flags = _open_flags(session, staff)
    every = tuple(_rows(session, _participants(session, staff, flags), flags))
    if view.sought:
        found = [row for row in every if view.sought.casefold() in row.person.name.casefold()]
    else:
        found = [row for row in every if _belongs(row, view.tab, staff)]
        found = [row for row in found if not view.cohort or row.person.cohort == view.cohort]
        found = [row for row in found if row.person.waits_since or not view.waits_only]
    ordered = sorted(found, key=lambda row: (ORDERS[view.order][1](row), row.person.name.casefold(), row.person.id))
    shown = tuple(ordered[(view.page - 1) * PAGE : view.page * PAGE])
    counts = {tab: sum(_belongs(row, tab, staff) for row in every) for tab in _tabs_of(staff)}
    cohorts = tuple(sorted({row.person.cohort for row in every} - {""}))
    strangers = () if view.sought else _by_number(flags.get(None, []))
    return Listing(view, shown, strangers, len(ordered), counts, cohorts)


def _belongs(row: Row, tab: Tab, staff: SignedIn) -> bool:
    """Whether a row stands in a tab. Of who is quiet or unreachable a caseworker sees their own, a supervisor all.

    Whom an alert put before a caseworker is theirs too, until the flag is resolved: no other list of theirs has them.
    """
    mine = row.person.caseworker_id in (staff.id, *staff.stands_in_for)
    near = mine or staff.role is Role.SUPERVISOR
    match tab:
        case Tab.MINE:
            return mine or (staff.role is Role.CASEWORKER and bool(row.flags))
        case Tab.TEAM:
            return _is_of_team(row.person, staff)
        case Tab.UNASSIGNED:
            return row.person.caseworker_id is None
        case Tab.QUIET:
            return near and row.has_gone_quiet
        case Tab.UNREACHABLE:
            return near and (row.standing.state is State.UNREACHABLE or row.trouble is not None)


def _is_of_team(person: Participant, staff: SignedIn) -> bool:
    if not staff.team or staff.role is Role.SUPERVISOR:
        return staff.role is Role.SUPERVISOR
    return person.caseworker is not None and person.caseworker.team == staff.team


def _by_number(flags: Sequence[Flag]) -> tuple[tuple[Flag, ...], ...]:
    """The flags of each unknown number together."""
    numbers: dict[str | None, list[Flag]] = {}
    for flag in flags:
        numbers.setdefault(flag.address_hash, []).append(flag)
    return tuple(map(tuple, numbers.values()))


def _participants(session: Session, staff: SignedIn, flags: dict[int | None, list[Flag]]) -> list[Participant]:
    """A supervisor's is everybody; a caseworker's are the own, whom they stand in for, whose flags they see, and the
    team's.
    """
    wanted = select(Participant).options(joinedload(Participant.caseworker))
    if staff.role is not Role.SUPERVISOR:
        near: ColumnElement[bool] = Participant.caseworker_id.in_((staff.id, *staff.stands_in_for))
        near |= Participant.id.in_(flags.keys() - {None})
        team = select(Staff.id).where(Staff.team == staff.team)
        wanted = wanted.where(near | Participant.caseworker_id.in_(team) if staff.team else near)
    return list(session.scalars(wanted))


def _open_flags(session: Session, staff: SignedIn) -> dict[int | None, list[Flag]]:
    open_ones = select(Flag).where(unresolved(), visible_flags(staff))
    found: dict[int | None, list[Flag]] = {}
    for flag in sorted(session.scalars(open_ones), key=lambda each: (_rank(each), each.raised_at)):
        found.setdefault(flag.participant_id, []).append(flag)
    return found


def _rank(flag: Flag) -> int:
    if flag.urgency is not Urgency.NOW:
        return 3 if flag.urgency is Urgency.TODAY else 4
    return 0 if flag.state is FlagState.OPEN else 1


def _rows(session: Session, shown: list[Participant], flags: dict[int | None, list[Flag]]) -> Iterable[Row]:
    ids = [each.id for each in shown]
    stand = standings(session, shown)
    heard = _by_person(session, func.max(Message.at), Message.participant_id, ids, Message.direction == Direction.IN)
    waits = CheckIn.ended_at.is_(None) & CheckIn.answered_at.is_(None)
    asked = _by_person(session, func.max(CheckIn.started_at), CheckIn.participant_id, ids, waits)
    planned = Plan.next_check_in_at.is_not(None)
    due = _by_person(session, func.min(BEGINS_AT), Plan.participant_id, ids, planned)
    troubles = _troubles(session, ids)
    for person in shown:
        key = person.id
        talks, trouble = is_talking(person, present()), troubles.get(key)
        yield Row(
            person, stand[key], tuple(flags.get(key, [])), heard.get(key), asked.get(key), due.get(key), talks, trouble
        )


def _by_person(
    session: Session, figure: Any, person: Any, ids: list[int], which: ColumnElement[bool]
) -> dict[int, datetime]:
    """One instant for each participant who has any."""
    return dict(session.execute(select(person, figure).where(person.in_(ids), which).group_by(person)).all())


def _troubles(session: Session, ids: list[int]) -> dict[int, Trouble]:
    """Of whom the latest text that left did not arrive: why, in the carrier's meaning, and what to do."""
    left = Message.status.not_in((Status.QUEUED, Status.SENDING, Status.DROPPED))
    latest = select(func.max(Message.id)).where(Message.direction == Direction.OUT, left)
    newest = latest.where(Message.participant_id.in_(ids)).group_by(Message.participant_id)
    failed = Message.status.in_((Status.REFUSED, Status.FAILED, Status.UNDELIVERED))
    return {
        row.participant_id: Trouble(row.at, row.reason or "The carrier gives no reason.", what_to_do(row.error_code))
        for row in session.scalars(select(Message).where(Message.id.in_(newest), failed))
        if row.participant_id is not None
    }
