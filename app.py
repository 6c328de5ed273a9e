"""The web: create_app(), and `python app.py` to serve it."""

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
    if standby is None:
        logs.set_up()
        standby = build(load_settings())
    return create_web(standby)


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
