"""Needs, danger, mistakes and losses, against rows counted by hand."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.core.escalation import Urgency
from bot.core.keywords import Kind
from bot.core.kinds import Attention, Need
from bot.models import Danger, Direction, Event, Mark, Message, Verdict, VerdictKind
from bot.reports.humans import cases, mistakes, waiting_cases, waiting_now
from bot.reports.needs import by_kind, raised
from bot.reports.people import Lost, by_week, still_lost
from bot.reports.scope import latest
from tests.kept import DAY, HOUR, MINUTE, NOW, THIS_WEEK, WEEK, ZONE, Kept

SCOPE = latest(NOW, ZONE, 2)
MONDAY, BEFORE = date(2026, 11, 23), date(2026, 11, 16)


def test_needs_are_counted_by_week_and_kind(kept: Kept) -> None:
    dana = kept.worker("dana", "North")
    asked = kept.check_in(THIS_WEEK, answered=HOUR, worker=dana)
    kept.flag(Need.HOUSING, THIS_WEEK + HOUR, asked)
    kept.flag(Need.JOB, THIS_WEEK + HOUR, asked)
    kept.flag(Need.JOB, THIS_WEEK - MINUTE, resolved=True)
    kept.flag(Need.JOB, THIS_WEEK - 2 * WEEK)  # too long ago
    kept.flag(Attention.READ, THIS_WEEK + HOUR)
    found = raised(kept.session, SCOPE)
    assert found == {(MONDAY, Need.HOUSING): 1, (MONDAY, Need.JOB): 1, (BEFORE, Need.JOB): 1}
    assert list(by_kind(found).items()) == [(Need.JOB, 2), (Need.HOUSING, 1)]
    for narrowed in ({"flow": "weekly"}, {"team": "North"}, {"caseworker_id": dana.id}):
        own = raised(kept.session, replace(SCOPE, **narrowed))  # type: ignore[arg-type]
        assert own == {(MONDAY, Need.HOUSING): 1, (MONDAY, Need.JOB): 1}
    assert raised(kept.session, replace(SCOPE, flow="job")) == {}


def test_every_case_of_danger_counts_also_one_that_still_waits(kept: Kept) -> None:
    quick = kept.flag(Need.SAFETY, THIS_WEEK, taken=4 * MINUTE, urgency=Urgency.NOW)
    again = Danger(flag_id=quick.id, since=THIS_WEEK + DAY, taken_at=THIS_WEEK + DAY + HOUR)  # danger told anew
    kept.session.add(again)
    open_now = kept.flag(Need.SAFETY, NOW - 9 * MINUTE, urgency=Urgency.NOW)
    long_ago = kept.flag(Need.SAFETY, NOW - 9 * WEEK, urgency=Urgency.NOW)
    kept.flag(Need.SAFETY, NOW - MINUTE)  # not urgent
    found = cases(kept.session, SCOPE)
    assert [(each.flag_id, each.waited(NOW)) for each in found] == [
        (quick.id, 4 * MINUTE), (quick.id, HOUR), (open_now.id, 9 * MINUTE),
    ]  # fmt: skip
    assert [each.flag_id for each in waiting_cases(kept.session, SCOPE)] == [long_ago.id, open_now.id]


def test_who_waits_for_an_answer_the_longest_comes_first(kept: Kept) -> None:
    dana = kept.worker("dana", "North")
    kept.person()
    first = kept.person(waits_since=NOW - 3 * HOUR, cohort="Fall")
    second = kept.person(waits_since=NOW - HOUR, caseworker_id=dana.id)
    found = waiting_now(kept.session, SCOPE)
    assert (found.count, found.longest) == (2, ((first.id, NOW - 3 * HOUR), (second.id, NOW - HOUR)))
    assert waiting_now(kept.session, SCOPE, most=1).longest == ((first.id, NOW - 3 * HOUR),)
    for narrowed in ({"team": "North"}, {"caseworker_id": dana.id}):
        assert waiting_now(kept.session, replace(SCOPE, **narrowed)).longest == ((second.id, NOW - HOUR),)  # type: ignore[arg-type]
    assert waiting_now(kept.session, replace(SCOPE, cohort="Fall")).count == 1


def test_mistakes_are_counted_when_staff_say_so(kept: Kept) -> None:
    dana = kept.worker("dana", "North")
    asked = kept.check_in(THIS_WEEK, answered=HOUR, worker=dana)
    flag = kept.flag(Need.HOUSING, THIS_WEEK + HOUR, asked)
    texts = [
        Message(direction=Direction.IN, channel="sms", other="x", other_hash="x", body="x", at=THIS_WEEK)
        for _ in range(3)
    ]
    kept.session.add_all(texts)
    kept.session.flush()
    kept.session.add(Mark(flag_id=flag.id, message_id=texts[0].id))
    said = (
        (texts[0], Need.HOUSING, VerdictKind.NOT_A_NEED, THIS_WEEK + DAY),
        (texts[1], Need.HOUSING, VerdictKind.NOT_A_NEED, THIS_WEEK + DAY),
        (texts[1], Need.JOB, VerdictKind.MISSED, THIS_WEEK - MINUTE),
        (texts[2], Need.JOB, VerdictKind.MISSED, THIS_WEEK - 2 * WEEK),
    )
    for text, need, kind, at in said:
        kept.session.add(Verdict(message_id=text.id, need=need, kind=kind, staff_id=dana.id, at=at))
    kept.session.flush()
    assert mistakes(kept.session, SCOPE) == {
        (MONDAY, Need.HOUSING, VerdictKind.NOT_A_NEED): 2,
        (BEFORE, Need.JOB, VerdictKind.MISSED): 1,
    }
    for narrowed in ({"flow": "weekly"}, {"team": "North"}):
        own = mistakes(kept.session, replace(SCOPE, **narrowed))  # type: ignore[arg-type]
        assert own == {(MONDAY, Need.HOUSING, VerdictKind.NOT_A_NEED): 1}


@pytest.fixture
def losses(kept: Kept) -> Iterator[Kept]:
    """Two people gone quiet, one number that fails, one wrong number, and four ends of texts."""
    kept.flag(Attention.QUIET, THIS_WEEK + HOUR, resolved=True)
    kept.flag(Attention.QUIET, THIS_WEEK - HOUR)
    kept.flag(Attention.UNREACHABLE, THIS_WEEK + HOUR)
    kept.flag(Attention.WRONG_NUMBER, THIS_WEEK + HOUR)
    kept.flag(Attention.STOPPED, THIS_WEEK + HOUR)
    kept.flag(Attention.READ, THIS_WEEK + HOUR)
    person = kept.person(cohort="Fall")
    for detail, at in (("stop", HOUR), ("carrier", -HOUR), (Kind.WRONG_NUMBER, HOUR), ("merged", HOUR)):
        kept.session.add(Event(at=THIS_WEEK + at, what="opted_out", participant_id=person.id, detail=detail))
    kept.session.add(Event(at=THIS_WEEK + HOUR, what="opted_in", participant_id=person.id))
    kept.session.flush()
    yield kept


def test_losses_are_counted_by_week(losses: Kept) -> None:
    assert by_week(losses.session, SCOPE) == {
        BEFORE: Lost(gone_quiet=1, opted_out=1),
        MONDAY: Lost(gone_quiet=1, unreachable=1, opted_out=1, wrong_number=1),
    }
    assert by_week(losses.session, replace(SCOPE, cohort="Fall"))[MONDAY] == Lost(opted_out=1)
    assert by_week(losses.session, replace(SCOPE, cohort="none"))[MONDAY] == Lost()


def test_who_is_lost_today_is_counted_whenever_they_were(losses: Kept) -> None:
    assert still_lost(losses.session, SCOPE) == Lost(1, 1, 1, 1)
    later = latest(NOW + timedelta(weeks=9), ZONE, 2)
    assert still_lost(losses.session, later) == Lost(1, 1, 1, 1)
    assert by_week(losses.session, later) == {week: Lost() for week in later.weeks}
