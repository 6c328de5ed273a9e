"""`python -m bot backup` and `python -m bot restore`."""

from datetime import datetime
from pathlib import Path

import click

from bot.backup_file import BackupProblem
from bot.backups import make_backup
from bot.config import Settings, load_settings
from bot.db import Database
from bot.engines import is_there
from bot.restoring import put_back
from bot.revision import is_current
from bot.wiring import real_now, rehearsal_now

NEXT = """\
Restored from a backup of {made_at:%Y-%m-%d %H:%M} UTC. What was written down since is not in it. Next, in this order:
1. Start app.py (with STANDBY_CLOCK_IN_WEB=false for now, where it is the clock too). Before anything else, staff
   enter again who told them in person to get no more texts, or to pause.
   Texts that waited to leave later wait again, those taken back since too; take them back once more.
2. python -m bot tick: fetches every text that came in since from the carrier and takes it in.
3. Start scheduler.py, or app.py anew as the clock too.
Until texts were fetched, participants get no text but the answer to one that they send now. For a day the carrier is
asked about each text before it leaves, so that none is sent twice. Alerts to staff may ring again."""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write everything into a new file, while the programme runs; the keys (STANDBY_DATA_KEYS) are not in it."""
    settings = load_settings()
    db = Database(settings.database_url, settings.data_keys)
    if not is_there(db.engine):
        raise BackupProblem(f"There is no database {db.engine.url.database}: is STANDBY_DATABASE_URL right?")
    try:
        made = make_backup(db, settings, file, _now(settings, db))
    finally:
        db.engine.dispose()
    click.echo(f"{file}: {file.stat().st_size:,} bytes, of {made.made_at:%Y-%m-%d %H:%M} UTC, checked.")
    click.echo("Keep it away from this machine, and STANDBY_DATA_KEYS away from it: it opens with them alone.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put a backup into the database of the settings, which must be empty, and say what to do next."""
    settings = load_settings()
    db = Database(settings.database_url, settings.data_keys)
    try:
        done = put_back(file, db, settings, real_now())
    finally:
        db.engine.dispose()
    for table, count in done.rows.items():
        if count:
            click.echo(f"{count:>9}  {table}")
    if done.dropped:
        click.echo(f"{done.dropped} texts to many that waited do not leave: send them again if they are still wanted.")
    click.echo(NEXT.format(made_at=done.made_at))


def _now(settings: Settings, db: Database) -> datetime:
    """On the rehearsal's clock, where that is wound on."""
    return rehearsal_now(db) if settings.simulated and is_current(db.engine) else real_now()
