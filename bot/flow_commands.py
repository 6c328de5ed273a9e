"""The commands about flows: check and rehearse."""

from collections.abc import Iterator
from pathlib import Path

import click

from bot.config import flows_folder
from bot.core.flow import FlowError, parse
from bot.core.flow_check import check
from bot.core.kinds import Language
from bot.core.needs.phrases import Table
from bot.flows import ALWAYS, NO_FLOWS, QUICK, WORDS, load_flows, load_quick_answers, load_words
from bot.policy import POLICY, PolicyError, load_policy
from bot.rehearse import rehearse as play


@click.group()
@click.option(
    "--flows",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Another folder of flows than STANDBY_FLOWS names, or this checkout has.",
)
@click.pass_context
def flow(context: click.Context, folder: Path | None) -> None:
    """Check flows and try them."""
    context.obj = folder or flows_folder()


@flow.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def check_flows(folder: Path, file: Path | None) -> None:
    """Say what is wrong with a flow, or with every flow, and how to mend it; and which wordings are compared."""
    problems = _problems_of(folder, file) if file else list(load_flows(folder).problems)
    for problem in problems:
        click.echo(problem)
    if problems:
        raise SystemExit(1)
    click.echo("Nothing wrong.")
    for line in _compared(folder, file):
        click.echo(line)


def _compared(folder: Path, file: Path | None) -> Iterator[str]:
    """The comparisons that run, of one file or of all."""
    if file is None:
        flows = list(load_flows(folder).flows.values())
    else:
        flows = [] if file.name in NO_FLOWS else [parse(file.stem, file.read_text(encoding="utf-8"))]
    for flow in flows:
        for state in flow.states.values():
            if state.aim is not None:
                yield f"{flow.name}.toml: state {state.name} compares {', '.join(state.worded)}: {state.aim.words}."


def _problems_of(folder: Path, file: Path) -> list[str]:
    """What is wrong with one file, held against the flows beside it or, if it stands alone, the folder's."""
    if file.name == WORDS:
        return list(load_words(file, Table())[1])
    if file.name == POLICY:
        return _policy_problems(file)
    if file.name == QUICK:
        return list(load_quick_answers(file, ())[1])
    beside = file.parent if (file.parent / ALWAYS).exists() else folder
    always = load_flows(beside).always
    if file.name == ALWAYS:
        return []
    names = {path.stem for path in beside.glob("*.toml")} | {file.stem}
    try:
        return [str(each) for each in check(parse(file.stem, file.read_text(encoding="utf-8")), names, always)]
    except FlowError as error:
        return [str(error)]
    except UnicodeDecodeError:
        return [f"{file.name}: not a UTF-8 text; save it again as UTF-8"]


def _policy_problems(file: Path) -> list[str]:
    try:
        load_policy(file)
    except PolicyError as error:
        return str(error).splitlines()
    return []


@flow.command()
@click.argument("name")
@click.option(
    "--language",
    type=click.Choice([each.value for each in Language]),
    default=Language.EN.value,
    help="The language of the texts.",
)
@click.option("--wording", help="The wording to play where several are compared.")
@click.pass_obj
def rehearse(folder: Path, name: str, language: str, wording: str | None) -> None:
    """Play a flow in the terminal: you are the participant; an empty line lets time pass."""
    play(load_flows(folder), name, Language(language), wording=wording)
