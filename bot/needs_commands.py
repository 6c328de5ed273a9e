"""The commands about needs: explain one text, evaluate a file of labelled ones."""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import true

from bot import needs_report
from bot.config import load_settings
from bot.core.kinds import Intent, Need
from bot.core.needs import find, version
from bot.core.needs.evaluation import Evaluation, Labelled, evaluate
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
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One object for programs instead of tables.")
@click.option(
    "--report",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also write the tables into this Markdown page, between its marks.",
)
def evaluate_files(files: tuple[Path, ...], as_json: bool, page: Path | None) -> None:
    """Measure what is found in labelled texts: one JSON object a line, as docs/needs.md describes."""
    find("warm")  # loading the weights is no part of reading a message
    result = evaluate([row for file in files for row in _labelled(file)], time.perf_counter)
    if page:
        needs_report.write_into(page, result, version())
    if as_json:
        click.echo(json.dumps(result.as_object()))
    else:
        _print(result)


def _print(result: Evaluation) -> None:
    counts = ("precision", "recall", "right", "wrong", "missed")
    _print_table(("need", *counts), needs_report.counted(result.needs))
    _print_table(("intent", *counts), needs_report.counted(result.intents))
    _print_table(("labelled", "n", "now", "seen at all"), needs_report.reached(result))
    click.echo(f"micro F1 {needs_report.f1(result)} over {len(result.rows)} texts, model {version()}")


def _print_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    table = Table(*head, box=None)
    for row in rows:
        table.add_row(*row)
    console.print(table)


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
        return Labelled(text, lang, needs_named, urgent, Intent(row["intent"]), str(row.get("kind", "")))
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
