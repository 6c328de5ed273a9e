"""The pages of figures: by question, each figure by itself, and what each counts."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.core.lengths import lasted
from bot.figures.catalogue import Made, Tab, named, of_tab, tabs_of
from bot.figures.nothing import why_nothing
from bot.figures.view import View
from bot.models import Role, Staff
from bot.reports.clock import lateness
from bot.reports.scope import A_WEEK, Scope, ScopeProblem, TooFew, address_of, choices
from bot.web.asked import kept_filters, names_in, scope_asked, usual_scope, view_asked
from bot.web.auth import me, roles
from bot.web.standby import standby
from bot.web.words import gaps_ahead, present

dashboard = Blueprint("dashboard", __name__)
TABS = {
    Tab.ANSWERS: ("Answers", "Who answers"),
    Tab.WHO: ("Groups", "Who answers, by group"),
    Tab.WHEN: ("When", "When people answer"),
    Tab.NEEDS: ("Needs", "What people need"),
    Tab.DANGER: ("Danger", "How soon danger meets a person"),
    Tab.WAITING: ("Waiting", "Who waits, and whom we lose"),
    Tab.WORDINGS: ("Wordings", "Which wording is answered more"),
}
KEEPERS = (Role.SUPERVISOR, Role.ADMIN)  # who sees what is wrong with clock, flows and alerts
SPANS = (4, 12, 26, 52)  # weeks up to this one, to choose with one touch


@dataclass(frozen=True)
class Board:
    """What a page of figures shows, and of whom."""

    scope: Scope
    view: View
    figures: tuple[Made, ...]
    names: dict[int, str]
    worker: str
    nothing: str

    @property
    def address(self) -> dict[str, str]:
        """What a permanent address of a figure here has in its query."""
        return address_of(self.scope)


@dashboard.get("/rates")
@roles(*Role)
def rates() -> ResponseReturnValue:
    """Who answers: a caseworker's own people, else the whole programme, and what is wrong with it."""
    return _page(Tab.ANSWERS)


@dashboard.get("/rates/<tab>")
@roles(*Role)
def tab(tab: str) -> ResponseReturnValue:
    """The figures on another question. Everybody may see them, wordings apart."""
    if tab not in set(Tab) - {Tab.ANSWERS}:
        abort(404)
    if tab not in tabs_of(me().role):
        abort(403, "Wordings are compared over the whole programme. Your supervisor sees what came out.")
    return _page(Tab(tab))


def _page(tab: Tab) -> ResponseReturnValue:
    with standby().db.reading() as session:
        problem, status = "", 200
        try:
            scope = scope_asked(session)
        except ScopeProblem as error:
            scope, problem, status = usual_scope(), str(error), 200 if isinstance(error, TooFew) else 400
        view, kept = view_asked(), {} if problem else kept_filters()
        made = () if problem else of_tab(tab, session, scope, view, me().role)
        page = render_template(
            "figures.html",
            tab=tab,
            tabs={each: TABS[each] for each in tabs_of(me().role)},
            board=_board(session, scope, view, made),
            problem=problem,
            kept=kept,
            spans=_spans(kept),
            choices=choices(session),
            problems=_problems(session) if tab is Tab.ANSWERS and me().role in KEEPERS else None,
        )
        return page, status


def _board(session: Session, scope: Scope, view: View, made: tuple[Made, ...]) -> Board:
    worker = session.get(Staff, scope.caseworker_id) if scope.caseworker_id is not None else None
    return Board(
        scope=scope,
        view=view,
        figures=made,
        names=names_in(session, [each.figure.table for each in made]),
        worker=worker.name if worker else "nobody",
        nothing=why_nothing(session, scope, present()),
    )


def _spans(kept: Mapping[str, str]) -> dict[int, dict[str, str]]:
    """Numbers of weeks, and what an address asks with for so many up to this one, with the other filters kept."""
    this_week = usual_scope().last
    others = {name: value for name, value in kept.items() if name != "to"}
    return {weeks: others | {"from": (this_week - (weeks - 1) * A_WEEK).isoformat()} for weeks in SPANS}


@dashboard.get("/figures/<name>")
@roles(*Role)
def figure(name: str) -> ResponseReturnValue:
    """One figure by itself, at its permanent address, for those who see it on its page."""
    with standby().db.reading() as session:
        try:
            scope, view = scope_asked(session), view_asked()
        except ScopeProblem as error:
            return render_template("error.html", title="Nothing to show", sentence=str(error)), 400
        made = named(name, session, scope, view, me().role)
        if made is None:
            abort(404)
        board = _board(session, scope, view, (made,))
        return render_template("figure.html", made=made, board=board, kept=kept_filters())


@dashboard.get("/help/figures")
@roles(*Role)
def about() -> ResponseReturnValue:
    """What each figure counts and does not count. Everybody may see it."""
    smallest = standby().settings.smallest_cell
    return render_template("about_figures.html", promise=lasted(view_asked().promise), smallest=smallest)


def _problems(session: Session) -> tuple[str, ...]:
    late = lateness(session, present())
    return (*filter(None, [late]), *gaps_ahead(session), *standby().shelf.problems)
