"""What the carrier's words and codes lead to."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.delivery import CARRIER_WORDS, RANKS, Deed, Rank, Status, climb, deed_for, in_plain_words, retry_in

WORDS = st.sampled_from((*CARRIER_WORDS, "levitating", ""))


@given(start=st.sampled_from(Status), words=st.lists(WORDS, max_size=12))
def test_delivery_only_climbs(start: Status, words: list[str]) -> None:
    status = start
    for word in words:
        higher = climb(status, word)
        assert RANKS.get(higher, Rank.OURS) >= RANKS.get(status, Rank.OURS)
        status = higher


@given(words=st.permutations(("queued", "sending", "sent", "delivered")))
def test_callbacks_in_any_order_end_the_same(words: list[str]) -> None:
    status = Status.SENDING
    for word in [*words, *words]:
        status = climb(status, word)
    assert status is Status.DELIVERED


@pytest.mark.parametrize("ended", [Status.DELIVERED, Status.UNDELIVERED, Status.FAILED, Status.CANCELED])
def test_what_has_ended_is_not_ended_otherwise(ended: Status) -> None:
    for word in ("delivered", "undelivered", "failed", "canceled", "sent"):
        assert climb(ended, word) is ended


@pytest.mark.parametrize(
    ("code", "deed"),
    [(None, Deed.RETRY), (20429, Deed.RETRY), (21610, Deed.OPTED_OUT), (21211, Deed.NUMBER_IS_BAD),
     (30005, Deed.NUMBER_IS_BAD), (20003, Deed.ACCOUNT), (30034, Deed.OPERATOR), (99999, Deed.OPERATOR)],
)  # fmt: skip
def test_what_a_code_asks_for(code: int | None, deed: Deed) -> None:
    assert deed_for(code) is deed
    assert in_plain_words(code).endswith(".")


@pytest.mark.parametrize(
    ("code", "attempts", "tried_for", "wait"),
    [
        (20429, 1, timedelta(0), timedelta(seconds=20)),
        (20429, 9, timedelta(hours=3), timedelta(minutes=10)),
        (21611, 2, timedelta(0), timedelta(minutes=2)),
        (21611, 90, timedelta(hours=20), timedelta(minutes=10)),
        (None, 1, timedelta(0), timedelta(seconds=20)),
        (None, 90, timedelta(hours=20), timedelta(minutes=10)),
        (None, 90, timedelta(days=1), None),
        (20003, 4, timedelta(hours=1), timedelta(minutes=10)),
        (21211, 1, timedelta(0), None),
        (99999, 1, timedelta(0), None),
    ],
)
def test_when_to_try_again(code: int | None, attempts: int, tried_for: timedelta, wait: timedelta | None) -> None:
    assert retry_in(code, attempts, tried_for) == wait
