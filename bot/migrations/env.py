"""How Alembic reaches the database: through the engine that `migrate` hands over."""

from alembic import context

from bot import models
from bot.db import Base

assert models.Message.metadata is Base.metadata  # importing the models is what fills the metadata

with context.config.attributes["engine"].execution_options(writes=True).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
