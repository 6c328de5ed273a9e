"""How clocks and keys are judged."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.finding import Grade, Sealing, judge_keys, judge_time

AT = datetime(2026, 11, 23, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "grade", "word"),
    [(0, Grade.OK, "agrees"), (4.9, Grade.OK, "agrees"), (-4.9, Grade.OK, "agrees"), (5, Grade.LOOK, "5 s ahead"),
     (-29, Grade.LOOK, "29 s behind"), (30, Grade.MEND, "30 s ahead"), (-3600, Grade.MEND, "3600 s behind")],
)  # fmt: skip
def test_a_clock_may_differ_by_little(seconds: float, grade: Grade, word: str) -> None:
    found = judge_time("time", {"the carrier's": timedelta(seconds=seconds)})
    assert found.grade is grade and word in found.said[0]


def test_the_worst_of_several_clocks_counts() -> None:
    ahead = {"a's": timedelta(0), "b's": timedelta(seconds=10), "c's": timedelta(minutes=-1)}
    found = judge_time("time", ahead)
    assert found.grade is Grade.MEND
    assert [said.split(":")[0] for said in found.said] == [
        "This machine's clock is 10 s ahead of b's", "This machine's clock is 60 s behind c's",
    ]  # fmt: skip


def _sealed(*keys: int | None) -> list[Sealing]:
    """Values sealed one minute after the other with these keys."""
    return [Sealing(key, AT + timedelta(minutes=minute)) for minute, key in enumerate(keys)]


@pytest.mark.parametrize(
    ("keys", "grade", "word"),
    [
        ((), Grade.OK, "All of 0"),
        ((0, 0), Grade.OK, "All of 2"),
        ((1, 1, 0), Grade.OK, "need key 2: leave it in"),
        ((2, 1, 0), Grade.OK, "need key 2, 3: leave it in"),
        ((1, 1), Grade.OK, "need key 2: leave it in"),  # a key was just put in front, nothing is sealed with it yet
        ((0, 0, 1), Grade.MEND, "put the newest key first"),
        ((1, 0, 1), Grade.MEND, "restart every web and clock"),
        ((0, None, 0), Grade.MEND, "1 of 3 stored values"),
        ((None,), Grade.MEND, "1 of 1 stored values"),
    ],
)
def test_keys_open_everything_in_their_order(keys: tuple[int | None, ...], grade: Grade, word: str) -> None:
    found = judge_keys("keys", _sealed(*keys))
    assert found.grade is grade and word in found.said[0]


def test_two_keys_in_one_second_are_no_fault() -> None:
    assert judge_keys("keys", [Sealing(0, AT), Sealing(1, AT)]).grade is Grade.OK
    assert judge_keys("keys", [Sealing(1, AT), Sealing(0, AT)]).grade is Grade.OK
