"""Where the doctor tries the webhook: the same check of the signature as for a text, and nothing is stored."""

from flask import Blueprint, Response, jsonify, request

from bot.checkup.proof import HEADER, PATH, is_proof
from bot.web.standby import standby
from bot.web.webhooks import address_asked_for, is_from_the_carrier, refusal

checkup = Blueprint("checkup", __name__)


@checkup.post(PATH)
def try_webhook() -> Response:
    """Says which address the signature was checked for and whether it fits; only to who has our secret key."""
    signature, given = request.headers.get("X-Twilio-Signature", ""), request.headers.get(HEADER, "")
    if not is_proof(given, signature, standby().settings.secret_key):
        return refusal()
    return jsonify(checks=address_asked_for(), is_signed=is_from_the_carrier())
