"""Who answers, against rows counted by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.core.became import Step, Tally
from bot.core.delivery import Status
from bot.core.kinds import Attention, Language, Need, Outcome
from bot.reports.checkins import (
    by_caseworker,
    by_channel,
    by_cohort,
    by_flow,
    by_hour,
    by_language,
    by_week,
    funnel_of,
    total,
    waits,
)
from bot.reports.scope import Scope, latest
from tests.kept import DAY, HOUR, MINUTE, NOW, THIS_WEEK, WEEK, ZONE, Kept

SCOPE = latest(NOW, ZONE, 8)
SILENT, FINISHED, STOPPED = Outcome.SILENT, Outcome.FINISHED, Outcome.STOPPED


def test_each_check_in_falls_in_one_place(kept: Kept) -> None:
    for status in (Status.TAKEN, Status.SENT, Status.DELIVERED, Status.READ):
        kept.check_in(THIS_WEEK, status, outcome=SILENT)
    kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED)
    kept.check_in(THIS_WEEK, answered=HOUR)
    kept.check_in(THIS_WEEK, answered=HOUR, outcome=STOPPED)  # STOP in the middle
    kept.check_in(THIS_WEEK, Status.UNKNOWN, answered=HOUR, outcome=FINISHED)
    kept.check_in(THIS_WEEK, answered=3 * DAY, late=True, outcome=FINISHED, ended=4 * DAY)
    kept.check_in(THIS_WEEK)
    kept.check_in(THIS_WEEK, Status.QUEUED)
    kept.check_in(THIS_WEEK, outcome=STOPPED)
    kept.check_in(THIS_WEEK, outcome=Outcome.REPLACED)
    kept.check_in(THIS_WEEK, outcome=Outcome.HANDED_OVER)
    for status in (Status.UNDELIVERED, Status.FAILED, Status.REFUSED, Status.DROPPED, Status.UNKNOWN):
        kept.check_in(THIS_WEEK, status, outcome=SILENT)
    kept.check_in(THIS_WEEK, None, outcome=SILENT)
    found = by_week(kept.session, SCOPE)[date(2026, 11, 23)]
    assert found == Tally(answered=4, unanswered=5, open=2, opted_out=1, cut_short=2, not_delivered=6)
    assert (found.counted, found.started) == (9, 20)
    assert total(kept.session, SCOPE) == found


def test_every_week_of_the_range_is_there(kept: Kept) -> None:
    kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED)
    kept.check_in(THIS_WEEK - timedelta(seconds=1), outcome=SILENT)
    kept.check_in(THIS_WEEK - 8 * WEEK, answered=HOUR, outcome=FINISHED)  # too long ago
    found = by_week(kept.session, SCOPE)
    assert list(found) == list(SCOPE.weeks) and len(found) == 8
    assert found[date(2026, 11, 23)] == Tally(answered=1)
    assert found[date(2026, 11, 16)] == Tally(unanswered=1)
    assert total(kept.session, SCOPE) == Tally(answered=1, unanswered=1)


def test_a_week_begins_on_monday_of_the_programmes_clock_also_across_new_year(kept: Kept) -> None:
    sunday_night = datetime(2027, 1, 4, 5, 59, tzinfo=UTC)  # 3 January, 23:59 in Kansas City
    new_year = datetime(2027, 1, 1, 6, tzinfo=UTC)
    for at in (new_year - HOUR, new_year, sunday_night, sunday_night + MINUTE):
        kept.check_in(at, answered=2 * HOUR, outcome=FINISHED)
    found = by_week(kept.session, latest(sunday_night + DAY, ZONE, 2))
    assert found == {date(2026, 12, 28): Tally(answered=3), date(2027, 1, 4): Tally(answered=1)}


def test_the_week_in_which_clocks_go_back_is_an_hour_longer(kept: Kept) -> None:
    scope = Scope(date(2026, 10, 26), date(2026, 11, 2), ZONE)
    assert scope.until - scope.since == 2 * WEEK + HOUR
    for at in ("2026-10-26T05:00Z", "2026-11-02T05:59Z", "2026-11-02T06:00Z"):
        kept.check_in(datetime.fromisoformat(at), outcome=SILENT)
    assert [each.unanswered for each in by_week(kept.session, scope).values()] == [2, 1]


def test_check_ins_are_told_apart_by_what_they_were_at_their_start(kept: Kept) -> None:
    dana, omar = kept.worker("dana", "North"), kept.worker("omar")
    kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED, worker=dana, cohort="Fall", language=Language.ES)
    kept.check_in(THIS_WEEK - WEEK, outcome=SILENT, worker=omar, cohort="Fall", channel="whatsapp", flow="job")
    kept.check_in(THIS_WEEK, outcome=SILENT)
    yes, no = Tally(answered=1), Tally(unanswered=1)
    assert by_flow(kept.session, SCOPE) == {"weekly": yes + no, "job": no}
    assert by_cohort(kept.session, SCOPE) == {"Fall": yes + no, "": no}
    assert by_language(kept.session, SCOPE) == {Language.ES: yes, Language.EN: no + no}
    assert by_channel(kept.session, SCOPE) == {"sms": yes + no, "whatsapp": no}
    loads = by_caseworker(kept.session, SCOPE)
    assert {worker: (load.tally, load.caseload) for worker, load in loads.items()} == {
        dana.id: (yes, 1),
        omar.id: (no, 1),
        None: (no, 1),
    }


def test_a_hand_over_moves_no_figure_of_the_past(kept: Kept) -> None:
    dana, omar = kept.worker("dana", "North"), kept.worker("omar", "South")
    asked = kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED, worker=dana)
    asked.participant.caseworker_id = omar.id
    kept.session.flush()
    loads = by_caseworker(kept.session, SCOPE)
    assert {worker: load.tally for worker, load in loads.items()} == {dana.id: Tally(answered=1)}
    assert total(kept.session, replace(SCOPE, team="South")) == Tally()


def test_filters_narrow_every_figure_and_together(kept: Kept) -> None:
    dana = kept.worker("dana", "North")
    kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED, worker=dana, cohort="Fall")
    kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED, worker=dana, cohort="Fall", flow="job")
    kept.check_in(THIS_WEEK, outcome=SILENT, cohort="Fall")
    kept.check_in(THIS_WEEK, outcome=SILENT, worker=dana)
    yes, no = Tally(answered=1), Tally(unanswered=1)
    for narrowed, expected in (
        ({"flow": "weekly"}, yes + no + no),
        ({"cohort": "Fall"}, yes + yes + no),
        ({"team": "North"}, yes + yes + no),
        ({"caseworker_id": dana.id}, yes + yes + no),
        ({"flow": "weekly", "cohort": "Fall", "team": "North"}, yes),
        ({"flow": "gone"}, Tally()),
        ({"caseworker_id": 999}, Tally()),
    ):
        scope = replace(SCOPE, **narrowed)  # type: ignore[arg-type]
        assert total(kept.session, scope) == expected
        for figure in (by_flow, by_cohort, by_language, by_channel, by_hour):
            assert sum(figure(kept.session, scope).values(), Tally()) == expected
        assert sum((load.tally for load in by_caseworker(kept.session, scope).values()), Tally()) == expected


def test_hours_are_those_of_the_person_when_they_were_asked(kept: Kept) -> None:
    kept.check_in(THIS_WEEK + 10 * HOUR, outcome=SILENT)  # Monday at ten in Kansas City
    kept.check_in(THIS_WEEK + 10 * HOUR, answered=HOUR, outcome=FINISHED, local_hour=16)  # where it is 16 o'clock
    kept.check_in(THIS_WEEK - MINUTE, outcome=SILENT)  # Sunday at 23:59
    kept.check_in(THIS_WEEK + 10 * HOUR, Status.DROPPED, outcome=SILENT)  # never left
    assert by_hour(kept.session, SCOPE) == {
        10: Tally(unanswered=1),
        16: Tally(answered=1),
        167: Tally(unanswered=1),
    }


def test_the_funnel_narrows_step_by_step(kept: Kept) -> None:
    kept.check_in(THIS_WEEK, Status.DROPPED, outcome=SILENT)
    kept.check_in(THIS_WEEK, Status.UNDELIVERED, outcome=SILENT)
    kept.check_in(THIS_WEEK, outcome=SILENT)
    kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED)
    at = THIS_WEEK + HOUR
    for flags in (
        [(Need.HOUSING, None, False)],
        [(Need.HOUSING, HOUR, False), (Need.JOB, None, False)],  # one of two is not taken
        [(Need.HOUSING, HOUR, False), (Need.JOB, None, True)],  # who closes it at once has taken it too
        [(Need.HOUSING, HOUR, True), (Need.JOB, HOUR, True)],
        [(Attention.READ, None, False)],  # that somebody should read is no need
    ):
        asked = kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED)
        for kind, taken, resolved in flags:
            kept.flag(kind, at, asked, taken, resolved)
    stopped = kept.check_in(THIS_WEEK, outcome=STOPPED)
    kept.flag(Need.HOUSING, at, stopped)
    kept.flag(Need.HOUSING, at)  # raised while no check-in ran
    elsewhen = kept.check_in(THIS_WEEK - 9 * WEEK, answered=HOUR, outcome=FINISHED)
    kept.flag(Need.HOUSING, at, elsewhen)  # raised in this week, in a check-in of another
    assert funnel_of(kept.session, SCOPE) == {
        Step.SENT: 9,
        Step.DELIVERED: 8,
        Step.ANSWERED: 6,
        Step.NEED_RAISED: 4,
        Step.TAKEN: 2,
        Step.RESOLVED: 1,
    }
    assert set(funnel_of(kept.session, replace(SCOPE, cohort="nobody")).values()) == {0}


def test_who_still_waits_is_not_left_out(kept: Kept) -> None:
    kept.check_in(THIS_WEEK, answered=timedelta(minutes=12, seconds=59), outcome=FINISHED)
    kept.check_in(THIS_WEEK, answered=12 * MINUTE)
    kept.check_in(THIS_WEEK, answered=3 * DAY, late=True, outcome=FINISHED, ended=4 * DAY)  # took as long as it took
    kept.check_in(THIS_WEEK, outcome=SILENT, ended=2 * DAY)
    kept.check_in(THIS_WEEK, outcome=STOPPED, ended=5 * MINUTE)
    kept.check_in(THIS_WEEK, outcome=Outcome.REPLACED, ended=HOUR)
    kept.check_in(NOW - 30 * MINUTE)  # runs
    kept.check_in(NOW - 30 * MINUTE, Status.QUEUED)  # was asked nothing yet
    kept.check_in(THIS_WEEK, Status.UNDELIVERED, outcome=SILENT)  # heard nothing to answer
    kept.check_in(THIS_WEEK, outcome=FINISHED)  # was told, not asked
    found = waits(kept.session, SCOPE, NOW)
    assert found.replied == {12 * MINUTE: 2, 3 * DAY: 1}
    assert found.waiting == {2 * DAY: 1, 5 * MINUTE: 1, HOUR: 1, 30 * MINUTE: 1}


def test_nothing_began_nothing_is_shown(kept: Kept) -> None:
    for scope in (SCOPE, Scope(date(2036, 1, 7), date(2036, 1, 14), ZONE)):
        assert total(kept.session, scope) == Tally() and set(funnel_of(kept.session, scope).values()) == {0}
        assert not by_flow(kept.session, scope) and not by_hour(kept.session, scope)
        assert waits(kept.session, scope, NOW).replied == {}
