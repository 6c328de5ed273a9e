"""JSON answers of the simulated carrier."""

import json
from typing import Any

from werkzeug.wrappers import Response

from bot.carrier.admission import Rejection


def json_answer(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")


def error_answer(rejection: Rejection) -> Response:
    """An error as Twilio words it."""
    content = {
        "code": rejection.code,
        "message": rejection.message,
        "more_info": f"https://www.twilio.com/docs/errors/{rejection.code}",
        "status": rejection.http_status,
    }
    return json_answer(content, rejection.http_status)
