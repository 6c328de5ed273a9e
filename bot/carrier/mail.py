"""Letters by SMTP: alerts to staff who are reached by e-mail, and letters with pictures, which are no texts."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from bot.carrier import CarrierError, HeardText, OutcomeUnknown, OutgoingText, Picture, Refused, Standing, Taken

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class Inlay:
    """A picture in a letter. Its HTML shows it as cid:NAME."""

    name: str
    png: bytes


@dataclass(frozen=True)
class Letter:
    """One letter to a member of staff, the same in plain text and in HTML. `token`: sent twice, it is shown once."""

    to: str
    subject: str
    text: str
    html: str
    inlays: tuple[Inlay, ...]
    token: str
    at: datetime


class MailCarrier:
    """The Carrier that a mail server is. `url` is like smtp://user:password@host:587; smtps:// is encrypted at once.
    `now` dates alerts (RFC 5322 wants a date), as an aware instant; a letter has its own.

    A connection to another machine is always encrypted: where the server cannot do that, nothing is sent.
    """

    def __init__(self, url: str, sender: str, now: Callable[[], datetime], timeout_s: float = 10.0) -> None:
        self._server = urlsplit(url)
        self._sender = sender
        self._now = now
        self._timeout_s = timeout_s

    def send(self, text: OutgoingText) -> Taken:
        self._send(lambda: self._alert(text))
        return Taken(text.token, "sent")

    def post(self, letter: Letter) -> None:
        """Hand one letter over. Raises Refused or OutcomeUnknown, nothing else."""
        self._send(lambda: self._with_pictures(letter))

    def _send(self, write: Callable[[], EmailMessage]) -> None:
        try:
            message, server = write(), self._connected()
            try:
                self._hand_over(server, message)
            finally:
                with suppress(smtplib.SMTPException, OSError):  # a rude goodbye does not bring the letter back
                    server.quit()
        except (smtplib.SMTPException, OSError, ValueError, IndexError) as error:  # also what is no address, no port
            raise Refused(f"the mail server did not take a letter ({type(error).__name__})") from None

    def _addressed(self, to: str, subject: str, token: str, at: datetime) -> EmailMessage:
        if not to:  # not every Python refuses it
            raise ValueError("a letter needs an address")
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{token}@standby>"  # sent twice, it is shown once
        return message

    def _alert(self, text: OutgoingText) -> EmailMessage:
        message = self._addressed(text.to, text.body.partition(". ")[0], text.token, self._now())
        message.set_content(text.body)
        return message

    def _with_pictures(self, letter: Letter) -> EmailMessage:
        message = self._addressed(letter.to, letter.subject, letter.token, letter.at)
        message["Auto-Submitted"] = "auto-generated"  # no machine answers that it is on holiday (RFC 3834)
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        shown = message.get_body(("html",))
        assert isinstance(shown, EmailMessage)
        for each in letter.inlays:
            shown.add_related(each.png, "image", "png", cid=f"<{each.name}>", filename=f"{each.name}.png")
        return message

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        try:
            server.send_message(message)
        except smtplib.SMTPServerDisconnected:
            raise OutcomeUnknown("the mail server hung up over a letter") from None

    def find(self, text: OutgoingText, since: datetime) -> list[Taken]:
        raise CarrierError("a mail server keeps no record that can be asked for")

    def heard(self, since: datetime) -> list[HeardText]:
        return []

    def picture(self, url: str) -> Picture:
        raise CarrierError("no pictures come by mail")

    def standing(self) -> Standing:
        raise CarrierError("a mail server has no account that could be asked for")

    def _connected(self) -> smtplib.SMTP:
        host, scheme = self._server.hostname or "", self._server.scheme
        port = self._server.port or PORTS[scheme]
        context = ssl.create_default_context()
        if scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=self._timeout_s, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=self._timeout_s)
            if host not in LOOPBACK:
                server.starttls(context=context)
        if self._server.username:
            server.login(unquote(self._server.username), unquote(self._server.password or ""))
        return server
