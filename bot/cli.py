"""The commands of `python -m bot`, for whoever runs a programme."""

import logging
import secrets
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import select

from bot import demo, flow_commands, logs, needs_commands
from bot.config import ConfigError, load_settings
from bot.core.flow import FlowError
from bot.db import Database
from bot.importing import ImportProblem, Register, RowReport, import_rows, read_phone, read_rows
from bot.migrations import migrate
from bot.models import Role, Staff
from bot.people import note, participant_at
from bot.web.auth import hash_password
from bot.wiring import Standby, build
from scheduler import tick as tick_all

console = Console()
errors = Console(stderr=True)


class Commands(click.Group):
    """Commands whose foreseen errors are one sentence, not a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (ConfigError, FlowError, ImportProblem) as error:
            errors.print(str(error), style="red", markup=False, highlight=False)
            ctx.exit(1)


@click.group(cls=Commands)
def main() -> None:
    """Standby texts people regular check-ins and puts a human on every need it finds."""
    logs.set_up(logging.WARNING)


main.add_command(demo.demo)
main.add_command(flow_commands.flow)
main.add_command(needs_commands.needs)


@main.command()
def init() -> None:
    """Make the database, or bring it to this version. Safe to run again."""
    settings = load_settings()
    migrate(Database(settings.database_url, settings.data_keys).engine)
    console.print("The database is ready. Next: python -m bot add-staff EMAIL --name … --phone … --role supervisor")


@main.command()
@click.argument("email")
@click.option("--name", required=True, help="As participants know them; texts use the first word.")
@click.option("--phone", required=True, help="Where alerts go, like 816-555-0123.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--on-call", is_flag=True, help="Alerts climb to this person.")
def add_staff(email: str, name: str, phone: str, role: str, on_call: bool) -> None:
    """Add somebody who signs in; prints a password to hand over."""
    standby = build(load_settings())
    password, number = secrets.token_urlsafe(9), read_phone(phone)
    number_hash = standby.db.fingerprint(number)
    with standby.db.writing() as session:
        taken = (Staff.email == email.casefold()) | (Staff.phone_hash == number_hash)
        if session.scalar(select(Staff.id).where(taken)):
            raise ImportProblem("somebody on the staff already has this e-mail address or number")
        if participant_at(session, "sms", number_hash):
            raise ImportProblem("this is the number of a participant; alerts need a number of their own")
        staff = Staff(
            email=email.casefold(),
            name=name,
            phone=number,
            phone_hash=number_hash,
            role=Role(role),
            on_call=on_call,
            password_hash=hash_password(password),
        )
        session.add(staff)
        session.flush()
        note(session, "staff_added", standby.now(), staff.id)
    console.print(f"{email.casefold()} may sign in with: {password}", highlight=False, markup=False)


@main.group("import")
def import_() -> None:
    """Take in people from files."""


@import_.command("participants")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_participants(file: Path) -> None:
    """Enrol the people of a CSV file, with a report row by row. A second run changes nothing."""
    standby = build(load_settings())
    rows = read_rows(file.read_bytes())
    register = Register(standby.db, standby.settings, standby.shelf)
    work = import_rows(register, rows, standby.now())
    reports = list(track(work, f"Reading {file.name}", total=len(rows), console=errors))
    _print_import(reports)
    if any(report.done == "not taken" for report in reports):
        raise SystemExit(1)


def _print_import(reports: list[RowReport]) -> None:
    table = Table("line", "what was done", "why, and what to mend", box=None)
    for report in reports:
        table.add_row(str(report.line), report.done, "\n".join(report.problems))
    console.print(table)
    done = [report.done for report in reports]
    console.print(", ".join(f"{done.count(word)} {word}" for word in ("enrolled", "already there", "not taken")))


@main.command()
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]), help="An instant with zone.")
def tick(at: datetime | None) -> None:
    """Run every job of the clock once; with --at as if it were then (simulated carrier only)."""
    standby = build(load_settings(), soon=lambda deed: None)
    if at is not None and not standby.settings.simulated:
        raise ConfigError("--at works only with the simulated carrier: real people would be texted at the wrong time")
    _print_tick(standby, at or standby.now())


def _print_tick(standby: Standby, at: datetime) -> None:
    for job, count in tick_all(standby, at).items():
        console.print(f"{count:>6}  {job}", highlight=False)
