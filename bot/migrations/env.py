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


with context.config.attributes["engine"].execution_options(writes=True).connect() as connection:
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=True, render_item=plain_type
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
