"""How Alembic reaches the database: through the engine that `migrate` hands over."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from bot import models
from bot.db import Base

assert models.Message.metadata is Base.metadata  # importing the models is what fills the metadata


def plain_type(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Migrations name what the database stores, not our column types: those may be renamed, old migrations may not."""
    if kind != "type":
        return False
    if isinstance(item, sa.Enum):
        return f"sa.String(length={item.length})"
    return f"sa.{item.impl_instance!r}" if isinstance(item, sa.TypeDecorator) else False


def guard_references(connection: sa.Connection, wanted: bool) -> None:
    """SQLite changes a table by making it anew, which its foreign keys forbid while other rows point at it.

    The switch does nothing inside a transaction, so it goes past SQLAlchemy, which would begin one.
    """
    raw = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite" and raw is not None:
        raw.cursor().execute(f"PRAGMA foreign_keys={'ON' if wanted else 'OFF'}")


def broken_references(connection: sa.Connection) -> list[Any]:
    """Rows of SQLite that point at nothing."""
    found = connection.exec_driver_sql("PRAGMA foreign_key_check") if connection.dialect.name == "sqlite" else ()
    return list(found)


with context.config.attributes["engine"].execution_options(writes=True).connect() as connection:
    guard_references(connection, wanted=False)
    try:
        context.configure(
            connection=connection, target_metadata=Base.metadata, render_as_batch=True, render_item=plain_type
        )
        with context.begin_transaction():
            context.run_migrations()
        assert not broken_references(connection), "a migration left rows that point at nothing"
        connection.commit()
    finally:
        connection.rollback()
        guard_references(connection, wanted=True)
