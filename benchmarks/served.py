"""Processes of our own on loopback, which end with whoever started them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import requests

from bot.config import ROOT

UP_WITHIN_S, ENDS_WITHIN_S = 120, 30
STRETCH = range(25_000, 31_000, 4)
Process = subprocess.Popen[bytes]


@contextmanager
def running(arguments: Sequence[str], given: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Python with these arguments in a process of its own, `given` on top of the environment. Ended at the end."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(given or {})},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: Process) -> None:
    """Ask it to end, and end it with all it started where it does not."""
    process.terminate()
    try:
        process.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_ports(count: int = 1) -> list[int]:
    """Ports that nobody listens on, in a row. They lie below those which a kernel hands out by itself, so that no
    connection lands on them in the meantime.
    """
    start = os.getpid() % len(STRETCH)
    starts = (*STRETCH[start:], *STRETCH[:start])
    found = next(first for first in starts if all(map(_is_free, range(first, first + count))))
    return list(range(found, found + count))


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) != 0


def wait_for(url: str, process: Process) -> None:
    """Until this page answers well. Raises RuntimeError where the process ends or stays silent."""
    end = time.monotonic() + UP_WITHIN_S
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment cannot reach loopback
        while time.monotonic() < end and process.poll() is None:
            try:
                if session.get(url, timeout=5).ok:
                    return
            except requests.RequestException:
                time.sleep(0.02)
    raise RuntimeError(f"{url} did not answer")


def wait_for_port(port: int, process: Process) -> None:
    """Until somebody listens there. Raises RuntimeError likewise."""
    end = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        if not _is_free(port):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nobody listens on port {port}")
