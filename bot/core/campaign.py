"""What a campaign is registered with, made of what is sent: which texts are shown, and what the form allows.

Lengths, the number of samples and what is asked for are those of the 10DLC campaign of Twilio's API (docs/twilio.md).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.core.always import Always
from bot.core.flow import Expect, Flow, Texts
from bot.core.kinds import Language
from bot.core.speech import render, slots

FIRST = ("welcome", "weekly")  # what people get first and most; other flows follow by name
DESCRIPTION = range(40, 4097)  # characters
MESSAGE_FLOW = range(40, 2049)
SAMPLE = range(20, 1025)
SAMPLES = range(2, 6)
MOMENT, ANYTHING = "2026-12-03T14:30", "example"  # for slots that hold a time, and any other, in a sample

LINK = re.compile(r"https?://|\bwww\.|\b[a-z0-9-]+\.(?:com|org|net|gov|us|info|edu)\b", re.IGNORECASE)
PHONE = re.compile(r"\d{3}\W{0,2}\d{3}\W?\d{4}")


@dataclass(frozen=True)
class Names:
    """What the slots of texts are filled with."""

    programme: str
    contact: str
    worker: str

    def fill(self, text: str, language: Language) -> str:
        """The text as somebody gets it, with an example where only a conversation would tell the value."""
        given = {"programme": self.programme, "contact": self.contact, "worker": self.worker}
        values = {slot: given.get(slot, MOMENT if slot.endswith("_at") else ANYTHING) for slot in slots(text)}
        return render(text, values, language)


def samples(flows: Mapping[str, Flow], names: Names, alert: str) -> tuple[str, ...]:
    """Up to five texts as they are sent: how talks begin, a question, one in Spanish, and an alert to staff.

    Fewer where the flows have fewer that fit the form; `alert` is always among them, as it is what holds a link.
    """
    ordered = [flows[name] for name in (*FIRST, *sorted(flows.keys() - set(FIRST))) if name in flows]
    openings = [flow.states[flow.start].say for flow in ordered]
    questions = [state.say for flow in ordered for state in flow.states.values() if state.expect is Expect.CHOICE]
    english = [_said(texts, Language.EN, names) for texts in (*openings[:2], *questions[:1], *openings[2:])]
    spanish = [_said(texts, Language.ES, names) for texts in openings]
    fitting = [text for text in dict.fromkeys(english) if len(text) in SAMPLE][:3]
    fitting += [text for text in spanish if len(text) in SAMPLE][:1]
    return (*fitting, alert)


def _said(texts: Texts, language: Language, names: Names) -> str:
    return names.fill(texts.get(language, ""), language)


def every_text(flows: Mapping[str, Flow], always: Always, names: Names) -> Iterator[str]:
    """Everything that the flows and the texts of no flow can say, filled in."""
    of_flows = [texts for flow in flows.values() for texts in _texts_of(flow)]
    for texts in (*of_flows, *vars(always).values()):
        yield from (names.fill(text, language) for language, text in texts.items())


def _texts_of(flow: Flow) -> Iterator[Texts]:
    yield flow.nudge
    for state in flow.states.values():
        yield from (*state.worded.values(), state.again)


def description(programme: str) -> str:
    """What the campaign is for. It says no more than a stranger may know: the name is neutral, and so is this."""
    return (
        f"{programme} keeps in touch with people who enrolled with its staff and agreed to be texted. Each of them "
        "gets a short check-in about once a week, reminders of appointments, and answers to what they text. They "
        "answer with a digit or in their own words, and staff read it and help. Staff get alerts when somebody waits "
        "for an answer. Nothing is sold or advertised."
    )


def message_flow(programme: str, welcome: str) -> str:
    """How people opt in, and the text that confirms it."""
    return (
        f"People agree when they enrol with staff of {programme}, in person, by telephone or on paper. Staff record on "
        "which day and to whom they agreed; without that record nothing is sent. Agreeing is no condition of any "
        f"help. The first text confirms it: \"{welcome}\" Reply STOP, or the same in other words, ends all texts."
    )


def misfits(described: str, flow: str, shown: tuple[str, ...]) -> Iterator[str]:
    """What the form would not take, in sentences."""
    for what, text, allowed in (("description", described, DESCRIPTION), ("message flow", flow, MESSAGE_FLOW)):
        if len(text) not in allowed:
            yield f"The {what} has {len(text)} characters; {allowed[0]} to {allowed[-1]} are taken."
    if len(shown) not in SAMPLES:
        yield f"There are {len(shown)} samples; {SAMPLES[0]} to {SAMPLES[-1]} are taken. Do the flows work?"
    yield from (f"A sample has {len(text)} characters." for text in shown if len(text) not in SAMPLE)
