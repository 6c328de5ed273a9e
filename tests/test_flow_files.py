"""Every shipped flow: it passes the check, it can be walked to its end in both languages, and it says what it must."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.flow import Answer, Expect, Flow, FlowError
from bot.core.flow_texts import MOST_SEGMENTS
from bot.core.kinds import Attention, Intent, Lane, Language, Need, Outcome, Purpose
from bot.core.machine import begin, reply, silence
from bot.core.needs import find
from bot.core.segments import segments
from bot.core.speech import render
from bot.core.turn import Finish, Given, RaiseFlag, Say, Schedule, Turn
from bot.flows import load_flows

FLOWS = Path(__file__).resolve().parent.parent / "flows"
SHELF = load_flows(FLOWS)
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
WORDS = {"worker": "Christopher", "programme": "Neighborhood Check-In", "contact": "816-555-0100"}
VALUES = {"need": "housing", "appointment_at": "2026-11-25T14:30"}
EVERY = [(name, language) for name in SHELF.flows for language in Language]


def given(language: Language = Language.EN) -> Given:
    return Given(language, NOW, WORDS, SHELF.always)


def values_of(flow: Flow) -> dict[str, str]:
    return {name: VALUES[name] for name in flow.given}


def says(turn: Turn) -> list[str]:
    return [effect.text for effect in turn.effects if isinstance(effect, Say)]


@dataclass(frozen=True)
class Walk:
    """One way through a flow: the states it waited at, every text it said, and how it ended."""

    states: tuple[str, ...]
    said: tuple[str, ...]
    outcome: Outcome | None


def walks(flow: Flow, language: Language) -> Iterator[Walk]:
    """Every way through a flow: each answer at each question."""
    start = begin(flow, values_of(flow), given(language))
    waiting = [(start, Walk((), tuple(says(start)), None))]
    while waiting:
        turn, walk = waiting.pop()
        if turn.position is None:
            ends = [effect.outcome for effect in turn.effects if isinstance(effect, Finish)]
            yield Walk(walk.states, walk.said, ends[0])
            continue
        state = flow.states[turn.position.state]
        for text in [answer.key for answer in state.answers] or ["good"]:
            after = reply(flow, turn.position, text, find(text), given(language))
            waiting.append((after, Walk((*walk.states, state.name), (*walk.said, *says(after)), None)))


def test_every_shipped_flow_passes_the_check() -> None:
    assert SHELF.problems == ()
    no_flows = {"always", "words", "escalation", "quick_answers"}
    assert set(SHELF.flows) == {path.stem for path in FLOWS.glob("*.toml")} - no_flows


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_way_through_ends(name: str, language: Language) -> None:
    flow = SHELF.flows[name]
    ways = list(walks(flow, language))
    assert {walk.outcome for walk in ways} <= {Outcome.FINISHED, Outcome.HANDED_OVER}
    questions = {state.name for state in flow.states.values() if state.expect is not Expect.NOTHING}
    assert {state for walk in ways for state in walk.states} == questions


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_no_unexpected_text(name: str, language: Language) -> None:
    flow = SHELF.flows[name]
    slots = {**values_of(flow), **WORDS}
    written = [state.say for state in flow.states.values()] + [SHELF.always.safety]
    expected = {render(texts[language], slots, language) for texts in written}
    said = {text for walk in walks(flow, language) for text in walk.said}
    assert said <= expected
    assert all(segments(text)[1] <= MOST_SEGMENTS[language] and "{" not in text for text in said)


@pytest.mark.parametrize("name", SHELF.flows)
def test_an_accented_name_makes_no_english_text_longer(name: str) -> None:
    flow = SHELF.flows[name]
    for texts in (flow.nudge, *(state.say for state in flow.states.values())):
        lengths = [
            segments(render(texts.get(Language.EN, ""), {**WORDS, **values_of(flow), "worker": worker}, Language.EN))[1]
            for worker in ("Sebastian", "Sebastián")
        ]
        assert lengths[0] == lengths[1]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_a_nudge_says_how_to_answer_the_question_that_is_open(name: str, language: Language) -> None:
    """Only who has not answered at all is nudged, so the open question is the first that waits."""
    flow = SHELF.flows[name]
    position = begin(flow, values_of(flow), given(language)).position
    assert position
    keys = [answer.key for answer in flow.states[position.state].answers] if flow.nudge else []
    assert [key for key in keys if f" {key} " not in flow.nudge[language]] == []


@pytest.mark.parametrize("name", SHELF.flows)
def test_who_answers_nothing_ends_in_silence(name: str) -> None:
    flow = SHELF.flows[name]
    position = begin(flow, values_of(flow), given()).position
    assert position and silence(flow, position, given()).effects[-1] == Finish(Outcome.SILENT)


ANSWERS = [
    (flow.name, state.name, answer, word)
    for flow in SHELF.flows.values()
    for state in flow.states.values()
    for answer in state.answers
    for word in (answer.key, *answer.words)
]


@pytest.mark.parametrize(("flow", "state", "answer", "word"), ANSWERS)
def test_a_listed_answer_is_taken_for_nothing_else(flow: str, state: str, answer: Answer, word: str) -> None:
    read, found = find(word), find(word).certain  # the machine takes a listed answer at its word
    assert read.intent in (Intent.REPLY, Intent.HUMAN)
    assert found.intent is Intent.REPLY or Attention.HUMAN in answer.does.flags
    assert found.lane is not Lane.NOW or answer.does.flags_now


def replies(name: str, *texts: str, language: Language = Language.EN) -> Turn:
    flow = SHELF.flows[name]
    turn = begin(flow, values_of(flow), given(language))
    for text in texts:
        assert turn.position
        turn = reply(flow, turn.position, text, find(text), given(language))
    return turn


def flags(turn: Turn) -> Mapping[object, bool]:
    return {effect.kind: effect.urgent for effect in turn.effects if isinstance(effect, RaiseFlag)}


def plans(turn: Turn) -> dict[str, datetime]:
    return {effect.flow: effect.at for effect in turn.effects if isinstance(effect, Schedule)}


RAISED: list[tuple[str, tuple[str, ...], Mapping[object, bool]]] = [
    ("weekly", ("good", "3"), {Need.HOUSING: False}),
    ("weekly", ("good", "1", "3"), {Need.JOB: False}),
    ("weekly", ("good", "1", "1", "2"), {Need.SAFETY: False}),
    ("weekly", ("good", "1", "1", "3"), {Need.SAFETY: True}),
    ("weekly", ("good", "1", "1", "no"), {Need.SAFETY: True}),
    ("weekly", ("bien", "1", "0", "0"), {}),
    ("after_help", ("1",), {}),
    ("after_help", ("2",), {Need.HOUSING: False}),
    ("after_help", ("no",), {Need.HOUSING: False}),
    ("job", ("3",), {Need.JOB: False}),
    ("appointment", ("2",), {Attention.MOVE: False}),
    ("appointment", ("3",), {Need.TRANSPORT: False}),
    ("appointment_soon", ("2",), {Attention.MOVE: False}),
    ("reconnect", ("hi", "2"), {Attention.HUMAN: False}),
]


@pytest.mark.parametrize(("name", "texts", "raised"), RAISED)
def test_an_answer_raises_its_flag(name: str, texts: tuple[str, ...], raised: Mapping[object, bool]) -> None:
    assert flags(replies(name, *texts)) == raised


PLANNED = [
    ("weekly", ("good", "1", "2"), {"job": NOW + timedelta(weeks=1)}),
    ("job", ("1",), {"job": NOW + timedelta(weeks=4)}),
    ("job", ("3",), {}),
    ("appointment", ("1",), {"appointment_soon": datetime(2026, 11, 25, 11, 30, tzinfo=UTC)}),
    ("appointment", ("2",), {}),
    ("appointment", ("3",), {"appointment_soon": datetime(2026, 11, 25, 11, 30, tzinfo=UTC)}),
]


@pytest.mark.parametrize(("name", "texts", "planned"), PLANNED)
def test_an_answer_plans_what_follows(name: str, texts: tuple[str, ...], planned: dict[str, datetime]) -> None:
    assert plans(replies(name, *texts)) == planned


@pytest.mark.parametrize("texts", [("1",), ("3",)])
@pytest.mark.parametrize("language", Language)
def test_a_second_reminder_is_not_promised(texts: tuple[str, ...], language: Language) -> None:
    """It is not sent to who answers too near the appointment."""
    said = " ".join(says(replies("appointment", *texts, language=language)))
    assert ("We may text you once more" if language is Language.EN else "Tal vez le escribimos") in said


@pytest.mark.parametrize("language", Language)
def test_the_safety_text_is_true_even_where_nobody_can_be_alerted(language: Language) -> None:
    said = render(SHELF.always.safety[language], WORDS, language)
    assert segments(said)[1] <= {Language.EN: 1, Language.ES: 2}[language]
    assert [part for part in ("911", "988") if part not in said] == []
    assert not {"told", "soon", "avisamos", "pronto"} & set(said.split())


def silent(name: str) -> Turn:
    flow = SHELF.flows[name]
    position = begin(flow, values_of(flow), given()).position
    assert position
    return silence(flow, position, given())


def test_who_does_not_answer_a_reminder_is_reminded_on_the_day() -> None:
    assert set(plans(silent("appointment"))) == {"appointment_soon"}


def test_long_silence_calls_a_person() -> None:
    assert flags(silent("reconnect")) == {Attention.QUIET: False}


def test_a_need_spoken_of_is_not_asked_for() -> None:
    turn = replies("weekly", "got put out of my place last night, evicted")
    assert flags(turn) == {Need.HOUSING: False}
    assert turn.position and turn.position.state == "work"


def test_danger_ends_the_questions_at_any_time() -> None:
    for texts in (("they shot at me",), ("good", "they shot at me"), ("good", "1", "they shot at me")):
        turn = replies("weekly", *texts)
        assert turn.position is None and turn.lane is Lane.NOW
        assert [effect.purpose for effect in turn.effects if isinstance(effect, Say)] == [Purpose.SAFETY]


@pytest.mark.parametrize("language", Language)
def test_the_first_texts_say_all_that_consent_needs(language: Language) -> None:
    """CTIA Messaging Principles (May 2023): who, how often, rates, HELP, STOP; and that nobody watches."""
    opening = " ".join(says(replies("welcome", language=language)))
    needed = {
        Language.EN: ("once a week", "Msg & data rates may apply", "HELP", "not watched day and night"),
        Language.ES: ("una vez por semana", "Pueden aplicar tarifas", "AYUDA", "Nadie mira esta línea día y noche"),
    }
    always = (WORDS["programme"], WORDS["worker"], "STOP", "911", "988")
    assert [part for part in (*needed[language], *always) if part not in opening] == []


@pytest.mark.parametrize("language", Language)
def test_help_names_us_a_person_and_a_way_out(language: Language) -> None:
    text = render(SHELF.always.help[language], WORDS, language)
    assert [part for part in (WORDS["programme"], WORDS["contact"], "STOP", "911", "988") if part not in text] == []


def test_a_broken_flow_stops_itself_and_no_other(tmp_path: Path) -> None:
    for path in FLOWS.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "weekly.toml").write_text("title = ", encoding="utf-8")
    (tmp_path / "welcome.toml").write_bytes(b"\xff")
    reconnect = (tmp_path / "reconnect.toml").read_text(encoding="utf-8")
    (tmp_path / "reconnect.toml").write_text(reconnect.replace('next = "want"', 'next = "wnat"'), encoding="utf-8")
    shelf = load_flows(tmp_path)
    assert set(shelf.flows) == set(SHELF.flows) - {"weekly", "welcome", "reconnect"}
    assert any(line.startswith("weekly.toml: not valid TOML") for line in shelf.problems)
    assert "welcome.toml: not a UTF-8 text; save it again as UTF-8" in shelf.problems
    assert any(line.startswith("reconnect.toml: state hello: no state named 'wnat'") for line in shelf.problems)


def test_without_the_safety_text_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="always.toml: cannot be read"):
        load_flows(tmp_path)
    always = (FLOWS / "always.toml").read_text(encoding="utf-8")
    (tmp_path / "always.toml").write_text(always.replace("Thanks for telling us.", "Police told."), encoding="utf-8")
    with pytest.raises(FlowError, match="always.toml: safety, 'en': 'police' tells a stranger"):
        load_flows(tmp_path)
