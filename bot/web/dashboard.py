"""The figures: who answers, and what is wrong."""


from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.cover import cover_gaps
from bot.models import Role
from bot.reports import late_jobs, response_rates
from bot.web.auth import me, roles
from bot.web.standby import standby
from bot.web.words import present

dashboard = Blueprint("dashboard", __name__)
SMALLEST_CELL = 10  # fewer could point at persons: researchers are shown "under 10"


@dashboard.get("/rates")
@roles(*Role)
def rates() -> ResponseReturnValue:
    """Response rates: a caseworker's own people's, else the whole programme's."""
    current, own = standby(), me().id if me().role is Role.CASEWORKER else None
    with current.db.reading() as session:
        return render_template(
            "rates.html",
            rates=response_rates(session, present(), current.settings.zone, own),
            titles={name: flow.title for name, flow in current.shelf.flows.items()},
            smallest=SMALLEST_CELL if me().role is Role.RESEARCHER else 0,
            problems=_problems(session) if me().role in (Role.SUPERVISOR, Role.ADMIN) else None,
        )


def _problems(session: Session) -> tuple[str, ...]:
    late = late_jobs(session, present())
    still = (f"The clock is late with: {', '.join(late)}. Is scheduler.py running?",) if late else ()
    current = standby()
    gaps = cover_gaps(session, current.settings, current.post.rules, present())
    return (*still, *gaps, *current.shelf.problems)
