"""Somebody is taken in, welcomed and asked every week."""

from datetime import timedelta

from bot.models import Flag, Mark
from tests.world import Person, World


def test_welcome_and_a_week_later_the_check_in(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "welcome")
    world.is_due(ana, "weekly", repeat_days=7, at=world.now + timedelta(days=7))
    world.settles()
    ana.hears("KC Check-In", "STOP")
    ana.hears("not watched day and night", "how are you today")
    ana.texts("im good")
    ana.hears("When is a good time", "2 midday")
    ana.texts("2")
    ana.hears("Thank you")
    world.passes(days=7)
    ana.hears("it's Dana", "How is your week going")
    ana.texts("im good")
    _answers_that_all_is_well(ana)
    assert world.check_ins(ana) == ["welcome finished", "weekly finished"]
    assert world.flags(ana) == []
    world.passes(days=7)
    ana.hears("How is your week going")


def _answers_that_all_is_well(ana: Person) -> None:
    ana.hears("How is your place to stay")
    ana.texts("1")
    ana.hears("And work?")
    ana.texts("have a job")
    ana.hears("Do you feel safe")
    ana.texts("I do")
    ana.hears("Thank you")


def test_in_spanish(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"), language="es")
    world.is_due(ana, "welcome")
    world.settles()
    ana.hears("Usted dijo que le podemos escribir")
    ana.hears("¿cómo está hoy?")
    ana.texts("todo bien")
    ana.hears("¿A qué hora le escribimos?")
    ana.texts("en la mañana")
    ana.hears("Gracias")
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("¿Cómo va su semana?")
    ana.texts("todo bien gracias")
    ana.hears("¿Tiene dónde dormir?")
    ana.texts("1")
    ana.hears("trabajo")
    ana.texts("tengo")
    ana.hears("¿Se siente a salvo ahora?")
    ana.texts("sí")
    ana.hears("Gracias")
    assert world.check_ins(ana) == ["welcome finished", "weekly finished"]
    assert world.flags(ana) == []


def test_a_chosen_need_becomes_a_flag(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    ana.texts("im good")
    ana.hears("place to stay")
    ana.texts("3")
    ana.hears("work")
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["housing today open"]


def test_the_same_need_told_twice_is_one_flag_with_both_texts(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("i got put out last night")
    ana.texts("still got no place to stay")
    assert len(ana.hears_all()) == 2
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["housing today open"]
    with world.standby.db.reading() as session:
        flag = session.query(Flag).one()
        assert {mark.message_id for mark in session.query(Mark).filter_by(flag_id=flag.id)} == {
            message.id for message in world.texts_from(ana)
        }


def test_several_flags_of_one_person_are_one_alert(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me. and i need a job")
    ana.hears("911")
    alert = dana.hears("danger", "(2 items)")
    assert world.flags(ana) == ["safety now open", "job today open"]
    dana.texts(alert.split("text back ")[1].split()[0])
    dana.hears("it is yours")
    assert world.flags(ana) == ["safety now acknowledged", "job today acknowledged"]


def test_a_need_that_was_told_is_not_asked_about(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    ana.texts("i got put out last night")
    dana.hears("someone needs an answer")
    ana.hears("And work?")


def test_an_answer_and_more_in_one_text(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    ana.texts("im good")
    ana.hears("place to stay")
    ana.texts("2 got put out last night")
    dana.hears("someone needs an answer")
    ana.hears("And work?")
    assert world.flags(ana) == ["housing today open"]


def test_three_texts_in_two_seconds_are_handled_in_order(world: World) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    for body in ("im good", "1", "1"):
        ana.sends(body)
    world.settles()
    ana.hears("place to stay")
    ana.hears("And work?")
    ana.hears("Do you feel safe")
    ana.texts("1")
    ana.hears("Thank you")
    assert world.flags(ana) == []


def test_a_picture_is_seen_by_a_person(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("", media=("http://127.0.0.1/picture.png",))
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["read today open"]
