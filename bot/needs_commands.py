"""The commands about needs: explain one text, evaluate a file of labelled ones."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import true

from bot.config import load_settings
from bot.core.kinds import Intent, Need
from bot.core.needs import find
from bot.core.needs.evaluation import Count, Labelled, evaluate
from bot.learning import take_out
from bot.sheets import ImportProblem
from bot.wiring import build, ready

console = Console()
WANTED = 'each line must be like {"text": …, "lang": …, "needs": […], "urgent": …, "intent": …}'


@click.group()
def needs() -> None:
    """What replies say."""


@needs.command()
@click.argument("text")
def explain(text: str) -> None:
    """Show the lane, the intent and each need of a text, with the words and the rule that say so."""
    found = find(text)
    click.echo(f"lane: {found.lane}   intent: {found.intent}")
    for hit in found.hits:
        urgent = " urgent" if hit.urgent else ""
        click.echo(f"{hit.need}{urgent}: \"{text[hit.start : hit.end]}\" ({hit.rule})")
    if not found.hits:
        click.echo("no need found")


@needs.command("evaluate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One object for programs instead of tables.")
def evaluate_file(file: Path, as_json: bool) -> None:
    """Measure what is found in labelled texts: one JSON object a line, as docs/needs.md describes."""
    result = evaluate(list(_labelled(file)), time.perf_counter)
    if as_json:
        click.echo(json.dumps(result.as_object()))
        return
    _print_counts("need", result.needs)
    _print_counts("intent", result.intents)
    found = result.as_object()
    for name in ("safety", "urgent", "harmless"):
        click.echo(f"{name}: {found[name]}")
    click.echo(f"micro F1 {result.micro_f1:.3f} over {len(result.rows)} texts")


def _print_counts(title: str, counts: Mapping[Need, Count] | Mapping[Intent, Count]) -> None:
    table = Table(title, "precision", "recall", "right", "wrong", "missed", box=None)
    for name, count in counts.items():
        shares = (_share(count.tp, count.tp + count.fp), _share(count.tp, count.tp + count.fn))
        table.add_row(name.value, *shares, str(count.tp), str(count.fp), str(count.fn))
    console.print(table)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "none"


def _labelled(file: Path) -> Iterator[Labelled]:
    """The rows of the file; empty lines are passed over. Raises ImportProblem that names the line."""
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ImportProblem(f"{file.name}: not a UTF-8 text; save it again as UTF-8") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _row(f"{file.name}, line {number}", line)


def _row(place: str, line: str) -> Labelled:
    try:
        row = json.loads(line)
        text, lang, urgent = row["text"], row["lang"], row["urgent"]
        needs_named = frozenset(Need(each) for each in row["needs"])
        if not isinstance(text, str) or not isinstance(urgent, bool):
            raise TypeError("text is a string and urgent is true or false")
        return Labelled(text, lang, needs_named, urgent, Intent(row["intent"]))
    except KeyError as error:
        raise ImportProblem(f"{place}: {error} is missing; {WANTED}") from error
    except (ValueError, TypeError) as error:
        raise ImportProblem(f"{place}: {error}; {WANTED}") from error


@needs.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write them here, not to the terminal.")
def learned(out: Path | None) -> None:
    """Take out the texts that staff corrected, in the format that `needs evaluate` reads.

    Names of the person and of staff, numbers, e-mail addresses and links are masked. Nicknames, names of others,
    streets and the story itself are not: read the texts before you pass them on. That they were taken goes on record.
    """
    standby = ready(build(load_settings()))
    with standby.db.writing() as session:
        lines = take_out(session, true(), standby.now())
    if out is None:
        click.echo(lines, nl=False)
    else:
        _write(out, lines)


def _write(out: Path, lines: str) -> None:
    """A new file is for its owner's eyes only."""
    try:
        out.touch(mode=0o600)
        out.write_text(lines, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(out), error.strerror) from error
