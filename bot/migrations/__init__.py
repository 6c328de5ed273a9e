"""Alembic migrations, and the questions asked of them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine


def alembic_config(engine: Engine | None = None, zone: str = "UTC") -> Config:
    """What Alembic's own commands want to be given."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["engine"] = engine
    config.attributes["zone"] = zone
    return config


def migrate(engine: Engine, zone: str) -> None:
    """Bring the database to this version; a new one gets all tables, one that is current is left alone.

    `zone` is the programme's: by its weeks, rows that are there already are counted.
    """
    if engine.url.get_backend_name() == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(alembic_config(engine, zone), "head")


def is_current(engine: Engine) -> bool:
    """Whether the database is at this version."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return revision_of(engine) == head


def revision_of(engine: Engine) -> str | None:
    """The version that the database is at; None where it has no tables yet."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_ours(revision: str) -> bool:
    """Whether this version knows of that one."""
    known = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    return revision in {each.revision for each in known}
