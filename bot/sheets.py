"""CSV files as spreadsheet programs write them: the file itself is read, or refused in a sentence."""

import csv
import io
from dataclasses import dataclass

COLUMNS = ("name", "phone", "language", "zone", "caseworker", "cohort", "consent_on", "consent_by", "flow", "start_on")
REQUIRED = ("name", "phone")
SEPARATORS = ",;\t"


class ImportProblem(Exception):
    """A file or a value cannot be taken. The message says what is wrong and what to write instead."""

    def __init__(self, message: str, column: str = "") -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True)
class SheetRow:
    """One row of the file: the line it ends at, its cells by column, and what is wrong with the row as a whole."""

    line: int
    cells: dict[str, str]
    problem: str = ""


def read_rows(content: bytes) -> list[SheetRow]:
    """The rows of a participants.csv that hold anything. Raises ImportProblem where the file itself is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportProblem("this is no UTF-8 text; save the sheet as 'CSV UTF-8'") from error
    if "\0" in text:
        raise ImportProblem("this is no text; save the sheet as 'CSV UTF-8'")
    if not text.strip():
        raise ImportProblem(f"the file is empty. The first line must name columns out of: {','.join(COLUMNS)}")
    first = text.splitlines()[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count), skipinitialspace=True, strict=True
    )
    try:
        columns = _columns(next(reader))
        return [_sheet_row(reader.line_num, columns, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise ImportProblem(f"line {reader.line_num}: not readable as CSV ({error}); look for a stray quote") from error


def _columns(names: list[str]) -> list[str]:
    found = [name.strip().lower() for name in names]
    wrong = [f"no column '{name}'" for name in REQUIRED if name not in found]
    wrong += [f"unknown column '{name}'" for name in found if name not in COLUMNS]
    wrong += [f"column '{name}' twice" for name in COLUMNS if found.count(name) > 1]
    if wrong:
        raise ImportProblem(f"{'; '.join(wrong)}. The first line must name columns out of: {','.join(COLUMNS)}")
    return found


def _sheet_row(line: int, columns: list[str], cells: list[str]) -> SheetRow:
    """Spaces and line breaks inside a cell become single spaces; cells missing at the end are empty."""
    named = dict.fromkeys(COLUMNS, "") | {
        name: " ".join(cell.split()) for name, cell in zip(columns, cells, strict=False)
    }
    surplus = any(cell.strip() for cell in cells[len(columns) :])
    problem = "more cells than columns; put quotes around what holds a comma" if surplus else ""
    return SheetRow(line, named, problem)
