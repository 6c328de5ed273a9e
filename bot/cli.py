"""The commands of `python -m bot`, for whoever runs a programme."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from bot import backup_commands, campaign, demo, export_commands, flow_commands, logs, needs_commands
from bot.backup_file import BackupProblem
from bot.config import ConfigError, load_settings
from bot.core.finding import Finding, Grade
from bot.core.flow import FlowError
from bot.db import Database
from bot.directory import SERVICES, import_services
from bot.doctor import Patient, examine, examine_without_settings, line, verdict
from bot.importing import DONE, PARTICIPANTS, Register, RowReport, import_rows
from bot.migrations import migrate
from bot.models import Role, Staff
from bot.reports.scope import ScopeProblem
from bot.research import ExportProblem
from bot.sheets import ImportProblem, read_rows
from bot.staffing import NotStaffed, Office, Told, add, renew_password
from bot.wiring import build, ready
from scheduler import tick as tick_all

ALWAYS_COUNTED = ("enrolled", "already there", "not taken")
errors = Console(stderr=True)


class JobsFailed(Exception):
    """Not all jobs got through."""


FORESEEN = (
    BackupProblem, ConfigError, ExportProblem, FlowError, ImportProblem, JobsFailed, NotStaffed, ScopeProblem
)  # fmt: skip


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant with its zone."""

    name = "instant"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is no instant. Write it like 2026-11-23T16:00+00:00.", param, ctx)
        if at.tzinfo is None:
            self.fail(f"{value} has no zone. Write one behind it: +00:00, or -06:00 for Chicago in winter", param, ctx)
        return at


class Commands(click.Group):
    """Commands whose foreseen errors are one sentence, not a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except FORESEEN as error:
            _complain(str(error))
        except DBAPIError as error:
            _complain(f"The database cannot be used: {error.orig}")
        except BrokenPipeError:
            raise  # whoever reads what we print has seen enough, as `head` does; click ends without a word
        except OSError as error:
            _complain(f"This cannot be read or written: {error.filename or 'a file'}: {error.strerror}")
        ctx.exit(1)


def _complain(message: str) -> None:
    errors.print(message.strip(), style="red", markup=False, highlight=False, soft_wrap=True)


@click.group(cls=Commands)
def main() -> None:
    """Standby texts people regular check-ins and puts a human on every need it finds."""
    logs.set_up(logging.WARNING)


main.add_command(demo.demo)
main.add_command(campaign.campaign)
main.add_command(flow_commands.flow)
main.add_command(needs_commands.needs)
main.add_command(export_commands.export)
main.add_command(export_commands.summary)
main.add_command(backup_commands.backup)
main.add_command(backup_commands.restore)


@main.command()
def init() -> None:
    """Make the database, or bring it to this version. Safe to run again."""
    settings = load_settings()
    migrate(Database(settings.database_url, settings.data_keys).engine, settings.zone)
    click.echo("The database is ready. Next: python -m bot add-staff EMAIL --name … --phone … --role supervisor")


@main.command()
@click.argument("email")
@click.option("--name", required=True, help="As participants know them; texts use the first word.")
@click.option("--phone", required=True, help="Where alerts go, like 816-555-0123.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What they may do.")
@click.option("--team", default="", help="Their team, where there are any.")
@click.option("--on-call", is_flag=True, help="On call day and night, until the rota on the web says otherwise.")
def add_staff(email: str, name: str, phone: str, role: str, team: str, on_call: bool) -> None:
    """Add somebody who signs in; prints a password to hand over. Later ones can be added on the page Staff."""
    told = Told(email, name, phone, Role(role), team)
    with _office() as office:
        staff, password = add(office, told, on_call)
    click.echo("A text with a code is on its way to this phone. Alerts reach it once the code was texted back.")
    click.echo(f"{staff.email} may sign in with: {password}")


@main.command()
@click.argument("email")
def new_password(email: str) -> None:
    """Print a new password for somebody on the staff; the old one ends. The page Staff does the same."""
    with _office() as office:
        whose = select(Staff.id).where(func.lower(Staff.email) == email.strip().casefold(), Staff.active)
        staff_id = office.session.scalar(whose)
        if staff_id is None:
            raise NotStaffed("Nobody on the staff has this e-mail address.")
        staff, password = renew_password(office, staff_id)
    click.echo(f"{staff.email} may sign in with: {password}")


@contextmanager
def _office() -> Iterator[Office]:
    standby = ready(build(load_settings()))
    with standby.db.writing() as session:
        yield Office(session, standby.post, None, standby.now())


@main.group("import")
def import_() -> None:
    """Take in people from files."""


@import_.command("participants")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_participants(file: Path) -> None:
    """Enrol the people of a CSV file, with a report row by row. A second run changes nothing."""
    standby = ready(build(load_settings()))
    rows = read_rows(file.read_bytes(), PARTICIPANTS)
    register = Register(standby.db, standby.settings, standby.shelf)
    work = import_rows(register, rows, standby.now())
    reports = list(track(work, f"Reading {file.name}", total=len(rows), console=errors))
    _print_import(reports)
    if any(report.done == "not taken" for report in reports):
        raise SystemExit(1)


@import_.command("services")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_service_directory(file: Path) -> None:
    """Take the services of a CSV file with Open Referral's column names into the directory; again, and it updates."""
    standby = ready(build(load_settings()))
    with standby.db.writing() as session:
        reports = import_services(session, read_rows(file.read_bytes(), SERVICES))
    for report in reports:
        click.echo(f"line {report.line}: {report.done}{f' ({report.problem})' if report.problem else ''}")
    if any(report.done == "not taken" for report in reports):
        raise SystemExit(1)


def _print_import(reports: list[RowReport]) -> None:
    """One line a row, one more for each thing to know about it: plain, so that it can be searched and sent on."""
    for report in reports:
        click.echo(f"line {report.line}: {report.done}")
        for problem in report.problems:
            click.echo(f"    {problem}")
    done = [report.done for report in reports]
    click.echo(", ".join(f"{done.count(word)} {word}" for word in DONE if word in done or word in ALWAYS_COUNTED))


@main.command()
@click.option("--offline", is_flag=True, help="Leave out what asks the carrier and the public address.")
def doctor(offline: bool) -> None:
    """Check everything that a programme stands on, and say for each what to do. Names nobody."""
    try:
        found = examine(Patient(load_settings(), online=not offline))
    except ConfigError as error:
        found = examine_without_settings(error)
    seen: list[Finding] = []
    for finding in found:
        click.echo(line(finding))
        seen.append(finding)
    click.echo(verdict(seen))
    if any(each.grade is Grade.MEND for each in seen):
        raise SystemExit(1)


@main.command()
@click.option("--at", type=Instant(), metavar="INSTANT", help="An instant with its zone: 2026-11-23T16:00+00:00.")
def tick(at: datetime | None) -> None:
    """Run every job of the clock once; with --at as if it were then (a carrier on this machine only). Ends with 1
    where one failed.
    """
    settings = load_settings()
    if at is not None and not settings.carrier_is_on_this_machine:
        raise ConfigError("--at works only with the simulated carrier: real people would be texted at the wrong time")
    standby = ready(build(settings, soon=lambda deed: None))
    done = tick_all(standby, at or standby.now())
    for job, count in done.items():
        click.echo(f"{'failed' if count is None else count:>6}  {job}")
    if None in done.values():
        raise JobsFailed("Some of it failed: the lines above say why. Mend that and run it again.")
