"""`python -m bot.drawing`: draws what is asked on stdin, one request after the other, until nobody asks any more.

A request is a line of JSON: the figure, the size and the form ("svg" or "png"). So is the answer: the picture, a PNG
in base64, or the kind of error that kept it from being drawn; never its words, which may hold names.
"""

import json
import os
import select
import sys
from base64 import b64encode
from typing import IO

from bot.drawing.draw import png, svg
from bot.drawing.order import ORDERS, Form, Order

RESTS_AFTER = 300  # seconds without work; until then it holds some 200 MB
WORN_AFTER = 2000  # pictures; the engine in it keeps a little of each


def main() -> None:
    """Serve requests on what stdout was when the process began; whatever else prints goes where errors go."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


def serve(orders: IO[bytes], answers: IO[str]) -> None:
    """Answer order after order; asking waits for the answer, so nothing is ever left over in the buffer."""
    for _ in range(WORN_AFTER):
        asked, _, _ = select.select([orders], [], [], RESTS_AFTER)
        line = orders.readline() if asked else b""
        if not line:
            return
        answers.write(json.dumps(_answer(line)) + "\n")
        answers.flush()


def _answer(line: bytes) -> dict[str, str]:
    try:
        order = ORDERS.validate_json(line)
        return {"picture": _drawn(order)}
    except Exception as error:  # one figure that cannot be drawn must not cost the others their pictures
        return {"error": type(error).__name__}


def _drawn(order: Order) -> str:
    match order.form:
        case Form.SVG:
            return svg(order.figure, order.size)
        case Form.PNG:
            return b64encode(png(order.figure, order.size)).decode()


if __name__ == "__main__":
    main()
