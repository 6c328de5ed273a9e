"""Passwords of staff: hashed by argon2id, made by chance where they are handed over."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12  # characters of one that its owner chooses
_hasher = PasswordHasher()


def fresh_password() -> str:
    """One to hand over: 72 random bits."""
    return secrets.token_urlsafe(9)


def hash_password(password: str) -> str:
    """The argon2id hash that is kept of a password."""
    return _hasher.hash(password)


NOBODYS = hash_password("no password has this hash")


def fits(kept: str | None, password: str) -> bool:
    """Whether this is the password. Takes as long where none is kept: the answer must not tell who works here."""
    try:
        return _hasher.verify(kept or NOBODYS, password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
