"""What is wrong with wordings that a state compares: nothing to compare, nobody to answer, no plan."""

import re
from collections.abc import Iterator
from itertools import combinations

from bot.core.flow import Expect, Flow, State
from bot.core.flow_texts import Problem
from bot.core.rates import MINIMUM_N
from bot.core.wordings import Aim

LONGEST_STATE = 60  # as the database keeps it
NAME = re.compile(r"[a-z0-9_]{1,30}")
POINTS, OF_100 = range(1, 51), range(1, 100)
A_PLAN = "planned = 400 (people for each wording), or smallest_difference = 10 with usually_answered = 60"


def wording_problems(place: str, flow: Flow, state: State) -> Iterator[Problem]:
    """Every problem of the wordings of one state; what each text says is checked like any other."""
    if not state.wordings:
        if state.aim:
            here = f"write them as [states.{state.name}.wordings.warm], or take the plan out"
            yield Problem(place, "plans to compare wordings, and there are none", here)
        return
    yield from _names(place, state)
    yield from _alike(place, state)
    yield from _plan(place, state.aim or Aim())
    if not state.say:
        yield Problem(place, "wordings and no usual text to hold them against", "write say.en and say.es")
    if not _is_answered(flow, state):
        yield Problem(place, "wordings of a text that no question follows, so nobody answers it",
                      "compare the wordings of a question, or of a text before one")  # fmt: skip


def _names(place: str, state: State) -> Iterator[Problem]:
    if len(state.name) > LONGEST_STATE:
        what = f"a name of {len(state.name)} letters"
        yield Problem(place, what, f"{LONGEST_STATE} at most where wordings are compared")
    for name in state.wordings:
        if not NAME.fullmatch(name):
            mend = "use small letters, digits and _, 30 at most"
            yield Problem(f"{place}, wording '{name}'", "a name that figures cannot carry", mend)


def _alike(place: str, state: State) -> Iterator[Problem]:
    for name, texts in state.wordings.items():
        if not texts:
            yield Problem(f"{place}, wording '{name}'", "says nothing", "write say.en and say.es for it")
    for (one, texts), (other, others) in combinations(state.worded.items(), 2):
        for language in sorted(set(texts) & set(others)):
            if texts[language].split() == others[language].split():
                what = f"says the same as '{one}' in '{language}'"
                yield Problem(f"{place}, wording '{other}'", what, "word it differently, or take it out")


def _is_answered(flow: Flow, state: State | None) -> bool:
    """Whether this is a question, or one follows before anybody is waited for."""
    for _ in flow.states:
        if state is None or state.expect is not Expect.NOTHING:
            break
        state = flow.states.get(state.next or "")
    return state is not None and state.expect is not Expect.NOTHING


def _plan(place: str, aim: Aim) -> Iterator[Problem]:
    """A comparison without a number of people from the start is looked at until it shows something."""
    counted = (aim.smallest_difference, aim.usually_answered)
    if aim.planned is None and counted == (None, None):
        yield Problem(place, "compares wordings, and does not say for how many people", f"write {A_PLAN}")
    elif aim.planned is not None and counted != (None, None):
        yield Problem(place, "plans the number of people twice", f"write only one: {A_PLAN}")
    elif aim.planned is None and None in counted:
        yield Problem(place, "plans by half", f"write {A_PLAN}")
    elif aim.planned is None and (aim.smallest_difference not in POINTS or aim.usually_answered not in OF_100):
        mend = "smallest_difference is 1 to 50 points, usually_answered 1 to 99 of 100"
        yield Problem(place, "plans with numbers out of range", mend)
    elif aim.people < MINIMUM_N:
        mend = f"plan {MINIMUM_N} at the very least; hundreds show more"
        yield Problem(place, f"{aim.people} people for each wording show nothing", mend)
