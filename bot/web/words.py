"""What pages say: kinds, states and times in plain words, and what every page shows around its content."""

from flask import Flask


def set_up_words(app: Flask) -> None:
    """Give the templates their words."""
