"""Pages: caseload."""

from flask import Blueprint

caseload = Blueprint("caseload", __name__)
