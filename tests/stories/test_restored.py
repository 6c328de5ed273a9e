"""The programme goes on from a backup of some hours ago. It knows nothing of those hours; the carrier and people do."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import dispatch, mass_texts
from bot.carrier.faults import Fault, FaultKind
from bot.core.delivery import Status
from bot.core.kinds import Language, Purpose
from bot.inbox import fetch_missed
from bot.models import Message, Participant
from bot.outbox import Draft, queue
from bot.people import recipient
from tests.backed_up import back_up, put_elsewhere
from tests.conftest import Log
from tests.databases import FRESH
from tests.world import Colleague, Person, World


@pytest.fixture
def elsewhere(database_url: str) -> Iterator[str]:
    """Another database of the same kind."""
    with FRESH[database_url.partition(":")[0]]() as url:
        yield url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.db"


def _ana(world: World) -> tuple[Person, Colleague]:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.passes(minutes=1)
    return ana, dana


def _asked_before(world: World, file: Path) -> tuple[Person, Colleague]:
    """Ana, who was asked how her week goes just before the backup, and her caseworker."""
    ana, dana = _ana(world)
    world.is_due(ana, "weekly", repeat_days=7)
    world.settles()
    ana.hears("week")
    back_up(world, file)
    return ana, dana


def _writes(world: World, ana: Person, dana: Colleague, body: str, hours: float = 0) -> None:
    """Dana writes to Ana, to leave now or later."""
    with world.standby.db.writing() as session:
        to = recipient(session, session.get_one(Participant, ana.id))
        assert to is not None
        later = world.now + timedelta(hours=hours)
        queue(session, Draft(to, body, Purpose.WRITTEN, written_by=dana.id, not_before=later), world.now)


def test_a_question_asked_since_the_backup_is_not_asked_twice(elsewhere: str, world: World, file: Path) -> None:
    ana, _ = _ana(world)
    world.is_due(ana, "weekly", repeat_days=7, at=world.now + timedelta(hours=1))
    back_up(world, file)
    world.passes(hours=2)
    ana.hears("week")
    put_elsewhere(world, file, elsewhere)
    world.passes(minutes=30)
    ana.hears_nothing()
    assert world.check_ins(ana) == ["weekly None"]
    assert [each.status for each in world.texts_to(ana)] == [Status.DELIVERED]
    ana.texts("im good")
    ana.hears()
    assert world.texts_from(ana)[-1].handled_at is not None


def test_what_waited_in_the_backup_and_left_since_does_not_leave_again(
    elsewhere: str, world: World, file: Path
) -> None:
    ana, dana = _ana(world)
    _writes(world, ana, dana, "Your bed is ready, come by at 5.")
    back_up(world, file)
    world.settles()
    ana.hears("bed is ready")
    world.sleeps(hours=2)
    put_elsewhere(world, file, elsewhere)
    world.passes(minutes=30)
    ana.hears_nothing()


def test_what_waited_in_the_backup_and_never_left_leaves(elsewhere: str, world: World, file: Path) -> None:
    ana, dana = _ana(world)
    _writes(world, ana, dana, "Your bed is ready, come by at 5.")
    back_up(world, file)
    world.waiting.clear()
    world.sleeps(hours=2)
    put_elsewhere(world, file, elsewhere)
    world.passes(minutes=30)
    ana.hears("bed is ready")


def test_what_was_tried_in_vain_before_the_backup_is_asked_about_too(elsewhere: str, world: World, file: Path) -> None:
    ana, dana = _ana(world)
    world.goes_wrong(Fault(FaultKind.REFUSE, code=20429, http_status=429))
    _writes(world, ana, dana, "Your bed is ready, come by at 5.")
    dispatch.send_due(world.standby.post, world.now)
    assert world.texts_to(ana)[-1].status is Status.QUEUED and world.texts_to(ana)[-1].attempts == 1
    back_up(world, file)
    world.passes(minutes=30)
    ana.hears("bed is ready")
    put_elsewhere(world, file, elsewhere)
    world.passes(minutes=30)
    ana.hears_nothing()


def test_a_text_that_leaves_later_is_asked_about_then(elsewhere: str, world: World, file: Path) -> None:
    ana, dana = _ana(world)
    _writes(world, ana, dana, "See you at noon.", hours=1)
    back_up(world, file)
    put_elsewhere(world, file, elsewhere)
    world.passes(minutes=50)
    ana.hears_nothing()
    world.passes(minutes=40)
    ana.hears("noon")


@pytest.mark.parametrize("words", ["please quit texting me", "STOP"])
def test_who_opted_out_since_the_backup_is_not_texted(elsewhere: str, world: World, file: Path, words: str) -> None:
    ana, dana = _ana(world)
    world.is_due(ana, "weekly", at=world.now + timedelta(hours=2))
    _writes(world, ana, dana, "Your bed is ready, come by at 5.", hours=1)
    back_up(world, file)
    ana.texts(words)
    ana.hears("unsubscribed" if words == "STOP" else "no more texts")
    dana.hears("someone needs an answer")
    world.sleeps(hours=5)
    put_elsewhere(world, file, elsewhere)
    world.passes(hours=2)
    ana.hears_nothing()
    dana.hears("someone needs an answer")  # rather twice than never
    assert [each.status for each in world.texts_to(ana) if each.purpose is Purpose.WRITTEN] == [Status.DROPPED]


def test_danger_since_the_backup_rings_again(elsewhere: str, world: World, file: Path) -> None:
    ana, dana = _ana(world)
    back_up(world, file)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("someone may be in danger")
    put_elsewhere(world, file, elsewhere)
    world.settles()
    dana.hears("someone may be in danger")
    assert world.flags(ana) == ["safety now open"]
    world.passes(minutes=20)
    ana.hears_nothing()
    assert set(dana.hears_all())


def test_danger_that_waited_in_the_backup_rings_at_once(elsewhere: str, world: World, file: Path) -> None:
    ana, dana = _ana(world)
    ana.sends("he hit me")
    world.carrier.run_due()
    world.waiting.clear()
    back_up(world, file)
    world.sleeps(hours=3)
    put_elsewhere(world, file, elsewhere)
    world.settles()
    dana.hears("someone may be in danger")
    world.passes(minutes=20)
    ana.hears("911")
    dana.hears_all()


def test_until_texts_were_fetched_only_answers_to_new_texts_leave(elsewhere: str, world: World, file: Path) -> None:
    ana, dana = _ana(world)
    ben = world.participant("Ben", dana)
    _writes(world, ana, dana, "Your bed is ready, come by at 5.")
    back_up(world, file)
    world.sleeps(minutes=30)
    put_elsewhere(world, file, elsewhere)
    post = world.standby.post
    for _ in range(3):
        world.sleeps(minutes=5)
        dispatch.send_due(post, world.now)
    assert [each.status for each in world.texts_to(ana)] == [Status.QUEUED]
    ben.sends("he hit me")
    world.carrier.run_due()
    world.works()
    world.carrier.run_due()
    ben.hears("911")
    dana.hears("someone may be in danger")
    fetch_missed(world.standby.inbox, world.now)
    world.passes(minutes=10)
    ana.hears("bed is ready")
    dana.hears_all()


def test_an_answer_given_since_the_backup_leads_on_and_nothing_is_said_twice(
    elsewhere: str, world: World, file: Path
) -> None:
    ana, dana = _asked_before(world, file)
    for answer in ("im good", "1"):
        ana.texts(answer)
        ana.hears()
    before = [each.body for each in world.texts_to(ana)]
    world.sleeps(hours=1)
    put_elsewhere(world, file, elsewhere)
    world.passes(minutes=30)
    ana.hears_nothing()
    assert [each.body for each in world.texts_to(ana)] == before
    assert [each.body for each in world.texts_from(ana)] == ["im good", "1"]
    ana.texts("1")
    ana.hears()
    dana.hears_all()


def test_an_answer_to_a_new_text_waits_for_nothing_that_is_asked_about(
    elsewhere: str, world: World, file: Path
) -> None:
    ana, _ = _asked_before(world, file)
    ana.texts("im good")
    ana.hears()
    world.sleeps(hours=1)
    put_elsewhere(world, file, elsewhere)
    world.settles()
    assert world.texts_to(ana)[-1].status is Status.SENDING
    world.sleeps(seconds=5)
    ana.texts("1")
    ana.hears()
    world.passes(minutes=30)
    assert {each.status for each in world.texts_to(ana)} == {Status.DELIVERED}


def test_days_between_are_fetched_whole(elsewhere: str, world: World, file: Path) -> None:
    ana, dana = _ana(world)
    back_up(world, file)
    for day in range(3):
        ana.texts(f"thinking of day {day}")
        world.passes(days=1)
    for phone in (ana, dana):
        phone.hears_all()
    put_elsewhere(world, file, elsewhere)
    world.settles()
    assert [each.body[-1] for each in world.texts_from(ana)] == ["0", "1", "2"]
    world.passes(minutes=30)
    ana.hears_nothing()
    dana.hears_all()


def test_a_text_to_many_that_waited_does_not_leave(elsewhere: str, world: World, file: Path) -> None:
    ana, dana = _ana(world)
    with world.standby.db.writing() as session:
        bodies = {Language.EN: "We are closed on Friday."}
        to_whom = mass_texts.audience(session, [session.get_one(Participant, ana.id)], bodies, world.now)
        mass_texts.send_to_all(session, dana.id, "key", bodies, to_whom, world.now)
    back_up(world, file)
    assert put_elsewhere(world, file, elsewhere).dropped == 1
    world.passes(hours=1)
    ana.hears_nothing()


def test_what_was_held_when_the_backup_was_made_is_free_in_minutes(elsewhere: str, world: World, file: Path) -> None:
    ana, dana = _ana(world)
    ana.sends("he hit me")
    world.carrier.run_due()
    world.waiting.clear()
    with world.standby.db.writing() as session:
        for each in session.query(Message):
            each.lease_until = world.now + dispatch.LEASE
    back_up(world, file)
    put_elsewhere(world, file, elsewhere)
    world.settles()
    dana.hears_nothing()
    world.passes(minutes=3)
    dana.hears("someone may be in danger")
    world.passes(minutes=20)
    ana.hears("911")
    dana.hears_all()


def test_while_the_carrier_cannot_be_asked_nobody_is_texted_twice(
    elsewhere: str, world: World, file: Path, log: Log
) -> None:
    ana, dana = _ana(world)
    _writes(world, ana, dana, "Your bed is ready, come by at 5.")
    back_up(world, file)
    world.settles()
    ana.hears("bed is ready")
    put_elsewhere(world, file, elsewhere)
    fetch_missed(world.standby.inbox, world.now)
    dispatch.send_due(world.standby.post, world.now)
    assert [(each.status, each.attempts) for each in world.texts_to(ana)] == [(Status.SENDING, 0)]
    world.carrier.stop()
    world.passes(hours=2)
    assert [each.status for each in world.texts_to(ana)] == [Status.SENDING]
    assert log.expects("job_failed") and log.expects("promise_broken")


def test_a_day_later_everything_is_as_ever(elsewhere: str, world: World, file: Path) -> None:
    ana, _ = _ana(world)
    world.is_due(ana, "weekly", at=world.now + timedelta(days=2))
    back_up(world, file)
    put_elsewhere(world, file, elsewhere)
    world.passes(days=2)
    world.passes(minutes=1)
    ana.hears("week")
    assert world.texts_to(ana)[-1].attempts == 1
