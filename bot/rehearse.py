"""Playing one flow at the terminal, time included: what a person would get, and what would happen around it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import click
from rich.console import Console

from bot.core import keywords
from bot.core.always import Always
from bot.core.flow import Flow
from bot.core.kinds import Found, Lane, Language, Purpose
from bot.core.machine import begin, nudge, reply, silence
from bot.core.speech import render, say_moment
from bot.core.turn import Assigns, Effect, Finish, Given, Position, RaiseFlag, Remember, Say, Schedule, Turn
from bot.flows import FlowShelf, read_with

WORDS = {"worker": "Ana", "programme": "Our programme", "contact": "816-555-0100"}
BETWEEN_TEXTS = timedelta(minutes=5)
READ_BY = {
    Lane.NOW: "A person is alerted at once.",
    Lane.TODAY: "A person reads this today.",
    Lane.CLOSED: "Nobody needs to read this.",
}
ENDING = (keywords.Kind.STOP, keywords.Kind.WRONG_NUMBER)

Ask = Callable[[], str | None]


@dataclass
class Rehearsal:
    """One check-in at the terminal. `now` is its wall clock; every text moves it, an empty line lets time pass."""

    flow: Flow
    always: Always
    language: Language
    now: datetime
    console: Console
    find: Callable[[str], Found]
    position: Position | None = None
    asked_at: datetime = field(init=False)
    nudged: bool = False
    safety_said: bool = False
    wording: str | None = None

    def begins(self) -> None:
        """Send the first texts. What the system would set is made up, and shown."""
        for name in self.assigned:
            self.note(f"State {name} is said in the wording '{self.wording}'.")
        values = made_up(self.flow, self.now)
        for name, value in values.items():
            self.note(f"{name} is {value}")
        self.take(begin(self.flow, values, self.given))

    def hears(self, text: str) -> None:
        """Take one text of the person, or an empty one for time that passes."""
        if not text.strip():
            self.waits()
            return
        self.now += BETWEEN_TEXTS
        found = self.find(text)
        keyword = keywords.read(text, intent=found.intent)
        if keyword and keyword.kind in ENDING:
            self.ends_for_good(keyword)
            return
        assert self.position is not None
        turn = reply(self.flow, self.position, text, found, self.given)
        self.note(READ_BY[turn.lane])
        self.nudged = True  # who has answered once is not nudged any more
        self.take(turn)

    def waits(self) -> None:
        """Let time pass without a reply: to the nudge where one is left, else to the end of waiting."""
        assert self.position is not None
        if self.flow.nudge_after and not self.nudged:
            self.now, self.nudged = self.asked_at + self.flow.nudge_after, True
            self.show(nudge(self.flow, self.position, self.given))
            return
        self.now = self.asked_at + self.flow.answer_within
        self.note("Nobody answered in time.")
        self.take(silence(self.flow, self.position, self.given))

    def ends_for_good(self, keyword: keywords.Keyword) -> None:
        self.note(f"This means '{keyword.kind}': no more texts are sent, and a person sees it.")
        if keyword.kind is keywords.Kind.STOP and not keyword.answered_by_carrier:
            self.speak(render(self.always.stopped[self.language], WORDS, self.language))
        self.position = None

    @property
    def given(self) -> Given:
        return Given(self.language, self.now, WORDS, self.always, self.safety_said, assigned=self.assigned)

    @property
    def assigned(self) -> Mapping[str, str]:
        """The wording that was asked for, at every state that has it."""
        if self.wording is None:
            return {}
        states = self.flow.states.values()
        return {each.name: self.wording for each in states if each.wordings and self.wording in each.worded}

    def take(self, turn: Turn) -> None:
        """Go where the turn leads: the waiting begins anew."""
        self.position, self.asked_at = turn.position, self.now
        self.show(turn)

    def show(self, turn: Turn) -> None:
        for effect in turn.effects:
            if isinstance(effect, Say):
                if effect.assigns is not None:
                    self.note(self.chosen(effect.assigns))
                self.speak(effect.text)
                self.safety_said = self.safety_said or effect.purpose is Purpose.SAFETY
            else:
                self.note(told(effect))

    def chosen(self, wording: Assigns) -> str:
        """A wording that was shared out, and among which."""
        names = ", ".join(self.flow.states[wording.state].worded)
        return f"State {wording.state} is said in the wording '{wording.wording}' (of {names})."

    def speak(self, text: str) -> None:
        self.console.print(f"{moment(self.now)}  {text}", style="bold", markup=False, highlight=False)

    def note(self, line: str) -> None:
        self.console.print(f"    · {line}", style="dim", markup=False, highlight=False)


def rehearse(
    shelf: FlowShelf,
    name: str,
    language: Language,
    now: datetime | None = None,
    ask: Ask | None = None,
    console: Console | None = None,
    wording: str | None = None,
) -> None:
    """Play a flow until it is over or `ask` gives None: by default with the person at the terminal, beginning now.

    With `wording`, states that have it are said in it; otherwise wordings are shared out as for a person.

    Sending hours are left aside: each text is shown at the time the flow asks for. Raises click.ClickException where
    the flow cannot be used, with everything that is wrong with it.
    """
    if name not in shelf.flows:
        wrong = [line for line in shelf.problems if line.startswith(f"{name}.toml")]
        raise click.ClickException("\n".join(wrong) or f"no flow named '{name}'; there are: {', '.join(shelf.flows)}")
    flow = shelf.flows[name]
    if wording is not None and (wrong_wording := _unknown_wording(flow, wording)):
        raise click.ClickException(wrong_wording)
    now = now or datetime.now().astimezone()
    find = partial(read_with, shelf)
    rehearsal = Rehearsal(flow, shelf.always, language, now, console or Console(), find, wording=wording)
    ask = ask or ask_at_terminal
    rehearsal.note("Type what the person texts. An empty line lets time pass.")
    rehearsal.begins()
    while rehearsal.position is not None:
        text = ask()
        if text is None:
            return
        rehearsal.hears(text)


def _unknown_wording(flow: Flow, wording: str) -> str | None:
    known = dict.fromkeys(name for state in flow.states.values() if state.wordings for name in state.worded)
    if wording in known:
        return None
    there_are = f"there are: {', '.join(known)}" if known else "it compares none"
    return f"{flow.name} has no wording named '{wording}'; {there_are}"


def ask_at_terminal() -> str | None:
    """One line from the person at the terminal; None at the end of input."""
    try:
        return str(click.prompt("", default="", prompt_suffix="> ", show_default=False))
    except click.Abort:
        return None


def made_up(flow: Flow, now: datetime) -> Mapping[str, str]:
    """Values for what the system gives a flow: an instant two days on for names in _at, else a need."""
    soon = (now + timedelta(days=2)).replace(hour=14, minute=30, second=0, microsecond=0)
    return {name: soon.isoformat() if name.endswith("_at") else "housing" for name in flow.given}


def told(effect: Effect) -> str:
    """An effect in plain words."""
    match effect:
        case RaiseFlag(kind, urgent):
            return f"Flag: {kind}{', at once' if urgent else ''}"
        case Remember(name, value):
            return f"Kept: {name} = {value}"
        case Schedule(flow, at, _):
            return f"Planned: {flow}, {moment(at)}"
        case Finish(outcome):
            return f"The check-in is over: {outcome.replace('_', ' ')}"
        case Say(text, _):
            return text


def moment(at: datetime) -> str:
    return say_moment(at, Language.EN, with_time=True)
