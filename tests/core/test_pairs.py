"""Minimal pairs in both languages: a message with a need, and one that only looks like it.

The model has learnt these very words (training/corpus/house.jsonl): they are promises, not a measure.
"""

import pytest

from bot.core.kinds import Lane, Need
from bot.core.needs import find

# need | with it | without it
PAIRS = """
safety | they killed my cousin last night and they know where we live | they killed it at the talent show last night
safety | i want to die, i cant do this no more | i want to dye my hair, cant do this color no more
safety | she has a gun and shes outside my door | she has a glue gun and the kids are crafting outside
safety | i took all the pills in the cabinet | i took out the trash and cleaned the cabinet
safety | gonna make him pay for my brother, got the strap on me | gonna make him pay for lunch, he lost the bet
safety | same car parked outside again lights off, kids stay off the window | car parked outside all washed, kids helped
safety | need to get out of town before they find me | need to get out of town for a weekend, beach trip
safety | trae pistola y esta afuera de mi casa | trae pistola de agua y esta jugando afuera
safety | me pegó mi marido otra vez | me pegó el sol bien fuerte otra vez
safety | le dispararon a mi primo y van a volver | le dispararon flechas al jabali en el videojuego
safety | dicen que si no pago me van a quebrar | dicen que si no pago me cortan el internet
safety | he won't let me leave the house and took my phone | he let me leave work early and took my shift
housing | we gotta be out by the first and got nowhere to go | we moved in on the first and love the place
housing | nos van a desalojar el viernes | nos van a pintar la casa el viernes
housing | duermo con un amigo porque no tengo donde quedarme | duermo en mi cama nueva bien a gusto
safety | my boyfriend hit me again last night | my boyfriend hit me up again last night
safety | some dudes been following me all week | some dudes been following me on insta
safety | he shot at me | he shot hoops with me
safety | esta aqui mi ex y no se quiere ir | ya no esta aqui mi ex
legal | i still got that warrant from last year | warrant got cleared last year
job | got laid off friday, need work asap | got off work friday, going out asap
job | me quedé sin chamba, sabe de algo? | me quedé en la chamba hasta tarde, todo bien
job | busco trabajo de lo que sea | me gusta mi trabajo
education | how do i sign up for the ged class | passed my ged, all done with class
education | my son needs a tutor hes failing math | my son got an A in math
education | quiero terminar la prepa, donde me inscribo | ya terminé la prepa el año pasado
counseling | cant sleep since they buried my brother, nightmares every night | slept good last night, no alarm
counseling | i been drinking every day and i want to quit | 2 years sober today
counseling | me siento muy triste, lloro todo el dia y no se por que | lloré de risa con la pelicula
basics | no food in the house till friday | food in the oven, come eat friday
basics | they shutting my lights off tomorrow | put up the christmas lights tomorrow
basics | no tengo para la comida de esta semana | hice comida para toda la semana
basics | me van a cortar la luz mañana | ya pagué la luz
transport | car broke down and no way to get to work | car is fixed and driving good
transport | no tengo como llegar al trabajo, se me descompuso la troca | ya arreglaron la troca, llego bien al trabajo
health | my tooth is killing me and i got no dentist | dentist said no cavities
health | ran out of my blood pressure meds | picked up my blood pressure meds, all set
legal | got court monday and no lawyer | court went good, case dismissed
legal | tengo corte el martes y no tengo abogado | ya gané mi caso en la corte
legal | lost my social security card and birth certificate | got my social security card in the mail finally
family | she wont let me see my kids | had the kids all weekend, good visit
family | need daycare so i can work | daycare is going great
family | no me dejan ver a mi hija | mi hija vino a verme, la pasamos bien
family | no tengo quien me cuide al bebe para ir a trabajar | mi mamá me cuida al bebé, todo bien
"""


def rows() -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in PAIRS.strip().splitlines()]


@pytest.mark.parametrize("need, told, lookalike", rows())
def test_a_need_is_found_and_its_look_alike_is_not(need, told, lookalike):
    assert Need(need) in find(told).needs
    assert Need(need) not in find(lookalike).needs
    if need == "safety":
        assert (find(told).lane, find(lookalike).lane is Lane.NOW) == (Lane.NOW, False)
