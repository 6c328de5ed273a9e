"""One broken flow for each rule: the complaint names the file, the state and what to do."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.always import Always
from bot.core.flow import parse
from bot.core.flow_check import check, check_always
from bot.core.kinds import Language
from bot.core.reading import grade, syllables

GOOD = """
title = "Weekly"
start = "open"
answer_within = "2 days"
nudge_after = "1 day"
nudge.en = "Hi, {worker} again."
nudge.es = "Hola, soy {worker}."
given = ["seen_at", "need"]
expires = "seen_at"

[states.open]
say.en = "How are you, friend?"
say.es = "¿Cómo está hoy?"
expect = "text"
remember = "week"
next = "bed"

[states.bed]
say.en = "Reply 1 good, 2 bad."
say.es = "Responda 1 bien, 2 mal."
again.en = "Reply 1 or 2."
again.es = "Responda 1 o 2."
expect = "choice"
next = "bye"
[[states.bed.answers]]
key = "1"
en = ["good"]
[[states.bed.answers]]
key = "2"
en = ["bad"]
flag = "{need}"
plan = { flow = "job", when = "1 day before seen_at" }

[states.bye]
say.en = "Thank you, {worker} here."
say.es = "Gracias, soy {worker}."
"""
ALWAYS = Always(**{each.name: {language: "Hi." for language in Language} for each in fields(Always)})
NUMBER = 'expect = "choice"', 'expect = "number"'


def test_a_good_flow_has_no_problems() -> None:
    assert check(parse("weekly", GOOD), {"weekly", "job"}, ALWAYS) == []


# what is changed into what -> where, what, mend
BROKEN = [
    (('start = "open"', 'start = "opne"'), "weekly.toml", "start: no state named 'opne'", "use one of: open, bed, bye"),
    (('next = "bye"', 'next = "by"'), "state bed", "no state named 'by'", "use one of: open, bed, bye"),
    (('next = "bye"', ""), "state bye", "nothing leads here", "name it as the next of a state"),
    (('say.en = "Thank', 'next = "open"\nsay.en = "Thank'), "state bed", "no way leads to an end", "have no next"),
    (
        ('say.en = "Thank', 'next = "bye"\nsay.en = "Thank'),
        "state bye", "circle that never waits", "end it or ask in it",
    ),
    (('say.es = "¿Cómo está hoy?"', ""), "state open", "no text in 'es'", "have a person write it in 'es'"),
    (('again.es = "Responda 1 o 2."', ""), "state bed, again", "no text in 'es'", "have a person write it"),
    (('nudge.es = "Hola, soy {worker}."', ""), "weekly.toml: nudge", "no text in 'es'", "have a person write it"),
    (('say.en = "How are you, friend?"\nsay.es = "¿Cómo está hoy?"', ""), "state open", "asks without a text", "write"),
    (('key = "2"', 'key = "stop"'), "state bed", "the answer 'stop' is a word that ends", "use a number"),
    (('key = "2"', 'key = "yes"'), "state bed", "the answer 'yes' is a word that ends", "use a number"),
    (('["bad"]', '["quit"]'), "state bed", "the answer 'quit' is a word that ends", "use a number"),
    (('["bad"]', '["ayuda"]'), "state bed", "the answer 'ayuda' is a word", "use a number"),
    (('["bad"]', '["in danger"]'), "state bed", "the answer 'in danger' reads as danger", "other words, or flag_now"),
    (('["bad"]', '["me quieren matar"]'), "state bed", "'me quieren matar' reads as danger", "or flag_now"),
    (('["bad"]', '["call me please"]'), "state bed", "'call me please' reads as asking for a person", 'flag = "human"'),
    (("How are you, friend?", "Good? Reply YES."), "state open, 'en'", "asks for 'yes'", "ask for 1, 2 or 3"),
    (("How are you, friend?", "Done? Text end."), "state open, 'en'", "asks for 'end'", "ask for 1, 2 or 3"),
    (("¿Cómo está hoy?", "Conteste con cancelar."), "state open, 'es'", "asks for 'cancelar'", "ask for 1, 2 or 3"),
    (("How are you, friend?", "How? " * 70), "state open, 'en'", "3 segments long (GSM-7), 2 at most", "fewer words"),
    (("¿Cómo está hoy?", "¿Cómo está? " * 18), "state open, 'es'", "4 segments long (UCS-2), 3 at most", "fewer words"),
    (
        ("How are you, friend?", "{worker} {programme} {contact} {seen_at} " * 4),
        "state open, 'en'", "segments long", "fewer words",
    ),
    (
        ("How are you, friend?", "We would appreciate additional information regarding your accommodation situation."),
        "state open, 'en'", "reads at school grade", "shorter sentences",
    ),
    (
        ("¿Cómo está hoy?", "Agradeceríamos información adicional sobre su situación habitacional y económica actual."),
        "state open, 'es'", "reads at school grade", "shorter sentences",
    ),
    (("How are you, friend?", "Did you go to court?"), "state open, 'en'", "'court' tells a stranger", "neutral words"),
    (("How are you, friend?", "Any shootings?"), "state open, 'en'", "'shootings' tells a stranger", "neutral words"),
    (("¿Cómo está hoy?", "¿Y la policía?"), "state open, 'es'", "'policia' tells a stranger", "neutral words"),
    (("Hi, {worker} again.", "Hi, {name}."), "weekly.toml: nudge, 'en'", "nothing fills {name}", "use one of: contact"),
    (
        ('[[states.bed.answers]]\nkey = "1"\nen = ["good"]\n[[states.bed.answers]]\nkey = "2"\nen = ["bad"]\n', ""),
        "state bed", "a choice without answers", "add [[states.NAME.answers]]",
    ),
    (('expect = "choice"', 'expect = "text"'), "state bed", "answers that 'text' never reads", "expect a choice"),
    (('expect = "choice"', 'expect = "yes_no"'), "state bed", "a yes_no with the keys 1, 2", 'key one answer "yes"'),
    (("Reply 1 good, 2 bad.", "Good or bad?"), "state bed, 'en'", "answer '1' is not offered", "write what 1"),
    (('["bad"]', '["Good!"]'), "state bed", "'good' means both '1' and '2'", "keep it at one"),
    (NUMBER, "state bed", "the numbers of '1' and '2' overlap", "let one end before"),
    (
        (*NUMBER, '["good"]', '["good"]\nhigh = 2', '["bad"]', '["bad"]\nlow = 2'),
        "state bed", "the numbers of '1' and '2' overlap", "let one end before",
    ),
    ((*NUMBER, '["bad"]', '["bad"]\nlow = 3\nhigh = 2'), "state bed", "low above high", "swap"),
    (('flow = "job"', 'flow = "jbo"'), "state bed, answer '2'", "plans 'jbo', and there is no", "one of: job, weekly"),
    (("before seen_at", "before sen_at"), "state bed, answer '2'", "plans by 'sen_at'", "list 'sen_at' in given"),
    (('"{need}"', '"{ned}"'), "state bed, answer '2'", "flags by 'ned'", "list 'ned' in given"),
    (('expires = "seen_at"', 'expires = "end_at"'), "weekly.toml", "expires names 'end_at'", "list 'end_at' in given"),
    (
        ('nudge.en = "Hi, {worker} again."\nnudge.es = "Hola, soy {worker}."', ""),
        "weekly.toml", "nudge_after without a nudge text", "write nudge.en",
    ),
    (('nudge_after = "1 day"', 'nudge_after = "2 days"'), "weekly.toml", "the nudge would not come", "shorter"),
    (('nudge_after = "1 day"', 'nudge_after = "0 days"'), "weekly.toml", "the nudge would not come", "shorter"),
    (('answer_within = "2 days"', 'answer_within = "0 days"'), "weekly.toml", "answer_within leaves no", "a day or"),
    (('remember = "week"', 'flag_now = "safety"'), "state open", "rings staff about everybody", "on the answer"),
    (
        ('expect = "text"\nremember = "week"', "", 'expect = "choice"', 'expect = "choice"\nflag_now = "safety"'),
        "state bed", "rings staff about everybody", "on the answer",
    ),
    (('remember = "week"', "tries = 0"), "state open", "tries = 0", "use 1 to 5"),
    (('remember = "week"', "tries = 9"), "state open", "tries = 9", "use 1 to 5"),
]  # fmt: skip
IDS = [f"{number} {row[2]}" for number, row in enumerate(BROKEN, 1)]


@pytest.mark.parametrize(("change", "place", "what", "mend"), BROKEN, ids=IDS)
def test_rule(change: tuple[str, ...], place: str, what: str, mend: str) -> None:
    source = GOOD
    for old, new in zip(change[::2], change[1::2], strict=True):
        assert old in source
        source = source.replace(old, new, 1)
    problems = check(parse("weekly", source), {"weekly", "job"}, ALWAYS)
    assert any(place in each.place and what in each.what and mend in each.mend for each in problems), problems
    assert all(each.place.startswith("weekly.toml") for each in problems)


ALARMING = ['["not safe"]\nflag_now = "safety"', '["call me please"]\nflag = "human"']


@pytest.mark.parametrize("meant", ALARMING)
def test_an_answer_may_call_a_person_where_it_is_meant_to(meant: str) -> None:
    source = GOOD.replace('["bad"]\nflag = "{need}"', meant)
    assert source != GOOD and check(parse("weekly", source), {"weekly", "job"}, ALWAYS) == []


def test_a_circle_through_questions_that_may_all_be_left_out_never_waits_either() -> None:
    circle = """title = "T"\nstart = "a"\nanswer_within = "1 day"
[states.a]\nsay.en = "Hi?"\nsay.es = "¿Y?"\nexpect = "text"\nunless_spoken = "job"\nnext = "a"\n"""
    assert "circle" in str(check(parse("weekly", circle), set()))


def test_a_circle_that_asks_is_no_fault_of_its_own() -> None:
    asked = GOOD.replace('en = ["bad"]', 'en = ["bad"]\nnext = "open"')
    assert check(parse("weekly", asked), {"weekly", "job"}, ALWAYS) == []


def test_a_question_asked_again_is_measured_with_its_opening() -> None:
    long = GOOD.replace("Reply 1 good, 2 bad.", "Reply 1 good, 2 bad. " + "Or so. " * 38)
    flow = parse("weekly", long)
    assert check(flow, {"job"}) == []
    wordy = Always(**{each.name: {language: "Sorry. " * 5 for language in Language} for each in fields(Always)})
    assert "state bed, asked again, 'en': 3 segments" in str(check(flow, {"job"}, wordy)[0])


@pytest.mark.parametrize("text", ["Reply STOP to end texts.", "Text START for more.", "Envíe AYUDA o STOP."])
def test_the_carrier_s_words_may_be_offered(text: str) -> None:
    assert check(parse("weekly", GOOD.replace("How are you, friend?", text)), {"job"}) == []


def test_always_is_held_to_the_same_rules() -> None:
    bad = Always(**{each.name: {language: "Did the police come?" for language in Language} for each in fields(Always)})
    problems = [str(each) for each in check_always(bad)]
    assert len(problems) == len(fields(Always))
    assert problems[0].startswith("always.toml: safety, 'en': 'police' tells a stranger")
    assert check_always(ALWAYS) == []


def test_always_knows_no_values_of_a_flow() -> None:
    slot = Always(**{each.name: {language: "Hi {week}." for language in Language} for each in fields(Always)})
    assert "nothing fills {week}" in str(check_always(slot)[0])


SYLLABLES = [
    ("cat", 1), ("come", 1), ("asked", 1), ("wanted", 2), ("any", 2), ("people", 2), ("danger", 2), ("situation", 4),
]  # fmt: skip
SILABAS = [
    ("día", 2), ("que", 1), ("guía", 2), ("quiere", 2), ("país", 2), ("línea", 3), ("muy", 1), ("bien", 1), ("ahí", 2),
]  # fmt: skip


@pytest.mark.parametrize(("word", "count"), SYLLABLES)
def test_english_syllables(word: str, count: int) -> None:
    assert syllables(word, Language.EN) == count


@pytest.mark.parametrize(("word", "count"), SILABAS)
def test_spanish_syllables(word: str, count: int) -> None:
    assert syllables(word, Language.ES) == count


def test_grade_is_the_published_formula() -> None:
    # 10 words, 2 sentences, 10 syllables.
    assert grade("The cat sat on mats. The dog ran to us.", Language.EN) == pytest.approx(0.39 * 5 + 11.8 - 15.59)
    # 6 words, 2 sentences, 10 syllables.
    ease = 206.84 - 60 * 10 / 6 - 1.02 * 3
    assert grade("Hola, soy Ana. ¿Cómo está hoy?", Language.ES) == pytest.approx(13.5 - ease / 10)


@given(st.text(), st.sampled_from(Language))
def test_any_text_has_a_grade(text: str, language: Language) -> None:
    assert isinstance(grade(text, language), float)
