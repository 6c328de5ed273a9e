"""CSV files as spreadsheet programs write them: the file itself is read, or refused in a sentence."""

import csv
import io
from dataclasses import dataclass

SEPARATORS = ",;\t"


class ImportProblem(Exception):
    """A file or a value cannot be taken. The message says what is wrong and what to write instead."""

    def __init__(self, message: str, column: str = "") -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True)
class Columns:
    """What a file may hold. Columns that nobody knows are a mistake, or passed over where `others_may_stand`."""

    known: tuple[str, ...]
    required: tuple[str, ...]
    others_may_stand: bool = False

    @property
    def hint(self) -> str:
        return f"The first line must name columns out of: {','.join(self.known)}"


@dataclass(frozen=True)
class SheetRow:
    """One row of the file: the line it ends at, its cells by column, and what is wrong with the row as a whole."""

    line: int
    cells: dict[str, str]
    problem: str = ""


def read_rows(content: bytes, columns: Columns) -> list[SheetRow]:
    """The rows of a CSV file that hold anything. Raises ImportProblem where the file itself is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportProblem("this is no UTF-8 text; save the sheet as 'CSV UTF-8'") from error
    if "\0" in text:
        raise ImportProblem("this is no text; save the sheet as 'CSV UTF-8'")
    if not text.strip():
        raise ImportProblem(f"the file is empty. {columns.hint}")
    first = text.splitlines()[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count), skipinitialspace=True, strict=True
    )
    try:
        named = _named(next(reader), columns)
        return [_sheet_row(reader.line_num, named, columns, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise ImportProblem(f"line {reader.line_num}: not readable as CSV ({error}); look for a stray quote") from error


def _named(names: list[str], columns: Columns) -> list[str]:
    found = [name.strip().lower() for name in names]
    wrong = [f"no column '{name}'" for name in columns.required if name not in found]
    if not columns.others_may_stand:
        wrong += [f"unknown column '{name}'" for name in found if name not in columns.known]
    wrong += [f"column '{name}' twice" for name in columns.known if found.count(name) > 1]
    if wrong:
        raise ImportProblem(f"{'; '.join(wrong)}. {columns.hint}")
    return found


def _sheet_row(line: int, named: list[str], columns: Columns, cells: list[str]) -> SheetRow:
    """Spaces and line breaks inside a cell become single spaces; cells missing at the end are empty."""
    held = {name: " ".join(cell.split()) for name, cell in zip(named, cells, strict=False) if name in columns.known}
    surplus = any(cell.strip() for cell in cells[len(named) :])
    problem = "more cells than columns; put quotes around what holds a comma" if surplus else ""
    return SheetRow(line, dict.fromkeys(columns.known, "") | held, problem)
