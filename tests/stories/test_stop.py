"""Somebody wants no texts any more, or has none to get."""

from datetime import timedelta

import pytest

from bot.core.delivery import Status
from bot.core.kinds import Purpose
from bot.inbox import Incoming
from bot.models import Consent, Event, OptOut, Participant, Role
from bot.outbox import Draft, queue
from bot.people import opt_out, recipient
from tests.world import Colleague, Person, World


def _asked(world: World, language: str = "en") -> tuple[Person, Colleague]:
    """Ana was just asked how her week goes."""
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana, language=language)
    world.is_due(ana, "weekly", repeat_days=7)
    world.settles()
    ana.hears("semana" if language == "es" else "week")
    return ana, dana


def _hears_no_more(world: World, ana: Person, dana: Colleague) -> None:
    """Whatever falls due; Dana's own alerts go on."""
    assert world.check_ins(ana) == ["weekly stopped"]
    world.is_due(ana, "welcome")
    world.passes(hours=1)
    ana.hears_nothing()
    dana.hears_all()


def test_the_carriers_word_ends_it_and_the_carrier_says_so(world: World) -> None:
    ana, dana = _asked(world)
    ana.texts("STOP")
    ana.hears("successfully been unsubscribed")
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["stopped today open"]
    ana.texts("Stop.")
    _hears_no_more(world, ana, dana)


@pytest.mark.parametrize(
    ("words", "language", "answer"),
    [
        ("opt out", "en", "You will get no more texts"),
        ("Opt  Out!", "en", "You will get no more texts"),
        ("please quit texting me", "en", "You will get no more texts"),
        ("ALTO", "es", "Ya no le mandaremos mensajes"),
        ("ya no me escriban por favor", "es", "Ya no le mandaremos mensajes"),
    ],
)
def test_other_words_end_it_and_are_confirmed_once(world: World, words: str, language: str, answer: str) -> None:
    ana, dana = _asked(world, language)
    ana.texts(words)
    ana.hears(answer)
    dana.hears("someone needs an answer")
    ana.texts(words)
    ana.hears_nothing()
    assert world.check_ins(ana) == ["weekly stopped"]
    assert world.flags(ana) == ["stopped today open"]


def test_two_stops_in_one_second_are_confirmed_at_most_once(world: World) -> None:
    ana, dana = _asked(world)
    ana.sends("opt out")
    ana.sends("leave me alone")
    world.settles()
    assert len(ana.hears_all()) <= 1
    dana.hears("someone needs an answer")


def test_stop_drops_what_was_queued(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.sends("opt out")
    world.carrier.run_due()
    _types(world, dana, ana, "See you at noon")
    world.settles()
    assert [each.status for each in world.texts_to(ana)] == [Status.DROPPED, Status.DELIVERED]
    ana.hears("no more texts")
    dana.hears("someone needs an answer")


def _types(world: World, dana: Colleague, ana: Person, body: str) -> bool:
    """Dana types a text to Ana; whether there was any address to send it to."""
    with world.standby.db.writing() as session:
        to = recipient(session, session.get_one(Participant, ana.id))
        if to is not None:
            queue(session, Draft(to, body, Purpose.WRITTEN, written_by=dana.id), world.now)
    return to is not None


def test_the_carriers_own_reading_counts_and_is_not_answered_twice(world: World) -> None:
    ana, dana = _asked(world)
    world.standby.take_in(Incoming("sms", "SM" + "1" * 32, ana.number, "basta ya", carrier_says="STOP"))
    world.settles()
    ana.hears_nothing()
    dana.hears("someone needs an answer")
    _hears_no_more(world, ana, dana)


def test_an_opt_out_that_only_the_carrier_knows_is_found_when_sending(world: World) -> None:
    ana, dana = _asked(world)
    world.carrier.exchange._opt((world.carrier.account.numbers[0], ana.number), out=True)
    ana.texts("im good")
    ana.hears_nothing()
    world.passes(minutes=1)
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["stopped today open"]
    _hears_no_more(world, ana, dana)
    with world.standby.db.reading() as session:
        assert session.query(Event).filter_by(what="opted_out").count() == 1
        assert session.query(Consent).filter(Consent.revoked_at.is_(None)).count() == 0


def test_danger_and_stop_in_one_text_do_both(world: World) -> None:
    ana, dana = _asked(world)
    ana.texts("he hit me. stop texting me")
    ana.hears_nothing()  # the end of texts is confirmed where that cannot light up a phone in the wrong hands
    dana.hears("someone may be in danger")
    assert world.flags(ana) == ["safety now open", "stopped today open"]
    _hears_no_more(world, ana, dana)


def test_a_flag_stays_open_after_stop(world: World) -> None:
    ana, dana = _asked(world)
    ana.texts("i need a job")
    ana.hears("place to stay")
    ana.texts("STOP")
    ana.hears("unsubscribed")
    assert world.flags(ana) == ["job today open", "stopped today open"]
    dana.hears_all()


def test_texts_after_stop_are_seen_and_not_answered(world: World) -> None:
    ana, dana = _asked(world)
    ana.texts("STOP")
    ana.hears("unsubscribed")
    dana.hears_all()
    ana.texts("they shot at my house")
    ana.hears_nothing()
    dana.hears("someone may be in danger")
    ana.texts("YES")
    ana.hears("re-subscribed")  # of the carrier: to us a YES opens nothing
    assert world.flags(ana) == ["stopped today open", "safety now open", "read today open"]
    assert not _types(world, dana, ana, "Are you all right?")
    dana.hears_all()


def test_start_opens_it_again(world: World) -> None:
    ana, dana = _asked(world)
    ana.texts("STOP")
    ana.hears("unsubscribed")
    dana.hears("someone needs an answer")
    ana.texts("START")
    ana.hears("re-subscribed")
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("How is your week going")


def test_help_is_answered_once_and_the_check_in_goes_on(world: World) -> None:
    ana, dana = _asked(world)
    ana.texts("HELP")
    ana.hears("Reply STOP to unsubscribe")  # the carrier's stock answer names nobody
    ana.hears("816-555-0100", "911", "988")
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["help today open"]
    ana.texts("im good")
    ana.hears("place to stay")


def test_help_that_the_carrier_answered_gets_no_second_answer(world: World) -> None:
    ana, dana = _asked(world)
    world.standby.take_in(Incoming("sms", "SM" + "2" * 32, ana.number, "asistencia", carrier_says="HELP"))
    world.settles()
    ana.hears_nothing()
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["help today open"]


def test_a_wrong_number_ends_it_and_tells_the_caseworker(world: World) -> None:
    ana, dana = _asked(world)
    ana.texts("you got the wrong number")
    ana.hears("no more texts")
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["wrong_number today open"]
    _hears_no_more(world, ana, dana)


def test_what_only_sounds_like_a_wrong_number_rests_until_a_person_has_looked(world: World) -> None:
    ana, dana = _asked(world)
    ana.texts("this aint him he changed numbers a year ago")
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["read today open"]
    world.is_due(ana, "weekly")
    world.passes(days=2)
    ana.hears_nothing()
    world.passes(days=1, hours=2)
    ana.hears("week")
    dana.hears_all()


def test_every_address_of_the_person_is_closed(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    other = world.second_phone(ana)
    ana.texts("opt out")
    ana.hears("no more texts")
    dana.hears("someone needs an answer")
    world.is_due(ana, "weekly")
    world.passes(hours=1)
    other.hears_nothing()
    dana.hears_all()
    with world.standby.db.reading() as session:
        assert session.query(OptOut).count() == 2


def test_staff_write_down_a_spoken_opt_out(world: World) -> None:
    ana, _ = _asked(world)
    with world.standby.db.writing() as session:
        assert opt_out(session, session.get_one(Participant, ana.id), "by phone", world.now)
        assert not opt_out(session, session.get_one(Participant, ana.id), "by phone", world.now)
    world.is_due(ana, "welcome")
    world.passes(hours=1)
    ana.hears_nothing()


def test_staff_who_stop_hear_no_more_and_it_is_on_record(world: World) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    dana.texts("STOP")
    dana.hears("unsubscribed")
    sam.hears("Dana texted STOP and hears no alerts")
    ana.texts("he hit me")
    ana.hears("911")
    sam.hears("danger")  # at once: Dana's rung reaches nobody
    with world.standby.db.reading() as session:
        assert session.query(Event).filter_by(what="staff_stopped_alerts", staff_id=dana.id).count() == 1
    dana.texts("START")
    dana.hears("re-subscribed")
    ana.texts("i need a job")
    dana.hears("someone needs an answer")
    ana.hears_all()


def test_without_consent_no_text_ever(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana, consent=False)
    world.is_due(ana, "welcome")
    _types(world, dana, ana, "Hi, it's Dana.")
    ana.texts("he hit me")
    world.passes(hours=1)
    ana.hears_nothing()
    assert {each.status for each in world.texts_to(ana)} == {Status.DROPPED}
    assert world.check_ins(ana) == []
    assert dana.hears_all()


def test_who_agreed_to_no_text_gets_none_that_confirms_the_end_of_texts(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana, consent=False)
    ana.texts("please stop texting me")
    world.passes(hours=1)
    ana.hears_nothing()
    assert world.texts_to(ana) == []
    assert world.flags(ana) == ["stopped today open"]
    dana.hears("someone needs an answer")


def test_the_end_of_texts_is_confirmed_only_where_texts_were_agreed_to(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    other = world.second_phone(ana, consent=False)
    other.texts("please stop texting me")
    world.is_due(ana, "weekly")
    world.passes(hours=1)
    other.hears_nothing()
    ana.hears_nothing()  # and yet it ended texts to both
    dana.hears("someone needs an answer")


def test_a_stranger_who_stops_is_not_texted_when_taken_in_later(world: World) -> None:
    sam = world.colleague("Sam", Role.SUPERVISOR)
    stranger = world.stranger()
    stranger.texts("stop texting me")
    stranger.hears_nothing()
    sam.hears("someone needs an answer")
    ana = world.participant("Ana", number=stranger.number)
    world.is_due(ana, "welcome", at=world.now + timedelta(minutes=1))
    world.passes(hours=1)
    ana.hears_nothing()
