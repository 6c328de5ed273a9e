"""Why there is nothing to count, and what to do: told on top of the figures, which are empty then."""

from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from bot.figures.view import day
from bot.models import CheckIn
from bot.reports.scope import Scope

NO_PROGRAMME = (
    "No check-in has begun yet. Enrol people under “People”, or all at once with "
    "python -m bot import participants FILE.csv, and give each a flow and a first day."
)


def why_nothing(session: Session, scope: Scope, now: datetime) -> str:
    """The sentence; "" where a check-in began in these weeks and fits the filters."""
    if session.scalar(select(exists().where(scope.of(CheckIn)))):
        return ""
    # one after the other: of both in one SELECT, SQLite walks all rows
    first, last = (session.scalar(select(end(CheckIn.week))) for end in (func.min, func.max))
    if first is None or last is None:
        return NO_PROGRAMME
    if scope.since > now:
        return "These weeks have not begun yet. Choose earlier ones."
    there_are = f"Check-ins began in the weeks from {day(first)} to {day(last)}."
    if scope.is_of_some or scope.flow is not None:
        return f"No check-in of these weeks fits. Choose other weeks, or show all. {there_are}"
    return f"No check-in began in these weeks. Choose other ones. {there_are}"
