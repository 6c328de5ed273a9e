"""Who gets which wording: equal shares, the same one for good, and what the machine makes of it."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, contingency

from bot.core.always import Always
from bot.core.flow import Flow, parse
from bot.core.kinds import Found, Hit, Intent, Lane, Language, Need
from bot.core.machine import begin, nudge, reply
from bot.core.turn import Assigns, Given, Say, Turn
from bot.core.wordings import Aim, share_out

IDS = range(1, 20_001)
NAMES = st.sets(st.text("abcdefghij_", min_size=1, max_size=8), min_size=1, max_size=5)

# shares


@pytest.mark.parametrize("names", [("usual", "warm"), ("usual", "warm", "short"), tuple("abcdefg")])
@pytest.mark.parametrize("state", ["open", "bed"])
def test_every_wording_gets_an_equal_share(names: tuple[str, ...], state: str) -> None:
    given_out = [share_out("weekly", state, each, names) for each in IDS]
    assert chisquare([given_out.count(name) for name in names]).pvalue > 0.001


def test_odd_and_even_ids_fare_alike() -> None:
    """Ids that follow each other, as those of people enrolled together do, tell nothing."""
    table = [[0, 0], [0, 0]]
    for each in IDS:
        table[each % 2][share_out("weekly", "open", each, ("usual", "warm")) == "warm"] += 1
    assert contingency.chi2_contingency(table).pvalue > 0.001


def test_two_states_share_the_same_people_out_anew() -> None:
    table = [[0, 0], [0, 0]]
    for each in IDS:
        one, other = (share_out("weekly", state, each, ("usual", "warm")) == "warm" for state in ("open", "bed"))
        table[one][other] += 1
    assert contingency.chi2_contingency(table).pvalue > 0.001


@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 2**40), NAMES, st.randoms())
def test_the_order_of_the_names_does_not_matter(flow: str, state: str, who: int, names: set[str], chance) -> None:  # type: ignore[no-untyped-def]
    shuffled = sorted(names)
    chance.shuffle(shuffled)
    assert share_out(flow, state, who, shuffled) == share_out(flow, state, who, sorted(names)) in names


def test_it_is_the_same_in_every_process_and_release() -> None:
    """Written down once: another outcome here would share out anew whoever is not on record yet."""
    assert [share_out("weekly", "open", each, ("usual", "warm")) for each in range(1, 9)] == [
        "usual", "usual", "usual", "warm", "usual", "warm", "usual", "usual",
    ]  # fmt: skip


# how many people


def test_the_plan_says_how_its_number_came_about() -> None:
    written, counted = Aim(planned=400), Aim(smallest_difference=10, usually_answered=60)
    assert (written.people, written.words) == (400, "400 people for each wording, as written in the flow")
    # Fleiss, Levin & Paik 2003, eq. 4.14, for 60 % against 50 %, the harder of 50 and 70.
    assert counted.people == 388
    assert counted.words == (
        "388 people for each wording: enough to find a difference of 10 points, 4 times in 5, where 60 of 100 answer"
    )
    with pytest.raises(ValueError, match="no number of people"):
        print(Aim(smallest_difference=10).people)


# the machine

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ALWAYS = Always(**{each.name: {Language.EN: each.name.upper()} for each in fields(Always)})
FLOW = parse(
    "weekly",
    """
title = "Weekly"
start = "open"
answer_within = "2 days"
nudge_after = "1 day"
nudge.en = "Still here."
[states.open]
say.en = "How are you?"
expect = "text"
next = "bed"
[states.bed]
say.en = "Bed? 1 or 2"
planned = 400
expect = "choice"
unless_spoken = "housing"
answers = [{ key = "1" }, { key = "2" }]
next = "bye"
[states.bed.wordings.warm]
say.en = "Slept well? 1 or 2"
[states.bed.wordings.short]
say.en = "1 bed or 2 none?"
[states.bye]
say.en = "Bye."
""",
)
SAID = {"usual": "Bed? 1 or 2", "warm": "Slept well? 1 or 2", "short": "1 bed or 2 none?"}
FINE = Found(Lane.CLOSED, Intent.REPLY)
HOUSED = Found(Lane.TODAY, Intent.REPLY, (Hit(Need.HOUSING, False, 0, 4, "no bed"),))


def person(number: int, **assigned: str) -> Given:
    return Given(Language.EN, NOW, {}, ALWAYS, participant_id=number, assigned=assigned)


def asked(given: Given, flow: Flow = FLOW) -> Turn:
    """The turn that asks for the bed."""
    start = begin(flow, {}, given)
    assert start.position is not None
    return reply(flow, start.position, "fine", FINE, given)


def said(turn: Turn) -> list[Say]:
    return [each for each in turn.effects if isinstance(each, Say)]


@given(st.integers(0, 10**6))
def test_a_new_person_is_assigned_what_they_are_told(number: int) -> None:
    (say,) = said(asked(person(number)))
    wording = share_out("weekly", "bed", number, SAID)
    assert (say.text, say.assigns) == (SAID[wording], Assigns("bed", wording))


@pytest.mark.parametrize("wording", SAID)
@pytest.mark.parametrize("number", range(5))
def test_who_was_assigned_keeps_their_wording_and_is_assigned_no_more(wording: str, number: int) -> None:
    (say,) = said(asked(person(number, bed=wording)))
    assert (say.text, say.assigns) == (SAID[wording], None)


def test_where_a_wording_was_taken_out_they_get_the_usual_one() -> None:
    (say,) = said(asked(person(1, bed="gone")))
    assert (say.text, say.assigns) == (SAID["usual"], None)


def test_a_state_without_wordings_assigns_nothing() -> None:
    assert [each.assigns for each in said(begin(FLOW, {}, person(1)))] == [None]


@pytest.mark.parametrize("wording", SAID)
def test_a_question_is_asked_again_in_the_same_wording(wording: str) -> None:
    given_to = person(1, bed=wording)
    turn = asked(given_to)
    assert turn.position is not None
    (say,) = said(reply(FLOW, turn.position, "what", FINE, given_to))
    assert (say.text, say.assigns) == (f"AGAIN {SAID[wording]}", None)


def test_who_is_not_asked_is_not_assigned() -> None:
    given_to = person(1)
    start = begin(FLOW, {}, given_to)
    assert start.position is not None
    assert [each.text for each in said(reply(FLOW, start.position, "no bed", HOUSED, given_to))] == ["Bye."]


def test_a_nudge_assigns_nothing() -> None:
    start = begin(FLOW, {}, person(1))
    assert start.position is not None
    assert [each.assigns for each in said(nudge(FLOW, start.position, person(1)))] == [None]


@given(st.integers(0, 10**6))
def test_a_wording_more_changes_nothing_for_who_is_on_record(number: int) -> None:
    (before,) = said(asked(person(number)))
    assert before.assigns is not None
    bed = replace(FLOW.states["bed"], wordings={**FLOW.states["bed"].wordings, "a": {Language.EN: "1 or 2?"}})
    wider = replace(FLOW, states={**FLOW.states, "bed": bed})
    (after,) = said(asked(person(number, bed=before.assigns.wording), wider))
    assert (after.text, after.assigns) == (before.text, None)
