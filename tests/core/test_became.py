"""What became of a check-in, against a table made by hand; and what holds for all of them."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.became import COUNTED, Became, Needs, Step, Tally, became, funnel, steps, tally
from bot.core.delivery import Status
from bot.core.kinds import Outcome

S, O, B = Status, Outcome, Became  # noqa: E741


@pytest.mark.parametrize(
    ("first", "answered", "outcome", "late", "expected"),
    [
        # answered in time, whatever came of it later
        (S.DELIVERED, True, O.FINISHED, False, B.ANSWERED),
        (S.READ, True, None, False, B.ANSWERED),
        (S.DELIVERED, True, O.SILENT, False, B.ANSWERED),  # in part
        (S.DELIVERED, True, O.STOPPED, False, B.ANSWERED),  # STOP in the middle
        (S.DELIVERED, True, O.HANDED_OVER, False, B.ANSWERED),
        # a reply proves arrival, whatever the carrier said
        (S.UNDELIVERED, True, O.FINISHED, False, B.ANSWERED),
        (S.UNKNOWN, True, O.FINISHED, False, B.ANSWERED),
        (S.SENDING, True, None, False, B.ANSWERED),
        # but not of what never left
        (S.QUEUED, True, None, False, B.OPEN),
        (S.DROPPED, True, O.HANDED_OVER, False, B.NOT_DELIVERED),
        (S.REFUSED, True, O.FINISHED, False, B.NOT_DELIVERED),
        (None, True, O.FINISHED, False, B.NOT_DELIVERED),
        # too late is no answer
        (S.DELIVERED, True, O.FINISHED, True, B.UNANSWERED),
        (S.DELIVERED, True, None, True, B.UNANSWERED),
        # nobody answered
        (S.DELIVERED, False, O.SILENT, False, B.UNANSWERED),
        (S.SENT, False, O.SILENT, False, B.UNANSWERED),  # the carrier reports no delivery
        (S.TAKEN, False, O.SILENT, False, B.UNANSWERED),
        # somebody may yet
        (S.DELIVERED, False, None, False, B.OPEN),
        (S.QUEUED, False, None, False, B.OPEN),
        (S.SENDING, False, None, False, B.OPEN),
        # STOP, also told to the carrier only
        (S.DELIVERED, False, O.STOPPED, False, B.OPTED_OUT),
        (S.REFUSED, False, O.STOPPED, False, B.OPTED_OUT),
        (S.DROPPED, False, O.STOPPED, False, B.OPTED_OUT),
        # something else came first
        (S.DELIVERED, False, O.REPLACED, False, B.CUT_SHORT),
        (S.DELIVERED, False, O.HANDED_OVER, False, B.CUT_SHORT),
        (S.DELIVERED, False, O.BROKEN, False, B.CUT_SHORT),
        # nothing was asked
        (S.DELIVERED, False, O.FINISHED, False, B.TOLD),
        # it never arrived
        (S.UNDELIVERED, False, O.SILENT, False, B.NOT_DELIVERED),
        (S.FAILED, False, O.BROKEN, False, B.NOT_DELIVERED),
        (S.CANCELED, False, O.SILENT, False, B.NOT_DELIVERED),
        (S.REFUSED, False, O.SILENT, False, B.NOT_DELIVERED),
        (S.UNKNOWN, False, O.SILENT, False, B.NOT_DELIVERED),
        (S.UNDELIVERED, False, None, False, B.NOT_DELIVERED),
        (S.DROPPED, False, O.REPLACED, False, B.NOT_DELIVERED),
        (S.QUEUED, False, O.REPLACED, False, B.NOT_DELIVERED),
        (None, False, None, False, B.NOT_DELIVERED),
    ],
)
def test_each_becomes_one_thing(
    first: Status | None, answered: bool, outcome: Outcome | None, late: bool, expected: Became
) -> None:
    assert became(first, answered, outcome is None, outcome, late) is expected


@pytest.mark.parametrize(
    ("first", "what", "needs", "last"),
    [
        (None, B.NOT_DELIVERED, Needs(), None),
        (S.QUEUED, B.OPEN, Needs(), None),
        (S.UNKNOWN, B.NOT_DELIVERED, Needs(), None),
        (S.UNDELIVERED, B.NOT_DELIVERED, Needs(), Step.SENT),
        (S.FAILED, B.NOT_DELIVERED, Needs(), Step.SENT),
        (S.SENT, B.OPEN, Needs(), Step.DELIVERED),
        (S.DELIVERED, B.UNANSWERED, Needs(), Step.DELIVERED),
        (S.UNDELIVERED, B.UNANSWERED, Needs(), Step.DELIVERED),  # answered too late: it had arrived
        (S.DELIVERED, B.OPTED_OUT, Needs(1), Step.DELIVERED),  # "STOP, I have no place" is no answer
        (S.UNKNOWN, B.ANSWERED, Needs(), Step.ANSWERED),
        (S.DELIVERED, B.ANSWERED, Needs(2, 1, 0), Step.NEED_RAISED),
        (S.DELIVERED, B.ANSWERED, Needs(2, 2, 1), Step.TAKEN),
        (S.DELIVERED, B.ANSWERED, Needs(2, 2, 2), Step.RESOLVED),
    ],
)
def test_how_far_one_comes(first: Status | None, what: Became, needs: Needs, last: Step | None) -> None:
    order = tuple(Step)
    assert steps(first, what, needs) == (order[: order.index(last) + 1] if last else ())


MANY = st.integers(0, 1000)
NEEDS = st.lists(MANY.filter(lambda n: n < 5), min_size=3, max_size=3).map(lambda n: Needs(*sorted(n, reverse=True)))
RAW = st.tuples(
    st.sampled_from([None, *Status]), st.booleans(), st.sampled_from([None, *Outcome]), st.booleans(), NEEDS, MANY
)
Raw = tuple[Status | None, bool, Outcome | None, bool, Needs, int]


def _named(rows: Sequence[Raw]) -> list[tuple[Status | None, Became, Needs, int]]:
    return [
        (first, became(first, answered, outcome is None, outcome, late), needs, many)
        for first, answered, outcome, late, needs, many in rows
    ]


@given(st.lists(RAW))
def test_the_parts_add_up_to_the_whole(rows: list[Raw]) -> None:
    found = tally((what, many) for _, what, _, many in _named(rows))
    assert found.started == sum(many for *_, many in rows)
    assert found.counted == found.answered + found.unanswered <= found.started


@given(st.lists(RAW), st.lists(RAW))
def test_tallies_of_parts_add_up(some: list[Raw], others: list[Raw]) -> None:
    def of(rows: list[Raw]) -> Tally:
        return tally((what, many) for _, what, _, many in _named(rows))

    assert of(some) + of(others) == of(some + others)


@given(st.lists(RAW))
def test_no_funnel_widens(rows: list[Raw]) -> None:
    named = _named(rows)
    found = funnel((steps(first, what, needs), many) for first, what, needs, many in named)
    counts = list(found.values())
    assert list(found) == list(Step) and counts == sorted(counts, reverse=True)
    assert found[Step.SENT] <= sum(many for *_, many in named)
    assert found[Step.ANSWERED] == sum(many for _, what, _, many in named if what is Became.ANSWERED)
    assert found[Step.DELIVERED] >= sum(many for _, what, _, many in named if what in COUNTED)
