"""May this text leave now?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.hours import SENDING_HOURS, is_open
from bot.core.kinds import Purpose
from bot.core.sending import PRIORITY, Drop, Facts, Go, Wait, may_send, seconds_until_close

KC = "America/Chicago"
NOON = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo(KC))
NIGHT = datetime(2026, 11, 24, 3, tzinfo=ZoneInfo(KC))
MORNING = datetime(2026, 11, 24, 9, tzinfo=ZoneInfo(KC))
FACTS = Facts(Purpose.CHECK_IN, to_staff=False, consented=True, blocked=False, zone=KC, queued_at=NIGHT)


def _staff(purpose: Purpose) -> Facts:
    return replace(FACTS, purpose=purpose, to_staff=True, consented=False)


@pytest.mark.parametrize(
    ("facts", "now", "verdict"),
    [
        (FACTS, NOON, Go()),
        (FACTS, NIGHT, Wait(MORNING)),
        (FACTS, MORNING, Go()),
        (replace(FACTS, purpose=Purpose.WRITTEN), NIGHT, Wait(MORNING)),
        (replace(FACTS, purpose=Purpose.SAFETY), NIGHT, Go()),
        (replace(FACTS, purpose=Purpose.NOTICE, answers_at=NIGHT), NIGHT, Go()),
        (replace(FACTS, purpose=Purpose.NOTICE, answers_at=NIGHT - timedelta(minutes=16)), NIGHT, Wait(MORNING)),
        (replace(FACTS, purpose=Purpose.ANSWER, answers_at=NIGHT - timedelta(minutes=15)), NIGHT, Go()),
        (replace(FACTS, purpose=Purpose.ANSWER, answers_at=NIGHT - timedelta(minutes=16)), NIGHT, Wait(MORNING)),
        (replace(FACTS, purpose=Purpose.ANSWER), NIGHT, Wait(MORNING)),
        (replace(FACTS, purpose=Purpose.WRITTEN, answers_at=NIGHT), NIGHT, Wait(MORNING)),
        (_staff(Purpose.ALERT), NIGHT, Go()),
        (_staff(Purpose.NOTICE), NIGHT, Go()),
        (replace(_staff(Purpose.ALERT), blocked=True), NIGHT, Drop("opted out")),
        (replace(FACTS, called_off=True), NOON, Drop("taken back")),
        (replace(FACTS, send_before=NOON), NOON - timedelta(seconds=1), Go()),
        (replace(FACTS, send_before=NOON), NOON, Drop("out of date")),
        (replace(FACTS, blocked=True, confirms_opt_out=True), NIGHT + timedelta(minutes=5), Go()),
        (
            replace(FACTS, blocked=True, confirms_opt_out=True, answers_at=NIGHT - timedelta(minutes=6)),
            NIGHT,
            Drop("too late to confirm the opt-out"),
        ),
        (
            replace(FACTS, blocked=True, confirms_opt_out=True),
            NIGHT + timedelta(minutes=5, seconds=1),
            Drop("too late to confirm the opt-out"),
        ),
    ],
)
def test_the_rule(facts: Facts, now: datetime, verdict: object) -> None:
    assert may_send(facts, now) == verdict


ANY = st.builds(
    Facts,
    purpose=st.sampled_from(Purpose),
    to_staff=st.just(False),
    consented=st.booleans(),
    blocked=st.booleans(),
    zone=st.sampled_from((KC, "Pacific/Honolulu", "America/New_York")),
    queued_at=st.just(NIGHT),
    answers_at=st.none() | st.just(NIGHT),
    send_before=st.none() | st.just(NOON),
)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=370)).map(lambda after: NOON.astimezone(UTC) + after)


@given(facts=ANY, now=INSTANTS)
def test_no_text_without_consent_or_against_an_opt_out(facts: Facts, now: datetime) -> None:
    if facts.blocked or not facts.consented:
        assert isinstance(may_send(facts, now), Drop)


@given(facts=ANY, now=INSTANTS)
def test_no_check_in_at_night(facts: Facts, now: datetime) -> None:
    facts = replace(facts, purpose=Purpose.CHECK_IN)
    if may_send(facts, now) == Go():
        assert is_open(SENDING_HOURS, now, facts.zone)


@given(now=INSTANTS)
def test_the_carrier_holds_nothing_into_the_night(now: datetime) -> None:
    ends = now + timedelta(seconds=seconds_until_close(now, KC))
    if is_open(SENDING_HOURS, now, KC) and is_open(SENDING_HOURS, now + timedelta(minutes=1), KC):
        assert not is_open(SENDING_HOURS, ends + timedelta(seconds=1), KC)
        assert is_open(SENDING_HOURS, ends - timedelta(seconds=1), KC)


def test_danger_leaves_first() -> None:
    assert sorted(PRIORITY, key=PRIORITY.__getitem__)[:2] == [Purpose.SAFETY, Purpose.ALERT]
    assert set(PRIORITY) == set(Purpose)
