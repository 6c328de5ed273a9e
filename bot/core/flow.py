"""Flows: written conversations, read from TOML into values.

A flow file reads like this (README, "Change a flow", explains each line):

    title = "Weekly check-in"
    start = "open"
    answer_within = "2 days"
    nudge_after = "1 day"
    nudge.en = "Hi, {worker} again. Still here if you want to talk."

    [states.open]
    say.en = "Hi, it's {worker} checking in. How is your week going?"
    expect = "text"
    next = "bed"
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from bot.core.kinds import FlagKind, Language, Need, flag_kind
from bot.core.wordings import USUAL, Aim

Texts = Mapping[Language, str]


class FlowError(Exception):
    """A flow file cannot be used. The message names file, state and what to do."""


class Expect(StrEnum):
    """What a state waits for."""

    NOTHING = "nothing"
    TEXT = "text"
    CHOICE = "choice"
    YES_NO = "yes_no"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True)
class Planned:
    """A flow to start later: `after` counts from now, `before` back from the date remembered as `date`."""

    flow: str
    after: timedelta | None = None
    before: timedelta | None = None
    date: str | None = None


@dataclass(frozen=True)
class Does:
    """What happens beside the talking, at a state or on one of its answers.

    `flag_values` name values of the check-in that hold the kind to raise: flag = "{need}" raises what `need` says.
    """

    flags: tuple[FlagKind, ...] = ()
    flags_now: tuple[FlagKind, ...] = ()
    plans: tuple[Planned, ...] = ()
    flag_values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One answer that a state knows: its key ("1", "yes"), the words that mean it, and where it leads.

    At a number state `low` and `high` bound the numbers it stands for, both ends included.
    """

    key: str
    words: tuple[str, ...] = ()
    next: str | None = None
    does: Does = field(default_factory=Does)
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class State:
    """One step: says, then waits for what it expects, then goes on.

    `wordings` are other ways to say it, by name, that are compared with `say`; `aim` is for how many people.
    """

    name: str
    say: Texts
    expect: Expect = Expect.NOTHING
    answers: tuple[Answer, ...] = ()
    next: str | None = None
    again: Texts = field(default_factory=dict)
    tries: int = 2
    remember: str | None = None
    unless_spoken: Need | None = None
    does: Does = field(default_factory=Does)
    wordings: Mapping[str, Texts] = field(default_factory=dict)
    aim: Aim | None = None

    @property
    def worded(self) -> Mapping[str, Texts]:
        """Every wording of what it says; the usual one comes first."""
        return {USUAL: self.say, **self.wordings}

    def targets(self) -> tuple[str, ...]:
        """Every state this one can lead to."""
        named = [answer.next for answer in self.answers] + [self.next]
        return tuple(dict.fromkeys(name for name in named if name))


@dataclass(frozen=True)
class Flow:
    """A whole conversation. `version` is the hash of the file's text: a running check-in keeps it."""

    name: str
    version: str
    source: str
    title: str
    start: str
    states: Mapping[str, State]
    answer_within: timedelta
    nudge_after: timedelta | None = None
    nudge: Texts = field(default_factory=dict)
    silence: Does = field(default_factory=Does)
    given: tuple[str, ...] = ()
    expires: str | None = None

    @cached_property
    def compares(self) -> bool:
        """Whether some state is said in several wordings, so that they can be compared."""
        return any(state.wordings for state in self.states.values())


SPAN = re.compile(r"^(\d+) (minute|hour|day|week)s?$")
SLOT = re.compile(r"^\{(\w+)\}$")
BEFORE = re.compile(r"^(\d+ \w+) before (\w+)$")
FLOW_KEYS = {"title", "start", "answer_within", "nudge_after", "nudge", "silence", "given", "expires", "states"}
DOES_KEYS = {"flag", "flag_now", "plan"}
AIM_KEYS = ("planned", "smallest_difference", "usually_answered")
STATE_KEYS = {
    "say", "expect", "answers", "next", "again", "tries", "remember", "unless_spoken", "wordings",
    *AIM_KEYS, *DOES_KEYS,
}  # fmt: skip
ANSWER_KEYS = {"key", "en", "es", "next", "low", "high", *DOES_KEYS}


def version_of(source: str) -> str:
    """The content hash that names this text of a flow."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def parse(name: str, source: str) -> Flow:
    """Read a flow from the text of its file. Raises FlowError for what cannot be read; flow_check finds the rest."""
    return _Reader(f"{name}.toml").flow(name, source)


def _listed(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else [raw]


@dataclass(frozen=True)
class _Reader:
    """Turns parsed TOML into values; `place` opens every complaint."""

    place: str

    def at(self, where: str) -> "_Reader":
        return _Reader(f"{self.place}: {where}")

    def wrong(self, what: str) -> FlowError:
        return FlowError(f"{self.place}: {what}")

    def flow(self, name: str, source: str) -> Flow:
        try:
            raw = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise self.wrong(f"not valid TOML: {error}") from error
        self.only(raw, FLOW_KEYS)
        return Flow(
            name=name,
            version=version_of(source),
            source=source,
            title=self.word(raw, "title"),
            start=self.word(raw, "start"),
            states=self.states(self.table(raw, "states")),
            answer_within=self.span(self.word(raw, "answer_within")),
            nudge_after=self.span(self.word(raw, "nudge_after")) if "nudge_after" in raw else None,
            nudge=self.texts(raw, "nudge"),
            silence=self.at("silence").does(self.table(raw, "silence"), DOES_KEYS),
            given=tuple(self.words(raw, "given")),
            expires=self.maybe(raw, "expires"),
        )

    def states(self, raw: Mapping[str, Any]) -> Mapping[str, State]:
        return MappingProxyType({name: self.at(f"state '{name}'").state(name, state) for name, state in raw.items()})

    def state(self, name: str, raw: Any) -> State:
        raw = self.mapping(raw)
        self.only(raw, STATE_KEYS)
        answers = raw.get("answers", [])
        if not isinstance(answers, list):
            raise self.wrong("'answers' must be written as [[states.NAME.answers]]")
        return State(
            name=name,
            say=self.texts(raw, "say"),
            expect=self.expect(raw),
            answers=tuple(self.at(f"answer {i}").answer(each) for i, each in enumerate(answers, 1)),
            next=self.maybe(raw, "next"),
            again=self.texts(raw, "again"),
            tries=self.tries(raw),
            remember=self.maybe(raw, "remember"),
            unless_spoken=self.need(raw),
            does=self.does(raw, STATE_KEYS),
            wordings=self.wordings(raw),
            aim=self.aim(raw),
        )

    def wordings(self, raw: Mapping[str, Any]) -> Mapping[str, Texts]:
        given = raw.get("wordings", {})
        if not isinstance(given, dict):
            raise self.wrong("'wordings' must be written as [states.NAME.wordings.warm], each with a say.en and say.es")
        if USUAL in given:
            raise self.wrong(f"'{USUAL}' is the wording at 'say' itself; give this one another name")
        return MappingProxyType({name: self.at(f"wording '{name}'").wording(each) for name, each in given.items()})

    def wording(self, raw: Any) -> Texts:
        raw = self.mapping(raw)
        self.only(raw, {"say"})
        return self.texts(raw, "say")

    def aim(self, raw: Mapping[str, Any]) -> Aim | None:
        numbers = {key: self.whole(raw, key, None) for key in AIM_KEYS}
        return Aim(**numbers) if any(key in raw for key in AIM_KEYS) else None

    def answer(self, raw: Any) -> Answer:
        raw = self.mapping(raw)
        self.only(raw, ANSWER_KEYS)
        words = [word for language in Language for word in self.words(raw, language)]
        return Answer(
            key=self.word(raw, "key"),
            words=tuple(words),
            next=self.maybe(raw, "next"),
            does=self.does(raw, ANSWER_KEYS),
            low=self.whole(raw, "low", None),
            high=self.whole(raw, "high", None),
        )

    def does(self, raw: Mapping[str, Any], known: set[str]) -> Does:
        self.only(raw, known)
        flags = _listed(raw.get("flag", []))
        slots = [SLOT.match(each) if isinstance(each, str) else None for each in flags]
        return Does(
            flags=tuple(self.flag(each) for each, slot in zip(flags, slots, strict=True) if not slot),
            flags_now=tuple(self.flag(each) for each in _listed(raw.get("flag_now", []))),
            plans=tuple(self.plan(each) for each in _listed(raw.get("plan", []))),
            flag_values=tuple(slot[1] for slot in slots if slot),
        )

    def flag(self, raw: Any) -> FlagKind:
        try:
            return flag_kind(raw)
        except (ValueError, TypeError) as error:
            raise self.wrong(f"no flag named {raw!r}; use a need such as 'housing', or 'human'") from error

    def plan(self, raw: Any) -> Planned:
        raw = self.mapping(raw)
        self.only(raw, {"flow", "when"})
        when = self.word(raw, "when")
        if counted := BEFORE.match(when):
            return Planned(self.word(raw, "flow"), before=self.span(counted[1]), date=counted[2])
        return Planned(self.word(raw, "flow"), after=self.span(when))

    def expect(self, raw: Mapping[str, Any]) -> Expect:
        name = self.maybe(raw, "expect") or Expect.NOTHING
        try:
            return Expect(name)
        except ValueError as error:
            raise self.wrong(f"'expect' cannot be {name!r}; use one of {', '.join(Expect)}") from error

    def need(self, raw: Mapping[str, Any]) -> Need | None:
        name = self.maybe(raw, "unless_spoken")
        if name is None:
            return None
        try:
            return Need(name)
        except ValueError as error:
            raise self.wrong(f"'unless_spoken' names no need: {name!r}; use one of {', '.join(Need)}") from error

    def span(self, words: str) -> timedelta:
        if not (found := SPAN.match(words)) or len(found[1]) > 4:
            raise self.wrong(f"{words!r} is no length of time; write it like '2 days' or '90 minutes'")
        return timedelta(**{f"{found[2]}s": int(found[1])})

    def texts(self, raw: Mapping[str, Any], key: str) -> Texts:
        given = self.table(raw, key)
        for language, text in given.items():
            if language not in set(Language) or not isinstance(text, str):
                raise self.wrong(f"'{key}.{language}' must be a text in one of: {', '.join(Language)}")
        return MappingProxyType({Language(language): text for language, text in given.items()})

    def word(self, raw: Mapping[str, Any], key: str) -> str:
        if not isinstance(raw.get(key), str):
            raise self.wrong(f"'{key}' is missing or not a text; write it like {key} = \"…\"")
        return str(raw[key])

    def maybe(self, raw: Mapping[str, Any], key: str) -> str | None:
        return self.word(raw, key) if key in raw else None

    def words(self, raw: Mapping[str, Any], key: str) -> list[str]:
        given = raw.get(key, [])
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            raise self.wrong(f'\'{key}\' must be a list of texts, like ["a", "b"]')
        return given

    def whole(self, raw: Mapping[str, Any], key: str, default: int | None) -> int | None:
        value = raw.get(key, default)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise self.wrong(f"'{key}' must be a whole number")
        return value

    def tries(self, raw: Mapping[str, Any]) -> int:
        tries = self.whole(raw, "tries", None)
        return 2 if tries is None else tries

    def table(self, raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        return self.at(f"'{key}'").mapping(raw.get(key, {}))

    def mapping(self, raw: Any) -> Mapping[str, Any]:
        if not isinstance(raw, dict):
            raise self.wrong("expected a table of settings here")
        return raw

    def only(self, raw: Mapping[str, Any], known: set[str]) -> None:
        if unknown := sorted(set(raw) - known):
            raise self.wrong(f"unknown setting '{unknown[0]}'; known here: {', '.join(sorted(known))}")
