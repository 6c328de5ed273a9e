"""The figures: who answers, and what is wrong."""

from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from bot.models import Role
from bot.reports import cover_gaps, last_tick, response_rates
from bot.web.auth import me, roles
from bot.web.health import CLOCK_MAY_REST
from bot.web.standby import standby
from bot.web.words import lasting, present

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
    return (*_still_clock(last_tick(session)), *cover_gaps(session), *standby().shelf.problems)


def _still_clock(last: datetime | None) -> tuple[str, ...]:
    rest = present() - last if last else None
    if rest is not None and rest <= CLOCK_MAY_REST:
        return ()
    since = f"has not ticked for {lasting(rest)}" if rest else "has never ticked"
    return (f"The clock {since}: nothing is sent and no alert climbs. Start scheduler.py.",)
