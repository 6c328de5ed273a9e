"""Reading a flow from its file: what each line becomes, and what a mistake is answered with."""

from dataclasses import fields
from datetime import timedelta

import pytest

from bot.core.always import Always, parse_always
from bot.core.flow import Does, Expect, FlowError, Planned, parse, version_of
from bot.core.kinds import Attention, Language, Need
from bot.core.wordings import Aim

WHOLE = """
title = "Weekly check-in"
start = "open"
answer_within = "2 days"
nudge_after = "90 minutes"
nudge.en = "Still here."
given = ["need"]
expires = "seen_at"

[silence]
flag = "quiet"
plan = { flow = "later", when = "1 hour before seen_at" }

[states.open]
say.en = "How are you?"
say.es = "¿Cómo está?"
expect = "choice"
again.en = "Say it again?"
tries = 3
remember = "mood"
unless_spoken = "housing"
next = "bye"

[[states.open.answers]]
key = "1"
en = ["good"]
es = ["bien"]
flag = ["job", "{need}"]
flag_now = "safety"
plan = [{ flow = "job", when = "1 week" }]
low = 1
high = 2
next = "bye"

[states.bye]
say.en = "Bye."
"""


def test_every_setting_arrives() -> None:
    flow = parse("weekly", WHOLE)
    assert (flow.name, flow.title, flow.start) == ("weekly", "Weekly check-in", "open")
    assert (flow.answer_within, flow.nudge_after) == (timedelta(days=2), timedelta(minutes=90))
    assert (flow.given, flow.expires, flow.nudge[Language.EN]) == (("need",), "seen_at", "Still here.")
    assert flow.silence.flags == (Attention.QUIET,)
    assert flow.silence.plans == (Planned("later", before=timedelta(hours=1), date="seen_at"),)


def test_every_setting_of_a_state_arrives() -> None:
    state = parse("weekly", WHOLE).states["open"]
    assert (state.expect, state.tries, state.remember, state.next) == (Expect.CHOICE, 3, "mood", "bye")
    assert (state.unless_spoken, state.say[Language.ES]) == (Need.HOUSING, "¿Cómo está?")
    assert state.again == {Language.EN: "Say it again?"}


def test_every_setting_of_an_answer_arrives() -> None:
    answer = parse("weekly", WHOLE).states["open"].answers[0]
    assert (answer.key, answer.words, answer.next, answer.low, answer.high) == ("1", ("good", "bien"), "bye", 1, 2)
    plan = Planned("job", after=timedelta(weeks=1))
    assert answer.does == Does((Need.JOB,), (Need.SAFETY,), (plan,), ("need",))


def test_what_is_left_out_has_a_plain_meaning() -> None:
    state = parse("weekly", WHOLE).states["bye"]
    assert (state.expect, state.answers, state.next, state.tries) == (Expect.NOTHING, (), None, 2)
    assert (state.wordings, state.aim) == ({}, None)


def test_wordings_and_their_plan_arrive() -> None:
    warm = '[states.bye.wordings.warm]\nsay.en = "Take care."\n'
    bye = parse("weekly", f"{WHOLE}planned = 400\n{warm}").states["bye"]
    assert bye.wordings == {"warm": {Language.EN: "Take care."}}
    assert list(bye.worded) == ["usual", "warm"] and bye.worded["usual"] == {Language.EN: "Bye."}
    assert bye.aim == Aim(planned=400)
    counted = parse("weekly", f"{WHOLE}smallest_difference = 8\nusually_answered = 60\n{warm}").states["bye"]
    assert counted.aim == Aim(smallest_difference=8, usually_answered=60)


def test_version_names_the_text_and_nothing_else() -> None:
    assert parse("a", WHOLE).version == parse("b", WHOLE).version == version_of(WHOLE)
    assert version_of(WHOLE + " ") != version_of(WHOLE)


SMALL = 'title = "T"\nstart = "a"\nanswer_within = "1 day"\n[states.a]\nsay.en = "Hi"\n'
MISTAKES = [
    ("title = ", "weekly.toml", "not valid TOML"),
    (SMALL.replace('title = "T"', ""), "weekly.toml", "'title' is missing"),
    (SMALL.replace('"1 day"', '"soon"'), "weekly.toml", "write it like '2 days'"),
    (SMALL.replace('"1 day"', '"99999 weeks"'), "weekly.toml", "write it like '2 days'"),
    (SMALL.replace("start =", "begin ="), "weekly.toml", "unknown setting 'begin'"),
    (SMALL + 'nxt = "b"\n', "state 'a'", "unknown setting 'nxt'"),
    (SMALL + 'expect = "maybe"\n', "state 'a'", "use one of nothing, text"),
    (SMALL + "next = 3\n", "state 'a'", "'next' is missing or not a text"),
    (SMALL + 'tries = "two"\n', "state 'a'", "must be a whole number"),
    (SMALL + "tries = true\n", "state 'a'", "must be a whole number"),
    (SMALL + 'flag = "hosing"\n', "state 'a'", "no flag named 'hosing'"),
    (SMALL + "flag = [[1]]\n", "state 'a'", "no flag named"),
    (SMALL + 'unless_spoken = "human"\n', "state 'a'", "names no need"),
    (SMALL + 'say.fr = "Salut"\n', "state 'a'", "'say.fr' must be a text in one of: en, es"),
    (SMALL + "answers = 1\n", "state 'a'", "[[states.NAME.answers]]"),
    (SMALL + 'plan = { flow = "b", when = "later" }\n', "state 'a'", "'later' is no length of time"),
    (SMALL + 'plan = { flow = "b", when = "1 day", now = 1 }\n', "state 'a'", "unknown setting 'now'"),
    (SMALL + 'plan = "b"\n', "state 'a'", "expected a table"),
    (SMALL + '[[states.a.answers]]\nkey = "1"\nen = "good"\n', "state 'a': answer 1", "must be a list of texts"),
    (SMALL + '[[states.a.answers]]\nen = ["good"]\n', "state 'a': answer 1", "'key' is missing"),
    (SMALL.replace("[states.a]\nsay.en", "states"), "'states'", "expected a table"),
    (SMALL + 'wordings = "warm"\n', "state 'a'", "[states.NAME.wordings.warm]"),
    (SMALL + '[states.a.wordings]\nwarm = "Hi"\n', "state 'a': wording 'warm'", "expected a table"),
    (SMALL + '[states.a.wordings.usual]\nsay.en = "Hi"\n', "state 'a'", "'usual' is the wording at 'say' itself"),
    (SMALL + '[states.a.wordings.warm]\nen = "Hi"\n', "state 'a': wording 'warm'", "unknown setting 'en'"),
    (SMALL + '[states.a.wordings.warm]\nsay = "Hi"\n', "state 'a': wording 'warm': 'say'", "expected a table"),
    (SMALL + '[states.a.wordings.warm]\nplanned = 4\n', "state 'a': wording 'warm'", "unknown setting 'planned'"),
    (SMALL + 'planned = "many"\n', "state 'a'", "'planned' must be a whole number"),
    (SMALL + "smallest_difference = 0.1\n", "state 'a'", "'smallest_difference' must be a whole number"),
    (SMALL + "[silence]\nsay = 1\n", "silence", "unknown setting 'say'"),
]


@pytest.mark.parametrize(("source", "place", "what"), MISTAKES)
def test_a_mistake_is_named_with_its_place(source: str, place: str, what: str) -> None:
    with pytest.raises(FlowError) as error:
        parse("weekly", source)
    assert str(error.value).startswith("weekly.toml: ")
    assert place in str(error.value) and what in str(error.value)


ALWAYS = "".join(f'[{each.name}]\nen = "E"\nes = "S"\n' for each in fields(Always))


def test_always_holds_each_text_in_each_language() -> None:
    assert parse_always(ALWAYS).safety == {Language.EN: "E", Language.ES: "S"}


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("[", "not valid TOML"),
        (ALWAYS.replace("[safety]", "[safe]"), "[safety] is missing"),
        (ALWAYS.replace('es = "S"\n', "", 1), "[safety] has no text for 'es'"),
        ("safety = 1\n" + ALWAYS.replace("[safety]", "[x]"), "[safety] is missing"),
    ],
)
def test_always_names_what_is_missing(source: str, what: str) -> None:
    with pytest.raises(FlowError, match="always.toml") as error:
        parse_always(source)
    assert what in str(error.value)
