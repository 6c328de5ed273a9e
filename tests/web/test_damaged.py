"""One text or name that no key opens hides nothing else on any page."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from bot.models import Role
from tests.conftest import Log
from tests.web.conftest import Browser
from tests.world import Colleague, World

PAGES = ("/", "/flags", "/people")
UNSEEN = ("messages SET other", "addresses SET value")


@pytest.mark.parametrize("damaged", ["messages SET body", "participants SET name", *UNSEEN])
def test_what_no_key_opens_hides_no_danger(
    world: World, browses: Callable[[Colleague], Browser], log: Log, damaged: str
) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana, luz = world.participant("Ana", dana), world.participant("Luz", dana)
    for person in (ana, luz):
        person.texts("he hit me")
        person.hears("911")
    table, column = damaged.split(" SET ")
    with world.standby.db.writing() as session:
        whose = "id" if table == "participants" else "participant_id"
        kept = session.execute(text(f"SELECT id, {column} FROM {table} WHERE {whose} = {ana.id}")).all()
        session.execute(text(f"UPDATE {table} SET {column} = 'no key opens this' WHERE {whose} = {ana.id}"))
    for colleague in (dana, sam):
        browser = browses(colleague)
        assert any("Luz" in page for page in map(browser.reads, PAGES))
    own = browses(dana)
    assert "he hit me" in own.reads(f"/people/{luz.id}")
    assert (damaged in UNSEEN) or "damaged: no key opens this" in own.reads(f"/people/{ana.id}")
    with world.standby.db.writing() as session:  # read by what looks through all of them at the end
        for row_id, value in kept:
            session.execute(text(f"UPDATE {table} SET {column} = :value WHERE id = {row_id}"), {"value": value})
    for colleague in (dana, sam):
        colleague.hears_all()
