"""Whether the process answers, whether Standby is ready, and its figures."""

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from bot import auditor
from bot.config import ConfigError
from bot.core import needs
from bot.core.promises import IS_IT_RUNNING, Promise
from bot.flows import broken_files
from bot.reports.clock import late_jobs
from bot.revision import is_current
from bot.web.standby import standby
from bot.wiring import check_keys

health = Blueprint("health", __name__)

NO_MODEL = "bot/core/needs/weights cannot be read: rules alone read replies and close none; install the files anew"


@health.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return Response("ok", mimetype="text/plain")


@health.get("/readyz")
def ready() -> Response:
    """Database, migrations, keys, clock, promises, flows and the reading of replies, or 503 with what is wrong."""
    try:
        wrong = _faults()
    except SQLAlchemyError:
        wrong = ["the database does not answer"]
    return Response("; ".join(wrong) or "ready", 503 if wrong else 200, mimetype="text/plain")


def _faults() -> list[str]:
    current = standby()
    if not is_current(current.db.engine):
        return ["the database is not at this version: run python -m bot init"]
    try:
        check_keys(current.db)
    except ConfigError as error:
        return [str(error)]
    with current.db.reading() as session:
        late = late_jobs(session, current.now())
        found = auditor.faults(session, current.now())
    broken = [each.sentence for each in found if each.promise is not Promise.TICKED]
    if names := broken_files(current.shelf):
        broken.append(f"{', '.join(names)} cannot be used: run python -m bot flow check")
    clock = [f"the clock is late with: {', '.join(late)}. {IS_IT_RUNNING}"] if late else []
    return [*clock, *broken] if needs.shipped().model else [*clock, *broken, NO_MODEL]


@health.get("/metrics")
def metrics() -> Response:
    """Prometheus figures of this process."""
    return Response(generate_latest(), mimetype=CONTENT_TYPE_LATEST)
