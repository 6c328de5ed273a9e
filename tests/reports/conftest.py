"""One session on a fresh database, in which rows are kept and counted."""

from collections.abc import Iterator

import pytest

from bot.db import Database
from tests.databases import DATA_KEY
from tests.kept import Kept


@pytest.fixture
def kept(database_url: str) -> Iterator[Kept]:
    """A database to keep rows in."""
    database = Database(database_url, DATA_KEY)
    with database.writing() as session:
        yield Kept(session)
    database.engine.dispose()
