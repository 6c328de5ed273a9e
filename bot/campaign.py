"""`python -m bot campaign`: the texts to register, made from the programme's own settings and flows."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import click

from bot.alerts import alert_text
from bot.carrier.keywords import REPLIES
from bot.carrier.keywords import Keyword as CarrierKeyword
from bot.config import ConfigError, Settings, load_settings
from bot.core.campaign import LINK, PHONE, Names, description, every_text, message_flow, misfits, samples
from bot.core.escalation import Means, Urgency
from bot.core.keywords import Kind, carrier_words
from bot.core.kinds import Language
from bot.first_texts import WELCOME
from bot.flows import FlowShelf, load_flows
from bot.models import Alert, Flag

PARTS = tuple[tuple[str, tuple[str, ...]], ...]


@click.command()
@click.option("--worker", default="Dana", help="The first name of a caseworker in the samples.")
def campaign(worker: str) -> None:
    """Print the texts to register for A2P 10DLC: what is registered is what is sent."""
    settings = load_settings()
    shelf = load_flows(settings.flows)
    if shelf.problems or WELCOME not in shelf.flows:
        raise ConfigError("A flow is missing or wrong, and its texts would be too. First: python -m bot flow check")
    names = Names(settings.programme, settings.contact, worker)
    for title, lines in registration(settings, shelf, names):
        click.echo("\n".join([f"{title}", *(f"    {line}" for line in lines), ""]))


def registration(settings: Settings, shelf: FlowShelf, names: Names) -> PARTS:
    """What the form asks for, part by part. Raises ConfigError where the form would not take it."""
    welcome = shelf.flows[WELCOME]
    shown = samples(shelf.flows, names, _alert(settings))
    described = description(names.programme)
    opt_in = message_flow(names.programme, names.fill(welcome.states[welcome.start].say[Language.EN], Language.EN))
    if problems := list(misfits(described, opt_in, shown)):
        raise ConfigError("\n".join(problems))
    return (
        ("Brand", (f"Public name: {names.programme}", "Legal name and EIN: not known here; exactly as on record.")),
        ("Use case", (
            "CUSTOMER_CARE, ACCOUNT_NOTIFICATION or LOW_VOLUME; CHARITY for a 501(c)(3).",
            "Not EMERGENCY: that is for disasters.",
        )),
        ("Campaign description", (described,)),
        ("Message flow: how people opt in (strike what is not so in your programme)", (opt_in,)),
        ("Sample messages", tuple(f"{number}. {text}" for number, text in enumerate(shown, 1))),
        ("Embedded links", (_links(settings, shelf, names),)),
        ("Embedded phone numbers", (_phones(shelf, names),)),
        *_keywords(shelf, names),
        ("Privacy policy and terms", (
            "The addresses of two pages of yours. The policy says that mobile data is not shared with third parties",
            f"for marketing. The terms name {names.programme}, about one check-in a week, that message and data rates",
            f"may apply, {names.contact} for help, and STOP and HELP in bold.",
        )),
        ("Toll-free verification", ("The same texts; what else is asked for, see Twilio's console.",)),
    )  # fmt: skip


def _alert(settings: Settings) -> str:
    """An alert as staff get it, with a link and a code that are none."""
    flag = Flag(participant_id=1, urgency=Urgency.TODAY)
    return alert_text(Alert(link="EXAMPLE", code="0000"), Means.TEXT, [flag], settings)


def _links(settings: Settings, shelf: FlowShelf, names: Names) -> str:
    host = urlsplit(settings.public_url).hostname
    hold = "hold some too" if any(map(LINK.search, every_text(shelf.flows, shelf.always, names))) else "hold none"
    return f"Yes: alerts to staff hold a link to {host}. Texts to participants {hold}."


def _phones(shelf: FlowShelf, names: Names) -> str:
    held = any(map(PHONE.search, every_text(shelf.flows, shelf.always, names)))
    return f"Yes: {names.contact} in the answer to HELP." if held else "No."


def _keywords(shelf: FlowShelf, names: Names) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The words that the carrier heeds; what it answers by itself, and what to enter in its place."""
    for title, kind, texts in (
        ("Opt-out keywords and their answer", Kind.STOP, shelf.always.stopped),
        ("Opt-in keywords and their answer", Kind.START, shelf.always.restarted),
        ("Help keywords and their answer", Kind.HELP, shelf.always.help),
    ):
        usual = REPLIES[CarrierKeyword(kind.value)]
        answers = tuple(f"{language}: {names.fill(texts[language], language)}" for language in Language)
        words = ", ".join(word.upper() for word in carrier_words(kind))
        yield title, (words, *answers, f"Without Advanced Opt-Out Twilio says by itself: {usual}")
