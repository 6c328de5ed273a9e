"""What may be said of a comparison: nothing before its time, and afterwards what was planned to be said."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.became import COUNTED, Became
from bot.core.comparing import Arm, Comparison
from bot.core.figure import HIDDEN, Differences
from bot.core.rates import Share, difference
from bot.core.wordings import Aim

A, U, OPEN, OUT, LOST = (
    Became.ANSWERED, Became.UNANSWERED, Became.OPEN, Became.OPTED_OUT, Became.NOT_DELIVERED,
)  # fmt: skip
FOUND = st.lists(st.sampled_from(Became), max_size=60)
CLOSED = st.lists(st.sampled_from([each for each in Became if each is not OPEN]), max_size=60)


def compared(usual: Sequence[Became], warm: Sequence[Became], planned: int = 20) -> Comparison:
    usual_arm = Arm("usual", "How are you?", usual, len(usual), planned)
    warm_arm = Arm("warm", "Thinking of you.", warm, len(warm), planned)
    return Comparison("weekly", "Weekly check-in", "open", Aim(planned=planned), usual_arm, warm_arm)


def so_many(answered: int, unanswered: int, *others: Became) -> list[Became]:
    return [*others, *([A] * answered), *([U] * unanswered)]


# Newcombe's interval from Wilson's: 60 of 100 is 0.5020 to 0.6906, 80 of 100 0.7112 to 0.8666; so 0.2 less the root of
# 0.0888^2 + 0.0906^2 and more by the root of 0.0666^2 + 0.0980^2.
SAID = [
    (so_many(60, 40), so_many(80, 20), 100, "“warm” was answered by 20 points more (7 to 32)."),
    (so_many(80, 20), so_many(60, 40), 100, "“warm” was answered by 20 points less (7 to 32)."),
    (so_many(10, 10), so_many(10, 10), 20, "No difference was shown: between -28 and +28 points."),
    (so_many(0, 20), so_many(20, 0), 20, "“warm” was answered by 100 points more (77 to 100)."),
    (so_many(505, 495), so_many(550, 450), 1000, "“warm” was answered by 5 points more (0.1 to 9)."),
]


@pytest.mark.parametrize(("usual", "warm", "planned", "said"), SAID)
def test_afterwards_it_says_the_difference(usual: list[Became], warm: list[Became], planned: int, said: str) -> None:
    assert compared(usual, warm, planned).says().startswith(said)


def test_before_its_time_it_says_so_and_nothing_else() -> None:
    comparison = compared(so_many(2, 15), so_many(12, 0, OPEN, OUT))
    assert comparison.says() == (
        "Too early: 12 of 20 people. Looking at the difference before that misleads, so it is not shown. "
        "Planned: 20 people for each wording, as written in the flow."
    )
    figure = comparison.figure()
    assert figure.chart is None and figure.table.columns == ("Wording", "Text", "People")
    assert figure.table.rows == (("usual", "How are you?", 17), ("warm", "Thinking of you.", 14))


def test_who_may_yet_answer_is_waited_for() -> None:
    comparison = compared(so_many(10, 10), [OPEN, *so_many(20, 0)])
    assert comparison.difference is None
    assert comparison.says().startswith("Too early: 20 of 20 people, and some who were asked may yet answer.")
    assert compared(so_many(10, 10), [*so_many(20, 0), OPEN]).difference is not None


def test_a_comparison_that_was_broken_off_shows_nothing() -> None:
    ended = replace(compared(so_many(0, 19), so_many(19, 0)), has_ended=True)
    assert ended.says().startswith("Ended too early: 19 of 20 people.") and ended.difference is None


def test_a_complete_comparison_stays_when_its_wording_is_taken_out() -> None:
    ended = replace(compared(so_many(0, 20), so_many(20, 0)), has_ended=True)
    assert ended.says().startswith("“warm” was answered by 100 points more")


def test_what_weakens_it_is_said() -> None:
    comparison = replace(
        compared(so_many(10, 10), so_many(10, 10)), rivals=2, was_reworded=True, was_replanned=True
    )
    assert "none does happens up to 10 times in 100" in comparison.says()
    assert "not everybody read the same words" in comparison.says() and "the first one counts" in comparison.says()


def test_the_table_adds_up() -> None:
    figure = compared([OUT, *so_many(12, 8), OUT], so_many(15, 5, LOST, LOST, OUT)).figure()
    assert figure.table.columns == (
        "Wording", "Text", "People looked at", "Answered", "Not answered", "Answered of those who count",
        "Opted out", "Not delivered",
    )  # fmt: skip
    assert figure.table.rows == (
        ("usual", "How are you?", 21, 12, 8, "60 % (39 to 78, n = 20)", 1, 0),
        ("warm", "Thinking of you.", 23, 15, 5, "75 % (53 to 89, n = 20)", 1, 2),
    )
    assert isinstance(figure.chart, Differences)
    (dot,) = figure.chart.wordings
    assert (dot.name, dot.n, dot.planned) == ("warm", 20, 20)


def test_its_address_is_made_of_flow_state_and_wording() -> None:
    comparison = compared([], [])
    assert comparison.figure().name == "wording-weekly-open-warm-4eebc8"
    asked = replace(comparison, flow="after_help", state="¿Cómo?").figure().name
    assert asked.startswith("wording-after-help-c-mo-warm-") and asked.replace("-", "").isalnum() and asked.isascii()
    alike = (replace(comparison, flow="a b", state="c"), replace(comparison, flow="a", state="b c"))
    assert alike[0].figure().name != alike[1].figure().name


# promises that hold whatever was found


@given(FOUND, FOUND, st.integers(10, 30))
def test_nothing_is_shown_before_the_plan_is_reached_in_each(
    usual: list[Became], warm: list[Became], planned: int
) -> None:
    comparison = compared(usual, warm, planned)
    reached = all(sum(each in COUNTED for each in found) >= planned for found in (usual, warm))
    if not reached:
        assert comparison.difference is None and comparison.figure().chart is None


@given(CLOSED, CLOSED, FOUND, FOUND, st.integers(10, 20))
def test_once_shown_it_changes_no_more(
    usual: list[Became], warm: list[Became], more: list[Became], others: list[Became], planned: int
) -> None:
    before = compared(usual, warm, planned)
    if before.difference is not None:
        after = compared(usual + more, warm + others, planned)
        assert (after.difference, after.figure()) == (before.difference, before.figure())


@given(st.integers(0, 20), st.integers(0, 20), st.lists(st.sampled_from([OUT, LOST]), max_size=5))
def test_the_difference_is_that_of_those_who_count(a: int, b: int, others: list[Became]) -> None:
    comparison = compared(so_many(a, 20 - a, *others), so_many(b, 20 - b))
    assert comparison.difference == difference(Share(b, 20), Share(a, 20))


@given(FOUND, FOUND)
def test_before_its_time_who_answered_changes_nothing_that_is_seen(usual: list[Became], warm: list[Became]) -> None:
    def turned(found: list[Became]) -> list[Became]:
        return [{A: U, U: A}.get(each, each) for each in found]

    one, other = compared(usual, warm, 61), compared(turned(usual), turned(warm), 61)
    assert one.figure() == other.figure()


@given(CLOSED, CLOSED, st.integers(10, 20))
def test_nothing_that_leaves_the_building_tells_of_few(usual: list[Became], warm: list[Became], planned: int) -> None:
    figure = compared(usual, warm, planned).figure(smallest=10)
    counts = [cell for row in figure.table.rows for cell in row if isinstance(cell, int)]
    assert not any(0 < count < 10 for count in counts)
    if any(row[3:4] == (HIDDEN,) for row in figure.table.rows):
        assert figure.chart is None and all(row[3:6] == (HIDDEN, HIDDEN, HIDDEN) for row in figure.table.rows)


def test_the_sentence_tells_of_few_no_more_than_the_table() -> None:
    assert "Too early: under 10 of 20 people" in compared(so_many(2, 2), so_many(9, 9)).says(10)
    assert compared(so_many(15, 5), so_many(10, 10)).says(10).startswith("The difference is not shown here")
