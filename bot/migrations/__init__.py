"""Alembic migrations, and how they are run."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


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


