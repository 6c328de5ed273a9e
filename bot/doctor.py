"""Everything that is wrong or missing, in sentences: what `python -m bot doctor` says."""

from collections.abc import Iterator

from bot import auditor
from bot.core import needs
from bot.core.promises import Promise
from bot.cover import cover_gaps
from bot.migrations import is_current
from bot.reports.clock import late_jobs
from bot.wiring import Standby

NO_MODEL = "bot/core/needs/weights cannot be read: rules alone read replies and close none; install the files anew."
NOT_CURRENT = "The database is not of this version: run python -m bot init."


def findings(standby: Standby) -> Iterator[str]:
    """Each thing to mend, the most pressing first; nothing where all is well."""
    if not is_current(standby.db.engine):
        yield NOT_CURRENT
        return
    now = standby.now()
    with standby.db.reading() as session:
        if late := late_jobs(session, now):
            yield f"The clock is late with: {', '.join(late)}. Is scheduler.py running?"
        yield from (each.sentence for each in auditor.faults(session, now) if each.promise is not Promise.TICKED)
        yield from cover_gaps(session, standby.settings, standby.post.rules, now)
    yield from standby.shelf.problems
    if needs.shipped().model is None:
        yield NO_MODEL
