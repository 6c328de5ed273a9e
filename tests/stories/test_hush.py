"""When the machine keeps quiet: beside danger, in a pause, at night, and for strangers."""

from datetime import timedelta

from bot.carrier.faults import Fault, FaultKind
from bot.core.kinds import Lane
from bot.models import Participant, Role
from bot.people import pause
from tests.world import World


def test_a_question_on_its_way_is_taken_back_when_danger_comes(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    ana.sends("its rough out here")
    ana.sends("he hit me")
    world.settles()
    ana.hears("911")
    ana.hears_nothing()
    dana.hears("danger")


def test_no_check_in_starts_while_danger_is_open(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    world.is_due(ana, "weekly")
    world.passes(hours=5)
    ana.hears_nothing()
    dana.hears_all()


def test_a_picture_beside_an_answer_is_seen_by_a_person(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    ana.texts("im good")
    ana.hears("place to stay")
    ana.texts("1", media=("https://pictures.example/1.jpg",))
    ana.hears("work")
    assert world.texts_from(ana)[-1].lane is Lane.TODAY
    assert "read today open" in world.flags(ana)
    world.phones[0].hears_all()


def test_nobody_is_nudged_in_a_pause_nor_called_silent(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    with world.standby.db.writing() as session:
        until = world.now.replace(day=30)
        pause(session, session.get_one(Participant, ana.id), until, world.now)
    world.passes(days=6)
    ana.hears_nothing()
    assert world.check_ins(ana) == ["weekly None"]


def test_start_after_a_wrong_number_is_no_consent_of_the_participants(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("you got the wrong number")
    assert "START" not in ana.hears("Sorry for the mix-up", "no more texts")
    dana.hears("needs an answer")
    ana.texts("start")
    world.is_due(ana, "weekly")
    world.passes(days=1)
    ana.hears_all()
    dana.hears_all()
    assert "read today open" in world.flags(ana)
    assert world.check_ins(ana) == []


def test_the_end_of_texts_is_not_confirmed_hours_later(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    ana.sends("please leave me alone")
    world.carrier.run_due()
    world.dies()
    world.sleeps(hours=13)
    world.settles()
    ana.hears_nothing()
    assert "stopped today open" in world.flags(ana)
    world.phones[0].hears_all()


def test_a_text_fetched_at_night_is_answered_in_the_morning(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.passes(hours=7)
    world.goes_wrong(Fault(FaultKind.DROP_INBOUND))
    ana.sends("can somebody call me")
    written_at = world.now
    world.carrier.run_due()
    world.sleeps(hours=9)
    world.settles()
    ana.hears_nothing()
    assert world.texts_from(ana)[0].at == written_at
    world.passes(hours=8)
    ana.hears("passed")
    dana.hears_all()


def test_told_of_a_new_job_twice_it_is_asked_about_once(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    for _ in range(2):
        world.is_due(ana, "weekly")
        world.settles()
        ana.texts("im good")
        ana.texts("1")
        ana.texts("2")
        ana.texts("1")
        ana.hears_all()
    world.passes(days=8)
    assert world.check_ins(ana).count("job None") + world.check_ins(ana).count("job silent") == 1
    ana.hears_all()
    world.phones[0].hears_all()


def test_nothing_is_sent_to_a_phone_that_somebody_else_looks_at(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("cant text hes here")
    ana.hears_nothing()
    dana.hears("someone may be in danger")
    assert world.flags(ana) == ["safety now open"]


def test_a_reminder_of_a_date_leaves_though_danger_is_open(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    world.is_due(ana, "appointment", appointment_at=(world.now + timedelta(days=2)).isoformat())
    world.settles()
    ana.hears("You have a time set for")
    dana.hears_all()


def test_start_after_an_end_in_plain_words_is_answered(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("leave me alone")
    ana.hears("no more texts")
    ana.texts("START")
    ana.hears("Texts are on again")
    ana.texts("STOP")
    ana.hears("unsubscribed")
    ana.texts("START")
    ana.hears("re-subscribed")
    dana.hears_all()


def test_an_opt_out_is_told_once_and_does_not_climb(world: World) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    ana.texts("STOP")
    ana.hears("unsubscribed")
    dana.hears("needs an answer")
    world.passes(days=5)
    sam.hears_nothing()
    assert world.flags(ana) == ["stopped today open"]
