"""Texts arrive in the order in which they were written, whoever they are for."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.core.kinds import Purpose
from bot.models import Message
from bot.outbox import Draft, Recipient, queue
from tests.world import Colleague, Person, Phone, World


def _whom(world: World) -> Iterator[tuple[Phone, Phone]]:
    """Somebody, and where they are texted next: a participant also at their other phone."""
    ana = world.participant("Ana")
    yield ana, ana
    eve = world.participant("Eve")
    yield eve, world.second_phone(eve)
    dana = world.colleague("Dana")
    yield dana, dana
    stranger = world.stranger()
    yield stranger, stranger


def _writes(world: World, phone: Phone, body: str) -> int:
    """A stranger gets nothing but what confirms their STOP."""
    whose = {"participant_id": phone.id} if isinstance(phone, Person) else {}
    whose |= {"staff_id": phone.id} if isinstance(phone, Colleague) else {}
    to = Recipient("sms", phone.number, world.standby.db.fingerprint(phone.number), **whose)
    draft = Draft(to, body, Purpose.NOTICE, confirms_opt_out=not whose)
    with world.standby.db.writing() as session:
        return queue(session, draft, world.now).id


@pytest.mark.parametrize("which", range(4))
def test_nothing_overtakes_what_has_to_be_tried_again(world: World, which: int) -> None:
    phone, other_phone = list(_whom(world))[which]
    first = _writes(world, phone, "the first")
    with world.standby.db.writing() as session:  # as after a refusal for the moment
        again = update(Message).where(Message.id == first)
        session.execute(again.values(send_after=world.now + timedelta(minutes=2)))
    _writes(world, other_phone, "the second")
    world.settles()
    phone.hears_nothing()
    other_phone.hears_nothing()
    world.passes(minutes=3)
    phone.hears("the first")
    other_phone.hears("the second")


def test_who_waits_keeps_nobody_else_waiting(world: World) -> None:
    phones = [phone for phone, _ in _whom(world)]
    held = [_writes(world, phone, "the first") for phone in phones]
    with world.standby.db.writing() as session:
        later = update(Message).where(Message.id.in_(held)).values(send_after=world.now + timedelta(minutes=2))
        session.execute(later)
    others = [world.participant("Luz"), world.colleague("Omar"), world.stranger()]
    for phone in others:
        _writes(world, phone, "hello")
    world.settles()
    for phone in others:
        phone.hears("hello")
    for phone in phones:
        phone.hears_nothing()
    world.passes(minutes=3)
    for phone in phones:
        phone.hears("the first")
