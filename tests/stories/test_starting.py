"""Many check-ins start at once, each as if it started alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Text, select, text, type_coerce, update

from bot import starting
from bot.core.delivery import Status
from bot.db import free
from bot.models import Assignment, CheckIn, Message, Plan
from bot.people import hold
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


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # into SQLite one writes at a time
def test_whom_others_hold_keeps_nobody_waiting(world: World) -> None:
    """As while their entry is merged into another: their check-in begins the next time, with who has the plan then."""
    dana = world.colleague("Dana")
    ana, luz, eve = (world.participant(name, dana) for name in ("Ana", "Luz", "Eve"))
    world.is_due(ana, "weekly")
    world.is_due(eve, "weekly")
    database = world.standby.db.engine
    with database.begin() as connection:  # whoever waits for a lock fails
        connection.execute(text(f"ALTER DATABASE \"{database.url.database}\" SET lock_timeout = '5s'"))
    world.dies()
    with world.standby.db.writing() as session:
        hold(session, ana.id)
        assert starting.start_some(world.standby.talk, world.now) == 1
        session.execute(update(Plan).where(Plan.participant_id == ana.id).values(participant_id=luz.id))
        assert starting.start_some(world.standby.talk, world.now) is None
    assert _stands(world, ana) == _stands(world, luz) == []
    assert starting.start_some(world.standby.talk, world.now) == 1
    world.settles()
    luz.hears("How is your week going")
    eve.hears("How is your week going")
    ana.hears_nothing()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_another_clock_starts_meanwhile_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One clock sees a plan that is due, the other starts it, and only then the first one gets to lock it."""
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly", repeat_days=7)
    until_released = text("(SELECT true FROM pg_advisory_xact_lock_shared(42))")
    first, second = world.second_process(), world.second_process()
    monkeypatch.setattr(starting, "free", lambda table, now: free(table, now) & until_released)
    with ThreadPoolExecutor(1) as pool, world.standby.db.engine.connect() as holder:
        holder.execute(text("SELECT pg_advisory_lock(42)"))
        slow = pool.submit(starting.start_some, first.talk, world.now)
        waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        while not holder.scalar(waits):
            assert not slow.done(), slow.result()
        monkeypatch.undo()
        assert starting.start_some(second.talk, world.now) == 1
        moved = _plan(world, ana).next_check_in_at
        holder.execute(text("SELECT pg_advisory_unlock(42)"))
        assert slow.result() is None
    assert _plan(world, ana).next_check_in_at == moved
    world.settles()
    ana.hears("How is your week going")
    for each in (first, second):
        each.db.engine.dispose()


def test_who_is_alike_hears_the_same_and_nobody_what_is_another_s(world: World) -> None:
    """First turns that are equal are worked out once for a whole batch."""
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    (world.flows / "news.toml").write_text(NEWS, encoding="utf-8")
    everybody = {
        "Ana": (dana, "en", "Dana will call"), "Eve": (dana, "en", "Dana will call"),
        "Luz": (omar, "en", "Omar will call"), "Rosa": (omar, "es", "Omar llamará"),
        "Inés": (dana, "es", "Dana llamará"),
    }  # fmt: skip
    people = {
        name: world.participant(name, worker, language=language) for name, (worker, language, _) in everybody.items()
    }
    for person in people.values():
        world.is_due(person, "news")
    at = {"Ana": "2026-11-26T13:00", "Eve": "2026-11-27T15:00"}
    for name, moment in at.items():
        other = world.participant(f"{name} too", dana)
        people[f"{name} too"] = other
        world.is_due(other, "appointment", appointment_at=moment)
    assert starting.start_some(world.standby.talk, world.now) == 7
    world.settles()
    for name, (_, _, heard) in everybody.items():
        people[name].hears(heard)
    assert "1:00 pm" in people["Ana too"].hears() and "3:00 pm" in people["Eve too"].hears()
    with world.standby.db.reading() as session:
        positions = list(session.scalars(select(CheckIn.position).where(CheckIn.flow_name == "appointment")))
        assert sorted(each["values"]["appointment_at"] for each in positions if each) == sorted(at.values())
    for each in (dana, omar):
        each.hears_all()


def test_what_is_encrypted_once_for_many_is_read_by_each(world: World) -> None:
    """A text that several get, and a number that stands in an address already."""
    people = [world.participant(name) for name in ("Ana", "Eve")]
    for person in people:
        world.is_due(person, "weekly")
    world.settles()
    with world.standby.db.reading() as session:
        texts = session.scalars(select(Message).order_by(Message.id)).all()
        assert [each.other for each in texts] == [person.number for person in people]
        first, second = (each.body for each in texts)
        kept = session.scalars(select(type_coerce(Message.body, Text))).all()
    assert first == second and "How is your week going" in first
    assert kept[0] == kept[1] and "week" not in kept[0]
    for person in people:
        person.hears("How is your week going")
