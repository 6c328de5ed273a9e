"""Numbers that come with a form, a query or a path: within what a database can hold, or as if they were not there."""

from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter

LARGEST = 2**31 - 1  # what an id can be on PostgreSQL; a larger one would fail there, or in SQLite's driver


class Id(IntegerConverter):
    """`<int:...>` of a path: what no row can have as its id is not found."""

    def __init__(self, url_map: object, **options: object) -> None:
        super().__init__(url_map, max=LARGEST)  # type: ignore[arg-type]


def set_up_paths(app: Flask) -> None:
    """Every number in a path is one that a row can have."""
    app.url_map.converters["int"] = Id


def chosen(told: MultiDict[str, str], name: str, otherwise: int = 0) -> int:
    """The number of this field; `otherwise` where it is missing, is no whole number, or is larger than any id."""
    return told.get(name, otherwise, _within)


def _within(text: str) -> int:
    value = int(text)
    if not 0 <= value <= LARGEST:
        raise ValueError("no id")
    return value
