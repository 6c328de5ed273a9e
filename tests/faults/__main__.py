"""`python -m tests.faults`: one long run with everything that can go wrong; exit 1 where a promise was broken."""

import argparse
import signal
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.databases import FRESH
from tests.faults.diary import Blow
from tests.faults.run import Order, Verdict, run

SHOWN = 20  # violations of each promise


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside, it still ends what it started
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--database", choices=list(FRESH), default="sqlite")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--weeks", type=float, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60, help="the weeks end after so many minutes of real time")
    parser.add_argument("--keep", type=Path, help="a new folder for the records of the run, which it is judged by")
    given = vars(parser.parse_args())
    keep = given.pop("keep")
    if keep:
        keep.mkdir(parents=True)  # a new one: what another run left there would be taken for this one's
    verdict = run(Order(**given), keep)
    tell(Console(), verdict)
    return 0 if verdict.holds else 1


def tell(console: Console, verdict: Verdict) -> None:
    """The run in one table, and below it what was broken."""
    evidence = verdict.evidence
    table = Table("what", "how many", title="A run with faults")
    table.add_row("kills", str(evidence.diary.kills))
    for blow in Blow:
        table.add_row(f"  {blow}", str(evidence.diary.count(blow)))
    faults = Counter(kind for _, kind, _ in evidence.faults)
    table.add_row("faults of the carrier", str(faults.total()))
    for kind, count in sorted(faults.items()):
        table.add_row(f"  {kind}", str(count))
    table.add_row("texts that came in", str(len(evidence.heard)))
    table.add_row("texts that the carrier took", str(len(evidence.told)))
    table.add_row("  to staff", str(sum(each.handset in evidence.staff for each in evidence.told)))
    table.add_row("dangers", str(len(evidence.tables["dangers"])))
    for promise, broken in verdict.violations.items():
        table.add_row(f"broken: {promise}", str(len(broken)), style="red" if broken else None)
    table.add_row("rounds of the clocks", str(evidence.diary.rounds))
    table.add_row("seconds", f"{verdict.seconds:.0f}")
    console.print(table)
    for promise, broken in verdict.violations.items():
        for sentence in broken[:SHOWN]:
            console.print(f"{promise}: {sentence}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
