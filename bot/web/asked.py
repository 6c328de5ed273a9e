"""Which figures a request asks for: of which weeks and people, and how much of it its reader may see."""

from dataclasses import replace

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.core.figure import Table
from bot.figures.people import PERSON
from bot.figures.view import View
from bot.models import Participant, Role
from bot.reports.scope import Scope, check_for_outside, latest, parse
from bot.web.access import looked_after
from bot.web.auth import me
from bot.web.standby import standby
from bot.web.words import present

FILTERS = ("from", "to", "flow", "cohort", "team", "caseworker")


def kept_filters() -> dict[str, str]:
    """What the address asks for, as it stands there: carried from page to page."""
    return {name: value for name in FILTERS if (value := request.args.get(name))}


def scope_asked(session: Session) -> Scope:
    """What the address asks for, within what its reader may see: caseworkers see their own people, researchers no
    single caseworker's and no few people. Raises ScopeProblem.
    """
    scope = _within(parse(request.args, present(), standby().settings.zone))
    if _is_outside():
        check_for_outside(session, scope, standby().settings.smallest_cell)
    return scope


def usual_scope() -> Scope:
    """What is shown where nothing is asked for."""
    return _within(latest(present(), standby().settings.zone))


def _within(scope: Scope) -> Scope:
    match me().role:
        case Role.CASEWORKER:
            return replace(scope, caseworker_id=me().id, team=None)
        case Role.RESEARCHER:
            return replace(scope, caseworker_id=None)
        case _:
            return scope


def view_asked() -> View:
    """As whom this reader looks."""
    return _view(_is_outside())


def file_asked() -> View:
    """As whom a file is read: it leaves the building, so it hides what is hidden from researchers, whoever takes it."""
    return _view(outside=True)


def _is_outside() -> bool:
    return me().role is Role.RESEARCHER


def _view(outside: bool) -> View:
    current = standby()
    smallest = current.settings.smallest_cell if outside else 0
    return View(present(), current.shelf.flows, current.post.rules.policy, smallest, names=not outside)


def names_in(session: Session, tables: list[Table]) -> dict[int, str]:
    """The names of the people in these tables that this reader may know, by their number."""
    if me().role not in (Role.CASEWORKER, Role.SUPERVISOR):
        return {}
    columns = ((table.columns.index(PERSON), table) for table in tables if PERSON in table.columns)
    numbers = {row[place] for place, table in columns for row in table.rows if isinstance(row[place], int)}
    theirs = select(Participant.id, Participant.name).where(Participant.id.in_(numbers))
    if me().role is Role.CASEWORKER:
        theirs = theirs.where(Participant.id.in_(looked_after(me())))
    return {number: name for number, name in session.execute(theirs)}
