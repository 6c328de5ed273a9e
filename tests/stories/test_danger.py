"""Somebody is in danger and says so."""

from bot.models import Event, Role, Staff
from bot.staff_replies import ask_for_code
from tests.conftest import Log
from tests.world import World


def test_danger_reaches_the_caseworker_at_once(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911", "988")
    alert = dana.hears("someone may be in danger", "text back")
    assert "Ana" not in alert and "hit" not in alert
    assert world.flags(ana) == ["safety now open"]


def test_at_three_in_the_morning_too(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.passes(hours=17)
    ana.texts("he hit me")
    ana.hears("911", "988")
    dana.hears("someone may be in danger")


def test_the_safety_text_is_said_once_an_episode(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.texts(dana.code())
    dana.hears("it is yours")
    ana.texts("he hit me again please help me")
    dana.hears("someone may be in danger")
    ana.hears_nothing()


def test_danger_ends_the_questions(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("danger")
    assert world.check_ins(ana) == ["weekly handed_over"]


def test_not_safe_chosen_is_danger(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    for answer in ("im good", "1", "1"):
        ana.texts(answer)
        ana.hears()
    ana.texts("3")
    ana.hears("911")
    dana.hears("danger")
    assert world.flags(ana) == ["safety now open"]


def test_texting_the_code_back_takes_it(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.texts(dana.code())
    dana.hears("it is yours")
    assert world.flags(ana) == ["safety now acknowledged"]
    world.passes(hours=1)


def test_an_unanswered_alert_climbs_and_keeps_ringing(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar", on_call=True)
    lena, sam = world.colleague("Lena", backup=True), world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    for near in (dana, omar):
        near.hears("danger")
    world.passes(minutes=3)
    for near in (dana, omar):
        near.hears("danger")
    lena.hears_nothing()
    world.passes(minutes=3)
    lena.hears("danger")
    sam.hears_nothing()
    world.passes(minutes=6)
    sam.hears("danger")
    world.passes(minutes=10)
    sam.hears("danger")
    world.passes(minutes=31)
    assert len(sam.hears_all()) == 3
    for quiet in (dana, omar, lena):
        quiet.hears_nothing()


def test_who_is_away_is_stood_in_for(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    ana = world.participant("Ana", dana)
    world.is_away(dana, days=7, stand_in=omar)
    ana.texts("he hit me")
    ana.hears("911")
    omar.hears("danger")
    dana.hears_nothing()
    world.passes(days=8)
    omar.hears_all()
    ana.texts("he hit me again")
    dana.hears("danger")
    dana.hears_all()
    ana.hears_all()


def test_a_phone_that_nobody_confirmed_gets_no_alert(world: World) -> None:
    dana, omar = world.colleague("Dana", verified=False), world.colleague("Omar", on_call=True)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    omar.hears("danger")
    dana.hears_nothing()


def test_a_phone_is_confirmed_by_texting_its_code_back(world: World) -> None:
    dana = world.colleague("Dana", verified=False)
    with world.standby.db.writing() as session:
        ask_for_code(session, session.get_one(Staff, dana.id), world.now)
    world.settles()
    code = dana.code()
    dana.texts("1" if code != "0001" else "2")
    dana.hears("do not know that code")
    dana.texts(code)
    dana.hears("Alerts reach this phone")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.hears("danger")


def test_one_number_is_rung_so_often_and_then_the_next_step_rings(world: World) -> None:
    """A carrier blocks a number that rings too often: beyond the limit an alert goes to the next step at once."""
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    for index in range(21):
        world.stranger()
        person = world.participant(f"P{index}", dana)
        person.texts("he hit me")
        person.hears("911")
    assert len(dana.hears_all()) == 20
    sam.hears("danger")
    sam.hears_nothing()


def test_rungs_that_reach_nobody_are_skipped_at_once(world: World) -> None:
    sam = world.colleague("Sam", Role.SUPERVISOR)
    world.participant("Ana").texts("he hit me")
    world.phones[-1].hears("911")
    sam.hears("danger")


def test_where_nobody_is_left_everyone_is_alerted(world: World) -> None:
    other = world.colleague("Kim")
    ana = world.participant("Ana")
    ana.texts("he hit me")
    ana.hears("911")
    other.hears("danger")


def test_nobody_at_all_is_an_error_and_on_record(world: World, log: Log) -> None:
    ana = world.participant("Ana")
    ana.texts("he hit me")
    ana.hears("911")
    world.passes(minutes=25)
    assert log.expects("alert_reaches_nobody") >= 3
    log.expects("promise_broken")
    with world.standby.db.reading() as session:
        assert session.query(Event).filter_by(what="alert_reaches_nobody").count() >= 3
    assert world.flags(ana) == ["safety now open"]
    sam = world.colleague("Sam", Role.SUPERVISOR)
    world.passes(minutes=11)
    sam.hears("itself has a problem", "danger")  # nobody was there to be told of it before
    sam.hears("someone may be in danger")
    if "alert_reaches_nobody" in [entry["event"] for entry in log.entries]:
        log.expects("alert_reaches_nobody")


def test_taken_without_an_outcome_opens_again(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    dana.texts(dana.code())
    dana.hears("it is yours")
    world.passes(hours=1, minutes=59)
    dana.hears_nothing()
    world.passes(minutes=2)
    dana.hears("what became of the one you took", "12:15 pm")
    assert world.flags(ana) == ["safety now acknowledged"]
    world.passes(minutes=15)
    dana.hears("danger")
    assert world.flags(ana) == ["safety now open"]


def test_a_routine_need_told_at_night_alerts_in_working_hours(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.passes(days=4, hours=10)  # Friday 20:00
    ana.texts("i need a job")
    ana.hears("passed this on")
    world.passes(days=2, hours=12, minutes=59)  # Monday 8:59
    dana.hears_nothing()
    world.passes(minutes=1)
    dana.hears("someone needs an answer")


def test_a_routine_ladder_rests_at_night_also_after_an_outage(world: World) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    world.passes(hours=2)
    ana.texts("i need a job")
    ana.hears("passed this on")
    dana.hears("someone needs an answer")
    world.sleeps(hours=10)  # 22:00; Sam was due at 16:30
    world.settles()
    sam.hears_nothing()
    world.passes(hours=11)
    sam.hears("someone needs an answer")


def test_the_morning_brings_one_alert_for_all_of_the_night(world: World) -> None:
    dana = world.colleague("Dana")
    people = [world.participant(name, dana) for name in ("Ana", "Ben", "Cleo")]
    world.passes(hours=9)
    for person in people:
        person.texts("i need a job")
        person.hears("passed this on")
    people[0].texts("and a ride to the interview, my bus pass ran out")
    people[0].hears("passed this on")
    dana.hears_nothing()
    world.passes(hours=14)
    alert = dana.hears("3 people need an answer", "take them all")
    dana.texts(alert.split("text back ")[1].split()[0])
    dana.hears("it is yours")
    assert {flag.split()[2] for person in people for flag in world.flags(person)} == {"acknowledged"}


def test_what_nobody_answered_by_the_end_of_the_day_goes_to_the_supervisor(world: World) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana, ben = world.participant("Ana", dana), world.participant("Ben", dana)
    ana.texts("i need a job")
    world.passes(hours=2)
    ben.texts("i need a job")
    for person in (ana, ben):
        person.hears("passed this on")
        dana.hears("someone needs an answer")
    world.passes(hours=4, minutes=29)
    sam.hears_nothing()
    world.passes(minutes=1)  # 16:30
    sam.hears("2 people need an answer")
    world.passes(hours=16, minutes=30)
    dana.hears("2 people need an answer")


def test_two_people_take_at_once_and_one_is_told_who_has_it(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar", on_call=True)
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    code_of_dana, code_of_omar = dana.code(), omar.code()
    dana.sends(code_of_dana)
    omar.sends(code_of_omar)
    world.settles()
    dana.hears("it is yours")
    omar.hears("Dana already has it")
    world.passes(minutes=20)
    dana.texts(code_of_dana)
    dana.hears("you already have it")


def test_codes_that_are_not_yours_take_nothing(world: World) -> None:
    dana, omar = world.colleague("Dana"), world.colleague("Omar")
    sam = world.colleague("Sam", Role.SUPERVISOR)
    ana = world.participant("Ana", dana)
    ana.texts("i need a job")
    ana.hears("passed this on")
    code = dana.code()
    omar.texts(code)
    omar.hears("do not know that code")
    dana.texts("0" if code != "0000" else "1")
    dana.hears("do not know that code")
    stranger = world.stranger()
    stranger.texts(code)
    stranger.hears_nothing()
    assert world.flags(ana) == ["job today open"]
    sam.hears("someone needs an answer")  # of the stranger's text


def test_a_code_of_last_month_takes_nothing(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("i need a job")
    ana.hears("passed this on")
    code = dana.code()
    world.sleeps(days=31)
    dana.texts(code)
    said = dana.hears_all()
    assert any("do not know that code" in each for each in said)
    assert world.flags(ana) == ["job today open"]


def test_danger_from_a_number_nobody_knows_is_alerted_and_not_answered(world: World) -> None:
    omar = world.colleague("Omar", on_call=True)
    sam = world.colleague("Sam", Role.SUPERVISOR)
    stranger = world.stranger()
    stranger.texts("they shot at my house")
    stranger.hears_nothing()
    omar.hears("danger")
    sam.hears("someone needs an answer")  # of the number that nobody knows
    world.passes(minutes=3)
    omar.hears("danger")
    world.passes(minutes=3)
    sam.hears("danger")
    assert world.flags() == ["safety now open", "unknown today open"]


def test_an_unknown_number_is_seen_and_not_answered(world: World) -> None:
    sam = world.colleague("Sam", Role.SUPERVISOR)
    stranger = world.stranger()
    stranger.texts("hi is this the program")
    stranger.texts("hello??")
    stranger.hears_nothing()
    sam.hears("someone needs an answer")
    assert world.flags() == ["unknown today open"]
