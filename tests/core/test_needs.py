"""What a reply says: nothing dangerous may be missed, nothing harmless may ring, nothing unread may be closed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.kinds import Intent, Lane, Need
from bot.core.needs import detector, find
from bot.core.needs.detector import RULES_ALONE
from bot.core.needs.phrases import TABLE
from bot.core.normal import normalise

DANGER = """
i got a bullet in my leg | im done. tell my kids i love them | i locked myself in the bathroom hes yelling
they found me | my stepdad touches me at night | might do something stupid tonight | he said its gonna be me next
ya me hallaron | kiero morirme | mi padrastro me toca | van a venir por mi | mi vida no vale nada
somebody been in my house
they shootin outside | somebody just shot my cousin | i heard gunshots by my house | he put a gun to my head
im gonna kill him | bro im bout to crash out | i feel like dying | i dont see a point in living | kms
my baby daddy choked me | i want 2 die | he's outside my door with a knife | some guys following me home
they know where i stay at | opps slid thru last nite | theres a hit out on me | my brother od'd
she took a bunch of pills | they threatening my family | help me | HELP ME PLEASE | dont wanna be alive no more
i cut myself again last night | he said if i leave hell kill me and the kids | he raped me
a car keeps circling the block | my son has a gun | someone broke in my house
he got out of jail and he coming for me | pulled up on me wit a strap | he wont let me leave | im bleeding bad
wish i was dead | nobody would miss me if i was gone | they shot @ us | dude pulled a 🔫 on me
thier gonna kill me | i took all my pills | 🆘 | goodbye everyone | he didnt shoot me yet | he hit me
he hit me up and then he hit me | my chest hurts and i cant breathe | my baby wont wake up
my daughter is missing | unas personas me quieren matar | me estan siguiendo | me pegó mi marido
le dispararon a mi hermano | hay balazos afuera | me quiero morir | YA NO QUIERO VIVIR
tengo una pistola y lo voy a matar | andan buscandome los de la pandilla | saben donde vivo | ayúdenme por favor
se metieron a mi casa | mi ex me amenazó de muerte | mi hermano tuvo una sobredosis | quieren q mate a alguien
me van a quebrar | tengo miedo q me maten | me corto los brazos | no puedo respirar | mi hija no aparece
se llevaron a mi bebe
dont text me he is here | no more texts hes reading them | stop texting he got my phone | STOP hes here
stop texting me my ex is reading my messages | he is here dont text me | shes next to me stop texting
dont text me they took my phone | please dont message me my husband checks my phone | cant text hes here
no me escribas esta aqui conmigo | ya no mandes mensajes me revisa el telefono | esta a mi lado no me escribas
no me manden nada el tiene mi celular | me quito el telefono ya no me escriban | sáquenme de aquí
end it all | unsubscribe from life | i wanna quit life | quit on life | opt out of life | let me die
cancel my subscription to life | log me out of life | take me off this earth | delete my life | make it all stop
i no longer wish to exist | ya me quiero dar de baja de esta vida | borrenme de este mundo | déjenme morir
terminar con mi vida | quiero salir de este mundo | ya basta de esta vida | ya no quiero nada con la vida
me corto | me corté las venas
"""
HARMLESS = """
they found me a better job | me encontraron un trabajo | he grabbed me some food | my cousin beat me at 2k
me toco la loteria | they came to my house for thanksgiving | mi jefe me busca para darme mas horas
im good thanks for checking in | just chillin at the crib | work is going good | lol my feet are killing me
my phone died sorry | that movie had me dying laughing | chiefs killed it last night | hit me up later
he hit me up yesterday | shoot me a text tomorrow | got my flu shot today | going to the gym to shoot hoops
that food was the bomb | we beat them by 20 in basketball | im following up on my application
cut my hair today | looking for my keys lol | im killing it at my new job
i need a nail gun for work | see you at 3 | it's hot outside | no need for a ride | jaja me muero de risa
aqui trabajando | me siguen gustando las clases | estoy muerto de cansancio pero bien
ya consegui trabajo gracias | compre una pistola de agua
dont text me im at work | cant talk im reading | stop texting me he moved
no me escribas estoy trabajando | no me escriba estoy aqui en el trabajo | no me llames estoy leyendo
ya no me escriban ya tiene otro telefono | ya esta aqui mi hijo | make it stop texting me
para nada esta aqui todo bien | ya no me manden mensajes no tengo telefono
take me off the list for the shelter | unsubscribe | quit my job | cancel my light bill | cancel my life insurance
quiero darme de baja del seguro | tengo corte el martes | ando corto de dinero | me corté el pelo
"""
CLOSED = """
im good | all good thanks | doing fine | todo bien gracias | 👍 | 👍🏽👍🏽 | ok | OK. | Im good, thank you!
I’m doing pretty good today 😊 | im good :) | hey im alright | good morning, everything is great thank God
blessed | thanks | have a good day | muy bien gracias | todo bien gracias a Dios
estoy bien, gracias por preguntar | hola, bien | excelente | gracias
"""
TODAY = """
yes | no | 2 | ok? | im good :( | im fine... | im fine… | good i guess | not good | im good but | im good 😭
ok ☠️ | lol | idk | ? | hi | привет | 你好 | مرحبا | ايش هذا | 🤷 | im good 🔫🤡 | que | no bien | mas o menos
todo mal | help | start | stop | . | fine "fine"
"""
NEEDS = [
    ("got put out last night, sleeping in my car", {Need.HOUSING}),
    ("they laid me off and rent is due", {Need.JOB, Need.HOUSING}),
    ("need a ride to my ged class", {Need.TRANSPORT, Need.EDUCATION}),
    ("lights got cut off and the kids need food", {Need.BASICS}),
    ("got court tuesday, lost my id", {Need.LEGAL}),
    ("she wont let me see my kids", {Need.FAMILY}),
    ("cant sleep since the funeral", {Need.COUNSELING}),
    ("my tooth hurts and im out of my meds", {Need.HEALTH}),
    ("i want to kill myself", {Need.SAFETY, Need.COUNSELING}),
    ("my brother overdosed", {Need.SAFETY, Need.HEALTH}),
    ("ya no tengo trabajo y debo la renta", {Need.JOB, Need.HOUSING}),
    ("me cortaron la luz", {Need.BASICS}),
    ("tengo corte el lunes y no tengo como llegar", {Need.LEGAL, Need.TRANSPORT}),
    ("me duele la muela", {Need.HEALTH}),
    ("no me deja ver a mis hijos", {Need.FAMILY}),
    ("quiero terminar la escuela", {Need.EDUCATION}),
    ("me siento muy solo", {Need.COUNSELING}),
]
INTENTS = [
    ("stop texting me, wrong number", Intent.STOP),
    ("wrong number, call me if you want him", Intent.WRONG_NUMBER),
    ("call me", Intent.HUMAN),
    ("Can somebody call me?", Intent.HUMAN),
    ("need to talk to Dana", Intent.HUMAN),
    ("llamame", Intent.HUMAN),
    ("llámeme por favor", Intent.HUMAN),
    ("quiero hablar con alguien", Intent.HUMAN),
    ("who is this", Intent.HELP),
    ("who is this? can somebody call me", Intent.HUMAN),
    ("HELP", Intent.HELP),
    ("quien es", Intent.HELP),
    ("my boss didnt call me back", Intent.REPLY),
    ("dont call me stupid", Intent.REPLY),
    ("help me stop drinking", Intent.REPLY),
    ("START", Intent.REPLY),
]
PAIRS = [  # a word or two apart: what must ring, and what must not
    ("he shot at me", "i got a shot at it"),
    ("they killed it and my cousin, killed my cousin", "they killed it"),
    ("i cant breathe", "i can breathe again"),
    ("i want to die", "i want to dye my hair"),
    ("me quiero morir", "me muero de risa"),
    ("me mata mi marido, me quiere matar", "la espalda me mata"),
    ("me siguen unos tipos", "me siguen gustando los tacos"),
    ("tiene una pistola", "tiene una pistola de agua"),
]


def cells(table: str) -> list[str]:
    return [cell.strip() for line in table.splitlines() for cell in line.split("|")]


def plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")


@pytest.mark.parametrize("rule", TABLE.rules, ids=lambda rule: rule.name)
def test_every_rule_finds_its_example_and_leaves_its_lookalike(rule):
    hits = [hit for hit in TABLE.hits(normalise(rule.example)) if hit.rule == rule.name]
    assert {hit.need for hit in hits} == set(rule.needs)
    assert all(hit.urgent == rule.urgent for hit in hits)
    assert not set(rule.needs) & set(RULES_ALONE.find(rule.lookalike).needs)


def test_rule_names_are_unique():
    names = [rule.name for rule in TABLE.rules]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("need", Need)
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_need_has_enough_phrases_in_both_languages(need, language):
    rules = [rule for rule in TABLE.rules if need in rule.needs and rule.language == language]
    phrases = [phrase for rule in rules for phrase in (*rule.phrases, *rule.hints)]
    assert len(phrases) >= (25 if need is Need.SAFETY else 8)


@pytest.mark.parametrize("text", [text for text in cells(DANGER) if text])
def test_danger_reaches_a_person_now(text):
    assert find(text).lane is Lane.NOW


@pytest.mark.parametrize("text", [text for text in cells(HARMLESS) if text])
def test_a_figure_of_speech_rings_nobody(text):
    assert find(text).lane is not Lane.NOW
    assert Need.SAFETY not in find(text).needs


@pytest.mark.parametrize("danger, harmless", PAIRS)
def test_a_word_apart(danger, harmless):
    assert (find(danger).urgent, find(harmless).urgent) == (True, False)


@pytest.mark.parametrize("text", [text for text in cells(CLOSED) if text])
def test_a_plainly_harmless_reply_needs_nobody(text):
    assert find(text).lane is Lane.CLOSED


@pytest.mark.parametrize("text", cells(TODAY))
def test_what_is_not_plainly_harmless_is_read_today(text):
    assert find(text).lane is Lane.TODAY


@pytest.mark.parametrize("text, expected", NEEDS)
def test_each_need_is_found(text, expected):
    assert expected <= set(find(text).needs)


@pytest.mark.parametrize("text, intent", INTENTS)
def test_the_first_intent_that_fits_wins(text, intent):
    assert find(text).intent is intent


def test_a_call_for_a_person_does_not_hide_the_danger():
    found = find("call me, they shot at my cousin's house")
    assert (found.intent, found.needs, found.lane) == (Intent.HUMAN, (Need.SAFETY,), Lane.NOW)


def test_stop_does_not_hide_the_danger():
    found = find("stop texting me he has a gun")
    assert (found.intent, found.lane) == (Intent.STOP, Lane.NOW)


def test_a_hit_names_the_very_words():
    text = "🙏🏽 Pues  HE HIT ME, y hé hit me"
    quoted = [text[hit.start : hit.end] for hit in find(text).hits if hit.need is Need.SAFETY]
    assert quoted == ["HE HIT ME", "hé hit me"]


@pytest.mark.parametrize("text", ["someone shot my cousin", "stop", "call me", "who is this"])
def test_a_hit_or_a_wish_keeps_a_message_open_whatever_the_closed_list_says(text, monkeypatch):
    monkeypatch.setattr(detector, "harmless", lambda text, normal: True)
    assert find(text).lane is not Lane.CLOSED


def test_the_wider_reason_stands_for_those_inside_it():
    hits = find("they are threatening to kill me and my kids with a gun").hits
    kinds = {(hit.need, hit.urgent) for hit in hits}
    for need, urgent in kinds:
        spans = [(hit.start, hit.end) for hit in hits if (hit.need, hit.urgent) == (need, urgent)]
        assert spans == sorted(set(spans))
        assert [end for _, end in spans] == sorted({end for _, end in spans})


words = st.sampled_from(
    [word for rule in TABLE.rules for word in (rule.example, rule.lookalike)] + cells(CLOSED + TODAY)
)
messages = st.text(max_size=1600) | st.lists(words | st.text(max_size=8), max_size=12).map(" ".join)


@given(messages)
def test_find_is_total_and_every_hit_lies_in_the_text(text):
    found = find(text)
    assert found == find(text)
    assert all(0 <= hit.start < hit.end <= len(text) and text[hit.start : hit.end].strip() for hit in found.hits)


@given(messages)
def test_a_closed_message_never_has_a_hit(text):
    found = find(text)
    assert found.lane is not Lane.CLOSED or (not found.hits and found.intent is Intent.REPLY)


@given(messages, messages)
def test_more_words_never_close_a_danger(before, after):
    assert find(f"{before}\n{after}").lane is not Lane.CLOSED or not (find(before).hits or find(after).hits)


latin = st.lists(
    words | st.text(st.characters(max_codepoint=0x17F, categories=["L", "N", "P", "Z"]), max_size=6), max_size=6
)


@given(latin.map(" ".join))
def test_capitals_and_accents_change_nothing(text):
    found = find(text)
    for other in (text.upper(), plain(text), plain(text).upper()):
        assert (find(other).lane, find(other).needs, find(other).intent) == (found.lane, found.needs, found.intent)
