"""Standby's web that only takes texts in: what it would do right after, aside, is left to a clock that does not run."""

from dataclasses import replace

from flask import Flask

from app import create_app as create_web
from bot import logs
from bot.config import load_settings
from bot.wiring import build


def create_app() -> Flask:
    """The whole web, wired from the environment."""
    logs.set_up()
    return create_web(replace(build(load_settings()), soon=lambda deed: None))
