"""Ports for tests that start programs of their own."""

import os
import socket


def is_free(port: int) -> bool:
    """Whether a server could be started there now: nothing listens, and no connection goes out from it."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def two_free_ports() -> int:
    """A port that is free, and so is the next.

    They lie below those which a kernel hands out by itself, so no connection of another test lands on
    them in the meantime, and each worker of a parallel run has a stretch of its own.
    """
    first = 10_000 + 1000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    stretch = range(first, first + 1000, 2)
    start = os.getpid() % len(stretch)
    return next(port for port in (*stretch[start:], *stretch[:start]) if is_free(port) and is_free(port + 1))
