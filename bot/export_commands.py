"""`python -m bot export …`: what leaves the programme."""

from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import func, select

from bot.config import load_settings
from bot.core.deidentify import Dates, Extra
from bot.core.hours import week_of
from bot.models import Staff
from bot.reports.scope import A_WEEK, parse
from bot.research import ExportProblem, take
from bot.study import Wanted
from bot.summary import preview, summary_of
from bot.wiring import Standby, build, ready

DATES, EXTRAS = [each.value for each in Dates], [each.value for each in Extra]
WITH = "What is left out otherwise; may be given again."
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def export() -> None:
    """Take out what may leave the programme."""


@export.command()
@click.option("--from", "since", type=DAY, required=True, help="Any day of the first week, like 2026-01-05.")
@click.option("--until", type=DAY, required=True, help="Any day of the last week.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The zip to write.")
@click.option("--dates", type=click.Choice(DATES), default=DATES[0], help="How days are coarsened.")
@click.option("--with", "extras", type=click.Choice(EXTRAS), multiple=True, help=WITH)
@click.option("--by", "email", help="Who takes it, for the record: the e-mail address of a member of staff.")
def research(
    since: datetime, until: datetime, out: Path, dates: str, extras: tuple[str, ...], email: str | None
) -> None:
    """Write check-ins, listed answers and flags of everybody in these weeks, de-identified, as CSV and Parquet.

    The zip holds a codebook, and a manifest with what was asked and a checksum for each file. It goes on record.
    """
    if out.exists():
        raise ExportProblem(f"{out} is there already; choose another name, nothing is written over.")
    standby = ready(build(load_settings(), soon=lambda deed: None))
    weeks = {"from": f"{since:%Y-%m-%d}", "to": f"{until:%Y-%m-%d}"}
    scope = parse(weeks, standby.now(), standby.settings.zone)
    wanted = Wanted(scope, Dates(dates), frozenset(map(Extra, extras)))
    taken = take(standby.db, standby.settings, wanted, out, standby.now(), _staff_id(standby, email))
    for table, count in taken.rows.items():
        click.echo(f"{count:>9}  {table}")
    click.echo(f"sha256 {taken.checksum}")


def _staff_id(standby: Standby, email: str | None) -> int | None:
    if email is None:
        return None
    with standby.db.reading() as session:
        found = session.scalar(select(Staff.id).where(func.lower(Staff.email) == email.strip().lower()))
    if found is None:
        raise ExportProblem(f"Nobody on the staff has the e-mail address {email}.")
    return found


@click.command()
@click.option(
    "--preview", "page", type=click.Path(dir_okay=False, path_type=Path), required=True,
    help="Where to write the page; what is there is written over.",
)  # fmt: skip
def summary(page: Path) -> None:
    """Show the weekly letter about last week, as supervisors would get it now, as a page with its pictures."""
    standby = ready(build(load_settings(), soon=lambda deed: None))
    monday = week_of(standby.now(), standby.settings.zone) - A_WEEK
    with standby.db.reading() as session:
        found = summary_of(session, standby.talk, monday, standby.now())
    page.write_text(preview(found), encoding="utf-8")
