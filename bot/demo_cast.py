"""The demo programme's people and what they text: all of it invented."""

from dataclasses import dataclass

from bot.core.kinds import Language, Need
from bot.core.rota import Layer
from bot.models import Role

PASSWORD = "standby-demo"
OUR_NUMBER = "+18165550100"


@dataclass(frozen=True)
class DemoStaff:
    """Somebody on the demo's staff."""

    email: str
    name: str
    role: Role
    on_call: Layer | None = None
    team: str = ""


STAFF = (
    DemoStaff("dana@example.org", "Dana Demo", Role.CASEWORKER, team="Outreach"),
    DemoStaff("omar@example.org", "Omar Demo", Role.CASEWORKER, on_call=Layer.FIRST, team="Outreach"),
    DemoStaff("sam@example.org", "Sam Demo", Role.SUPERVISOR, on_call=Layer.BACKUP),
    DemoStaff("ada@example.org", "Ada Demo", Role.ADMIN),
    DemoStaff("rita@example.org", "Rita Demo", Role.RESEARCHER),
)
NAMES = (
    "Ana", "Marcus", "Luz", "Devon", "Rosa", "Tyrell", "Inés", "Jamal", "Beto", "Keisha", "Chuy", "Andre", "Maya",
    "Luis", "Tasha", "Ray", "Nadia", "Cole", "Elena", "Dre", "Abel", "Gina", "Nico", "Faith", "Ivan", "Jada", "Memo",
    "Kris", "Vera", "Otis",
)  # fmt: skip
SILENT, STOPS, PAUSED, UNCONSENTED = ("Memo", "Jada"), "Vera", "Kris", "Otis"
APPOINTMENTS = (("Rosa", 3), ("Devon", 4), ("Tasha", -9))  # in days from now
FINE = {
    Language.EN: ("im good", "doing fine thanks", "all good", "good how are you", "cant complain", "working a lot"),
    Language.ES: ("todo bien gracias", "bien", "todo bien", "aquí andamos, trabajando mucho", "bien y usted"),
}
NEEDS = {
    Language.EN: (
        "they cut my hours again, need more work", "lights getting shut off friday", "sleeping on my cousins couch",
        "need a ride to court thursday", "my tooth been killing me cant sleep", "looking for ged classes",
        "got put out by my landlord", "need diapers for the baby", "i been having bad dreams every night",
    ),
    Language.ES: (
        "me quedé sin trabajo", "debo dos meses de renta", "no tengo cómo llegar al trabajo", "necesito pañales",
        "quiero sacar mi GED", "me duele mucho la espalda y no tengo seguro", "no puedo dormir, ando muy triste",
    ),
}  # fmt: skip
DANGER = {
    Language.EN: ("he hit me again", "they shot at my house last night"),
    Language.ES: ("me están siguiendo", "me amenazaron de muerte"),
}
SERVICES = (
    ("Open Door Shelter", (Need.HOUSING, Need.BASICS), "816-555-0180", "Midtown", "day and night", "English, Spanish"),
    ("Second Shift Jobs", (Need.JOB,), "816-555-0181", "whole city", "Mon to Fri, 9 to 5", "English"),
    ("Night School", (Need.EDUCATION,), "816-555-0182", "East side", "Mon to Thu, 6 to 9 pm", "English, Spanish"),
    ("Ride Circle", (Need.TRANSPORT,), "816-555-0183", "whole city", "call a day ahead", "English"),
    ("Clínica Puente", (Need.HEALTH, Need.COUNSELING), "816-555-0184", "West side", "Mon to Sat", "Spanish, English"),
)
# What came in last, in hours before now; who is no participant writes from a number that nobody knows.
LATELY = (
    (26.0, "a stranger", "hey its junior i got a new phone"),
    (20.0, "Marcus", "lights getting shut off friday"),
    (6.0, "Luz", "necesito pañales"),
    (3.0, "another stranger", "is this where you get help with rent"),
    (2.0, "Keisha", "need a ride to court thursday"),
    (0.6, "Rosa", "he hit me again"),
)
TAKEN_HOURS_AGO = 0.5
