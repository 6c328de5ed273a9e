"""What is wrong with a flow that can be read: the rules a programme's own wording must keep before anyone is texted."""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, fields
from datetime import timedelta
from itertools import combinations, product
from math import inf

from bot.core.always import Always
from bot.core.flow import Answer, Does, Expect, Flow, State, Texts
from bot.core.flow_texts import WORDS, Problem, is_keyword, text_problems, too_long
from bot.core.kinds import Attention, Intent
from bot.core.machine import again_texts
from bot.core.needs.detector import RULES_ALONE
from bot.core.normal import normalise
from bot.core.wording_check import wording_problems

__all__ = ["Problem", "check", "check_always"]

MOST_TRIES = 5
ANSWERED = {Expect.CHOICE, Expect.YES_NO, Expect.NUMBER}


@dataclass(frozen=True)
class _Looked:
    """A flow under the check, with what it is held against."""

    flow: Flow
    names: Set[str]
    always: Always | None

    @property
    def file(self) -> str:
        return f"{self.flow.name}.toml"

    @property
    def values(self) -> set[str]:
        """Every value the check-in may hold."""
        return {*self.flow.given, *(state.remember for state in self.flow.states.values() if state.remember)}

    @property
    def slots(self) -> set[str]:
        return {*WORDS, *self.values}

    def at(self, state: State) -> str:
        return f"{self.file}: state {state.name}"

    def deeds(self) -> Iterator[tuple[str, Does]]:
        """Everything the flow does beside the talking, and where it stands."""
        yield f"{self.file}: silence", self.flow.silence
        for state in self.flow.states.values():
            yield self.at(state), state.does
            for answer in state.answers:
                yield f"{self.at(state)}, answer '{answer.key}'", answer.does


def check(flow: Flow, flow_names: Set[str], always: Always | None = None) -> list[Problem]:
    """Every problem of a flow, in the order of the rules; an empty list means it can be used.

    `flow_names` are the flows it may plan. With `always`, questions asked again are measured as they will be sent.
    """
    looked = _Looked(flow, flow_names, always)
    return [problem for rule in RULES for problem in rule(looked)]


def check_always(always: Always) -> list[Problem]:
    """Every problem of the texts in always.toml."""
    texts = [(each.name, getattr(always, each.name)) for each in fields(Always)]
    return [problem for name, text in texts for problem in text_problems(f"always.toml: {name}", text, set(WORDS))]


def _timing(looked: _Looked) -> Iterator[Problem]:
    flow = looked.flow
    if flow.answer_within <= timedelta(0):
        yield Problem(looked.file, "answer_within leaves no time", "give people a day or more")
    if flow.nudge_after is None:
        return
    if not flow.nudge:
        yield Problem(looked.file, "nudge_after without a nudge text", "write nudge.en and nudge.es, or take it out")
    if not timedelta(0) < flow.nudge_after < flow.answer_within:
        yield Problem(looked.file, "the nudge would not come between question and silence",
                      "make nudge_after shorter than answer_within")  # fmt: skip


def _nudge(looked: _Looked) -> Iterator[Problem]:
    yield from text_problems(f"{looked.file}: nudge", looked.flow.nudge, looked.slots)


def _expiry(looked: _Looked) -> Iterator[Problem]:
    expires = looked.flow.expires
    if expires is not None and expires not in looked.values:
        yield Problem(looked.file, f"expires names '{expires}', which nothing sets", f"list '{expires}' in given")


def _targets(looked: _Looked) -> Iterator[Problem]:
    states = looked.flow.states
    known = ", ".join(states)
    if looked.flow.start not in states:
        yield Problem(looked.file, f"start: no state named '{looked.flow.start}'", f"use one of: {known}")
    for state in states.values():
        for target in state.targets():
            if target not in states:
                yield Problem(looked.at(state), f"no state named '{target}'", f"use one of: {known}")


def _reached(looked: _Looked) -> Iterator[Problem]:
    states = looked.flow.states
    reached, waiting = set[str](), [looked.flow.start]
    while waiting:
        if (name := waiting.pop()) in states and name not in reached:
            reached.add(name)
            waiting += states[name].targets()
    for state in states.values():
        if state.name not in reached:
            yield Problem(looked.at(state), "nothing leads here", "name it as the next of a state, or take it out")


def _endings(looked: _Looked) -> Iterator[Problem]:
    """From every state some way must lead to an end."""
    states = looked.flow.states
    ending = {name for name, state in states.items() if state.next is None}
    while more := {name for name, state in states.items() if ending & set(state.targets())} - ending:
        ending |= more
    for name, state in states.items():
        if name not in ending:
            yield Problem(looked.at(state), "no way leads to an end", "let a state on the way have no next")


def _circles(looked: _Looked) -> Iterator[Problem]:
    """A circle in which nobody is asked would text without end. A question left out asks nobody."""
    states = looked.flow.states
    silent = [state for state in states.values() if state.expect is Expect.NOTHING or state.unless_spoken]
    onward = {state.name: state.next for state in silent}
    for name in onward:
        seen, here = set[str](), onward[name]
        while here in onward and here != name and here not in seen:
            seen.add(here)
            here = onward[here]
        if here == name:
            yield Problem(looked.at(states[name]), "goes in a circle that never waits", "end it or ask in it")


def _texts(looked: _Looked) -> Iterator[Problem]:
    for state in looked.flow.states.values():
        place = looked.at(state)
        if not state.say and state.expect is not Expect.NOTHING:
            yield Problem(place, "asks without a text", "write say.en and say.es")
        for where, texts in _worded(place, state):
            yield from text_problems(where, texts, looked.slots)
        yield from text_problems(f"{place}, again", state.again, looked.slots)


def _worded(place: str, state: State) -> Iterator[tuple[str, Texts]]:
    """Everything a state may say, and where it stands."""
    yield place, state.say
    for name, texts in state.wordings.items():
        yield f"{place}, wording '{name}'", texts


def _asked_again(looked: _Looked) -> Iterator[Problem]:
    """The question with an opening before it, as the machine composes it, must still fit."""
    for state in looked.flow.states.values():
        if state.expect is Expect.NOTHING or looked.always is None:
            continue
        openings = (looked.always.noted, looked.always.again)
        for opening, (place, asked) in product(openings, _worded(looked.at(state), state)):
            for language, text in again_texts(opening, asked).items():
                yield from too_long(f"{place}, asked again, '{language}'", text, language)


def _answers(looked: _Looked) -> Iterator[Problem]:
    for state in looked.flow.states.values():
        place = looked.at(state)
        if state.expect is Expect.CHOICE and not state.answers:
            yield Problem(place, "a choice without answers", "add [[states.NAME.answers]] with a key for each")
        if state.answers and state.expect not in ANSWERED:
            yield Problem(place, f"answers that '{state.expect}' never reads", "expect a choice, or take them out")
        keys = [answer.key for answer in state.answers]
        if state.expect is Expect.YES_NO and (set(keys) - {"yes", "no"} or len(keys) != len(set(keys))):
            yield Problem(place, f"a yes_no with the keys {', '.join(keys)}", 'key one answer "yes" and one "no"')
        if state.expect is not Expect.NOTHING and not 1 <= state.tries <= MOST_TRIES:
            yield Problem(place, f"tries = {state.tries}", f"use 1 to {MOST_TRIES}")


def _offered(looked: _Looked) -> Iterator[Problem]:
    """Nobody can pick an answer they were not told of."""
    for state in looked.flow.states.values():
        if state.expect is not Expect.CHOICE:
            continue
        for place, texts in _worded(looked.at(state), state):
            for language, text in texts.items():
                yield from _not_offered(f"{place}, '{language}'", text, state)


def _not_offered(place: str, text: str, state: State) -> Iterator[Problem]:
    said = normalise(text).text.split()
    for answer in state.answers:
        if normalise(answer.key).text.strip() not in said:
            what = f"answer '{answer.key}' is not offered in the text"
            yield Problem(place, what, f"write what {answer.key} stands for")


def _keywords(looked: _Looked) -> Iterator[Problem]:
    """Such an answer never arrives: the message ends or restarts the texts, or asks for help."""
    for state in looked.flow.states.values():
        keys = [answer.key for answer in state.answers if state.expect is not Expect.YES_NO and is_keyword(answer.key)]
        words = [word for answer in state.answers for word in answer.words if is_keyword(word) and word != "yes"]
        for word in (*keys, *words):
            what = f"the answer '{word}' is a word that ends, restarts or explains the texts"
            yield Problem(looked.at(state), what, "use a number as the key and other words")


def _alarms(looked: _Looked) -> Iterator[Problem]:
    """Such an answer ends the questions, as if the person had told of danger or asked for a call."""
    for state in looked.flow.states.values():
        for answer in state.answers:
            for word in answer.words:
                found = RULES_ALONE.find(word)
                if found.urgent and not answer.does.flags_now:
                    yield Problem(looked.at(state), f"the answer '{word}' reads as danger and alerts a person at once",
                                  "use other words, or flag_now on this answer")  # fmt: skip
                elif found.intent is Intent.HUMAN and Attention.HUMAN not in answer.does.flags:
                    yield Problem(looked.at(state), f"the answer '{word}' reads as asking for a person",
                                  "use other words, or flag = \"human\" on this answer")  # fmt: skip


def _unasked(looked: _Looked) -> Iterator[Problem]:
    """On the way to the first question nobody has said anything yet: what rings there rings about everybody."""
    states = looked.flow.states
    seen, name = set[str](), looked.flow.start
    while (state := states.get(name)) and name not in seen:
        seen.add(name)
        if state.does.flags_now:
            yield Problem(looked.at(state), "flag_now rings staff about everybody who gets this, whatever they answer",
                          "put it on the answer that means danger")  # fmt: skip
        if state.expect is not Expect.NOTHING and not state.unless_spoken:
            return
        name = state.next or ""


def _twice(looked: _Looked) -> Iterator[Problem]:
    for state in looked.flow.states.values():
        for one, other in combinations(state.answers, 2):
            for word in sorted(_said(one) & _said(other)):
                yield Problem(looked.at(state), f"'{word}' means both '{one.key}' and '{other.key}'", "keep it at one")


def _said(answer: Answer) -> set[str]:
    return {normalise(word).text.strip() for word in (answer.key, *answer.words)}


def _ranges(looked: _Looked) -> Iterator[Problem]:
    for state in looked.flow.states.values():
        if state.expect is not Expect.NUMBER:
            continue
        bounds = [(answer, *_bounds(answer)) for answer in state.answers]
        for answer, low, high in bounds:
            if low > high:
                yield Problem(looked.at(state), f"answer '{answer.key}' has low above high", "swap low and high")
        for (one, low, high), (other, bottom, top) in combinations(bounds, 2):
            if low <= top and bottom <= high:
                what = f"the numbers of '{one.key}' and '{other.key}' overlap"
                yield Problem(looked.at(state), what, "let one end before the other begins")


def _bounds(answer: Answer) -> tuple[float, float]:
    return -inf if answer.low is None else answer.low, inf if answer.high is None else answer.high


def _plans(looked: _Looked) -> Iterator[Problem]:
    for place, does in looked.deeds():
        for plan in does.plans:
            if plan.flow not in looked.names:
                yield Problem(place, f"plans '{plan.flow}', and there is no such flow",
                              f"use one of: {', '.join(sorted(looked.names))}")  # fmt: skip
            if plan.date is not None and plan.date not in looked.values:
                yield Problem(place, f"plans by '{plan.date}', which nothing sets",
                              f"list '{plan.date}' in given, or remember it in a state")  # fmt: skip


def _flag_values(looked: _Looked) -> Iterator[Problem]:
    for place, does in looked.deeds():
        for name in does.flag_values:
            if name not in looked.values:
                yield Problem(place, f"flags by '{name}', which nothing sets", f"list '{name}' in given")


def _wordings(looked: _Looked) -> Iterator[Problem]:
    for state in looked.flow.states.values():
        yield from wording_problems(looked.at(state), looked.flow, state)


Rule = Callable[[_Looked], Iterator[Problem]]
RULES: tuple[Rule, ...] = (
    _timing, _nudge, _expiry, _targets, _reached, _endings, _circles, _texts, _asked_again,
    _answers, _offered, _keywords, _alarms, _unasked, _twice, _ranges, _plans, _flag_values, _wordings,
)  # fmt: skip
