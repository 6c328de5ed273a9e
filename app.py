"""The web: create_app(), and `python app.py` to serve it."""

import gc

from flask import Flask
from granian.constants import Interfaces
from granian.server import Server

from bot import logs
from bot.config import ConfigError, load_settings
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
    """Serve what this factory (MODULE:NAME) makes, until a signal. Granian: the fastest of the servers we tried."""
    Server(
        application,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=8,
        log_access=False,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main()
