"""What Standby costs, against what a user would otherwise build: `python -m benchmarks [NAME ...]`."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import structlog
from rich.console import Console

from benchmarks import due, idle, reply, rest, sending, webhook
from benchmarks.results import Result, table

BENCHMARKS: dict[str, Callable[[bool], Iterator[Result]]] = {
    "webhook": webhook.measure,
    "reply": reply.measure,
    "due": due.measure,
    "sending": sending.measure,
    "idle": idle.measure,
    "rest": rest.measure,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--small", is_flag=True, help="A few rows each, to see that they run; the figures mean nothing.")
@click.option("--json", "out", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the figures.")
def main(names: tuple[str, ...], small: bool, out: Path | None) -> None:
    """Measure all, or those that are named, one after the other. What they start listens on loopback, and ends."""
    console, results = Console(), list[Result]()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is ended then too
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))  # warnings and worse
    for name in names or BENCHMARKS:
        began = time.monotonic()
        for each in BENCHMARKS[name](small):
            results.append(each)
        console.print(f"{name}: {time.monotonic() - began:.0f} s", style="dim")
    console.print(table(results))
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        about = {"cores": os.cpu_count(), "load_average": os.getloadavg(), "small": small}
        out.write_text(json.dumps({**about, "results": [each.as_json() for each in results]}, indent=1))


if __name__ == "__main__":
    main()
