"""Conversations, each played once through the machine itself: the programme is made of them, over and over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from zoneinfo import ZoneInfo

from benchmarks.store import seal, seal_json
from bot.core import machine
from bot.core.flow import Flow
from bot.core.kinds import Found, Intent, Lane, Language, Need, Outcome, Purpose
from bot.core.segments import segments
from bot.core.turn import Finish, Given, Position, RaiseFlag, Remember, Say, Schedule, Turn
from bot.demo_cast import DANGER, FINE, NEEDS
from bot.flows import LiveShelf, read_with

A_DAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("America/Chicago"))
WORDS = {"worker": "Dana", "programme": "KC Check-In", "contact": "816-555-0100"}
AFTER_THE_FIRST = (("1", "1", "1"), ("1", "4", "1"), ("all good", "1", "1"), ("0", "0", "0"), ("1", "1", "0"))
NEWS = ("1", "2", "1")  # they just got a job
TROUBLED = ("3", "1", "1"), ("2", "3", "2"), ("1", "3", "1"), ("2", "1", "1")
UNSAFE = ("1", "1", "3")
A_PERSON = {Language.EN: "can somebody call me", Language.ES: "quiero hablar con una persona"}
SOME_HELP = {Language.EN: "HELP", Language.ES: "AYUDA"}
MUMBLED = {Language.EN: "yo so about that thing", Language.ES: "pues lo de aquella vez"}


@dataclass(frozen=True)
class Line:
    """One text to the participant, sealed."""

    body: str
    purpose: Purpose
    segments: int


@dataclass(frozen=True)
class Step:
    """One reply, sealed, and what the machine does with it. `kept` are names and sealed answers."""

    body: str
    lane: Lane
    intent: Intent
    lines: tuple[Line, ...]
    flags: tuple[RaiseFlag, ...]
    kept: tuple[tuple[str, str], ...]
    plans: tuple[tuple[str, timedelta], ...]
    outcome: Outcome | None
    position: str | None

    @property
    def urgent(self) -> bool:
        return any(flag.urgent for flag in self.flags)


@dataclass(frozen=True)
class Script:
    """One conversation from the first text on; whoever plays it may fall silent after any step."""

    flow: Flow
    opening: tuple[Line, ...]
    nudge: Line | None
    position: str
    steps: tuple[Step, ...]

    @property
    def urgent(self) -> bool:
        return any(step.urgent for step in self.steps)


@dataclass(frozen=True)
class Scripts:
    """What may be said: by flow, language and mood; `blue` is what comes out of the blue."""

    of: Mapping[tuple[str, Language, str], tuple[Script, ...]]
    blue: Mapping[Language, tuple[Step, ...]]
    wrong_number: Mapping[Language, str]
    stop: str
    start: str
    written: str
    alert: str
    flows: tuple[Flow, ...]


@dataclass(frozen=True)
class _Stage:
    """Where scripts are played."""

    shelf: LiveShelf

    def find(self, text: str) -> Found:
        return _read(self.shelf, text)

    def given(self, language: Language) -> Given:
        return Given(language, A_DAY, WORDS, self.shelf.always)

    def play(self, flow: str, language: Language, texts: Sequence[str], values: Mapping[str, str]) -> Script:
        played, given = self.shelf.flows[flow], self.given(language)
        begun = machine.begin(played, values, given)
        assert begun.position is not None
        position, steps = begun.position, []
        for text in texts:
            found = self.find(text)
            turn = machine.reply(played, position, text, found, given)
            steps.append(_step(text, found, turn, position))
            if turn.position is None:
                break
            position = turn.position
        said = machine.nudge(played, begun.position, given).effects if played.nudge_after else ()
        return Script(
            played, _lines(begun), next(iter(_lines(Turn(None, said))), None), seal_json(begun.position.to_dict()),
            tuple(steps),
        )  # fmt: skip

    def unprompted(self, language: Language, text: str) -> Step:
        found = self.find(text)
        return _step(text, found, machine.unprompted(found, self.given(language)), None)


@cache
def _read(shelf: LiveShelf, text: str) -> Found:
    """The same few words are said over and over, and reading takes longer than all else."""
    return read_with(shelf, text)


def _step(text: str, found: Found, turn: Turn, before: Position | None) -> Step:
    effects = turn.effects
    return Step(
        body=seal(text),
        lane=turn.lane,
        intent=found.intent,
        lines=_lines(turn),
        flags=tuple(each for each in effects if isinstance(each, RaiseFlag)),
        kept=tuple((each.name, seal(each.value)) for each in effects if isinstance(each, Remember)),
        plans=tuple((each.flow, each.at - A_DAY) for each in effects if isinstance(each, Schedule)),
        outcome=next((each.outcome for each in effects if isinstance(each, Finish)), None),
        position=seal_json(turn.position.to_dict()) if turn.position and before else None,
    )


def _lines(turn: Turn) -> tuple[Line, ...]:
    said = (each for each in turn.effects if isinstance(each, Say) and each.text)
    return tuple(Line(seal(each.text), each.purpose, segments(each.text)[1]) for each in said)


def all_scripts(shelf: LiveShelf) -> Scripts:
    """Play everything, in both languages. Wants an open database, as bodies are sealed."""
    stage = _Stage(shelf)
    found = {key: tuple(scripts) for language in Language for key, scripts in _in_language(stage, language)}
    return Scripts(
        of=found,
        blue={each: tuple(stage.unprompted(each, text) for text in (*FINE[each], *NEEDS[each])) for each in Language},
        wrong_number={Language.EN: seal("wrong number"), Language.ES: seal("número equivocado")},
        stop=seal("STOP"),
        start=seal("START"),
        written=seal("I can come by tomorrow at ten. Does that work?"),
        alert=seal("Standby: someone needs an answer. Open https://standby.example/alerts/x or text back 0000."),
        flows=tuple(shelf.flows.values()),
    )


def _in_language(stage: _Stage, language: Language) -> Iterable[tuple[tuple[str, Language, str], list[Script]]]:
    play = stage.play
    fine, needs = FINE[language], NEEDS[language]
    weekly = [(first, *rest) for first, rest in product(fine, AFTER_THE_FIRST)] + [(fine[0], *NEWS)]
    troubled = [(first, *rest) for first, rest in product(needs, AFTER_THE_FIRST[:2])]
    troubled += [(first, *rest) for first, rest in product(fine[:3], TROUBLED)]
    odd = [(A_PERSON[language],), (MUMBLED[language], "1", "1", "1"), (SOME_HELP[language], fine[0], "1", "1", "1")]
    danger = [(first,) for first in DANGER[language]] + [(fine[0], *UNSAFE)]
    for mood, texts in (("fine", weekly), ("need", troubled), ("odd", odd), ("danger", danger)):
        yield ("weekly", language, mood), [play("weekly", language, each, {}) for each in texts]
    yield ("welcome", language, "fine"), [play("welcome", language, (each, "3"), {}) for each in fine]
    yield ("reconnect", language, "fine"), [play("reconnect", language, (each, "1"), {}) for each in fine]
    yield ("job", language, "fine"), [play("job", language, (each,), {}) for each in ("1", "2", "3", "0")]
    soon = {"appointment_at": (A_DAY + timedelta(hours=4)).isoformat()}
    answers = [("1",), ("1",), ("1",), ("2", "friday"), ("3",)]
    yield ("appointment_soon", language, "fine"), [play("appointment_soon", language, each, soon) for each in answers]
    for need in Need:
        about = {"need": str(need)}
        yield ("after_help", language, f"{need} came"), [play("after_help", language, ("1", fine[0]), about)]
        yield ("after_help", language, f"{need} did not"), [play("after_help", language, ("3", fine[-1]), about)]
