"""What the carrier posts: texts and delivery states. Checked for its signature, stored, answered; nothing else."""

import uuid
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request
from prometheus_client import Counter

from bot.carrier.twilio import is_signed, saying
from bot.deliveries import Callback
from bot.inbox import Incoming
from bot.staff_replies import take_by_key
from bot.web.standby import standby

webhooks = Blueprint("webhooks", __name__, url_prefix="/twilio")
REFUSED = Counter("standby_webhooks_refused", "Webhooks without a good signature", ["path"])
TAKEN = Counter("standby_webhooks_taken", "Webhooks taken", ["path"])
NO_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
CHANNELS = ("whatsapp",)


@webhooks.before_request
def refuse_the_unsigned() -> Response | None:
    """403 and a count for what the carrier did not sign, or signed for another account."""
    if is_from_the_carrier():
        TAKEN.labels(request.path).inc()
        return None
    REFUSED.labels(request.path).inc()
    return refusal()


def is_from_the_carrier() -> bool:
    """Whether the carrier signed this request, and for our account."""
    settings = standby().settings
    signature = request.headers.get("X-Twilio-Signature", "")
    ours = request.form.get("AccountSid", settings.account_sid) == settings.account_sid
    return ours and is_signed(address_asked_for(), request.form, signature, settings.auth_token)


def address_asked_for() -> str:
    """Path and query as the carrier wrote them: a proxy may change scheme and host, so ours stand before them."""
    parts = urlsplit(request.environ.get("RAW_URI") or request.full_path)
    asked = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return standby().settings.public_url.rstrip("/") + asked


def refusal() -> Response:
    """The answer to what the carrier did not sign."""
    return Response("The signature does not fit.", 403, mimetype="text/plain")


@webhooks.post("/sms")
def take_text() -> Response:
    """Keep a text; it is handled after this answer. The answer is empty: every reply of ours leaves by the outbox."""
    form = request.form
    channel, sender = _address(form.get("From", ""))
    count = min(int(form["NumMedia"]), 20) if form.get("NumMedia", "").isdecimal() else 0
    text = Incoming(
        channel=channel,
        carrier_id=form.get("MessageSid") or form.get("SmsSid") or f"unnamed {uuid.uuid4().hex}",
        sender=sender,
        body=form.get("Body", ""),
        media=tuple((form.get(f"MediaUrl{i}", ""), form.get(f"MediaContentType{i}", "")) for i in range(count)),
        carrier_says=form.get("OptOutType", "")[:20] or None,
    )
    standby().take_in(text)
    return Response(NO_ANSWER, 200, mimetype="text/xml")


def _address(value: str) -> tuple[str, str]:
    channel, _, number = value.partition(":")
    return (channel, number) if channel in CHANNELS else ("sms", value)


@webhooks.post("/key")
def take_key() -> Response:
    """A key that was pressed in a call to staff: 1 takes what the call is about. The answer is spoken in the call."""
    current = standby()
    said = take_by_key(current.post, request.args.get("m", ""), request.form.get("Digits", ""), current.now())
    current.soon(current.push)
    return Response(saying(said), 200, mimetype="text/xml")


@webhooks.post("/status")
def take_status() -> Response:
    """Keep a delivery state. Words we do not know are kept and answered like the others."""
    form = request.form
    code = form.get("ErrorCode", "")
    said = Callback(
        token=request.args.get("m", ""),
        carrier_id=form.get("MessageSid", "") or form.get("SmsSid", "") or form.get("CallSid", ""),
        word=form.get("MessageStatus", "") or form.get("SmsStatus", "") or form.get("CallStatus", ""),
        error_code=int(code) if code.isdecimal() and len(code) < 9 else None,
    )
    if not standby().take_callback(said):
        current_app.logger.warning("a delivery state of a text that is not ours")
    return Response(status=204)
