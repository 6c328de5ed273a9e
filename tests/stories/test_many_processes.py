"""Several clocks and web processes on one database: everything is done once."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from bot import starting
from bot.core.delivery import Status
from scheduler import tick
from tests.world import World


def _side_by_side(*deeds: Callable[[], object]) -> None:
    """Do all of these at the same time, in a thread each; what one raises is raised here."""
    failed: list[BaseException] = []
    start = threading.Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> None:
        start.wait()
        try:
            deed()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


@pytest.mark.parametrize("_again", range(2))
def test_two_clocks_start_and_send_everything_once(world: World, _again: int) -> None:
    people = [world.participant(f"P{number}") for number in range(25)]
    for person in people:
        world.is_due(person, "weekly", repeat_days=7)
    first, second = world.second_process(), world.second_process()
    _side_by_side(lambda: tick(first, world.now), lambda: tick(second, world.now), lambda: tick(first, world.now))
    world.settles()
    for person in people:
        person.hears("How is your week")
        assert world.check_ins(person) == ["weekly None"]
        assert [each.status for each in world.texts_to(person)] == [Status.DELIVERED]
    for each in (first, second):
        each.db.engine.dispose()


def test_clocks_that_reach_for_the_same_batches_begin_each_check_in_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None waits for another, and a check-in that cannot begin twice is no error either."""
    monkeypatch.setattr(starting, "BATCH", 4)
    people = [world.participant(f"P{number}") for number in range(60)]
    for person in people:
        world.is_due(person, "weekly", repeat_days=7)
    clocks = [world.second_process() for _ in range(3)]
    started: list[int] = []
    _side_by_side(*(lambda clock=clock: started.append(starting.start_due(clock.talk, world.now)) for clock in clocks))
    assert sum(started) == len(people)
    world.settles()
    for person in people:
        person.hears("How is your week")
        assert world.check_ins(person) == ["weekly None"]
        assert len(world.texts_to(person)) == 1
    for each in clocks:
        each.db.engine.dispose()


def test_two_clocks_alert_once(world: World) -> None:
    dana = world.colleague("Dana")
    people = [world.participant(f"P{number}", dana) for number in range(8)]
    for person in people:
        person.sends("he hit me")
    world.carrier.run_due()
    first, second = world.second_process(), world.second_process()
    _side_by_side(lambda: tick(first, world.now), lambda: tick(second, world.now))
    world.settles()
    for person in people:
        person.hears("911")
        dana.hears("danger")
    for each in (first, second):
        each.db.engine.dispose()


def test_a_process_that_stood_still_sends_nothing_that_another_sent_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop that slept, a machine that was moved: it woke with the text in its hands."""
    ana = world.participant("Ana")
    world.is_due(ana, "weekly")
    sleeper, uptime_s = world.second_process(), [0.0]
    monkeypatch.setattr("bot.dispatch.uptime_s", lambda: uptime_s[0])

    def wakes_after_others_went_on(send: Callable[..., object], *given: object) -> "Future[object]":
        uptime_s[0] += 1200
        world.passes(minutes=20)
        flight: Future[object] = Future()
        try:
            flight.set_result(send(*given))
        except Exception as error:
            flight.set_exception(error)
        return flight

    monkeypatch.setattr(sleeper.post.hands, "submit", wakes_after_others_went_on)
    tick(sleeper, world.now)
    world.settles()
    ana.hears("How is your week")
    ana.hears_nothing()
    assert [each.status for each in world.texts_to(ana)] == [Status.DELIVERED]
    sleeper.db.engine.dispose()


def test_two_workers_handle_one_sender_in_order(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    for body in ("im good", "1", "1", "1"):
        ana.sends(body)
    world.carrier.run_due()
    sender = world.standby.db.fingerprint(ana.number)
    first, second = world.second_process(), world.second_process()
    _side_by_side(*(lambda each=each: each.handle(sender) for each in (first, second, first, second)))
    world.settles()
    ana.hears("place to stay")
    ana.hears("And work?")
    ana.hears("Do you feel safe")
    ana.hears("Thank you")
    assert world.check_ins(ana) == ["weekly finished"]
    assert all(each.attempts == 0 for each in world.texts_from(ana))
    for each in (first, second):
        each.db.engine.dispose()


def test_an_answer_and_a_due_check_in_at_once(world: World) -> None:
    dana = world.colleague("Dana")
    people = [world.participant(f"P{number}", dana) for number in range(6)]
    for person in people:
        world.is_due(person, "weekly")
    world.settles()
    for person in people:
        person.hears("week")
        person.sends("im good")
        world.is_due(person, "welcome")
    world.carrier.run_due()
    first, second = world.second_process(), world.second_process()
    _side_by_side(lambda: tick(first, world.now), lambda: tick(second, world.now), world.works)
    world.settles()
    for person in people:
        person.hears("place to stay")
    for each in (first, second):
        each.db.engine.dispose()
