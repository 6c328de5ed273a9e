"""Whether the process answers, whether Standby is ready, and its figures."""

from datetime import timedelta

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.migrations import is_current
from bot.models import Beat
from bot.web.standby import standby

health = Blueprint("health", __name__)
CLOCK_MAY_REST = timedelta(minutes=2)


@health.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return Response("ok", mimetype="text/plain")


@health.get("/readyz")
def ready() -> Response:
    """Database, migrations and clock, or 503 with what is wrong."""
    try:
        wrong = _faults()
    except SQLAlchemyError:
        wrong = ["the database does not answer"]
    return Response("; ".join(wrong) or "ready", 503 if wrong else 200, mimetype="text/plain")


def _faults() -> list[str]:
    current = standby()
    if not is_current(current.db.engine):
        return ["the database is not at this version: run python -m bot init"]
    with current.db.reading() as session:
        last = session.scalar(select(func.max(Beat.at)))
    if last is None or current.now() - last > CLOCK_MAY_REST:
        return ["the clock has not ticked lately: is scheduler.py running?"]
    return []


@health.get("/metrics")
def metrics() -> Response:
    """Prometheus figures of this process."""
    return Response(generate_latest(), mimetype=CONTENT_TYPE_LATEST)
