"""Two wordings of one question: who hears which, and that nothing shakes it."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from bot import starting
from bot.core.kinds import Answer
from bot.core.wordings import share_out
from bot.models import Assignment, CheckIn, Participant
from bot.reports.wordings import comparisons
from bot.starting import start_due
from bot.web.learned import learned
from tests.conftest import Log
from tests.world import Person, World

OPEN = "[states.open]\n"
WARM = """
[states.open.wordings.warm]
say.en = "{worker} here, thinking of you. How are things?"
say.es = "Soy {worker}. Pienso en usted. ¿Cómo le va?"
"""
SHORT = """
[states.open.wordings.short]
say.en = "How are you?"
say.es = "¿Cómo está?"
"""
BED = """
[states.bed.wordings.warm]
say.en = "Did you sleep in a bed of your own? Reply 1 all good, 2 not sure, 3 no place, 0 skip."
say.es = "¿Durmió en su propia cama? Responda 1 todo bien, 2 no sé, 3 no tengo, 0 paso."
"""


def compares(world: World, planned: int = 20) -> None:
    """From now on the opening question is asked in two wordings."""
    world.edits_flow("weekly", lambda text: text.replace(OPEN, f"{OPEN}planned = {planned}\n") + WARM)


def one_of_each(world: World, state: str = "open") -> tuple[Person, Person]:
    """A participant who gets the usual wording, and one who gets the other."""
    found: dict[str, Person] = {}
    while len(found) < 2:
        person = world.participant(f"Person {len(world.phones)}")
        found.setdefault(share_out("weekly", state, person.id, ("usual", "warm")), person)
    return found["usual"], found["warm"]


def on_record(world: World, person: Person) -> list[tuple[str, str, Answer | None]]:
    """State, wording and answer of everything the participant was assigned."""
    with world.standby.db.reading() as session:
        rows = session.scalars(select(Assignment).where(Assignment.participant_id == person.id).order_by(Assignment.id))
        return [(row.state, row.variant, row.answer) for row in rows]


def is_asked(world: World, *people: Person) -> None:
    for person in people:
        world.is_due(person, "weekly")
    world.settles()


def test_two_people_hear_two_wordings_week_after_week(world: World) -> None:
    compares(world)
    ana, ben = one_of_each(world)
    for person in (ana, ben):
        world.is_due(person, "weekly", repeat_days=7)
    world.settles()
    ana.hears("How is your week going")
    ben.hears("thinking of you")
    assert (on_record(world, ana), on_record(world, ben)) == ([("open", "usual", None)], [("open", "warm", None)])
    world.passes(days=4)
    assert "no rush" in ana.hears().lower() and "no rush" in ben.hears().lower()
    world.passes(days=3)
    ana.hears("How is your week going")
    ben.hears("thinking of you")
    assert (len(on_record(world, ana)), len(on_record(world, ben))) == (1, 1)


def test_the_first_reply_is_the_answer_to_a_wording(world: World) -> None:
    compares(world)
    world.edits_flow("weekly", lambda text: text.replace("[states.bed]\n", "[states.bed]\nplanned = 20\n") + BED)
    _, ben = one_of_each(world)
    is_asked(world, ben)
    ben.hears("thinking of you")
    ben.texts("im good")
    bed = share_out("weekly", "bed", ben.id, ("usual", "warm"))
    ben.hears("Reply 1 all good")
    assert on_record(world, ben) == [("open", "warm", Answer.IN_TIME), ("bed", bed, None)]
    ben.texts("1")
    ben.hears("And work?")
    assert on_record(world, ben) == [("open", "warm", Answer.IN_TIME), ("bed", bed, Answer.IN_TIME)]


def test_a_question_that_was_not_understood_comes_again_in_its_wording(world: World) -> None:
    dana = world.colleague("Dana")
    world.edits_flow("weekly", lambda text: text.replace("[states.bed]\n", "[states.bed]\nplanned = 20\n") + BED)
    _, ben = one_of_each(world, "bed")
    is_asked(world, ben)
    ben.hears("How is your week going")
    ben.texts("im good")
    ben.hears("a bed of your own")
    ben.texts("banana")
    ben.hears("a bed of your own")
    assert on_record(world, ben) == [("bed", "warm", Answer.IN_TIME)]
    dana.hears_all()


def test_who_answers_only_the_next_time_did_not_answer(world: World) -> None:
    """Intention to treat: the first check-in with the wording counts, whatever comes later."""
    compares(world)
    ana, _ = one_of_each(world)
    is_asked(world, ana)
    world.passes(days=4)
    assert len(ana.hears_all()) == 2
    is_asked(world, ana)
    ana.hears("How is your week going")
    ana.texts("im good")
    ana.hears("place to stay")
    assert on_record(world, ana) == [("open", "usual", None)]


def test_a_crash_before_sending_changes_and_repeats_nothing(world: World) -> None:
    compares(world)
    ana, ben = one_of_each(world)
    world.is_due(ana, "weekly")
    world.is_due(ben, "weekly")
    assert start_due(world.standby.talk, world.now) == 2
    before = on_record(world, ana), on_record(world, ben)
    assert before == ([("open", "usual", None)], [("open", "warm", None)])
    world.dies()
    world.sleeps(minutes=30)
    ana.hears_nothing()
    world.settles()
    ana.hears("How is your week going")
    ben.hears("thinking of you")
    assert (on_record(world, ana), on_record(world, ben)) == before


def test_an_edit_between_a_crash_and_the_sending_changes_nothing_that_was_assigned(world: World) -> None:
    compares(world)
    _, ben = one_of_each(world)
    world.is_due(ben, "weekly")
    start_due(world.standby.talk, world.now)
    world.dies()
    world.edits_flow("weekly", lambda text: text + SHORT)
    world.settles()
    ben.hears("thinking of you")
    world.passes(days=4)
    ben.hears("No rush")
    is_asked(world, ben)
    ben.hears("thinking of you")
    assert on_record(world, ben) == [("open", "warm", None)]


def test_a_fault_while_it_is_assigned_leaves_neither_text_nor_record(
    world: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    compares(world)
    _, ben = one_of_each(world)
    world.is_due(ben, "weekly")
    whole: Callable[..., None] = starting.assign

    def assign(*given: object) -> None:
        whole(*given)
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(starting, "assign", assign)
    world.settles()
    assert on_record(world, ben) == [] and world.texts_to(ben) == []
    log.expects("starting_failed")
    monkeypatch.setattr(starting, "assign", whole)
    world.passes(hours=1)
    ben.hears("thinking of you")
    assert on_record(world, ben) == [("open", "warm", None)]


def test_a_wording_added_later_is_for_people_who_come_later(world: World) -> None:
    compares(world)
    ana, ben = one_of_each(world)
    is_asked(world, ana, ben)
    assert len(ana.hears_all() + ben.hears_all()) == 2
    world.passes(days=4)
    assert len(ana.hears_all() + ben.hears_all()) == 2
    world.edits_flow("weekly", lambda text: text + SHORT)
    is_asked(world, ana, ben)
    ana.hears("How is your week going")
    ben.hears("thinking of you")
    luz = world.participant("Luz")
    while share_out("weekly", "open", luz.id, ("usual", "warm", "short")) != "short":
        luz = world.participant("Luz")
    is_asked(world, luz)
    luz.hears("How are you?")


def test_where_a_wording_was_taken_out_they_hear_the_usual_one(world: World) -> None:
    compares(world)
    _, ben = one_of_each(world)
    is_asked(world, ben)
    ben.hears("thinking of you")
    world.passes(days=4)
    ben.hears("No rush")
    world.edits_flow("weekly", lambda text: text.replace(WARM, "").replace("planned = 20\n", ""))
    is_asked(world, ben)
    ben.hears("How is your week going")
    world.passes(days=4)
    ben.hears("No rush")
    world.edits_flow("weekly", lambda text: text.replace(OPEN, f"{OPEN}planned = 20\n") + WARM)
    is_asked(world, ben)
    ben.hears("thinking of you")
    assert on_record(world, ben) == [("open", "warm", None)]


def test_staff_see_the_question_as_it_was_asked(world: World) -> None:
    compares(world)
    ana, ben = one_of_each(world)
    is_asked(world, ana, ben)
    seen = []
    for person in (ana, ben):
        person.hears()
        person.texts("im good")
        person.hears("place to stay")
        with world.standby.db.reading() as session:
            found = learned(session, session.get_one(Participant, person.id), world.standby)
            assert found is not None
            seen.append(found.answers[0][0])
    assert "How is your week going" in seen[0] and "thinking of you" in seen[1]


def test_a_comparison_from_the_first_text_to_the_difference(world: World) -> None:
    compares(world, planned=10)
    people: dict[str, list[Person]] = {"usual": [], "warm": []}
    while min(map(len, people.values())) < 10:
        person = world.participant(f"Person {len(world.phones)}")
        people[share_out("weekly", "open", person.id, people)].append(person)
    for person in people["usual"] + people["warm"]:
        world.is_due(person, "weekly")
    world.settles()
    for person in people["usual"][:2] + people["warm"][:9]:
        person.texts("im good")
    assert report(world).startswith("Too early: 2 of 10 people. Looking at the difference before that misleads")
    world.passes(days=4)
    assert report(world).startswith("“warm” was answered by 70 points more (")
    assert report(world).endswith("Planned: 10 people for each wording, as written in the flow.")
    for phone in world.phones:
        phone.hears_all()


def report(world: World) -> str:
    """What the report says of the only comparison."""
    with world.standby.db.reading() as session:
        (comparison,) = comparisons(session, world.standby.shelf.flows)
        return comparison.says()


def test_what_came_too_late_is_a_late_answer(world: World) -> None:
    compares(world)
    _, ben = one_of_each(world)
    is_asked(world, ben)
    ben.hears("thinking of you")
    world.sleeps(days=3, hours=1)  # every process of ours is down, so nobody notices the silence first
    ben.sends("im good")
    world.carrier.run_due()
    world.works()
    world.settles()
    ben.hears("place to stay")
    assert on_record(world, ben) == [("open", "warm", Answer.LATE)]
    with world.standby.db.reading() as session:
        assert session.scalars(select(CheckIn.answer)).all() == [Answer.LATE]
