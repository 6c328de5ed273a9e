"""Nobody answers, or help is asked about, or an appointment is near."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.casework import Closing, Result, resolve, take
from bot.models import Flag, Participant, Resolution, Staff
from bot.people import pause
from tests.world import Colleague, Person, World


def _is_silent_three_times(world: World, ana: Person) -> None:
    world.is_due(ana, "weekly", repeat_days=7)
    for rests_for in (4, 4, 0):
        world.passes(days=3)
        ana.hears("How is your week")
        ana.hears("No rush")
        world.passes(days=rests_for)


def test_one_reminder_and_then_silence(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    world.passes(days=2, hours=23)
    ana.hears("How is your week")
    ana.hears("No rush")
    assert world.check_ins(ana) == ["weekly None"]
    world.passes(hours=2)
    assert world.check_ins(ana) == ["weekly silent"]
    assert world.flags(ana) == []


def test_three_silences_and_the_words_are_gentler(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    _is_silent_three_times(world, ana)
    dana.hears("someone has gone quiet")
    assert world.flags(ana) == ["quiet silence open"]
    assert world.check_ins(ana) == ["weekly silent", "weekly silent", "weekly silent", "reconnect None"]
    ana.hears("thinking of you")
    world.passes(days=4)
    ana.hears("A short hi is enough")
    assert world.flags(ana) == ["quiet silence open"]
    assert "reconnect silent" in world.check_ins(ana)
    dana.hears_all()
    ana.hears_all()


def test_any_answer_ends_the_count(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    _is_silent_three_times(world, ana)
    world.phones[0].hears("gone quiet")
    ana.hears("thinking of you")
    ana.texts("im good")
    ana.hears("What would be best")
    with world.standby.db.reading() as session:
        assert session.get_one(Participant, ana.id).silences == 0


def _helped(world: World, ana: Person, dana: Colleague) -> None:
    """Ana needs a job, and five days after Dana wrote down her help, she is asked whether it came."""
    world.passes(days=2)
    ana.texts("i need a job")
    ana.hears("passed this on")
    dana.hears("someone needs an answer")
    with world.standby.db.writing() as session:
        flag, staff = session.query(Flag).one(), session.get_one(Staff, dana.id)
        assert take(session, flag.id, staff, world.standby.post.rules, world.now)
        found = Result(Resolution.HELPED, "found her one")
        assert resolve(session, flag.id, staff, found, world.now) is Closing.CLOSED
        assert resolve(session, flag.id, staff, found, world.now) is Closing.CLOSED_BEFORE
    world.passes(days=4, hours=23)
    ana.hears_nothing()
    world.passes(hours=1)
    ana.hears("Did it come?")


def test_help_that_did_not_come_opens_the_flag_again(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    _helped(world, ana, dana)
    ana.texts("no")
    ana.hears("Sorry about that")
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["job today open"]
    with world.standby.db.reading() as session:
        flag = session.query(Flag).one()
        assert {mark.message_id for mark in flag.marks} == {each.id for each in world.texts_from(ana)}


def test_told_at_night_it_alerts_in_the_morning(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    _helped(world, ana, dana)
    world.passes(hours=12)
    ana.texts("no")
    ana.hears("Sorry about that")
    dana.hears_nothing()
    world.passes(hours=11)
    dana.hears("someone needs an answer")


def test_asking_for_a_call_then_opens_nothing_old(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    _helped(world, ana, dana)
    ana.texts("call me")
    ana.hears("passed this on")
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["human today open"]


def _local(world: World, **ahead: int) -> datetime:
    return (world.now + timedelta(**ahead)).astimezone(ZoneInfo("America/Chicago"))


def test_an_appointment_is_reminded_of_twice(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    at = _local(world, days=2)
    world.is_due(ana, "appointment", appointment_at=at.isoformat())
    world.settles()
    ana.hears("You have a time set for")
    ana.texts("1")
    ana.hears("Great")
    world.passes(days=1, hours=20)
    ana.hears_nothing()
    world.passes(hours=3)
    ana.hears("Your time is soon")
    ana.texts("1")
    ana.hears("See you soon")


def test_an_appointment_that_is_past_is_not_sent(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    at = _local(world, days=2)
    world.is_due(ana, "appointment", at=world.now + timedelta(hours=1), appointment_at=at.isoformat())
    world.settles()
    ana.hears("week")
    world.sleeps(days=2, hours=1)
    world.passes(minutes=1)
    ana.hears("No rush")
    assert world.check_ins(ana) == ["weekly None"]  # nor is it put aside for it


def test_an_appointment_comes_before_what_runs(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    world.is_due(ana, "appointment", appointment_at=_local(world, days=2).isoformat())
    world.passes(hours=1, minutes=59)
    ana.hears_nothing()  # an answer to the question before may be on its way
    world.passes(minutes=2)
    ana.hears("You have a time set for")
    assert world.check_ins(ana) == ["weekly replaced", "appointment None"]


def test_a_pause_holds_up_and_moves_nothing(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    with world.standby.db.writing() as session:
        pause(session, session.get_one(Participant, ana.id), world.now + timedelta(days=2), world.now)
    world.is_due(ana, "weekly", repeat_days=7)
    world.passes(days=1, hours=23)
    ana.hears_nothing()
    world.passes(hours=2)
    ana.hears("week")
    ana.texts("call me please")
    ana.hears("passed this on")
    world.phones[0].hears("someone needs an answer")
    world.passes(days=4, hours=23)  # a week after the first was due
    ana.hears("week")
    world.phones[0].hears_all()


def test_a_pause_that_ends_early_holds_up_no_longer(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    with world.standby.db.writing() as session:
        pause(session, session.get_one(Participant, ana.id), world.now + timedelta(days=30), world.now)
    world.is_due(ana, "weekly")
    world.passes(hours=1)
    with world.standby.db.writing() as session:
        pause(session, session.get_one(Participant, ana.id), None, world.now)
    world.settles()
    ana.hears("week")
