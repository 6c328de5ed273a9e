"""The database of a run, read by plain SQL and by nothing of the programme itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any

from sqlalchemy import RowMapping, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

NEXT = """
SELECT CASE WHEN lease_until > look_at THEN lease_until ELSE look_at END AS at FROM flags WHERE state != 'resolved'
UNION ALL SELECT CASE WHEN lease_until > send_after THEN lease_until ELSE send_after END FROM messages
    WHERE status = 'waiting'
UNION ALL SELECT COALESCE(lease_until, handed_over_at) FROM messages WHERE status = 'handing_over'
UNION ALL SELECT COALESCE(lease_until, at) FROM messages WHERE direction = 'in' AND handled_at IS NULL
UNION ALL SELECT nudge_at FROM check_ins WHERE ended_at IS NULL
UNION ALL SELECT silent_after FROM check_ins WHERE ended_at IS NULL
UNION ALL SELECT CASE WHEN lease_until > next_check_in_at THEN lease_until ELSE next_check_in_at END FROM plans
"""
TAKEN = "SELECT id, taken_at FROM flags WHERE state = 'acknowledged'"
DANGER = "SELECT id FROM dangers WHERE taken_at IS NULL LIMIT 1"
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"
RECOVERS_WITHIN_S = 60.0


class Books:
    """Rows as dictionaries; instants are aware and in UTC."""

    def __init__(self, url: str) -> None:
        target = make_url(url)
        self.is_sqlite = target.get_backend_name() == "sqlite"
        driver = target.drivername if self.is_sqlite else "postgresql+psycopg"
        self._engine = create_engine(target.set(drivername=driver), isolation_level="AUTOCOMMIT", pool_pre_ping=True)

    def rows(self, question: str) -> Iterator[dict[str, Any]]:
        for row in self._ask(question):
            yield {key: instant(value) if key.endswith(_INSTANTS) else value for key, value in row.items()}

    def _ask(self, question: str) -> list[RowMapping]:
        """A server that crashed is asked again until it has recovered."""
        end = monotonic() + RECOVERS_WITHIN_S
        while True:
            try:
                with self._engine.connect() as connection:
                    return list(connection.execute(text(question)).mappings())
            except OperationalError:
                if monotonic() > end:
                    raise
                sleep(0.2)

    def next_due_at(self) -> datetime | None:
        """When the next thing is due by Standby's own clock, with what is overdue."""
        found = (row["at"] for row in self.rows(NEXT))
        return min((at for at in found if at is not None), default=None)

    def taken_flags(self) -> list[dict[str, Any]]:
        """Flags that wait for their outcome, and since when."""
        return list(self.rows(TAKEN))

    def has_danger(self) -> bool:
        """Whether danger stands open."""
        return any(True for _ in self.rows(DANGER))

    def drop_connections(self) -> None:
        """Every other connection to the database breaks. SQLite has none."""
        if not self.is_sqlite:
            list(self.rows(f"SELECT pg_terminate_backend(pid) {OTHERS}"))

    def servers(self) -> list[int]:
        """The processes of PostgreSQL that serve somebody else in this database."""
        return [row["pid"] for row in self.rows(f"SELECT pid {OTHERS}")]

    def commits_wait(self) -> None:
        """From the next connection on a commit of PostgreSQL is in its log before it is said to be done: tests do
        without that, but here the server crashes.
        """
        with self._engine.connect() as connection:
            name = connection.scalar(text("SELECT current_database()"))
            connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = on'))

    def close(self) -> None:
        self._engine.dispose()


_INSTANTS = ("at", "_after", "_until", "since", "until")


def instant(value: Any) -> Any:
    """An instant as both databases give it: an aware one, or a text in UTC."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC) if isinstance(value, datetime) else value
