"""Many check-ins start at once, each as if it started alone."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot import starting
from bot.core.delivery import Status
from bot.models import Assignment, CheckIn, Message, Plan
from tests.stories.test_wordings import compares, on_record, one_of_each
from tests.world import Person, World

NEWS = """
title = "News"
start = "tell"
answer_within = "1 day"

[states.tell]
flag = "housing"
say.en = "A bed is free at the shelter tonight. {worker} will call."
say.es = "Hay una cama libre. {worker} llamará."
"""


def _stands(world: World, person: Person) -> list[tuple[str, Status | None, list[str], bool]]:
    """Of each check-in of a person: flow, where its first text stands, all its texts, whether it runs."""
    with world.standby.db.reading() as session:
        found = []
        for each in session.scalars(select(CheckIn).where(CheckIn.participant_id == person.id).order_by(CheckIn.id)):
            texts = session.scalars(select(Message).where(Message.check_in_id == each.id).order_by(Message.id)).all()
            assert not texts or texts[0].status is each.first_status
            found.append((each.flow_name, each.first_status, [text.body for text in texts], each.ended_at is None))
        return found


def _worded(world: World, person: Person) -> list[str]:
    """The texts in which the person was assigned a wording."""
    with world.standby.db.reading() as session:
        texts = select(Message.body).join(Assignment, Assignment.message_id == Message.id)
        return list(session.scalars(texts.where(Assignment.participant_id == person.id)))


def _plan(world: World, person: Person) -> Plan:
    with world.standby.db.reading() as session:
        return session.scalars(select(Plan).where(Plan.participant_id == person.id).order_by(Plan.id)).all()[-1]


def test_first_turns_of_every_kind_start_in_one_batch(world: World) -> None:
    dana = world.colleague("Dana")
    (world.flows / "news.toml").write_text(NEWS, encoding="utf-8")
    compares(world)
    usual, warm = one_of_each(world)
    ana, luz = world.participant("Ana", dana), world.participant("Luz", dana)
    world.is_due(ana, "welcome")
    world.is_due(luz, "news")
    for person in (usual, warm):
        world.is_due(person, "weekly")
    assert starting.start_some(world.standby.talk, world.now) == 4
    ((flow, first, texts, runs),) = _stands(world, ana)
    assert (flow, first, len(texts), runs) == ("welcome", Status.QUEUED, 2, True)
    ((flow, first, texts, runs),) = _stands(world, luz)
    assert (flow, first, runs) == ("news", Status.QUEUED, False)
    assert texts == ["A bed is free at the shelter tonight. Dana will call."]
    assert world.flags(luz) == ["housing today open"]
    assert on_record(world, usual) == [("open", "usual", None)]
    assert on_record(world, warm) == [("open", "warm", None)]
    world.settles()
    ana.hears("KC Check-In", "STOP")
    ana.hears("how are you today")
    luz.hears("A bed is free")
    usual.hears("How is your week going")
    warm.hears("thinking of you")
    dana.hears_all()
    assert _worded(world, usual) == _stands(world, usual)[0][2]
    assert _worded(world, warm) == _stands(world, warm)[0][2]


def test_of_two_plans_of_one_person_the_first_starts_and_the_second_waits_its_turn(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "welcome", at=world.now - timedelta(minutes=1))
    world.is_due(ana, "weekly", repeat_days=7)
    due_at = _plan(world, ana).next_check_in_at
    assert starting.start_some(world.standby.talk, world.now) == 1
    second = _plan(world, ana)
    assert (second.next_check_in_at, second.lease_until) == (due_at, None)
    world.settles()
    ana.hears("KC Check-In")
    ana.hears("how are you today")
    second = _plan(world, ana)
    assert second.next_check_in_at == due_at and second.lease_until is not None and second.lease_until > world.now
    assert [flow for flow, *_ in _stands(world, ana)] == ["welcome"]


def test_what_waits_for_another_check_in_begins_an_hour_after_that_ended(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "welcome", at=world.now - timedelta(minutes=1))
    world.is_due(ana, "weekly", repeat_days=7)
    world.settles()
    ana.hears("KC Check-In")
    ana.hears("how are you today")
    ana.texts("im good")
    ana.hears("When is a good time")
    ana.texts("2")
    ana.hears("Thank you")
    world.passes(minutes=50)
    ana.hears_nothing()
    world.passes(minutes=15)
    ana.hears("How is your week going")


def test_the_weekly_check_in_does_not_come_again_right_after_the_same_was_asked(world: World) -> None:
    """Begun out of turn the day before, it runs still when the regular one falls due."""
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    world.is_due(ana, "weekly", repeat_days=7, at=world.now + timedelta(days=1))
    due_at = _plan(world, ana).next_check_in_at
    world.passes(days=1, hours=1)
    ana.hears("How is your week going")
    assert due_at is not None and _plan(world, ana).next_check_in_at == due_at + timedelta(days=7)
    world.passes(days=5)
    ana.hears("No rush")
    ana.hears_nothing()


def test_a_second_appointment_takes_nothing_from_the_first(world: World) -> None:
    """Two on one day: each is reminded of two days before, and again some hours before, as nobody answers."""
    ana = world.participant("Ana", world.colleague("Dana"))
    for at in ("2026-11-26T13:00", "2026-11-26T17:00"):
        world.is_due(ana, "appointment", at=world.now + timedelta(days=1), appointment_at=at)
    world.passes(days=1, hours=8)
    assert "1:00 pm" in ana.hears() and "5:00 pm" in ana.hears()
    world.passes(days=1, hours=21)
    soon = ana.hears_all()
    assert ["1:00 pm" in text for text in soon] == [True, False] and "5:00 pm" in soon[1]


def test_a_reminder_that_never_left_before_its_date_reaches_a_person(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "appointment", appointment_at="2026-11-23T19:00")
    assert starting.start_some(world.standby.talk, world.now) == 1
    world.now += timedelta(hours=10)  # nothing of Standby ran
    world.settles()
    ana.hears_nothing()
    world.passes(days=2)
    assert world.flags(ana) == ["unreachable today open"]
    dana.hears_all()


def test_a_plan_that_changed_hands_after_it_was_claimed_is_left_to_its_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when two entries are merged between the claim and the start."""
    dana = world.colleague("Dana")
    ana, luz = world.participant("Ana", dana), world.participant("Luz", dana)
    world.is_due(ana, "weekly")
    held = starting.hold_all

    def hold_all(session, ids):  # type: ignore[no-untyped-def]
        people = held(session, ids)
        monkeypatch.undo()
        session.execute(update(Plan).where(Plan.participant_id == ana.id).values(participant_id=luz.id))
        return people

    monkeypatch.setattr(starting, "hold_all", hold_all)
    assert starting.start_some(world.standby.talk, world.now) == 0
    assert _stands(world, ana) == _stands(world, luz) == []
    world.passes(minutes=3)
    luz.hears("How is your week going")
    ana.hears_nothing()
