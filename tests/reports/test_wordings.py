"""The report on wordings, against rows counted by hand."""

import pytest

from bot.core.comparing import Comparison
from bot.core.delivery import Status
from bot.core.flow import Flow
from bot.core.kinds import Answer, Outcome
from bot.reports.wordings import comparisons
from tests.asked import SHORT, WARM, Asked, flow
from tests.world import World


@pytest.fixture
def asked(world: World) -> Asked:
    return Asked(world)


def found(asked: Asked, *flows: Flow) -> tuple[Comparison, ...]:
    with asked.world.standby.db.reading() as session:
        return comparisons(session, {each.name: each for each in flows or (asked.flow,)})


def one(asked: Asked, *flows: Flow) -> Comparison:
    (comparison,) = found(asked, *flows)
    return comparison


def test_nobody_was_asked_yet(asked: Asked) -> None:
    comparison = one(asked)
    assert comparison.says().startswith("Too early: 0 of 10 people.")
    assert comparison.figure().table.rows == (("usual", "How are you?", 0), ("warm", "Thinking of you.", 0))


def test_a_flow_without_wordings_compares_nothing(asked: Asked) -> None:
    assert found(asked, flow()) == ()


def test_each_person_falls_in_one_place(asked: Asked) -> None:
    asked.answered("usual", 7)
    asked("usual", 2)
    asked("usual", answer=Answer.LATE, outcome=Outcome.FINISHED)
    asked("warm", outcome=Outcome.STOPPED)
    asked("warm", outcome=Outcome.REPLACED)
    asked("warm", status=Status.UNDELIVERED, outcome=Outcome.BROKEN)
    asked("warm", status=None, outcome=Outcome.BROKEN)
    asked.answered("warm", 10)
    asked("warm")
    assert one(asked).figure().table.rows == (
        ("usual", "How are you?", 10, 7, 3, "70 % (40 to 89, n = 10)", 0, 0, 0),
        ("warm", "Thinking of you.", 14, 10, 0, "100 % (72 to 100, n = 10)", 1, 1, 2),
    )
    assert one(asked).says().startswith("No difference was shown: between -4 and +60 points.")


def test_whoever_may_yet_answer_is_waited_for(asked: Asked) -> None:
    asked.answered("usual", 10)
    asked("warm", outcome=None)
    asked.answered("warm", 10)
    assert one(asked).difference is None


def test_a_text_that_was_taken_out_of_the_flow_ends_the_comparison(asked: Asked) -> None:
    asked.answered("warm", 9)
    assert one(asked, flow()).says().startswith("Ended too early: 0 of 10 people.")


def test_a_flow_that_cannot_be_read_now_ends_nothing(asked: Asked) -> None:
    asked.answered("warm", 9)
    with asked.world.standby.db.reading() as session:
        (comparison,) = comparisons(session, {})
    assert (comparison.has_ended, comparison.title) == (False, "Weekly check-in")


def test_the_plan_from_the_start_counts(asked: Asked) -> None:
    asked.answered("usual", 10)
    asked.flow = flow("planned = 12", WARM)
    asked.answered("warm", 10)
    comparison = one(asked)
    assert comparison.difference is not None and comparison.aim.people == 10
    assert "The plan was changed on the way; the first one counts." in comparison.says()


def test_words_that_were_changed_on_the_way_are_told_of(asked: Asked) -> None:
    asked.answered("usual")
    assert not one(asked).was_reworded
    asked.flow = flow("planned = 10", 'wordings.warm.say.en = "Thinking of you!"')
    asked.answered("warm")
    assert one(asked).was_reworded


def test_a_wording_added_later_is_held_against_people_of_its_own_time(asked: Asked) -> None:
    asked.answered("usual", 5)
    asked.flow = flow("planned = 10", WARM, SHORT)
    asked.answered("usual", 3)
    asked.answered("short", 2)
    short, warm = found(asked)
    assert (short.other.wording, short.usual.people, short.other.people) == ("short", 3, 2)
    assert (warm.other.wording, warm.usual.people, warm.other.people) == ("warm", 8, 0)
    assert (short.rivals, short.was_reworded) == (2, False)


def test_a_wording_that_nobody_was_assigned_yet_stands_beside_those_that_run(asked: Asked) -> None:
    asked.answered("usual", 5)
    short, warm = found(asked, flow("planned = 20", WARM, SHORT))
    assert (short.usual.people, short.aim.people) == (0, 20)
    assert (warm.usual.people, warm.aim.people) == (5, 10)


def test_only_the_planned_people_are_read_and_all_are_counted(asked: Asked) -> None:
    asked("usual", 15, status=Status.UNDELIVERED, outcome=Outcome.BROKEN)
    asked.answered("usual", 15)
    asked("usual", 15)
    asked.answered("warm", 5)
    comparison = one(asked)
    assert (comparison.usual.people, comparison.usual.tally.answered, len(comparison.usual.looked_at)) == (45, 10, 25)
    assert comparison.figure().table.rows[0] == ("usual", "How are you?", 45)
