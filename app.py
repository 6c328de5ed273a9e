"""The web: create_app(), and `python app.py` to serve it."""

import gc
import os
import sys

from flask import Flask

from bot import logs
from bot.config import ROOT, ConfigError, load_settings
from bot.core.flow import FlowError
from bot.flows import load_flows
from bot.web import create_web
from bot.wiring import Standby, build


def create_app(standby: Standby | None = None) -> Flask:
    """The web application around a wired Standby; without one, as in a server's process, wired from the environment."""
    if standby is not None:
        return create_web(standby)
    logs.set_up()
    web = create_web(build(load_settings()))
    settle_down()
    return web


def settle_down() -> None:
    """What is in memory now stays there. Full collections, which stop everything for a tenth of a second while a page
    with big tables is made, need not walk through it.
    """
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve on STANDBY_HOST and STANDBY_PORT until a signal."""
    logs.set_up()
    try:
        settings = load_settings()
        load_flows(settings.flows)
    except (ConfigError, FlowError) as error:
        raise SystemExit(str(error)) from error
    serve("app:create_app", settings.host, settings.port)


def serve(application: str, host: str, port: int) -> None:
    """Serve what this factory (MODULE:NAME) makes, until a signal. Granian: the fastest of the servers we tried.

    Its process takes our place: it only watches the one that serves, and need not hold Standby in memory too.
    """
    how = ["--interface", "wsgi", "--factory", "--workers", "1", "--blocking-threads", "8"]
    quiet = ["--no-access-log", "--no-log"]
    where = ["--host", host, "--port", str(port), "--working-dir", str(ROOT)]
    os.execv(sys.executable, [sys.executable, "-m", "granian", *how, *quiet, *where, application])


if __name__ == "__main__":
    main()
