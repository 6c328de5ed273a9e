"""All figures there are: where each is shown, who may see it, and where the help says what it counts."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from bot.core.figure import Figure
from bot.figures import answers, needs, people, steps
from bot.figures.view import View
from bot.models import Role
from bot.reports.checkins import counted_once
from bot.reports.scope import Scope
from bot.reports.wordings import comparisons

EVERYBODY = frozenset(Role)
OF_ALL = EVERYBODY - {Role.CASEWORKER}  # what no caseworker's own people alone can tell


class Tab(StrEnum):
    """Which question a page of figures answers."""

    ANSWERS = "answers"
    WHO = "who"
    WHEN = "when"
    NEEDS = "needs"
    DANGER = "danger"
    WAITING = "waiting"
    WORDINGS = "wordings"


class About(StrEnum):
    """Which definition in the help a figure stands on."""

    ANSWERED = "answered"
    STEPS = "steps"
    TIMES = "times"
    NEEDS = "needs"
    PROMISE = "promise"
    WAITING = "waiting"
    LOST = "lost"
    MISTAKES = "mistakes"
    WORDINGS = "wordings"


@dataclass(frozen=True)
class Entry:
    """One figure: its name is that of the figure that it makes. `is_of_today`: it shows now, whatever the weeks."""

    name: str
    tab: Tab
    about: About
    make: Callable[[Session, Scope, View], Figure]
    readers: frozenset[Role] = EVERYBODY
    is_of_today: bool = False


CATALOGUE = (
    Entry("answered-by-week", Tab.ANSWERS, About.ANSWERED, answers.by_week),
    Entry("answered-by-flow", Tab.ANSWERS, About.ANSWERED, answers.by_flow),
    Entry("funnel", Tab.ANSWERS, About.STEPS, steps.funnel),
    Entry("answered-by-cohort", Tab.WHO, About.ANSWERED, answers.by_cohort),
    # whose share is whose can be guessed from the caseload, so no name is not enough for who is not of the house
    Entry("answered-by-caseworker", Tab.WHO, About.ANSWERED, answers.by_caseworker, EVERYBODY - {Role.RESEARCHER}),
    Entry("answered-by-language", Tab.WHO, About.ANSWERED, answers.by_language),
    Entry("answered-by-channel", Tab.WHO, About.ANSWERED, answers.by_channel),
    Entry("answered-by-hour", Tab.WHEN, About.ANSWERED, answers.by_hour),
    Entry("time-to-reply", Tab.WHEN, About.TIMES, steps.time_to_reply),
    Entry("needs-by-week", Tab.NEEDS, About.NEEDS, needs.by_week),
    Entry("mistakes-by-week", Tab.NEEDS, About.MISTAKES, needs.mistakes),
    Entry("danger-to-person", Tab.DANGER, About.PROMISE, people.danger),
    Entry("danger-now", Tab.DANGER, About.WAITING, people.danger_now, is_of_today=True),
    Entry("waiting-now", Tab.WAITING, About.WAITING, people.waiting_now, is_of_today=True),
    Entry("lost-by-week", Tab.WAITING, About.LOST, people.lost),
)


@dataclass(frozen=True)
class Made:
    """A figure, on which page it stands and on which definition."""

    figure: Figure
    tab: Tab
    about: About
    is_of_today: bool = False


def of_tab(tab: Tab, session: Session, scope: Scope, view: View, role: Role) -> tuple[Made, ...]:
    """The figures of a page that this role may see."""
    if tab is Tab.WORDINGS:
        return _wordings(session, view) if role in OF_ALL else ()
    entries = (each for each in CATALOGUE if each.tab is tab and role in each.readers)
    with counted_once(session):
        return tuple(_made(each, session, scope, view) for each in entries)


def named(name: str, session: Session, scope: Scope, view: View, role: Role) -> Made | None:
    """The figure with this name; None where there is none, or none for this role."""
    entry = next((each for each in CATALOGUE if each.name == name and role in each.readers), None)
    if entry is not None:
        return _made(entry, session, scope, view)
    if role not in OF_ALL or not name.startswith("wording-"):
        return None
    return next((each for each in _wordings(session, view) if each.figure.name == name), None)


def tabs_of(role: Role) -> tuple[Tab, ...]:
    """The pages on which this role finds anything."""
    return tuple(tab for tab in Tab if tab is not Tab.WORDINGS or role in OF_ALL)


def _made(entry: Entry, session: Session, scope: Scope, view: View) -> Made:
    return Made(entry.make(session, scope, view), entry.tab, entry.about, entry.is_of_today)


def _wordings(session: Session, view: View) -> tuple[Made, ...]:
    """Every comparison of wordings. They have no filters: where one looks long enough, chance shows something."""
    found = comparisons(session, view.flows)
    return tuple(Made(each.figure(view.smallest), Tab.WORDINGS, About.WORDINGS) for each in found)
