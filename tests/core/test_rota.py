"""Who is on call when."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.rota import Away, Layer, Override, Rota, Shift, Stretch, gaps

KC = "America/Chicago"
ANA, BEN, CAM, DEE = 1, 2, 3, 4


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """In Kansas City in 2026; November 23 is a Monday, and clocks go back on November 1."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(KC))


def every_day(layer: Layer, staff: int, starts: int, ends: int) -> tuple[Shift, ...]:
    return tuple(Shift(layer, staff, day, time(starts), time(ends)) for day in range(7))


NIGHTS = every_day(Layer.FIRST, BEN, 20, 8)
DAYS = every_day(Layer.FIRST, ANA, 8, 20)


@pytest.mark.parametrize(
    ("when", "staff"),
    [
        (at(23, 8), (ANA,)),
        (at(23, 19, 59), (ANA,)),
        (at(23, 20), (BEN,)),
        (at(24, 7, 59), (BEN,)),
        (at(24, 8), (ANA,)),
        (at(23, 0), (BEN,)),
    ],
)
def test_shifts_change_on_the_hour_and_pass_midnight(when: datetime, staff: tuple[int, ...]) -> None:
    assert Rota(KC, DAYS + NIGHTS).on_call(Layer.FIRST, when) == staff


def test_a_night_shift_ends_on_the_wall_clock_though_clocks_went_back() -> None:
    rota = Rota(KC, NIGHTS)
    (night,) = [each for each in rota.stretches(Layer.FIRST, at(31, 12, month=10), at(1, 12)) if each.staff]
    assert (night.since, night.until) == (at(31, 20, month=10), at(1, 8))
    assert night.until - night.since == timedelta(hours=13)


def test_a_shift_that_ends_when_it_begins_lasts_a_day() -> None:
    rota = Rota(KC, every_day(Layer.FIRST, ANA, 9, 9))
    assert rota.stretches(Layer.FIRST, at(23, 0), at(30, 0)) == [
        Stretch(at(23, 0), at(30, 0), (ANA,)),
    ]


def test_layers_are_apart() -> None:
    rota = Rota(KC, DAYS + every_day(Layer.BACKUP, CAM, 0, 0))
    assert rota.on_call(Layer.FIRST, at(23, 10)) == (ANA,)
    assert rota.on_call(Layer.BACKUP, at(23, 10)) == (CAM,)


def test_an_override_takes_the_place_of_the_shifts() -> None:
    rota = Rota(KC, DAYS, (Override(Layer.FIRST, DEE, at(23, 10), at(23, 12)),))
    assert [(each.since, each.staff) for each in rota.stretches(Layer.FIRST, at(23, 8), at(23, 20))] == [
        (at(23, 8), (ANA,)),
        (at(23, 10), (DEE,)),
        (at(23, 12), (ANA,)),
    ]


def test_a_swap_is_two_overrides() -> None:
    swap = (Override(Layer.FIRST, BEN, at(23, 8), at(23, 20)), Override(Layer.FIRST, ANA, at(23, 20), at(24, 8)))
    rota = Rota(KC, DAYS + NIGHTS, swap)
    assert rota.on_call(Layer.FIRST, at(23, 12)) == (BEN,)
    assert rota.on_call(Layer.FIRST, at(23, 23)) == (ANA,)
    assert rota.on_call(Layer.FIRST, at(24, 12)) == (ANA,)


@pytest.mark.parametrize(
    ("aways", "staff"),
    [
        ((Away(ANA, at(23, 0), at(24, 0), CAM),), (CAM,)),
        ((Away(ANA, at(23, 0), at(24, 0)),), ()),
        ((Away(ANA, at(23, 0), at(24, 0), CAM), Away(CAM, at(23, 0), at(24, 0), DEE)), (DEE,)),
        ((Away(ANA, at(23, 0), at(24, 0), CAM), Away(CAM, at(23, 0), at(24, 0), ANA)), ()),
        ((Away(ANA, at(23, 0), at(23, 12), CAM),), (ANA,)),
    ],
    ids=["stand-in", "nobody", "stand-in of the stand-in", "each for the other", "back again"],
)
def test_who_is_away_is_stood_in_for(aways: tuple[Away, ...], staff: tuple[int, ...]) -> None:
    assert Rota(KC, DAYS, aways=aways).on_call(Layer.FIRST, at(23, 12)) == staff


def test_a_stand_in_knows_for_whom() -> None:
    rota = Rota(KC, aways=(Away(ANA, at(23, 0), at(24, 0), CAM), Away(BEN, at(23, 0), at(24, 0), ANA)))
    assert rota.stood_in_for(CAM, at(23, 12)) == (ANA, BEN)
    assert rota.stood_in_for(CAM, at(24, 12)) == ()


def test_gaps_are_where_nobody_reachable_is() -> None:
    rota = Rota(KC, DAYS + NIGHTS, aways=(Away(BEN, at(24, 0), at(25, 0)),))
    stretches = rota.stretches(Layer.FIRST, at(23, 12), at(26, 12))
    away = [Stretch(at(24, 0), at(24, 8), ()), Stretch(at(24, 20), at(25, 0), ())]
    assert gaps(stretches, frozenset({ANA, BEN})) == away
    assert gaps(stretches, frozenset()) == [Stretch(at(23, 12), at(26, 12), ())]


hours = st.integers(0, 23).map(time)
shifts = st.builds(Shift, st.sampled_from(Layer), st.integers(1, 4), st.integers(0, 6), hours, hours)
moments = st.timedeltas(timedelta(0), timedelta(days=21)).map(lambda after: datetime(2026, 10, 20, tzinfo=UTC) + after)
spans = st.tuples(moments, st.timedeltas(timedelta(hours=1), timedelta(days=4))).map(
    lambda span: (span[0], span[0] + span[1])
)
people = st.integers(1, 4)
overrides = st.builds(lambda layer, who, span: Override(layer, who, *span), st.sampled_from(Layer), people, spans)
aways = st.builds(lambda who, span, other: Away(who, *span, other), people, spans, st.none() | people)
rotas = st.builds(
    Rota,
    zone=st.just(KC),
    shifts=st.lists(shifts, max_size=6).map(tuple),
    overrides=st.lists(overrides, max_size=3).map(tuple),
    aways=st.lists(aways, max_size=3).map(tuple),
)


@given(rota=rotas, layer=st.sampled_from(Layer), share=st.floats(0, 0.999))
def test_stretches_tell_of_every_instant_what_is_asked_of_it(rota: Rota, layer: Layer, share: float) -> None:
    since, until = datetime(2026, 10, 28, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC)
    stretches = rota.stretches(layer, since, until)
    assert stretches[0].since == since and stretches[-1].until == until
    assert all(one.until == next_one.since for one, next_one in zip(stretches, stretches[1:], strict=False))
    instant = since + (until - since) * share
    (around,) = [each for each in stretches if each.since <= instant < each.until]
    assert rota.on_call(layer, instant) == around.staff


@given(rota=rotas, instant=moments)
def test_nobody_who_is_away_is_on_call(rota: Rota, instant: datetime) -> None:
    gone = {each.staff_id for each in rota.aways if each.since <= instant < each.until}
    assert not gone & {*rota.on_call(Layer.FIRST, instant), *rota.on_call(Layer.BACKUP, instant)}
