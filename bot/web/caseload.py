"""My people: who needs something, who waits for an answer, who has gone quiet, whom texts do not reach."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from bot.models import Flag, Participant, Role, Staff
from bot.waiting import unresolved
from bot.web.access import visible_flags
from bot.web.auth import SignedIn, me, roles
from bot.web.briefs import Brief, Moments, Row, briefs, heard_at, next_at, rank, rows
from bot.web.fields import chosen
from bot.web.fragments import fragment
from bot.web.standby import standby

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
class Order:
    """How a list is sorted: by what is known of each, and by a moment of theirs, where one is asked for."""

    title: str
    key: Callable[[Brief, datetime | None], Any]
    moments: Callable[[Session, ColumnElement[bool]], Moments] = lambda _session, _whose: {}


ORDERS = {
    "pressing": Order("What presses most", lambda brief, _: brief.pressing),
    "waits": Order("Longest wait for an answer", lambda brief, _: brief.waits_since or FAR),
    "silent": Order("Longest silence", lambda _, at: at or LONG_AGO, heard_at),
    "heard": Order("Latest word", lambda _, at: -(at or LONG_AGO.replace(year=2)).timestamp(), heard_at),
    "next": Order("Next check-in", lambda _, at: at or FAR, next_at),
    "name": Order("Name", lambda _brief, _at: 0),
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
def listed() -> ResponseReturnValue:
    """The list alone, for the page that is open."""
    with standby().db.reading() as session:
        return fragment("_people.html", listing=_listing(session, me(), _view()), **_choices())


def _choices() -> dict[str, object]:
    return {"tabs": _tabs_of(me()), "orders": {name: order.title for name, order in ORDERS.items()}}


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
    """Of everybody whom the reader may see as much as tells who stands where; of one page of one tab everything."""
    flags = _open_flags(session, staff)
    whose = _visible(staff, flags)
    every = briefs(session, whose, flags)
    names = dict(session.execute(select(Participant.id, Participant.name).where(whose)).all())
    if view.sought:
        found = [each for each in every if view.sought.casefold() in names[each.id].casefold()]
    else:
        found = [each for each in every if _belongs(each, view.tab, staff)]
        found = [each for each in found if not view.cohort or each.cohort == view.cohort]
        found = [each for each in found if each.waits_since or not view.waits_only]
    order = ORDERS[view.order]
    moments = order.moments(session, whose)
    found.sort(key=lambda each: (order.key(each, moments.get(each.id)), names[each.id].casefold(), each.id))
    shown = rows(session, found[(view.page - 1) * PAGE : view.page * PAGE])
    counts = {tab: sum(_belongs(each, tab, staff) for each in every) for tab in _tabs_of(staff)}
    cohorts = tuple(sorted({each.cohort for each in every} - {""}))
    strangers = () if view.sought else _by_number(flags.get(None, []))
    return Listing(view, tuple(shown), strangers, len(found), counts, cohorts)


def _belongs(brief: Brief, tab: Tab, staff: SignedIn) -> bool:
    """Whether somebody stands in a tab. Of who is quiet or unreachable a caseworker sees their own, a supervisor all.

    Whom an alert put before a caseworker is theirs too, until the flag is resolved: no other list of theirs has them.
    """
    mine = brief.caseworker_id in (staff.id, *staff.stands_in_for)
    near = mine or staff.role is Role.SUPERVISOR
    match tab:
        case Tab.MINE:
            return mine or (staff.role is Role.CASEWORKER and bool(brief.flags))
        case Tab.TEAM:
            return staff.role is Role.SUPERVISOR or (bool(staff.team) and brief.team == staff.team)
        case Tab.UNASSIGNED:
            return brief.caseworker_id is None
        case Tab.QUIET:
            return near and brief.has_gone_quiet
        case Tab.UNREACHABLE:
            return near and brief.is_unreachable


def _by_number(flags: Sequence[Flag]) -> tuple[tuple[Flag, ...], ...]:
    """The flags of each unknown number together."""
    numbers: dict[str | None, list[Flag]] = {}
    for flag in flags:
        numbers.setdefault(flag.address_hash, []).append(flag)
    return tuple(map(tuple, numbers.values()))


def _visible(staff: SignedIn, flags: dict[int | None, list[Flag]]) -> ColumnElement[bool]:
    """A supervisor's is everybody; a caseworker's are the own, whom they stand in for, whose flags they see, and the
    team's.
    """
    if staff.role is Role.SUPERVISOR:
        return true()
    near: ColumnElement[bool] = Participant.caseworker_id.in_((staff.id, *staff.stands_in_for))
    near |= Participant.id.in_(flags.keys() - {None})
    team = select(Staff.id).where(Staff.team == staff.team)
    return near | Participant.caseworker_id.in_(team) if staff.team else near


def _open_flags(session: Session, staff: SignedIn) -> dict[int | None, list[Flag]]:
    open_ones = select(Flag).where(unresolved(), visible_flags(staff))
    found: dict[int | None, list[Flag]] = {}
    for flag in sorted(session.scalars(open_ones), key=lambda each: (rank(each), each.raised_at)):
        found.setdefault(flag.participant_id, []).append(flag)
    return found


