"""The state machine: tables for each promise, and random flows with random texts for the one that nothing breaks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.always import Always
from bot.core.flow import Answer, Does, Expect, Flow, Planned, State, parse
from bot.core.flow_check import check
from bot.core.kinds import Attention, FlagKind, Found, Hit, Intent, Lane, Language, Need, Outcome, Purpose
from bot.core.machine import begin, due_at, moment_of, nudge, reply, silence, unprompted
from bot.core.turn import Finish, Given, Position, RaiseFlag, Remember, Say, Schedule, Turn

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ALWAYS = Always(**{
    each.name: {Language.EN: each.name.upper(), Language.ES: f"{each.name} ES"} for each in fields(Always)
})  # fmt: skip
GIVEN = Given(Language.EN, NOW, {"worker": "Ana", "programme": "KC", "contact": "816"}, ALWAYS)

FLOW = parse(
    "weekly",
    """
title = "Weekly"
start = "open"
answer_within = "2 days"
nudge_after = "1 day"
nudge.en = "{worker} again"
given = ["need", "seen_at"]
[silence]
flag = "quiet"
plan = { flow = "later", when = "3 hours before seen_at" }
[states.open]
say.en = "How are you? {worker}"
say.es = "¿Qué tal? {worker}"
expect = "text"
remember = "week"
next = "bed"
[states.bed]
say.en = "Bed?"
expect = "choice"
unless_spoken = "housing"
remember = "bed"
next = "safe"
answers = [
  { key = "1", en = ["good"] },
  { key = "2", flag = "housing" },
  { key = "3", flag = "{need}", plan = { flow = "job", when = "1 week" }, next = "tell" },
]
[states.tell]
say.en = "You said {week}"
next = "safe"
[states.safe]
say.en = "Safe?"
expect = "choice"
unless_spoken = "safety"
answers = [{ key = "1" }, { key = "3", flag_now = "safety" }]
tries = 1
next = "bye"
[states.bye]
say.en = "Bye."
""",
)

CLOSED, TODAY, NOW_LANE = (Found(lane, Intent.REPLY) for lane in (Lane.CLOSED, Lane.TODAY, Lane.NOW))
HOUSED = Found(Lane.TODAY, Intent.REPLY, (Hit(Need.HOUSING, False, 0, 7, "put out"),))
SHOT = Found(Lane.NOW, Intent.REPLY, (Hit(Need.SAFETY, True, 0, 4, "shot at"),))
UNEASY = Found(Lane.TODAY, Intent.REPLY, (Hit(Need.SAFETY, False, 0, 4, "uneasy"),))
PICTURE, PICTURE_TODAY, PICTURE_HOUSED, PICTURE_SHOT = (
    replace(found, partial=True) for found in (CLOSED, TODAY, HOUSED, SHOT)
)
CALL = Found(Lane.TODAY, Intent.HUMAN)
HELP = Found(Lane.TODAY, Intent.HELP)


@dataclass
class Talk:
    """One check-in in which the position is written to JSON and read back between every two steps."""

    flow: Flow = FLOW
    given: Given = GIVEN
    turn: Turn = field(init=False)
    said: list[str] = field(default_factory=list)
    values: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.take(begin(self.flow, self.values, self.given))

    @property
    def state(self) -> str | None:
        return self.turn.position.state if self.turn.position else None

    def texts(self, text: str, found: Found = TODAY) -> "Talk":
        assert self.turn.position, "the check-in is over"
        stored = json.loads(json.dumps(self.turn.position.to_dict()))
        self.take(reply(self.flow, Position.from_dict(stored), text, found, self.given))
        return self

    def take(self, turn: Turn) -> None:
        says = [effect for effect in turn.effects if isinstance(effect, Say)]
        self.turn, self.said = turn, [say.text for say in says]
        if any(say.purpose is Purpose.SAFETY for say in says):
            self.given = replace(self.given, safety_said=True)

    @property
    def flags(self) -> dict[FlagKind, bool]:
        """What was raised in this turn, and whether urgently."""
        return {effect.kind: effect.urgent for effect in self.turn.effects if isinstance(effect, RaiseFlag)}

    @property
    def outcome(self) -> Outcome | None:
        ends = [effect.outcome for effect in self.turn.effects if isinstance(effect, Finish)]
        assert len(ends) == (0 if self.turn.position else 1)
        return ends[0] if ends else None


def at_bed(**values: str) -> Talk:
    return Talk(values=values).texts("fine", CLOSED)


def at_safe() -> Talk:
    return at_bed().texts("1", CLOSED)


def test_it_opens_in_the_person_s_language() -> None:
    assert Talk(given=replace(GIVEN, language=Language.ES)).said == ["¿Qué tal? Ana"]
    assert Talk().said == ["How are you? Ana"]


def test_the_first_text_leaves_as_a_check_in_and_the_next_as_an_answer() -> None:
    talk = Talk()
    assert [effect.purpose for effect in talk.turn.effects if isinstance(effect, Say)] == [Purpose.CHECK_IN]
    talk.texts("fine")
    assert [effect.purpose for effect in talk.turn.effects if isinstance(effect, Say)] == [Purpose.ANSWER]


REPLIES: list[tuple[str, Talk, str, Found, str | None, dict[FlagKind, bool], Lane]] = [
    # what, where, text, found -> state, flags, lane
    ("a harmless word moves on", Talk(), "good", CLOSED, "bed", {}, Lane.CLOSED),
    ("an unread word is read by a person", Talk(), "hm", TODAY, "bed", {Attention.READ: False}, Lane.TODAY),
    ("a need is flagged and not asked for", Talk(), "put out", HOUSED, "safe", {Need.HOUSING: False}, Lane.TODAY),
    ("a listed answer needs nobody", at_bed(), "1", TODAY, "safe", {}, Lane.CLOSED),
    ("a listed word does neither", at_bed(), "Good!", TODAY, "safe", {}, Lane.CLOSED),
    ("an answer with more to it is read", at_bed(), "1 but tired", TODAY, "safe", {Attention.READ: False}, Lane.TODAY),
    ("an answer raises its flag", at_bed(), "2", TODAY, "safe", {Need.HOUSING: False}, Lane.TODAY),
    ("an answer and a need in one", at_bed(), "2 put out", HOUSED, "safe", {Need.HOUSING: False}, Lane.TODAY),
    ("a good answer with a need", at_bed(), "1 put out", HOUSED, "safe", {Need.HOUSING: False}, Lane.TODAY),
    ("words in place of an answer", at_bed(), "hm", TODAY, "bed", {Attention.READ: False}, Lane.TODAY),
    ("a harmless word in its place, too", at_bed(), "lol", CLOSED, "bed", {Attention.READ: False}, Lane.TODAY),
    ("the need asked for, in words", at_bed(), "put out", HOUSED, "safe", {Need.HOUSING: False}, Lane.TODAY),
    ("another need in words", at_safe(), "put out", HOUSED, None, {Need.HOUSING: False}, Lane.TODAY),
    ("an answer that is urgent", at_safe(), "3", TODAY, None, {Need.SAFETY: True}, Lane.NOW),
    ("an urgent answer with plain words", at_safe(), "3 hm", UNEASY, None, {Need.SAFETY: True}, Lane.NOW),
    ("urgent words", at_bed(), "shot", SHOT, None, {Need.SAFETY: True}, Lane.NOW),
    ("urgent with no need named", at_bed(), "!!", NOW_LANE, None, {Attention.READ: True}, Lane.NOW),
    ("urgent with an answer", at_bed(), "2 shot", SHOT, None, {Need.SAFETY: True, Need.HOUSING: False}, Lane.NOW),
    ("a person is asked for", at_bed(), "call me", CALL, None, {Attention.HUMAN: False}, Lane.TODAY),
    (
        "a person is asked for with an urgent answer", at_safe(), "3 call me", CALL, None,
        {Need.SAFETY: True, Attention.HUMAN: False}, Lane.NOW,
    ),
    (
        "a person is asked for with a need",
        Talk(), "put out call me", replace(HOUSED, intent=Intent.HUMAN), None,
        {Need.HOUSING: False, Attention.HUMAN: False}, Lane.TODAY,
    ),
    ("a picture beside a harmless word", Talk(), "good", PICTURE, "bed", {Attention.READ: False}, Lane.TODAY),
    ("a picture beside a listed answer", at_bed(), "1", PICTURE, "safe", {Attention.READ: False}, Lane.TODAY),
    ("a picture beside unread words", at_bed(), "hm", PICTURE_TODAY, "bed", {Attention.READ: False}, Lane.TODAY),
    (
        "a picture beside an answer with a flag", at_bed(), "2", PICTURE, "safe",
        {Need.HOUSING: False, Attention.READ: False}, Lane.TODAY,
    ),
    (
        "a picture beside an urgent answer", at_safe(), "3", PICTURE, None,
        {Need.SAFETY: True, Attention.READ: False}, Lane.NOW,
    ),
    (
        "a picture beside urgent words", at_bed(), "shot", PICTURE_SHOT, None,
        {Need.SAFETY: True, Attention.READ: False}, Lane.NOW,
    ),
    ("help leaves the question open", at_bed(), "help", HELP, "bed", {Attention.HELP: False}, Lane.TODAY),
]  # fmt: skip


@pytest.mark.parametrize(("talk", "text", "found", "state", "flags", "lane"), [row[1:] for row in REPLIES],
                         ids=[row[0] for row in REPLIES])  # fmt: skip
def test_reply(talk: Talk, text: str, found: Found, state: str | None, flags: object, lane: Lane) -> None:
    talk.texts(text, found)
    assert (talk.state, talk.flags, talk.turn.lane) == (state, flags, lane)


def test_a_flag_carries_the_words_that_say_so() -> None:
    flag = next(effect for effect in at_bed().texts("2 put out", HOUSED).turn.effects if isinstance(effect, RaiseFlag))
    assert flag.hits == HOUSED.hits


def test_urgent_words_end_the_questions_with_the_safety_text() -> None:
    talk = at_bed().texts("shot", SHOT)
    assert (talk.said, talk.outcome) == (["SAFETY"], Outcome.HANDED_OVER)


def test_an_urgent_answer_does_too_and_is_kept() -> None:
    talk = at_bed().texts("2 shot", SHOT)
    assert Remember("bed", "2") in talk.turn.effects
    assert at_safe().texts("3").said == ["SAFETY"]


def test_the_safety_text_is_not_said_twice_in_an_episode() -> None:
    talk = Talk(given=replace(GIVEN, safety_said=True)).texts("shot", SHOT)
    assert (talk.said, talk.outcome) == ([], Outcome.HANDED_OVER)
    assert [effect for effect in unprompted(SHOT, talk.given).effects if isinstance(effect, Say)] == []


def test_who_asks_for_a_person_is_told_that_it_was_passed_on() -> None:
    talk = at_bed().texts("call me", CALL)
    assert (talk.said, talk.outcome) == (["PASSED_ON"], Outcome.HANDED_OVER)


def test_the_question_is_asked_again_and_then_left() -> None:
    talk = at_bed().texts("hm")
    assert (talk.state, talk.said) == ("bed", ["AGAIN Bed?"])
    talk.texts("hmm")
    assert (talk.state, talk.said) == ("safe", ["Safe?"])


def test_misses_are_counted_for_each_question_anew() -> None:
    two_questions = replace(FLOW, states={**FLOW.states, "safe": replace(FLOW.states["safe"], tries=2)})
    talk = Talk(two_questions).texts("fine").texts("hm").texts("1").texts("hm")
    assert (talk.state, talk.said) == ("safe", ["AGAIN Safe?"])


def test_a_need_beside_the_question_is_noted_before_asking_again() -> None:
    job = Found(Lane.TODAY, Intent.REPLY, (Hit(Need.JOB, False, 0, 5, "fired"),))
    assert at_bed().texts("fired", job).said == ["NOTED Bed?"]


def test_its_own_words_ask_again_where_it_has_them() -> None:
    bed = replace(FLOW.states["bed"], again={Language.EN: "1, 2 or 3?"})
    talk = Talk(replace(FLOW, states={**FLOW.states, "bed": bed})).texts("fine")
    assert talk.texts("hm").said == ["1, 2 or 3?"]


def test_a_need_told_with_a_call_for_help_is_not_asked_for_later() -> None:
    talk = Talk().texts("help i got put out", replace(HOUSED, intent=Intent.HELP))
    assert talk.said == ["HELP"]
    assert talk.texts("ok", CLOSED).state == "safe"


def test_an_answer_is_remembered_and_read_back() -> None:
    talk = Talk().texts("so so", CLOSED)
    assert Remember("week", "so so") in talk.turn.effects
    assert talk.texts("3").said == ["You said so so", "Safe?"]


def test_an_answer_plans_with_the_values_of_the_check_in() -> None:
    talk = at_bed(need="job").texts("3")
    assert Schedule("job", NOW + timedelta(weeks=1), {"need": "job", "week": "fine", "bed": "3"}) in talk.turn.effects


@pytest.mark.parametrize(("need", "kind"), [("job", Need.JOB), ("quiet", Attention.QUIET), ("", Attention.READ)])
def test_a_flag_named_by_a_value(need: str, kind: FlagKind) -> None:
    assert at_bed(need=need).texts("3").flags == {kind: False}


def test_the_end_is_said_once() -> None:
    talk = at_safe().texts("1")
    assert (talk.said, talk.outcome) == (["Bye."], Outcome.FINISHED)


def test_silence_does_what_the_flow_says_of_it() -> None:
    turn = silence(FLOW, Position("open", {"seen_at": "2026-11-25T15:00"}), GIVEN)
    due = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert turn.effects == (
        RaiseFlag(Attention.QUIET),
        Schedule("later", due, {"seen_at": "2026-11-25T15:00"}),
        Finish(Outcome.SILENT),
    )


def test_who_left_only_a_later_question_open_was_not_silent() -> None:
    position = at_bed(seen_at="2026-11-25T15:00").turn.position
    assert position and silence(FLOW, position, GIVEN).effects == (Finish(Outcome.SILENT),)


def test_a_nudge_leaves_everything_where_it_is() -> None:
    position = Position("bed", {"week": "fine"}, (Need.JOB,), 1)
    assert nudge(FLOW, position, GIVEN) == Turn(position, (Say("Ana again", Purpose.CHECK_IN),))


UNPROMPTED = [
    (CLOSED, [], {}, Lane.CLOSED),
    (TODAY, [], {Attention.READ: False}, Lane.TODAY),
    (PICTURE, [], {Attention.READ: False}, Lane.TODAY),
    (PICTURE_HOUSED, ["PASSED_ON"], {Need.HOUSING: False, Attention.READ: False}, Lane.TODAY),
    (PICTURE_SHOT, ["SAFETY"], {Need.SAFETY: True, Attention.READ: False}, Lane.NOW),
    (HOUSED, ["PASSED_ON"], {Need.HOUSING: False}, Lane.TODAY),
    (CALL, ["PASSED_ON"], {Attention.HUMAN: False}, Lane.TODAY),
    (HELP, ["HELP"], {Attention.HELP: False}, Lane.TODAY),
    (SHOT, ["SAFETY"], {Need.SAFETY: True}, Lane.NOW),
    (replace(SHOT, intent=Intent.HELP), ["SAFETY"], {Need.SAFETY: True, Attention.HELP: False}, Lane.NOW),
]


@pytest.mark.parametrize(("found", "said", "flags", "lane"), UNPROMPTED)
def test_a_text_out_of_the_blue(found: Found, said: list[str], flags: object, lane: Lane) -> None:
    turn = unprompted(found, GIVEN)
    assert [effect.text for effect in turn.effects if isinstance(effect, Say)] == said
    assert {effect.kind: effect.urgent for effect in turn.effects if isinstance(effect, RaiseFlag)} == flags
    assert (turn.position, turn.lane) == (None, lane)


def test_a_state_that_is_gone_ends_the_check_in_and_calls_a_person() -> None:
    turn = reply(FLOW, Position("gone"), "hi", CLOSED, GIVEN)
    assert turn.effects == (RaiseFlag(Attention.READ), Finish(Outcome.BROKEN))
    urgent = reply(FLOW, Position("gone"), "shot", SHOT, GIVEN)
    assert (urgent.lane, urgent.effects[0]) == (Lane.NOW, Say("SAFETY", Purpose.SAFETY))


def test_a_circle_without_a_question_ends_as_broken() -> None:
    loop = Flow("f", "v", "", "T", "a", {"a": State("a", {}, next="a")}, timedelta(days=1))
    assert Talk(loop).outcome is Outcome.BROKEN


def test_states_that_only_tell_are_all_said_in_one_go() -> None:
    chain = (("a", "b"), ("b", "c"), ("c", None))
    states = {name: State(name, {Language.EN: name}, next=after) for name, after in chain}
    talk = Talk(Flow("f", "v", "", "T", "a", states, timedelta(days=1)))
    assert (talk.said, talk.outcome) == (["a", "b", "c"], Outcome.FINISHED)


DUE = [
    ("2026-11-25T15:00", datetime(2026, 11, 25, 12, tzinfo=UTC)),
    ("2026-11-25T15:00+02:00", datetime(2026, 11, 25, 10, tzinfo=UTC)),
    ("2026-11-25T12:00", datetime(2026, 11, 25, 9, tzinfo=UTC)),
    ("2026-11-25T10:00", datetime(2026, 11, 25, 7, tzinfo=UTC)),  # leaves at 9:00, an hour before
    ("2026-11-25T09:59", datetime(2026, 11, 24, 17, tzinfo=UTC)),
    ("2026-11-25T08:30", datetime(2026, 11, 24, 17, tzinfo=UTC)),
    ("2026-11-25T08:30-06:00", datetime(2026, 11, 25, 11, 30, tzinfo=UTC)),
    ("2026-11-25T23:30", datetime(2026, 11, 25, 17, tzinfo=UTC)),
    ("2026-11-25", datetime(2026, 11, 24, 17, tzinfo=UTC)),
    ("2026-11-24T08:30", datetime(2026, 11, 23, 17, tzinfo=UTC)),
    ("9999-12-31T23:59", None),
    ("2026-11-23T12:59", None),
    ("2026-11-01", None),
    ("0001-01-01", None),
    ("soon", None),
    ("", None),
]


@pytest.mark.parametrize(("value", "due"), DUE)
def test_a_reminder_is_due_before_its_date_or_not_at_all(value: str, due: datetime | None) -> None:
    assert due_at(Planned("f", before=timedelta(hours=3), date="d"), {"d": value}, NOW) == due


def test_who_answers_on_the_evening_before_an_early_appointment_gets_no_second_reminder() -> None:
    evening = NOW.replace(hour=17, minute=30)
    assert due_at(Planned("f", before=timedelta(hours=3), date="d"), {"d": "2026-11-24T08:30"}, evening) is None


@given(st.text())
def test_any_value_may_stand_for_a_date(value: str) -> None:
    moment = moment_of(value, NOW)
    assert moment is None or moment.tzinfo


# Random flows: states that lead anywhere, also nowhere and to states that are not there.
NAMES = ("a", "b", "c", "d")
TARGETS = st.sampled_from((*NAMES, "gone", None))
WORDS = st.sampled_from(("1", "2", "yes", "no", "hm", "3 and more", "", "🙃", "tomorrow"))
HITS = st.builds(Hit, st.sampled_from(Need), st.booleans(), st.just(0), st.just(1), st.just("r"))
PLANS = st.builds(Planned, st.just("f"), before=st.just(timedelta(days=1)), date=st.sampled_from(NAMES))


def few(each: st.SearchStrategy[T], most: int = 1) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(each, max_size=most).map(tuple)


FOUND = st.builds(Found, st.sampled_from(Lane), st.sampled_from(Intent), few(HITS, 2), st.booleans())
NEEDS, VALUES = few(st.sampled_from(Need)), few(st.sampled_from(NAMES))
DOES = st.builds(Does, flags=NEEDS, flags_now=NEEDS, plans=few(PLANS), flag_values=VALUES)
KEYS = st.sampled_from(("1", "2", "yes", "no"))
ANSWERS = st.builds(Answer, KEYS, next=TARGETS, does=DOES, low=st.none() | st.integers(0, 3))
TEXTS = st.dictionaries(st.sampled_from(Language), st.sampled_from(("Hi {a} {worker}", "{", "")))


def state_named(name: str) -> st.SearchStrategy[State]:
    return st.builds(
        State,
        st.just(name),
        TEXTS,
        st.sampled_from([each for each in Expect if each is not Expect.DATE]),
        few(ANSWERS, 3),
        TARGETS,
        tries=st.integers(0, 3),
        remember=st.none() | st.sampled_from(NAMES),
        unless_spoken=st.none() | st.sampled_from(Need),
        does=DOES,
    )


STATES = st.tuples(*(state_named(name) for name in NAMES)).map(lambda made: {state.name: state for state in made})
FLOWS = st.builds(
    Flow, st.just("f"), st.just("v"), st.just(""), st.just("T"), st.sampled_from((*NAMES, "gone")), STATES,
    st.just(timedelta(days=1)), silence=DOES,
)  # fmt: skip


@given(FLOWS, st.lists(st.tuples(st.text() | WORDS, FOUND), max_size=8), st.sampled_from(Language))
def test_no_flow_and_no_text_breaks_it(flow: Flow, replies: list[tuple[str, Found]], language: Language) -> None:
    talk = Talk(flow, replace(GIVEN, language=language))
    safety = 0
    for text, found in replies:
        if talk.outcome:
            break
        talk.texts(text, found)
        safety += talk.said.count(ALWAYS.safety[language])
        promise_of_a_turn(flow, talk, found.certain)
    assert safety <= 1
    if talk.turn.position:
        assert silence(flow, talk.turn.position, talk.given).position is None


def promise_of_a_turn(flow: Flow, talk: Talk, found: Found) -> None:
    """`found` is what rules are certain of; what the model supposes may give way to an answer that is listed."""
    if talk.turn.position:
        assert flow.states[talk.turn.position.state].expect is not Expect.NOTHING
        assert set(found.needs) <= set(talk.turn.position.spoken)
    if found.urgent and found.hits:
        assert talk.outcome is Outcome.HANDED_OVER and talk.turn.lane is Lane.NOW and any(talk.flags.values())
    if found.partial:
        assert talk.turn.lane is not Lane.CLOSED and Attention.READ in talk.flags
    assert set(found.needs) <= set(talk.flags)


@given(FLOWS, st.integers(0, 10**6))
def test_how_a_flow_without_wordings_begins_has_nothing_to_do_with_whose_it_is(flow: Flow, number: int) -> None:
    """bot/openings.py works such a beginning out once for many."""
    assert not flow.compares
    assert begin(flow, {}, replace(GIVEN, participant_id=number, assigned={"a": "warm"})) == begin(flow, {}, GIVEN)


@given(FLOWS, st.lists(st.tuples(WORDS, FOUND), max_size=8))
def test_a_need_spoken_is_never_asked_for_afterwards(flow: Flow, replies: list[tuple[str, Found]]) -> None:
    talk = Talk(flow)
    for text, found in replies:
        if not (before := talk.turn.position):
            break
        talk.texts(text, found)
        after = talk.turn.position
        if after and (after.state != before.state or after.misses > before.misses):
            assert flow.states[after.state].unless_spoken not in after.spoken


@given(FLOWS, st.lists(st.tuples(WORDS, FOUND), max_size=8))
def test_a_flow_that_passes_the_check_never_ends_broken(flow: Flow, replies: list[tuple[str, Found]]) -> None:
    structural = ("no state named", "circle")
    if any(word in str(problem) for problem in check(flow, {"f"}) for word in structural):
        return
    talk = Talk(flow)
    for text, found in replies:
        if talk.outcome:
            break
        talk.texts(text, found)
    assert talk.outcome is not Outcome.BROKEN
