"""What ends the texts must end them in whatever words; what only sounds like it must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.keywords import Keyword, Kind, read, told
from bot.core.needs import find
from bot.core.normal import normalise

STOP_ENGLISH = """
leave me alone | stop texting me | please stop | STOP PLEASE | no more texts | quit texting me
lose this number | take me off your list | dont text me no more | don’t text me anymore
do not contact me again | stop sending me messages | stop messaging me | yall need to stop texting me
I said stop | stop!!! | STOP. | Stop it please | stopppp | opt out | opt-out | Opt me out please
unsubscribe me | remove me from this list | take my number off this | delete my number | lose my number
quit hitting my phone up | stop blowing up my phone | no more messages please | i dont want these texts
I don't want to get these messages anymore | i dont wanna hear from yall | cancel these texts | end these texts
im tired of these texts | sick of yall texting me | i want to be removed from this list
i would like to unsubscribe | no longer interested | dont contact me | stop contacting me | stop bothering me
leave me tf alone | leave me the fuck alone | bro stop texting my phone | please dont message me anymore
I do not want to participate anymore | remove my number | i told you to stop texting me | quit spamming me
forget my number | i revoke my consent | dont hit me up no more | can you please stop texting me
hey please leave me alone | im blocking this number | Revoke! | quit. | END!! | stop with these texts
stop calling me | stop harassing me | get me off this list | dont send me nothing 😡 stop texting me
dont text me he is here | no more texts hes reading them | stop texting he got my phone | STOP hes here
take me off the list for good i got housing | leave my phone alone | no more messages from you
no longer want to be on this list
unsubscribe from this | opt out of this | get me out of this program | make it stop texting me
dont send me any more texts
"""
STOP_SPANISH = """
ya no manden nada | ya dejen de estar mandando mensajes | me pueden quitar de la lista | no vuelvan a escribir
alto | ALTO! | pare | paren ya | parar | basta | basta ya | ya basta | cancelar | terminar | no más | ya no
ya estuvo | ya no me escriban | no me manden mas mensajes | dejenme en paz | déjenme en paz por favor
borren mi numero | no me escriban más | ya no me manden mensajes | no me manden nada | no quiero mas mensajes
ya no quiero recibir mensajes | no quiero que me escriban | dejen de escribirme | deje de mandarme mensajes
dejen de molestar | paren de textearme | quítenme de la lista | quiteme de su lista | sáquenme de esta lista
bórrenme de su lista | borra mi numero | eliminen mi numero | olviden mi número | denme de baja
quiero darme de baja | me tienen harto con sus mensajes | estoy cansada de sus mensajes
no me vuelvan a escribir | no vuelvan a textearme | no me llamen más | ya no me llamen | no mas mensajes
no más mensajes por favor | ya no quiero participar | ya no me interesa | no me molesten | no me molesten más
los voy a bloquear | no me contacten | no me busquen | retiro mi consentimiento | les dije que ya no me escriban
quiero que me quiten de la lista | dejame en paz | paren los mensajes | ya no me texteen
no me escribas esta aqui conmigo | ya no mandes mensajes me revisa el telefono | no me escribas
denme de baja de esta lista | denme de baja mi telefono | ya no manden mensajes a mi hijo
quiero cancelar los mensajes | no quiero mas mensajes
"""
WRONG_ENGLISH = """
wrong number | Wrong number!! | sorry wrong number | you got the wrong person | you have the wrong number
who is this? this aint Marcus | this isnt Marcus | im not Marcus | I think you have the wrong number
u got the wrong number | this is the wrong number | you texted the wrong number bro | no Marcus here
theres nobody named Marcus here | nobody by that name here | i dont know who that is
i dont know nobody named Keyshawn | not my number, wrong person | this aint his number no more
he doesnt have this number anymore | i just got this number | she changed her number
you're texting the wrong person | this is not for me | wrong number this is not him | i dont know any Marcus
"""
WRONG_SPANISH = """
numero equivocado | número equivocado | se equivoco de numero | te equivocaste de número | no soy Marcos
tiene el numero equivocado | está equivocado de número | numero incorrecto | este no es el numero de Marcos
este ya no es su numero | aqui no vive Marcos | no conozco a Marcos | no conozco a nadie con ese nombre
no hay nadie con ese nombre | se equivocaron de persona | acabo de sacar este numero
"""
NOT_STOP = """
my ex wont leave me alone | he wont stop texting me | she keeps calling and won't quit texting me
i want to stop drinking | cant stop crying | they said stop coming around | end of the month | i quit my job
cancel my appointment | i quit | they cancelled my benefits | help me stop | help me stop smoking
the bus stop is far | nonstop work this week | he told me to stop calling him | i told him to leave me alone
tell her to stop texting me | they stopped my benefits | I need to stop by the office
my boss said dont text me at work | he said dont call me no more | dont call me today im at work
stop sign got knocked down | at the end of my rope | i had to quit school | i wanna quit smoking | no more job
i want out | they dont leave me alone | the police wont leave us alone | nobody texts me | my kids dont call me
no more food at home | ya no tengo trabajo | ya no aguanto | no mas tengo 5 dolares
basta de pelear con mi mama | nomas queria saludar | ya no puedo mas | para que es esto
mi ex no me deja en paz | no me deja de escribir mi ex | me cancelaron los beneficios | cancelar mi cita
tengo que parar en la tienda | mi hermano ya no me llama | para mi hijo | no quiero pelear
no me llamen ahorita estoy trabajando | no quiero morir | ya no vivo ahi | alto voltaje en la casa, no hay luz
bajaron mis horas
take me off the list for the shelter | take my name off the waiting list
remove me from the program list at the shelter | get my name off this lease
i need to get off this list for the shelter | get my name off that list at court
no longer want to be here | i no longer want to be alive | ya no quiero estar en este mundo
unsubscribe from life | i want to opt out of life | cancel my subscription to life | opt out of the class
stop the eviction | cancel my light bill | end it all | quit on life | stop sending the cops here
stop calls from the landlord | no more calls from my po | dont send me back to jail | dont send me home
dont write me up | dont want no messages from my ex | i had to leave my phone at the shop
i was told to stop texting him | quitenme de la lista del refugio | quitenme de la lista de espera
saquenme de la lista de la corte | sáquenme de esta casa | quitenme de la calle | dar de baja el carro
dar de baja la luz | me van a dar de baja del seguro | darme de baja de la escuela
ya me quiero dar de baja de esta vida | borrenme de este mundo | quiero cancelar las citas | que paren el desalojo
ya no quiero los bills | no quiero mas problemas | ya no quiero nada con la vida | no mas textos a mi ex
ya no mandes mensajes a mi ex
"""
NOT_WRONG = """
got the wrong number of hours on my check | he kept calling the wrong number | they arrested the wrong person
im not good | im not ok | im not working | this aint right | this is not fair | this aint easy
hanging with the wrong people | i went to the wrong building | they gave me the wrong number for the clinic
im not the person i used to be | no soy feliz | no soy capaz
me dieron el numero equivocado de la clinica | ya no soy el mismo
wrong number for the shelter | you got the wrong person for that job | looking for someone else to watch my kids
aqui no hay nadie que me ayude | no soy la persona que era | me dieron numero equivocado de la clinica
"""
NEITHER_KEYWORD = (
    "yes | YES | Yes. | no | ok | 1 | 2 | si | im good | stopped by | started work | helpful | 👍 | | . | resume"
)


def taken(text: str) -> Keyword | None:
    """The keyword that a participant's text is handled as."""
    return read(text, intent=find(text).intent)


def cells(table: str) -> list[str]:
    return [cell.strip() for line in table.splitlines() for cell in line.split("|") if cell.strip()]


@pytest.mark.parametrize("word", cells("stop|stopall|unsubscribe|cancel|end|quit|revoke|optout|start|unstop"))
@pytest.mark.parametrize("shape", ["{}", " {}\n", "\t{} "])
def test_a_carrier_word_alone_was_answered_by_the_carrier(word, shape):
    kind = Kind.START if word in ("start", "unstop") else Kind.STOP
    for spelling in (word, word.upper(), word.title()):
        assert read(shape.format(spelling)) == Keyword(kind, answered_by_carrier=True)


@pytest.mark.parametrize(
    "text", ["stop.", "STOP!", "Stop please", "opt out", "opt-out", '"stop"', "cancel.", "end!", "alto"]
)
def test_a_word_the_carrier_lets_through_is_ours_to_answer(text):
    assert taken(text) == Keyword(Kind.STOP, answered_by_carrier=False)


@pytest.mark.parametrize(
    "text", ["help", "HELP", "info", "Help!", "ayuda", "AYUDA.", "información", "what is this", "who is this?"]
)
def test_help_is_ours_to_answer_unless_the_carrier_sent_our_text(text):
    assert taken(text) == Keyword(Kind.HELP, answered_by_carrier=False)
    assert read(text, carrier_says="HELP") == Keyword(Kind.HELP, answered_by_carrier=True)


@pytest.mark.parametrize("said", ["STOP", "START"])
@pytest.mark.parametrize("text", ["", "fin de mensajes", "HELP", "yes", "they shot at my house"])
def test_the_carrier_decides_over_the_body(said, text):
    assert read(text, carrier_says=said) == Keyword(Kind(said.lower()), answered_by_carrier=True)


RESTARTS = """
unstop. | start again | sign me back up | EMPEZAR | iniciar | opt in | text me again | you can text me again
put me back on your list | opt back in | quiero recibir mensajes | ya me pueden escribir de nuevo
"""


@pytest.mark.parametrize("text", cells(RESTARTS))
def test_start_in_other_words_is_ours(text):
    assert taken(text) == Keyword(Kind.START, answered_by_carrier=False)


WANTED = """
keep texting me | dont stop texting me | please text me back | i still want these texts | no dejen de escribirme
can you text me instead of calling | ya no necesito nada gracias | yes this is marcus | hi this is marcus, new phone
si soy marcos | this is not the wrong number | i dont need anything no more | no mas, gracias. todo bien
"""


@pytest.mark.parametrize("text", cells(WANTED))
def test_who_wants_the_texts_or_is_who_we_mean_is_not_taken_off(text):
    assert taken(text) is None


STOP_WITH_A_FACE = "STOP 😭 | stop❗ | stop 💯 | stop ⛔ | unsubscribe 😭 | ALTO❗❗ | quit 😂 | para ya 😂 | stop 😭😭"


@pytest.mark.parametrize("text", cells(STOP_WITH_A_FACE))
def test_a_face_beside_the_word_changes_nothing(text):
    assert taken(text) == Keyword(Kind.STOP, answered_by_carrier=False)


@pytest.mark.parametrize("text", ["quit texting", "dont text", "no texts", "no texteen"])
def test_two_words_are_enough_where_they_are_plain(text):
    assert taken(text) == Keyword(Kind.STOP, answered_by_carrier=False)


def test_an_unknown_word_of_the_carrier_changes_nothing():
    assert read("im good", carrier_says="PAUSE") is None
    assert read("stop", carrier_says="") == Keyword(Kind.STOP, answered_by_carrier=True)


@pytest.mark.parametrize("text", cells(STOP_ENGLISH + STOP_SPANISH))
def test_stop_in_plain_words(text):
    assert taken(text) == Keyword(Kind.STOP, answered_by_carrier=False)


@pytest.mark.parametrize("text", cells(WRONG_ENGLISH + WRONG_SPANISH))
def test_wrong_number_in_plain_words(text):
    assert taken(text) == Keyword(Kind.WRONG_NUMBER, answered_by_carrier=False)


@pytest.mark.parametrize("text", cells(NOT_STOP + NOT_WRONG))
def test_what_only_sounds_like_it_ends_nothing(text):
    found = taken(text)
    assert found is None or found.kind is Kind.HELP


@pytest.mark.parametrize("text", cells(NEITHER_KEYWORD))
def test_an_ordinary_answer_is_no_keyword(text):
    assert taken(text) is None


@given(st.text(max_size=1600), st.none() | st.sampled_from(["STOP", "HELP", "?"]))
def test_read_is_total(text, said):
    found = read(text, said)
    assert found is None or isinstance(found.kind, Kind)


@given(st.sampled_from(cells(STOP_ENGLISH + STOP_SPANISH)))
def test_stop_holds_in_capitals_and_with_wide_spaces(text):
    assert taken(f"  {text.upper().replace(' ', '   ')} \n") in (
        Keyword(Kind.STOP, answered_by_carrier=False),
        Keyword(Kind.STOP, answered_by_carrier=True),
    )


def test_what_is_about_texts_to_others_is_known_and_what_only_names_somebody_is_not():
    assert told(normalise("ya no mandes mensajes a mi ex")).figurative
    for text in ("dont text me man", "do not text me people", "dont call me because im done", "no me escriban hoy"):
        assert not told(normalise(text)).figurative
