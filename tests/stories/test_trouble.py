"""Processes are killed and the carrier has bad days: nobody is texted twice, nothing is lost, alerts repeat."""

from datetime import datetime

import pytest

from bot.carrier import HeardText, OutcomeUnknown, OutgoingText, Refused, Taken
from bot.carrier.faults import Fault, FaultKind
from bot.core.delivery import Status
from bot.core.kinds import Found
from bot.models import Role
from tests.conftest import Log
from tests.world import World


def test_killed_after_the_webhook_committed(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    ana.sends("he hit me")
    world.carrier.run_due()
    world.dies()
    ana.hears_nothing()
    world.settles()
    ana.hears("911")
    dana.hears("danger")


def test_killed_while_handing_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")

    def dies(_text: OutgoingText) -> Taken:
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(world.standby.post.carrier, "send", dies)
        with pytest.raises(SystemExit):
            world.settles()
    world.dies()
    world.passes(minutes=9)
    ana.hears_nothing()
    world.passes(minutes=5)
    ana.hears("How is your week")
    world.passes(hours=2)


def test_killed_between_the_carriers_answer_and_our_commit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    send = world.standby.post.carrier.send

    def dies_after(text: OutgoingText) -> Taken:
        send(text)
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(world.standby.post.carrier, "send", dies_after)
        with pytest.raises(SystemExit):
            world.settles()
    assert world.texts_to(ana)[0].status is Status.SENDING
    world.dies()
    world.settles()  # the callbacks come before anybody asked
    ana.hears("How is your week")
    assert world.texts_to(ana)[0].status is Status.DELIVERED
    world.passes(hours=2)


BEFORE = (Fault(FaultKind.RESET), Fault(FaultKind.REFUSE), Fault(FaultKind.REFUSE, code=20429, http_status=429))
DROPPED = Fault(FaultKind.DROP_CALLBACKS)
AFTER = (Fault(FaultKind.TAKE_AND_RESET), Fault(FaultKind.TAKE_AND_REFUSE))


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER], ids=lambda fault: f"{fault.kind}-{fault.http_status}")
def test_whatever_the_answer_was_the_question_is_heard_once(world: World, fault: Fault) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.goes_wrong(fault)
    world.is_due(ana, "weekly")
    world.passes(minutes=20)
    ana.hears("How is your week")
    world.passes(hours=3)
    assert world.texts_to(ana)[0].status is Status.DELIVERED


@pytest.mark.parametrize("fault", AFTER, ids=lambda fault: str(fault.kind))
def test_even_without_callbacks_a_question_is_heard_once(world: World, fault: Fault) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.goes_wrong(fault)
    world.goes_wrong(DROPPED)
    world.is_due(ana, "weekly")
    world.passes(hours=3)
    ana.hears("How is your week")
    assert world.texts_to(ana)[0].carrier_id


def test_an_alert_without_an_outcome_is_repeated(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.goes_wrong(Fault(FaultKind.RESET, handset=dana.number))
    ana.texts("i need a job")
    ana.hears("passed this on")
    dana.hears_nothing()
    world.passes(minutes=4)
    dana.hears("someone needs an answer")


def test_a_stuck_alert_holds_up_no_other(world: World) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana, ben = world.participant("Ana", dana), world.participant("Ben", dana)
    world.goes_wrong(Fault(FaultKind.REFUSE, sam.number, code=20429, http_status=429), times=500)
    world.stranger().texts("hello")
    world.passes(minutes=14)
    sam.hears_nothing()
    ana.texts("he hit me")
    ana.hears("911")
    dana.texts(dana.code())
    dana.hears("it is yours")
    ben.texts("they shot at my house")
    ben.hears("911")
    dana.hears("danger")
    world.passes(minutes=3)
    dana.hears("danger")
    world.carrier.exchange.faults.clear()
    world.passes(minutes=3)
    assert any("danger" in each for each in sam.hears_all())


class Away:
    """A carrier that nobody reaches for a while."""

    def __init__(self, world: World, slow: bool) -> None:
        self.real, self.slow, self.back, self.asked = world.standby.post.carrier, slow, False, 0

    def send(self, text: OutgoingText) -> Taken:
        if self.back:
            return self.real.send(text)
        self.asked += 1
        raise OutcomeUnknown("no answer in time") if self.slow else Refused("nobody there")

    def find(self, text: OutgoingText, since: object) -> list[Taken]:
        if self.back:
            return self.real.find(text, since)
        raise Refused("nobody there")

    def heard(self, since: datetime) -> list[HeardText]:
        if self.back:
            return self.real.heard(since)
        raise Refused("nobody there")


@pytest.mark.parametrize("slow", [True, False])
def test_a_carrier_away_for_long(world: World, log: Log, slow: bool) -> None:
    dana, sam = world.colleague("Dana"), world.colleague("Sam", Role.SUPERVISOR)
    ana, ben = world.participant("Ana", dana), world.participant("Ben", dana)
    away = Away(world, slow)
    world.standby = world.with_carrier(away)
    world.is_due(ben, "weekly")
    ana.texts("he hit me")
    world.passes(minutes=50 if slow else 120)
    log.expects("job_failed")  # looking for texts that no webhook brought
    away.back = True
    world.passes(minutes=25)
    ana.hears("911")
    ben.hears("How is your week")
    assert dana.hears_all()
    assert 1 <= len(sam.hears_all()) <= 6  # what waited was dropped for what is newest


def test_a_carrier_in_trouble_ends_the_round(world: World, log: Log) -> None:
    away = Away(world, slow=True)
    world.standby = world.with_carrier(away)
    for name in ("Ana", "Ben", "Cleo", "Dee"):
        world.is_due(world.participant(name), "weekly")
    world.settles()
    assert away.asked <= 2
    log.expects("job_failed")
    away.back = True
    world.passes(minutes=14)
    for phone in world.phones:
        phone.hears("How is your week")


def test_a_detector_that_fails_costs_nothing(world: World, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)

    def fails(_text: str) -> Found:
        raise ValueError

    monkeypatch.setitem(world.standby.inbox.__dict__, "find", fails)
    ana.texts("hello there")
    log.expects("detector_failed")
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["read today open"]


def test_a_text_that_nothing_can_handle_goes_to_a_person(
    world: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)

    def fails(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr("bot.hearing.take_reply", fails)
    ana.texts("hello there")
    dana.hears_nothing()
    world.passes(minutes=3)
    assert log.expects("handling_failed") == 3
    dana.hears("someone may be in danger")
    assert world.flags(ana) == ["read now open"]


def test_a_text_waits_while_the_one_before_it_cannot_be_handled(
    world: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = world.participant("Ana", world.colleague("Dana"))
    world.is_due(ana, "weekly")
    world.settles()
    ana.hears("week")
    ana.sends("im good")
    ana.sends("1")
    with monkeypatch.context() as failing:
        failing.setattr("bot.hearing.take_reply", None)
        world.settles()
    assert log.expects("handling_failed") == 1
    assert [each.handled_at for each in world.texts_from(ana)] == [None, None]
    world.passes(minutes=2)
    ana.hears("place to stay")
    ana.hears("And work?")


def test_a_number_that_does_not_exist(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana, number="+1816")
    world.is_due(ana, "weekly", repeat_days=7)
    world.passes(minutes=1)
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["unreachable today open"]
    assert world.texts_to(ana)[0].reason == "This is not a phone number the carrier knows."
    world.passes(days=8)
    assert len(world.texts_to(ana)) == 1
    assert world.check_ins(ana) == ["weekly broken"]
    dana.hears_all()


def test_a_number_that_changed_hands(world: World) -> None:
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    world.goes_wrong(Fault(FaultKind.UNDELIVER, code=30005))
    world.is_due(ana, "weekly", repeat_days=7)
    world.passes(minutes=1)
    dana.hears("someone needs an answer")
    assert world.flags(ana) == ["unreachable today open"]
    assert world.texts_to(ana)[0].reason == "The number may not exist any more."
    world.passes(days=8)
    dana.hears_all()
    assert len(world.texts_to(ana)) == 1
    ana.texts("im good")  # it works after all
    world.is_due(ana, "welcome")
    world.settles()
    assert len(ana.hears_all()) == 2


def test_a_bad_end_that_nobody_told_us_of_counts_when_we_ask(world: World) -> None:
    """The answer was lost and so were the callbacks: what the carrier says when asked is as good."""
    dana = world.colleague("Dana")
    ana = world.participant("Ana", dana)
    for fault in (Fault(FaultKind.TAKE_AND_RESET), Fault(FaultKind.UNDELIVER, code=30005), DROPPED):
        world.goes_wrong(fault)
    world.is_due(ana, "weekly", repeat_days=7)
    world.passes(hours=1)
    (text,) = world.texts_to(ana)
    assert (text.status, text.error_code) == (Status.UNDELIVERED, 30005)
    assert text.reason == "The number may not exist any more."
    assert world.flags(ana) == ["unreachable today open"]
    dana.hears("someone needs an answer")
    world.passes(days=8)
    dana.hears_all()
    assert len(world.texts_to(ana)) == 1
