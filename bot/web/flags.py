"""Pages: flags."""

from flask import Blueprint

flags = Blueprint("flags", __name__)
