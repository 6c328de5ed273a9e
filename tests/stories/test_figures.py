"""What figures count is kept as things happen: late, at night, twice, killed midway, merged."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.arrangements import Desk
from bot.carrier import OutgoingText, Taken
from bot.carrier.faults import Fault, FaultKind
from bot.casework import end_running
from bot.core.became import Step, Tally
from bot.core.delivery import Status
from bot.core.kinds import Answer, Need, Outcome
from bot.deliveries import Callback, record_delivery
from bot.joining import join_number
from bot.merging import merge
from bot.models import Assignment, CheckIn, Danger, Flag, Participant, Role, Staff, WeekCount
from bot.people import hold
from bot.reports import checkins, humans, people
from bot.reports.scope import latest
from bot.starting import start_due
from tests.world import MONDAY_MORNING, OUR_NUMBER, ZONE, Colleague, Person, World

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@dataclass
class _Asked:
    """Ana was just asked how her week goes."""

    world: World
    ana: Person
    dana: Colleague

    def kept(self) -> CheckIn:
        """Her check-in as it is kept now."""
        with self.world.standby.db.reading() as session:
            return session.scalars(select(CheckIn).where(CheckIn.participant_id == self.ana.id)).one()

    def became(self) -> Tally:
        with self.world.standby.db.reading() as session:
            return checkins.total(session, latest(self.world.now, ZONE))


@pytest.fixture
def asked(world: World) -> _Asked:
    dana = world.colleague("Dana", team="North")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("How is your week")
    return _Asked(world, ana, dana)


def test_what_a_check_in_is_counted_by_is_kept_at_its_start(asked: _Asked) -> None:
    kept = asked.kept()
    assert (kept.week, kept.local_hour) == (date(2026, 11, 23), 10)
    assert (kept.channel, kept.language, kept.team, kept.caseworker_id) == ("sms", "en", "North", asked.dana.id)
    assert (kept.first_status, kept.asked_at) == (Status.DELIVERED, MONDAY_MORNING)
    assert (kept.answer, kept.waited_min) == (None, None)
    assert asked.became() == Tally(open=1)


def test_the_first_of_two_answers_counts(asked: _Asked) -> None:
    asked.world.passes(minutes=7)
    asked.ana.texts("im good")
    asked.ana.hears()
    asked.world.passes(hours=2)
    asked.ana.texts("1")
    asked.ana.hears()
    kept = asked.kept()
    assert (kept.answer, kept.waited_min, kept.answered_at) == (Answer.IN_TIME, 7, MONDAY_MORNING + 7 * MINUTE)
    assert asked.became() == Tally(answered=1)


def test_an_answer_at_night_is_an_answer(asked: _Asked) -> None:
    asked.world.passes(hours=17)
    asked.ana.texts("im good")
    asked.ana.hears()
    assert (asked.kept().answer, asked.kept().waited_min) == (Answer.IN_TIME, 17 * 60)
    assert asked.became() == Tally(answered=1)


def test_silence_is_no_answer_and_the_wait_ends_with_the_check_in(asked: _Asked) -> None:
    asked.world.passes(days=5)
    asked.ana.hears_all()
    kept = asked.kept()
    assert kept.outcome is Outcome.SILENT and kept.ended_at is not None
    assert kept.waited_min == (kept.ended_at - MONDAY_MORNING) // MINUTE >= 3 * 24 * 60
    asked.ana.texts("im good")  # long after it ended
    asked.dana.hears_all()
    asked.ana.hears_all()
    assert asked.kept().answer is None
    assert asked.became() == Tally(unanswered=1)


def test_an_answer_when_its_time_is_over_is_late_even_where_the_clock_was_down(asked: _Asked) -> None:
    asked.world.sleeps(days=4)
    asked.ana.texts("im good")
    asked.ana.hears()  # the talk goes on all the same
    assert (asked.kept().answer, asked.kept().waited_min) == (Answer.LATE, 4 * 24 * 60)
    assert asked.became() == Tally(unanswered=1)


def test_an_answer_in_time_that_a_crash_kept_waiting_is_in_time(asked: _Asked) -> None:
    asked.world.passes(hours=1)
    asked.ana.sends("im good")
    asked.world.carrier.run_due()
    asked.world.dies()
    asked.world.sleeps(days=4)
    asked.world.settles()
    asked.ana.hears_all()
    assert (asked.kept().answer, asked.kept().waited_min) == (Answer.IN_TIME, 60)
    assert asked.became() == Tally(answered=1)


def test_stop_is_counted_apart(asked: _Asked) -> None:
    asked.world.passes(minutes=5)
    asked.ana.texts("STOP")
    asked.ana.hears("unsubscribed")
    asked.dana.hears()
    assert asked.kept().waited_min == 5
    assert asked.became() == Tally(opted_out=1)
    with asked.world.standby.db.reading() as session:
        assert people.by_week(session, latest(asked.world.now, ZONE, 1)) == {
            date(2026, 11, 23): people.Lost(opted_out=1)
        }


def test_stop_in_the_middle_takes_no_answer_back(asked: _Asked) -> None:
    asked.ana.texts("im good")
    asked.ana.hears()
    asked.ana.texts("STOP")
    asked.ana.hears("unsubscribed")
    asked.dana.hears()
    assert asked.kept().outcome is Outcome.STOPPED
    assert asked.became() == Tally(answered=1)


def test_what_people_took_over_is_counted_apart(asked: _Asked) -> None:
    with asked.world.standby.db.writing() as session:
        hold(session, asked.ana.id)
        end_running(session, asked.ana.id, Outcome.HANDED_OVER, asked.world.now)
    assert asked.became() == Tally(cut_short=1)


def test_asking_for_a_person_is_an_answer(asked: _Asked) -> None:
    asked.ana.texts("can i talk to a real person")
    asked.ana.hears()
    asked.dana.hears()
    assert asked.kept().outcome is Outcome.HANDED_OVER
    assert asked.became() == Tally(answered=1)


def test_a_text_that_did_not_arrive_counts_for_nobody_until_a_reply_proves_that_it_did(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.goes_wrong(Fault(FaultKind.UNDELIVER, handset=ana.number))
    world.is_due(ana, "weekly")
    world.settles()
    asked = _Asked(world, ana, dana)
    assert asked.kept().first_status is Status.UNDELIVERED
    assert asked.became() == Tally(not_delivered=1)
    dana.hears()
    ana.texts("im good")
    ana.hears()
    assert asked.became() == Tally(answered=1)


def test_a_killed_process_leaves_no_check_in_out_of_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.is_due(ana, "weekly")

    def dies(_text: OutgoingText) -> Taken:
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(world.standby.post.carrier, "send", dies)
        with pytest.raises(SystemExit):
            world.settles()
    asked = _Asked(world, ana, dana)
    assert (asked.kept().first_status, asked.kept().asked_at) == (Status.SENDING, None)
    world.expects_figures_in_step()
    world.dies()
    world.passes(minutes=15)
    ana.hears("How is your week")
    assert asked.kept().first_status is Status.DELIVERED
    assert (asked.kept().asked_at or MONDAY_MORNING) > MONDAY_MORNING + 9 * MINUTE


@pytest.mark.parametrize("fault", [FaultKind.REPEAT_CALLBACKS, FaultKind.REORDER_CALLBACKS, FaultKind.DROP_CALLBACKS])
def test_callbacks_that_repeat_or_come_out_of_order_keep_the_step(world: World, fault: FaultKind) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.goes_wrong(Fault(fault, handset=ana.number))
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("How is your week")
    world.expects_figures_in_step()
    assert _Asked(world, ana, dana).became() == Tally(open=1)


def test_who_moved_was_asked_at_the_hour_it_was(asked: _Asked) -> None:
    with asked.world.standby.db.writing() as session:
        session.get_one(Participant, asked.ana.id).zone = "Pacific/Honolulu"
    text = asked.world.texts_to(asked.ana)[0]
    with asked.world.standby.db.writing() as session:
        said = Callback(text.token or "", text.carrier_id or "", "read", None)
        record_delivery(session, said, asked.world.now + DAY, OUR_NUMBER)
    assert (asked.kept().first_status, asked.kept().local_hour) == (Status.READ, 10)
    assert asked.kept().asked_at == MONDAY_MORNING


@pytest.mark.parametrize(
    ("at", "zone", "hour"),
    [
        ("2026-11-01T15:00Z", ZONE, 6 * 24 + 9),  # clocks went back this Sunday: nine o'clock already
        ("2026-10-31T15:00Z", ZONE, 5 * 24 + 10),  # the day before
        ("2026-11-23T17:00Z", "Pacific/Kiritimati", 1 * 24 + 9),  # at ten on Tuesday, not on Monday
        ("2026-11-23T19:00Z", "America/Los_Angeles", 11),
    ],
)
def test_hours_follow_the_persons_own_clock(world: World, at: str, zone: str, hour: int) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana, zone=zone)
    world.now = datetime.fromisoformat(at)
    if zone == "Pacific/Kiritimati":
        world.now += 2 * HOUR  # where it is 9 in the morning
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("How is your week")
    assert _Asked(world, ana, dana).kept().local_hour == hour


def test_a_check_in_across_new_year_stays_in_the_week_of_its_start(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.now = datetime(2026, 12, 31, 18, tzinfo=UTC)
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("How is your week")
    world.passes(days=2)
    ana.hears_all()
    ana.texts("im good")
    ana.hears()
    with world.standby.db.reading() as session:
        found = checkins.by_week(session, latest(world.now, ZONE, 2))
        assert found == {date(2026, 12, 21): Tally(), date(2026, 12, 28): Tally(answered=1)}
        assert checkins.waits(session, latest(world.now, ZONE, 1), world.now).replied == {2 * DAY: 1}


def test_a_need_is_followed_to_its_end(asked: _Asked) -> None:
    def funnel() -> list[int]:
        with asked.world.standby.db.reading() as session:
            return list(checkins.funnel_of(session, latest(asked.world.now, ZONE)).values())

    asked.ana.texts("i got evicted and have no place to sleep")
    asked.ana.hears_all()
    asked.dana.hears_all()
    with asked.world.standby.db.reading() as session:
        flags = session.scalars(select(Flag).where(Flag.kind.in_(list(Need)))).all()
        assert flags and all(each.check_in_id == asked.kept().id for each in flags)
        assert {each.check_in_week for each in flags} == {asked.kept().week}
    assert funnel() == [1, 1, 1, 1, 0, 0]
    assert list(Step)[3] is Step.NEED_RAISED


def test_every_time_danger_stands_open_is_a_case(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.texts("he hit me")
    ana.hears("911")
    world.passes(minutes=2)
    with world.standby.db.reading() as session:
        (case,) = humans.waiting_cases(session, latest(world.now, ZONE))
        assert (case.participant_id, case.caseworker_id, case.waited(world.now)) == (ana.id, dana.id, 2 * MINUTE)
    dana.texts(dana.code())
    dana.hears("it is yours")
    world.passes(minutes=8)
    ana.texts("he hit me again please help me")
    world.passes(minutes=1)
    with world.standby.db.reading() as session:
        scope = latest(world.now, ZONE)
        assert [each.waited(world.now) for each in humans.cases(session, scope)] == [2 * MINUTE, MINUTE]
        assert [each.waited(world.now) for each in humans.waiting_cases(session, scope)] == [MINUTE]
        flag = session.scalars(select(Flag)).one()
        assert flag.first_taken_at == MONDAY_MORNING + 2 * MINUTE and flag.taken_at is None
    dana.hears_all()


def test_two_entries_that_are_one_person_keep_their_figures(world: World) -> None:
    dana, omar = world.colleague("Dana", team="North"), world.colleague("Omar", team="South")
    ana, double = world.participant("Ana", dana), world.participant("Anna", omar)
    for person in (ana, double):
        world.is_due(person, "weekly")
    world.settles()
    for person in (ana, double):
        person.hears("How is your week")
    double.texts("he hit me")
    double.hears("911")
    omar.hears("danger")
    world.passes(minutes=1)
    with world.standby.db.writing() as session:
        for flow, state, person, variant in (
            ("weekly", "bed", ana, "a"), ("weekly", "bed", double, "b"), ("job", "going", double, "b")
        ):  # fmt: skip
            asked = session.scalars(select(CheckIn).where(CheckIn.participant_id == person.id)).one()
            session.add(
                Assignment(
                    participant_id=person.id, flow_name=flow, state=state, variant=variant, at=world.now,
                    flow_version=asked.flow_version, check_in_id=asked.id,
                )
            )  # fmt: skip
    _merge(world, ana, double, dana)
    world.expects_figures_in_step()
    with world.standby.db.reading() as session:
        scope = latest(world.now, ZONE)
        assert {each.team for each in session.scalars(select(CheckIn))} == {"North", "South"}
        loads = checkins.by_caseworker(session, scope)
        assert {key: load.tally for key, load in loads.items()} == {
            dana.id: Tally(open=1),
            omar.id: Tally(answered=1),
        }
        variants = session.execute(select(Assignment.flow_name, Assignment.variant).order_by(Assignment.id))
        assert [tuple(each) for each in variants] == [("weekly", "a"), ("job", "b")]
        (case,) = humans.waiting_cases(session, scope)
        assert (case.participant_id, case.since) == (ana.id, MONDAY_MORNING)
    world.settles()
    dana.hears_all()
    omar.hears_all()
    ana.hears_all()


def test_danger_of_two_that_are_one_goes_on_until_it_is_taken(world: World) -> None:
    dana = world.colleague("Dana")
    ana, double = world.participant("Ana", dana), world.participant("Anna", dana)
    for person in (ana, double):
        person.texts("he hit me")
        person.hears("911")
        world.passes(minutes=1)
    _merge(world, ana, double, dana)
    with world.standby.db.reading() as session:
        (case,) = humans.waiting_cases(session, latest(world.now, ZONE))
        assert (case.participant_id, case.since) == (ana.id, MONDAY_MORNING)  # once, from the first word of it on
        closed = session.scalars(select(Flag).where(Flag.resolved_at.is_not(None))).one()
        assert closed.first_taken_at is None
    world.settles()
    dana.texts(dana.hears_all()[-1].split("text back ")[1].split()[0])
    dana.hears_all()
    with world.standby.db.reading() as session:
        assert not humans.waiting_cases(session, latest(world.now, ZONE))
        assert all(each.taken_at for each in session.scalars(select(Danger)))


def _desk(world: World, session: Session, person: Person, by: Colleague) -> Desk:
    post, staff = world.standby.post, session.get_one(Staff, by.id)
    return Desk(
        session, post.settings, post.rules, world.standby.shelf, hold(session, person.id), staff, world.now
    )  # fmt: skip


def _merge(world: World, ana: Person, double: Person, by: Colleague) -> None:
    with world.standby.db.writing() as session:
        desk = _desk(world, session, ana, by)
        merge(desk, hold(session, double.id))
    double.hears_all()


def test_a_number_that_turns_out_to_be_somebodys_counts_as_theirs(world: World) -> None:
    dana = world.colleague("Dana", Role.SUPERVISOR, team="North")
    ana, stranger = world.participant("Ana", dana), world.stranger()
    stranger.texts("he hit me")
    dana.hears("danger")
    scope = latest(world.now, ZONE)
    with world.standby.db.reading() as session:
        (case,) = humans.waiting_cases(session, scope)
        assert (case.participant_id, case.caseworker_id) == (None, None)
    world.sleeps(days=7)
    with world.standby.db.writing() as session:
        fingerprint = world.standby.db.fingerprint(stranger.number)
        join_number(world.standby.db, _desk(world, session, ana, dana), fingerprint)
    with world.standby.db.reading() as session:
        (case,) = humans.waiting_cases(session, replace(scope, team="North"))
        assert (case.participant_id, case.caseworker_id, case.since) == (ana.id, dana.id, MONDAY_MORNING)
        assert {each.week for each in session.scalars(select(Flag))} == {date(2026, 11, 23)}
    world.settles()
    dana.hears_all()


def test_what_begins_in_a_week_that_was_counted_too_early_is_counted(world: World) -> None:
    """A clock that was ahead for weeks took this week for one that is over."""
    ana = world.participant("Ana", world.colleague("Dana"))
    scope = latest(world.now, ZONE, 1)
    with world.standby.db.writing() as session:
        session.add(WeekCount(by="channel", week=scope.first, flow_name="weekly", parts=[]))
    world.is_due(ana, "weekly")
    assert start_due(world.standby.talk, world.now) == 1
    with world.standby.db.reading() as session:
        assert checkins.total(session, scope).started == 1
    world.settles()
    ana.hears("week")
