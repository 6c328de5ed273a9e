"""Pictures of figures, drawn by a process of its own that comes when it is asked and goes when nobody asks.

Altair and the engine under it hold 170 to 200 MB once they have drawn, more than all of the web process. So whoever
wants a picture (`web`, `summary`) asks here, and no more than one process draws for each that asks; it knows no
secrets, as it gets no settings. What was drawn is kept, by the figure's data.
"""

import os
import select
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, ValidationError

from bot.core.figure import Figure, Size, Table
from bot.drawing.order import ORDERS, Form, Order

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 20  # seconds for one picture; the first after a rest takes about one
KEPT = 256  # pictures of 5 to 40 kB as SVG, 50 to 150 kB as PNG
NO_TABLE = Table((), ())  # of what is drawn; a table may have thousands of rows


class PictureError(Exception):
    """A figure could not be drawn. Its table and its sentence still stand."""


class Answer(BaseModel):
    """What the process that draws says to an order."""

    picture: str = ""
    error: str = ""


def svg(figure: Figure, size: Size = Size.LAPTOP) -> str:
    """The figure as an SVG image for a page: transparent, light or dark as the reader's device, with title and text.

    No script in it. Where there is nothing to draw it shows the figure's sentence. The same figure gives the same
    bytes. Raises PictureError.
    """
    return _drawn(Order(replace(figure, table=NO_TABLE), size, Form.SVG))


def png(figure: Figure, size: Size = Size.LAPTOP) -> bytes:
    """The same on white for a letter, with two dots for each px. Raises PictureError."""
    return b64decode(_drawn(Order(replace(figure, table=NO_TABLE), size, Form.PNG)))


@lru_cache(KEPT)
def _drawn(order: Order) -> str:
    return ARTIST.draw(order)


class Artist:
    """The process that draws: begun with the first order, begun anew where it rests, broke or hangs."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def draw(self, order: Order) -> str:
        """The picture as text. Raises PictureError."""
        line = ORDERS.dump_json(order) + b"\n"
        with self._lock:
            said = self._ask(line) or self._ask(line) or b'{"error": "no answer"}'
        try:
            answer = Answer.model_validate_json(said)
        except ValidationError:
            raise PictureError(f"figure {order.figure.name} came back in no known form") from None  # it may hold words
        if answer.error:
            raise PictureError(f"figure {order.figure.name} could not be drawn: {answer.error}")
        return answer.picture

    def rest(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _ask(self, line: bytes) -> bytes:
        """The line that comes back; nothing where the process had gone to rest or broke. Raises PictureError."""
        process = self._process = self._process or _begin()
        assert process.stdin and process.stdout
        try:
            process.stdin.write(line)
            process.stdin.flush()
            said, _, _ = select.select([process.stdout], [], [], self._patience)
            answer = process.stdout.readline() if said else b""
        except BrokenPipeError:
            said, answer = [process.stdout], b""
        if not answer.endswith(b"\n"):  # it was killed in the middle of a line
            self._end()
            answer = b""
        if not said:
            raise PictureError(f"a figure was not drawn within {self._patience} seconds")
        return answer

    def _end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _begin() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "bot.drawing"],
        cwd=ROOT,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what the engine complains of may hold words of a figure
    )


ARTIST = Artist()
