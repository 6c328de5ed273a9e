"""The export for research: rows of people whom nobody can name, with their codebook, in one file; on record.

Ids are random. As a rule they are new in every export: what two exports tell of somebody cannot be put together, and
nothing needs to be kept that could ever name them. Only where STANDBY_RESEARCH_LINKED asks for it, for a study over
several exports, are they kept in the database, encrypted; then the same question about the same rows gives the same
bytes, and so the same checksum.
"""

import csv
import hashlib
import json
import secrets
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.config import ROOT, Settings
from bot.core.deidentify import MOST_SHIFT_DAYS, Column, Dates, Extra, Row, cells, codebook, tables
from bot.db import Database, insert_once
from bot.models import CheckIn, Export, StudyId
from bot.people import note
from bot.reports.scope import Scope
from bot.study import Alias, Study, Wanted, people_of
from bot.study_rows import rows_of

BATCH = 200
PATIENCE = 600  # seconds for writing Parquet; a million rows take a few
LEAST_WEEKS_SHIFTED = 8
SAME_DAY = (1980, 1, 1, 0, 0, 0)  # of every file in the zip: when it was made would change its checksum
READABLE = 0o644 << 16  # what unpacking makes of each file
COLUMNS = "columns.json"  # as bot/filing.py reads it
LINKED = "Random, kept for exports to come: the same question about the same rows gives the same checksum."
UNLINKED = "Random, for this export alone: the next one has other ids, another order of rows and another checksum."


class ExportProblem(Exception):
    """Nothing was exported. The message says why and what to change."""


@dataclass(frozen=True)
class Taken:
    """One export that was made: where the file is, its SHA-256, and how many rows each table has."""

    path: Path
    checksum: str
    rows: Mapping[str, int]


def take(db: Database, settings: Settings, wanted: Wanted, path: Path, now: datetime, staff_id: int | None) -> Taken:
    """Write the export to `path`, which must not be there yet, and put it on record. Raises ExportProblem."""
    if path.exists():
        raise FileExistsError(path)
    with db.reading() as session:
        _check(session, settings, wanted, now)
        people = people_of(session, wanted.scope)
    aliases = _aliases(db, settings, people)
    with TemporaryDirectory(prefix="standby-export-") as name:
        folder = Path(name)
        with db.reading() as session:
            study = Study(session, wanted, aliases, settings.smallest_cell)
            rows = _write_rows(folder, study, tables(wanted.extras), settings.smallest_cell)
        _add_parquet(folder)
        _write_manifest(folder, settings, wanted, rows)
        part = path.with_name(f"{path.name}.part")  # until it is on record: a kill in between leaves no export
        part.touch(mode=0o600)  # for its owner's eyes only
        try:
            _pack(folder, part)
            taken = Taken(path, _checksum(part), rows)
            with db.writing() as session:
                _put_on_record(session, settings, wanted, taken, now, staff_id)
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
    return taken


def _check(session: Session, settings: Settings, wanted: Wanted, now: datetime) -> None:
    if Extra.TEXTS in wanted.extras and not settings.research_texts:
        raise ExportProblem(
            "Texts leave in no export. An admin must have read what masking leaves over, and set "
            "STANDBY_RESEARCH_TEXTS=reviewed."
        )
    if wanted.dates is Dates.SHIFTED:
        _check_shifted(session, wanted.scope, now)


def _check_shifted(session: Session, scope: Scope, now: datetime) -> None:
    """Where rows begin or end within the weeks for everybody at once, a shift could be told from somebody's first or
    last row.
    """
    begins = session.scalar(select(func.min(CheckIn.week)))
    if begins is not None and (scope.first < begins or scope.until > now):
        raise ExportProblem(
            f"With shifted dates, choose weeks that are over, from {begins:%Y-%m-%d} on, when check-ins began; or "
            "dates by the week."
        )
    if len(scope.weeks) < LEAST_WEEKS_SHIFTED:
        raise ExportProblem(
            f"Shifted dates cost each person {MOST_SHIFT_DAYS} days of rows: choose {LEAST_WEEKS_SHIFTED} weeks or "
            "more, or dates by the week."
        )


def _aliases(db: Database, settings: Settings, people: frozenset[int]) -> dict[int, Alias]:
    """Random ids for all of them; the kept ones where exports are linked."""
    if len(people) < settings.smallest_cell:
        raise ExportProblem(
            f"Fewer than {settings.smallest_cell} people had a check-in or a flag in these weeks: whatever left could "
            "point at somebody. Choose a longer time."
        )
    if not settings.research_linked:
        return {each: _new_alias() for each in people}
    return _kept_aliases(db, people)


def _new_alias() -> Alias:
    return Alias(f"p{secrets.token_hex(8)}", secrets.randbelow(MOST_SHIFT_DAYS + 1))


def _kept_aliases(db: Database, people: frozenset[int]) -> dict[int, Alias]:
    """Another process may make some in the same moment: the first ones count. Some at a time, so that whoever else
    writes waits for a moment only; who was merged into another entry meanwhile gets none.
    """
    with db.reading() as session:
        new = iter(sorted(people - set(session.scalars(select(StudyId.participant_id)))))
    while batch := list(islice(new, BATCH)):
        with db.writing() as session:
            for each in batch:
                insert_once(session, StudyId(participant_id=each, **asdict(_new_alias())))
    with db.reading() as session:
        kept = session.scalars(select(StudyId))
        return {row.participant_id: Alias(row.study_id, row.shift_days) for row in kept if row.participant_id in people}


def _write_rows(
    folder: Path, study: Study, of: Mapping[str, tuple[Column, ...]], smallest: int
) -> dict[str, int]:
    """A CSV file for each table, the codebook, and what the columns hold, for the Parquet files; how many rows."""
    counts = dict.fromkeys(of, 0)
    with ExitStack() as files:
        sheets = {name: _sheet(files, folder / f"{name}.csv") for name in of}
        for name, columns in of.items():
            sheets[name].writerow([each.name for each in columns])
        for name, row in rows_of(study):
            sheets[name].writerow(_written(row, of[name]))
            counts[name] += 1
        _sheet(files, folder / "codebook.csv").writerows(codebook(of, smallest))
    told = {
        name: [{"name": each.name, "type": each.type, "empty": each.may_be_empty} for each in columns]
        for name, columns in of.items()
    }
    (folder / COLUMNS).write_text(json.dumps(told), encoding="utf-8")
    return counts


def _sheet(files: ExitStack, path: Path) -> Any:
    return csv.writer(files.enter_context(path.open("w", encoding="utf-8", newline="")))


def _written(row: Row, columns: tuple[Column, ...]) -> list[Any]:
    """What a CSV holds: days by ISO 8601, true or false, nothing where nothing is known (RFC 4180)."""
    return [str(cell).lower() if isinstance(cell, bool) else cell for cell in cells(row, columns)]


def _add_parquet(folder: Path) -> None:
    """Written by a process that gets no settings, and so can read nothing but these rows."""
    try:
        subprocess.run(
            [sys.executable, "-m", "bot.filing", str(folder), COLUMNS],
            cwd=ROOT,
            env={"LANG": "C.UTF-8"},
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise ExportProblem("The Parquet files could not be written, so nothing was exported.") from error
    (folder / COLUMNS).unlink()


def _write_manifest(folder: Path, settings: Settings, wanted: Wanted, rows: Mapping[str, int]) -> None:
    """What was asked, and what each file must be. No instant: the same export is the same file."""
    told = {
        "standby": version(),
        "parameters": parameters(settings, wanted),
        "smallest_group": settings.smallest_cell,
        "ids": LINKED if settings.research_linked else UNLINKED,
        "rows": rows,
        "sha256": {each.name: _checksum(each) for each in _files(folder)},
    }
    (folder / "manifest.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def parameters(settings: Settings, wanted: Wanted) -> dict[str, Any]:
    """What was asked for, as it is kept on record: the first and the last Monday, and the choices."""
    return {
        "from": wanted.scope.first.isoformat(),
        "until": wanted.scope.last.isoformat(),
        "zone": wanted.scope.zone,
        "dates": wanted.dates.value,
        "extras": sorted(wanted.extras),
        "linked": settings.research_linked,
    }


def version() -> str:
    """The version of Standby."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def _files(folder: Path) -> Iterable[Path]:
    return sorted(folder.iterdir())


def _pack(folder: Path, path: Path) -> None:
    """All in one zip; the same bytes for the same files."""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for each in _files(folder):
            entry = ZipInfo(each.name, SAME_DAY)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, READABLE
            with each.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                for piece in iter(lambda: source.read(1 << 20), b""):
                    target.write(piece)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _put_on_record(
    session: Session, settings: Settings, wanted: Wanted, taken: Taken, now: datetime, staff_id: int | None
) -> None:
    rows = sum(taken.rows.values())
    asked = parameters(settings, wanted)
    session.add(Export(staff_id=staff_id, at=now, parameters=asked, checksum=taken.checksum, rows=rows))
    note(session, "research_exported", now, staff_id, detail=f"{rows} rows, sha256 {taken.checksum}")


def taken_before(session: Session, most: int = 50) -> list[Export]:
    """The exports taken last, the newest first."""
    return list(session.scalars(select(Export).order_by(Export.at.desc(), Export.id.desc()).limit(most)))
