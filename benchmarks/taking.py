"""Standby's web that only takes texts in: what it would do right after, aside, is left to a clock that does not run.

It tells the time as with a real carrier; the rehearsal's clock, which can be wound, asks the database each time.
"""

from flask import Flask

from app import create_app as create_web
from bot import logs
from bot.config import load_settings
from bot.wiring import build, real_now


def create_app() -> Flask:
    """The whole web, wired from the environment."""
    logs.set_up()
    return create_web(build(load_settings(), now=real_now, soon=lambda deed: None))
