"""`python -m bot.filing FOLDER COLUMNS`: writes each CSV of an export anew as Parquet beside it, then ends.

A process of its own: it holds what it needs for that long only, and sees nothing but what may leave anyway. The folder
tells it the types of the columns in the JSON file that is named.
"""

import json
import sys
from pathlib import Path

from arro3.core import DataType, Field, Schema
from arro3.io import read_csv, write_parquet

from bot.core.deidentify import Type

ARROW = {
    Type.TEXT: DataType.string(),
    Type.WHOLE: DataType.int32(),
    Type.DAY: DataType.date32(),
    Type.TRUTH: DataType.bool(),
}


def main(folder: Path, told: str) -> None:
    """Write the Parquet files. The same rows give the same bytes."""
    for table, columns in json.loads((folder / told).read_text(encoding="utf-8")).items():
        schema = Schema([Field(each["name"], ARROW[Type(each["type"])], nullable=each["empty"]) for each in columns])
        with (folder / f"{table}.csv").open("rb") as rows:
            write_parquet(read_csv(rows, schema, has_header=True), folder / f"{table}.parquet", compression="zstd(3)")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
