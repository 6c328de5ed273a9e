"""The commands about needs: explain one text, evaluate a file of labelled ones."""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import true

from bot import needs_report
from bot.config import flows_folder, load_settings
from bot.core.kinds import Intent, Lane, Language, Need
from bot.core.needs import find, version
from bot.core.needs.evaluation import Evaluation, Labelled, evaluate
from bot.flows import load_flows, read_with
from bot.learning import take_out
from bot.sheets import ImportProblem
from bot.wiring import build, ready

terminal = Console()
console = terminal if terminal.is_terminal else Console(width=160)  # in a file no row is folded
WANTED = 'each line must be like {"text": …, "lang": "en", "needs": ["job"], "urgent": false, "intent": "reply"}'
LANGUAGES = (*Language, "mixed")


@click.group()
def needs() -> None:
    """What replies say."""


MEANING = {
    Lane.NOW: "A person is alerted at once.",
    Lane.TODAY: "A person reads it today.",
    Lane.CLOSED: "Nobody needs to read it: the whole of it is on the closed list of harmless replies.",
}


@needs.command()
@click.argument("text")
@click.option(
    "--flows",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Another folder than STANDBY_FLOWS names, where the programme's own words are, in words.toml.",
)
def explain(text: str, folder: Path | None) -> None:
    """Show the lane, the intent and each need of a text, with the words and the rule that say so.

    It is read as a participant's reply is, with the programme's own words.
    """
    shelf = load_flows(folder or flows_folder())
    for problem in shelf.problems:
        click.echo(problem, err=True)
    found = read_with(shelf, text)
    click.echo(f"lane: {found.lane}   intent: {found.intent}")
    for hit in found.hits:
        urgent = " urgent" if hit.urgent else ""
        click.echo(f"{hit.need}{urgent}: \"{text[hit.start : hit.end]}\" ({hit.rule})")
    if not found.hits:
        click.echo("no need found")
    click.echo(MEANING[found.lane])
    if found.intent is not Intent.REPLY:
        click.echo(f"{found.intent}: {'by the words of a rule' if found.by_rule is found.intent else 'by the model'}")
    if version() == "none":
        click.echo("The model's weights cannot be read: rules read alone, and close nothing.")


@needs.command("evaluate")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One object for programs instead of tables.")
@click.option(
    "--report",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also write the tables into this Markdown page, between its marks.",
)
@click.option("--with-texts", is_flag=True, help="Quote texts read wrongly in that page: never real people's.")
def evaluate_files(files: tuple[Path, ...], as_json: bool, page: Path | None, with_texts: bool) -> None:
    """Measure what is found in labelled texts: one JSON object a line, as docs/needs.md describes.

    What ships with Standby is measured, without a programme's own words.
    """
    find("warm")  # loading the weights is no part of reading a message
    rows = [row for file in files for row in _labelled(file)]
    if not rows:
        raise ImportProblem(f"{files[0].name}: holds no rows; {WANTED}")
    if page:
        needs_report.check_marks(page)
    shown = track(rows, "Reading", console=Console(stderr=True), disable=not terminal.is_terminal)
    result = evaluate(shown, time.perf_counter if as_json else None)
    if page:
        needs_report.write_into(page, result, version(), with_texts)
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
    except (ValueError, RecursionError) as error:
        raise ImportProblem(f"{place}: this line is no JSON object; {WANTED}") from error
    if problem := _what_is_wrong(row):
        raise ImportProblem(f"{place}: {problem}; {WANTED}")
    named = frozenset(Need(each) for each in row["needs"])
    return Labelled(row["text"], row["lang"], named, row["urgent"], Intent(row["intent"]), str(row.get("kind", "")))


def _what_is_wrong(row: object) -> str:
    """The first thing that is wrong with a row, in a few words; empty where nothing is."""
    if not isinstance(row, dict):
        return "this line is no JSON object"
    for name in ("text", "lang", "needs", "urgent", "intent"):
        if name not in row:
            return f"{name} is missing"
    if not isinstance(row["text"], str):
        return "text must stand between quotes"
    if row["lang"] not in LANGUAGES:
        return f"lang is one of: {', '.join(LANGUAGES)}"
    if not isinstance(row["needs"], list) or any(each not in list(Need) for each in row["needs"]):
        return f"needs is a list out of: {', '.join(Need)}"
    if not isinstance(row["urgent"], bool):
        return "urgent is true or false, without quotes"
    return "" if row["intent"] in list(Intent) else f"intent is one of: {', '.join(Intent)}"


@needs.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write them here, not to the terminal.")
def learned(out: Path | None) -> None:
    """Take out the texts that staff corrected, in the format that `needs evaluate` reads.

    Names of the person and of staff, numbers, e-mail addresses and links are masked. Nicknames, names of others,
    streets and the story itself are not: read the texts before you pass them on. That they were taken goes on record.
    """
    standby = ready(build(load_settings()))
    if out is not None and out.exists():
        raise ImportProblem(f"{out} is there already; choose another name, nothing is written over")
    with standby.db.writing() as session:
        lines = take_out(session, true(), standby.now())
    if out is None:
        click.echo(lines, nl=False)
    else:
        _write(out, lines)
    count = len(lines.splitlines())
    click.echo(f"{count} texts. Read them before you pass them on: they hold people's stories.", err=True)


def _write(out: Path, lines: str) -> None:
    """The file is for its owner's eyes only."""
    try:
        out.touch(mode=0o600, exist_ok=False)
        out.write_text(lines, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(out), error.strerror) from error
