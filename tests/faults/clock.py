"""The one clock of a run, in a file that every process of it looks at. Only the driver moves it."""

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """True time, and how far the clock of our machines is off it. The carrier's clock is never wrong."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self._cells = mmap.mmap(file.fileno(), 16)

    def true(self) -> datetime:
        """The instant it is."""
        return datetime.fromtimestamp(self._read(0), UTC)

    def shown(self) -> datetime:
        """The instant that our machines think it is."""
        return datetime.fromtimestamp(self._read(0) + self._read(8), UTC)

    def set(self, at: datetime) -> None:
        struct.pack_into("d", self._cells, 0, at.timestamp())

    def put_off(self, by: timedelta) -> None:
        """From now on our machines' clock is off by this much."""
        struct.pack_into("d", self._cells, 8, by.total_seconds())

    def _read(self, place: int) -> float:
        seconds: float = struct.unpack_from("d", self._cells, place)[0]
        return seconds
