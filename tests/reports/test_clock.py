"""Which jobs of the clock are late."""

from bot.models import Beat
from bot.reports.clock import late_jobs
from tests.kept import MINUTE, NOW, Kept


def test_each_job_is_late_at_its_own_pace(kept: Kept) -> None:
    assert late_jobs(kept.session, NOW) == ("every job",)
    kept.session.add_all(
        [
            Beat(job="quick", every_s=5, at=NOW - 3 * MINUTE),
            Beat(job="slow", every_s=120, at=NOW - 3 * MINUTE),
            Beat(job="stuck", every_s=120, at=NOW - 7 * MINUTE),
            Beat(job="never", every_s=5, at=None),
            Beat(job="fresh", every_s=5, at=NOW),
        ]
    )
    kept.session.flush()
    assert late_jobs(kept.session, NOW) == ("never", "quick", "stuck")
