"""The webhook, tried as the carrier uses it: signed, posted to the public address, checked by the web there.

The web says what it made of it, but only to who shows that it has the same STANDBY_SECRET_KEY. Nothing is stored.
"""

import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

import requests

from bot.carrier.twilio import signature
from bot.checkup.proof import HEADER, PATH, QUERY, proof
from bot.config import LOOPBACK, Settings
from bot.core.finding import Finding, fine, unseen, wrong

NAME = "webhook"
PATIENCE_S = 10
LATER = "Restart every web after a change of settings."


def check_webhook(settings: Settings) -> Finding:
    """Whether what the carrier signs and posts to the public address is taken there; if not, whose fault it is."""
    if not settings.auth_token:
        return unseen(NAME, "there is no TWILIO_AUTH_TOKEN to sign with")
    try:
        answer = _post(settings)
    except requests.exceptions.SSLError:
        return wrong(NAME, "The certificate at STANDBY_PUBLIC_URL is not trusted, so the carrier refuses it: renew it.")
    except requests.RequestException as error:
        return wrong(
            NAME,
            f"Nobody answers at STANDBY_PUBLIC_URL from here ({type(error).__name__}): look at the name, the proxy, "
            "the firewall and app.py. Every text that comes in takes this way.",
        )
    return _judge(settings, answer)


def _post(settings: Settings) -> requests.Response:
    url = f"{settings.public_url}{PATH}?{QUERY}"
    form = {"AccountSid": settings.account_sid, "Nonce": secrets.token_hex(16), "Body": "sí \r\n ", "FromCity": ""}
    signed = signature(url, form, settings.auth_token)
    headers = {"X-Twilio-Signature": signed, HEADER: proof(signed, settings.secret_key)}
    with requests.Session() as session:
        session.trust_env = urlsplit(url).hostname not in LOOPBACK  # no proxy of the environment reaches loopback
        return session.post(url, data=form, headers=headers, timeout=PATIENCE_S, allow_redirects=False)


def _judge(settings: Settings, answer: requests.Response) -> Finding:
    if answer.is_redirect:
        parts = urlsplit(answer.headers["Location"])
        to = f"{parts.scheme}://{parts.netloc}" if parts.netloc else "another path"
        return wrong(
            NAME, f"STANDBY_PUBLIC_URL leads on to {to}, and what is posted gets lost: set the address it leads to."
        )
    if answer.status_code == HTTPStatus.FORBIDDEN:
        return wrong(NAME, f"What answers at STANDBY_PUBLIC_URL has another STANDBY_SECRET_KEY than here. {LATER}")
    said = _said(answer)
    if said is None:
        return wrong(
            NAME,
            f"What answers at STANDBY_PUBLIC_URL is not this version's web (HTTP {answer.status_code}): the proxy must "
            "pass /twilio/ on to app.py, and app.py must run.",
        )
    return _heard(settings, str(said["checks"]), bool(said["is_signed"]))


def _said(answer: requests.Response) -> dict[str, object] | None:
    try:
        said = answer.json() if answer.ok else None
    except requests.exceptions.JSONDecodeError:
        return None
    return said if isinstance(said, dict) and {"checks", "is_signed"} <= said.keys() else None


def _heard(settings: Settings, checks: str, is_signed: bool) -> Finding:
    if is_signed:
        return fine(NAME, "What the carrier signs is taken at STANDBY_PUBLIC_URL.")
    theirs, ours = urlsplit(checks), urlsplit(settings.public_url)
    if (theirs.scheme, theirs.netloc) != (ours.scheme, ours.netloc):
        there = f"{theirs.scheme}://{theirs.netloc}"
        return wrong(NAME, f"The web there checks for STANDBY_PUBLIC_URL={there}, not for what is set here. {LATER}")
    if (theirs.path, theirs.query) != (PATH, QUERY):
        return wrong(NAME, "A proxy changes path or query on the way: it must pass both on as they are.")
    return wrong(
        NAME,
        "The web there has another TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN than here, or a proxy changes what is "
        f"posted. {LATER}",
    )
