"""An append-only file of JSON lines, so that a demo's conversations survive a restart."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class Journal:
    """Keeps records in order. The file holds words and numbers in the clear, so only its owner may read it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)

    def append(self, record: Record) -> None:
        # The newline stands before the record: whatever a killed process left half-written ends there.
        with self._path.open("a", encoding="ascii") as file:
            file.write("\n" + json.dumps(record))

    def records(self) -> Iterator[Record]:
        """Every whole record, oldest first; one torn by a crash is left out."""
        with self._path.open(encoding="ascii") as file:
            for line in file:
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:
                    continue
