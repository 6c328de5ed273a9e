"""Alembic migrations, and the questions asked of them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine


def alembic_config(engine: Engine | None = None, zone: str = "UTC") -> Config:
    """What Alembic's own commands want to be given."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["engine"] = engine
    config.attributes["zone"] = zone
    return config


def migrate(engine: Engine, zone: str, to: str = "head") -> None:
    """Bring the database up to this version, or to another; a new one gets all tables, one that is there is left alone.

    `zone` is the programme's: by its weeks, rows that are there already are counted.
    """
    if engine.url.get_backend_name() == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(alembic_config(engine, zone), to)


def is_current(engine: Engine) -> bool:
    """Whether the database is at this version."""
    with engine.connect() as connection:
        return revision_of(connection) == _scripts().get_current_head()


def revision_of(connection: Connection) -> str | None:
    """The version of the database; None where it was never set up."""
    return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str) -> bool:
    """Whether this is our version or one before it; what is newer we have never heard of."""
    return revision in {each.revision for each in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())
