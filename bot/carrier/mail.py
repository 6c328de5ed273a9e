"""Letters by SMTP: alerts to staff who are reached by e-mail."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from bot.carrier import CarrierError, HeardText, OutcomeUnknown, OutgoingText, Picture, Refused, Taken

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = {"smtp": 587, "smtps": 465}


class MailCarrier:
    """The Carrier that a mail server is. `url` is like smtp://user:password@host:587; smtps:// is encrypted at once.
    `now` gives letters their date (RFC 5322 wants one), as an aware instant.

    A connection to another machine is always encrypted: where the server cannot do that, nothing is sent.
    """

    def __init__(self, url: str, sender: str, now: Callable[[], datetime], timeout_s: float = 10.0) -> None:
        self._server = urlsplit(url)
        self._sender = sender
        self._now = now
        self._timeout_s = timeout_s

    def send(self, text: OutgoingText) -> Taken:
        try:
            letter, server = self._letter(text), self._connected()
            try:
                self._hand_over(server, letter)
            finally:
                with suppress(smtplib.SMTPException, OSError):  # a rude goodbye does not bring the letter back
                    server.quit()
        except (smtplib.SMTPException, OSError, ValueError, IndexError) as error:  # also what is no address, no port
            raise Refused(f"the mail server did not take a letter ({type(error).__name__})") from None
        return Taken(text.token, "sent")

    def _letter(self, text: OutgoingText) -> EmailMessage:
        letter = EmailMessage()
        letter["From"], letter["To"] = self._sender, text.to
        letter["Subject"] = text.body.partition(". ")[0]
        letter["Date"] = format_datetime(self._now())
        letter["Message-ID"] = f"<{text.token}@standby>"  # sent twice, it is shown once
        letter.set_content(text.body)
        return letter

    def _hand_over(self, server: smtplib.SMTP, letter: EmailMessage) -> None:
        try:
            server.send_message(letter)
        except smtplib.SMTPServerDisconnected:
            raise OutcomeUnknown("the mail server hung up over a letter") from None

    def find(self, text: OutgoingText, since: datetime) -> list[Taken]:
        raise CarrierError("a mail server keeps no record that can be asked for")

    def heard(self, since: datetime) -> list[HeardText]:
        return []

    def picture(self, url: str) -> Picture:
        raise CarrierError("no pictures come by mail")

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
