"""Of which version a database's tables are, and which versions are ours. Without Alembic, which web and clock can do
without: it would take them 7 MB each.
"""

from functools import cache

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select

from bot.config import ROOT

KEPT_IN = Table("alembic_version", MetaData(), Column("version_num", String(32)))  # Alembic's own table


def is_current(engine: Engine) -> bool:
    """Whether the database is at this version."""
    with engine.connect() as connection:
        return revision_of(connection) == known()[-1]


def revision_of(connection: Connection) -> str | None:
    """The version of the database; None where it was never set up."""
    if not inspect(connection).has_table(KEPT_IN.name):
        return None
    return connection.scalar(select(KEPT_IN.c.version_num))


def is_known(revision: str) -> bool:
    """Whether this is our version or one before it; what is newer we have never heard of."""
    return revision in known()


@cache
def known() -> tuple[str, ...]:
    """Our versions in their order: the names of migrations begin with them."""
    return tuple(sorted(each.name.partition("_")[0] for each in (ROOT / "bot/migrations/versions").glob("[0-9]*.py")))
