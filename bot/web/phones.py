"""Pages: phones."""

from flask import Blueprint

phones = Blueprint("phones", __name__)
