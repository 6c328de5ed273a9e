"""A carrier that takes any number of texts and answers each after 100 ms: `python -m benchmarks.slow_carrier PORT`."""

import asyncio
import json
import sys
from itertools import count

ANSWERS_AFTER_S = 0.1
LIVES_FOR_S = 900
_ids = count(1)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Every request of one connection, until it closes."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
            await asyncio.sleep(ANSWERS_AFTER_S)
            writer.write(_taken())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return sum(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))


def _taken() -> bytes:
    """What Twilio says of a text that it took, as far as its SDK reads it."""
    body = json.dumps({"sid": f"SM{next(_ids):032x}", "status": "queued", "num_segments": "1"}).encode()
    head = f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _main(port: int) -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", port)
    async with server:
        await asyncio.sleep(LIVES_FOR_S)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
