"""Requests over a few connections that stay open, each sent when the one before it was answered."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True)
class Load:
    """How long all took, and each, in seconds."""

    took_s: float
    each_s: Sequence[float]

    @property
    def per_second(self) -> float:
        return len(self.each_s) / self.took_s


def posted(path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
    """A POST as it goes over the wire."""
    body = urlencode(form).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/x-www-form-urlencoded"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def send_all(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send every request once. Raises RuntimeError at an answer that is not 2xx.

    In a thread of its own: where this is called a loop of events may run already, as beside a test with a browser.
    """
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(asyncio.run, asyncio.wait_for(_send_all(port, requests, connections), timeout=600)).result()


async def _send_all(port: int, requests: Sequence[bytes], connections: int) -> Load:
    waiting, each_s = iter(requests), list[float]()
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, waiting, each_s) for _ in range(connections)))
    return Load(time.perf_counter() - began, each_s)


async def _connection(port: int, waiting: Iterator[bytes], each_s: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in waiting:
        began = time.perf_counter()
        writer.write(request)
        await _answer(reader)
        each_s.append(time.perf_counter() - began)
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if head[9:10] != b"2":
        raise RuntimeError(f"answered {head[:40]!r}")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
