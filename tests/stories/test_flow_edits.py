"""Staff edit flows while people are in the middle of them."""

from tests.conftest import Log
from tests.world import World


def test_a_running_check_in_keeps_its_wording_and_the_next_has_the_new(world: World) -> None:
    ana, ben = world.participant("Ana"), world.participant("Ben")
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    world.edits_flow("weekly", lambda text: text.replace("How is your place to stay?", "Got a bed?"))
    ana.texts("im good")
    ana.hears("How is your place to stay?")
    world.is_due(ben, "weekly")
    world.settles()
    ben.hears("week")
    ben.texts("im good")
    ben.hears("Got a bed?")


def test_a_state_that_was_taken_out_is_still_there_for_who_stands_in_it(world: World) -> None:
    ana = world.participant("Ana")
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    ana.texts("im good")
    ana.hears("place to stay")
    world.edits_flow("weekly", lambda text: text.replace("states.bed", "states.roof").replace('"bed"', '"roof"'))
    ana.texts("1")
    ana.hears("And work?")


def test_a_broken_flow_rests_and_no_other(world: World, log: Log) -> None:
    ana, ben = world.participant("Ana"), world.participant("Ben")
    world.edits_flow("weekly", lambda text: text.replace('next = "work"', 'next = "wrok"'))
    world.is_due(ana, "weekly")
    world.is_due(ben, "welcome")
    world.passes(minutes=2)
    assert len(ben.hears_all()) == 2
    ana.hears_nothing()
    log.expects("flow_unusable")
    log.expects("flow_problem")
    world.edits_flow("weekly", lambda text: text.replace('"wrok"', '"work"'))
    world.passes(hours=2)
    ana.hears("How is your week")
