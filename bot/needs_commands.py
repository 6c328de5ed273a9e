"""The commands about needs: explain one text, evaluate a file of labelled ones."""


import click
from rich.console import Console

from bot.core.needs import find

console = Console()


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
