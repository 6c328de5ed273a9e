"""The figures: who answers, and what is wrong."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.core.became import Tally
from bot.cover import cover_gaps
from bot.models import Role
from bot.reports.checkins import by_week_and_flow
from bot.reports.clock import late_jobs
from bot.reports.scope import latest
from bot.web.auth import me, roles
from bot.web.standby import standby
from bot.web.words import present

dashboard = Blueprint("dashboard", __name__)
SMALLEST_CELL = 10  # fewer could point at persons: researchers are shown "under 10"
WEEKS = 8


@dataclass(frozen=True)
class Rates:
    """What became of the check-ins of each week and flow; the newest week and the busiest flow first."""

    weeks: tuple[date, ...]
    of: dict[tuple[date, str], Tally] = field(default_factory=dict)

    @property
    def flows(self) -> tuple[str, ...]:
        started = Counter[str]()
        for (_, flow), tally in self.of.items():
            started[flow] += tally.started
        return tuple(sorted(started, key=lambda flow: (-started[flow], flow)))

    def at(self, week: date, flow: str) -> Tally:
        return self.of.get((week, flow), Tally())

    def total(self, flow: str) -> Tally:
        return sum((self.at(week, flow) for week in self.weeks), Tally())


@dashboard.get("/rates")
@roles(*Role)
def rates() -> ResponseReturnValue:
    """Response rates: a caseworker's own people's, else the whole programme's."""
    current, own = standby(), me().id if me().role is Role.CASEWORKER else None
    with current.db.reading() as session:
        return render_template(
            "rates.html",
            rates=_rates(session, own),
            titles={name: flow.title for name, flow in current.shelf.flows.items()},
            smallest=SMALLEST_CELL if me().role is Role.RESEARCHER else 0,
            problems=_problems(session) if me().role in (Role.SUPERVISOR, Role.ADMIN) else None,
        )


def _rates(session: Session, caseworker_id: int | None) -> Rates:
    scope = replace(latest(present(), standby().settings.zone, WEEKS), caseworker_id=caseworker_id)
    return Rates(scope.weeks[::-1], by_week_and_flow(session, scope))


def _problems(session: Session) -> tuple[str, ...]:
    late = late_jobs(session, present())
    still = (f"The clock is late with: {', '.join(late)}. Is scheduler.py running?",) if late else ()
    current = standby()
    gaps = cover_gaps(session, current.settings, current.post.rules, present())
    return (*still, *gaps, *current.shelf.problems)
