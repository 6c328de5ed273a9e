"""Settings that can be read, and yet cannot be meant; and what ships with Standby."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bot.config import LOOPBACK, ConfigError, Settings
from bot.core import needs
from bot.core.finding import Finding, Grade, fine, wrong
from bot.core.flow import FlowError
from bot.flows import load_flows

ENV = Path(".env")
EXAMPLE_HOST = "checkin.example.org"
OTHERS_MAY = 0o007  # a group may be the user's own, under whom web and clock run


def check_settings(settings: Settings, env: Path = ENV) -> Finding:
    """Whether what is set can be meant. Where nobody real is texted, hardly anything matters."""
    must, may = list(_must(settings)) if settings.uses_twilio else [], list(_may(settings, env))
    if must or may:
        return Finding("settings", Grade.MEND if must else Grade.LOOK, (*must, *may))
    return fine("settings", "All that are required are there.")


def unreadable_settings(error: ConfigError) -> Finding:
    """What is missing or wrong, when nothing can be built from it."""
    return wrong("settings", *(line.strip() for line in str(error).splitlines()))


def _must(settings: Settings) -> Iterator[str]:
    host = urlsplit(settings.public_url).hostname
    if host in LOOPBACK:
        yield "STANDBY_PUBLIC_URL is an address of this machine: the carrier cannot post there."
    if host == EXAMPLE_HOST:
        yield "STANDBY_PUBLIC_URL is still the example's: set the address that you own."
    if settings.contact == Settings.model_fields["contact"].default:
        yield "STANDBY_CONTACT is still the example's: HELP would name a telephone that nobody answers."
    if settings.public_url.startswith("https:") and not settings.behind_proxy:
        yield "STANDBY_BEHIND_PROXY is not set, and only a proxy can serve https: set it to true."


def _may(settings: Settings, env: Path) -> Iterator[str]:
    if env.exists() and env.stat().st_mode & OTHERS_MAY:
        yield "Others on this machine can read or write .env, which holds the keys: chmod o= .env."
    if not settings.uses_twilio:
        return
    if settings.public_url.startswith("http:") and urlsplit(settings.public_url).hostname not in LOOPBACK:
        yield "STANDBY_PUBLIC_URL is http: texts and sign-ins cross the net for all to read. Use https."
    if settings.programme == Settings.model_fields["programme"].default:
        yield "STANDBY_PROGRAMME is the example's: is this the name that participants know?"
    if not settings.messaging_service_sid:
        yield "TWILIO_MESSAGING_SERVICE_SID is not set: a 10DLC campaign needs a messaging service."
    if not settings.heartbeat_url:
        yield "STANDBY_HEARTBEAT_URL is not set: if this machine dies, nobody is told."


def check_weights() -> Finding:
    """Whether the trained model is there."""
    model = needs.shipped().model
    if model is None:
        said = "bot/core/needs/weights cannot be read: rules alone read replies and close none; install the files anew."
        return wrong("reading", said)
    return fine("reading", "Rules and the trained model read replies.")


def check_flows(directory: Path) -> Finding:
    """Whether every file of the folder can be used."""
    try:
        shelf = load_flows(directory)
    except FlowError as error:
        return wrong("flows", *str(error).splitlines())
    if shelf.problems:
        return wrong("flows", *shelf.problems)
    return fine("flows", f"{len(shelf.flows)} flows can be used.")
