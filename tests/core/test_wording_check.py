"""Wordings that cannot be compared: the complaint names the place and what to do."""

import pytest

from bot.core.flow import parse
from bot.core.flow_check import check

GOOD = """
title = "Weekly"
start = "hello"
answer_within = "2 days"

[states.hello]
say.en = "Hi, {worker} here."
say.es = "Hola, soy {worker}."
next = "bed"
smallest_difference = 10
usually_answered = 60

[states.hello.wordings.warm]
say.en = "Good to write to you again! It's {worker}."
say.es = "¡Qué gusto escribirle! Soy {worker}."

[states.bed]
say.en = "Reply 1 good, 2 bad."
say.es = "Responda 1 bien, 2 mal."
planned = 400
expect = "choice"
next = "bye"
answers = [{ key = "1" }, { key = "2" }]

[states.bed.wordings.warm]
say.en = "How did you sleep? Reply 1 good, 2 bad."
say.es = "¿Cómo durmió? Responda 1 bien, 2 mal."

[states.bye]
say.en = "Thank you."
say.es = "Gracias."
"""
ALIKE = "How did you sleep? Reply 1 good, 2 bad.", " Reply 1 good,  2 bad. "
BED_WARM = GOOD[GOOD.index("[states.bed.wordings.warm]") : GOOD.index("[states.bye]")]
LONG = "b" * 61


def test_wordings_that_can_be_compared_have_no_problems() -> None:
    assert check(parse("weekly", GOOD), {"weekly"}) == []


BROKEN = [
    # what is said is checked like any other text
    (("How did you sleep?", "Did the police come?"), "state bed, wording 'warm', 'en'", "'police' tells", "neutral"),
    (('say.es = "¿Cómo durmió? Responda 1 bien, 2 mal."', ""), "bed, wording 'warm'", "no text in 'es'", "write it"),
    (("How did you sleep?", "How? " * 70), "state bed, wording 'warm', 'en'", "segments long", "fewer words"),
    (
        ("How did you sleep?", "We would appreciate additional information regarding your accommodation situation."),
        "state bed, wording 'warm', 'en'", "reads at school grade", "shorter sentences",
    ),
    (("to you again", "to you, {name}"), "state hello, wording 'warm', 'en'", "nothing fills {name}", "use one of"),
    (("Good to write", "Reply YES. Good"), "state hello, wording 'warm', 'en'", "asks for 'yes'", "ask for 1, 2"),
    (
        ("durmió? Responda 1 bien, 2 mal", "durmió? Responda 1 o 3"),
        "state bed, wording 'warm', 'es'", "'2' is not offered", "write what 2 stands for",
    ),
    # what can be compared
    ((BED_WARM, ""), "state bed", "plans to compare wordings, and there are none", "[states.bed.wordings.warm]"),
    (ALIKE, "state bed, wording 'warm'", "says the same as 'usual' in 'en'", "word it differently"),
    (
        ("[states.bye]", f"{BED_WARM.replace('.warm', '.kind')}[states.bye]"),
        "state bed, wording 'kind'", "says the same as 'warm' in 'en'", "word it differently",
    ),
    ((BED_WARM, "[states.bed.wordings.warm]\n"), "bed, wording 'warm'", "says nothing", "write say.en and say.es"),
    (("bed.wordings.warm", "bed.wordings.Warm"), "state bed, wording 'Warm'", "figures cannot carry", "small letters"),
    (("bed.wordings.warm", 'bed.wordings."so warm"'), "wording 'so warm'", "figures cannot carry", "small letters"),
    (('"bed"', f'"{LONG}"', "[states.bed]", f"[states.{LONG}]", "bed.wordings", f"{LONG}.wordings"),
     f"state {LONG}", "a name of 61 letters", "60 at most"),
    (('say.en = "Hi, {worker} here."\nsay.es = "Hola, soy {worker}."', ""), "state hello", "no usual text", "say.en"),
    (
        ('"Gracias."', '"Gracias."\nplanned = 400\nwordings.warm.say = { en = "Thanks!", es = "Mil gracias." }'),
        "state bye", "no question follows, so nobody answers", "compare the wordings of a question",
    ),
    # the plan
    (("planned = 400", ""), "state bed", "does not say for how many people", "write planned = 400"),
    (("planned = 400", "planned = 400\nsmallest_difference = 5"), "state bed", "number of people twice", "only one"),
    (("usually_answered = 60", ""), "state hello", "plans by half", "with usually_answered = 60"),
    (("smallest_difference = 10", ""), "state hello", "plans by half", "smallest_difference = 10 with"),
    (("usually_answered = 60", "usually_answered = 100"), "state hello", "out of range", "1 to 99 of 100"),
    (("smallest_difference = 10", "smallest_difference = 0"), "state hello", "out of range", "1 to 50 points"),
    (("smallest_difference = 10", "smallest_difference = 51"), "state hello", "out of range", "1 to 50 points"),
    (("smallest_difference = 10", "smallest_difference = -3"), "state hello", "out of range", "1 to 50 points"),
    (("planned = 400", "planned = 9"), "state bed", "9 people for each wording show nothing", "plan 10 at the very"),
    (("planned = 400", "planned = 0"), "state bed", "0 people for each wording show nothing", "hundreds"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "place", "what", "mend"), BROKEN, ids=lambda each: str(each)[:40]
)
def test_rule(change: tuple[str, ...], place: str, what: str, mend: str) -> None:
    source = GOOD
    for old, new in zip(change[::2], change[1::2], strict=True):
        assert old in source
        source = source.replace(old, new, 1)
    problems = check(parse("weekly", source), {"weekly"})
    assert any(place in each.place and what in each.what and mend in each.mend for each in problems), problems


@pytest.mark.parametrize("points", range(1, 51))
@pytest.mark.parametrize("usually", [1, 2, 10, 30, 50, 70, 98, 99])
def test_every_plan_in_range_has_a_number(points: int, usually: int) -> None:
    plan = f"smallest_difference = {points}\nusually_answered = {usually}"
    source = GOOD.replace("smallest_difference = 10\nusually_answered = 60", plan)
    assert all("show nothing" in each.what for each in check(parse("weekly", source), {"weekly"}))
