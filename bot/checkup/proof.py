"""How the doctor shows the web that it is one of us: a keyed hash that only who has STANDBY_SECRET_KEY can make."""

import hashlib
import hmac

PATH, QUERY = "/twilio/check", "m=check"  # as a status callback has one, so that a proxy that loses it is found
HEADER = "X-Standby-Check"


def proof(signature: str, secret_key: str) -> str:
    """What goes into the header beside this signature of the carrier's kind."""
    return hmac.new(secret_key.encode(), f"doctor {signature}".encode(), hashlib.sha256).hexdigest()


def is_proof(given: str, signature: str, secret_key: str) -> bool:
    """Whether it was made with this key for this signature."""
    return hmac.compare_digest(given.encode(), proof(signature, secret_key).encode())
