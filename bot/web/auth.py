"""Signing in and out, and who may see which page."""

from argon2 import PasswordHasher
from flask import Blueprint, Flask

auth = Blueprint("auth", __name__)
_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The argon2id hash that is kept of a password."""
    return _hasher.hash(password)


def set_up_sign_in(app: Flask) -> None:
    """Let staff sign in to this application."""
