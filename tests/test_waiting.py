"""What waits is found by its index, however much lies behind."""

from typing import Any

import pytest
from sqlalchemy import ColumnElement, func, literal_column, select

from bot.db import Database
from bot.models import Flag, Message
from bot.waiting import failed_since, underway, unhandled, unresolved, without_end
from tests.databases import DATA_KEY, fresh_sqlite

SOME: ColumnElement[Any] = literal_column("1")
WAITS = (
    (Message, underway(), "to_send"),
    (Message, underway() & (Message.participant_id == SOME) & (Message.id < SOME), "in_line"),
    (Message, underway() & Message.participant_id.is_(None) & (Message.other_hash == SOME) & (Message.id < SOME),
     "others_in_line"),
    (Message, Message.participant_id.is_(None) & (Message.other_hash == SOME), "by_address"),
    (Message, unhandled() & (Message.other_hash == SOME) & (Message.id < SOME), "to_handle_in_order"),
    (Message, unhandled(), "to_handle"),
    (Message, failed_since(func.now()), "failed_lately"),
    (Message, without_end() & (Message.sent_at > func.now()), "without_end"),
    (Flag, unresolved() & (Flag.look_at < func.now()), "flags_to_look_at"),
)


@pytest.mark.parametrize(("table", "waits", "index"), WAITS, ids=[index for _, _, index in WAITS])
def test_sqlite_finds_what_waits_by_its_index(
    table: type[Message] | type[Flag], waits: ColumnElement[bool], index: str
) -> None:
    with fresh_sqlite() as url:
        database = Database(url, DATA_KEY)
        asked = select(table.id).where(waits).compile(database.engine, compile_kwargs={"render_postcompile": True})
        with database.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all()
        database.engine.dispose()
    assert any(f"USING INDEX {index} " in f"{step[-1]} " for step in plan), plan
