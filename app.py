"""The web: create_app(), and `python app.py` to serve it."""

from flask import Flask
from granian.constants import Interfaces
from granian.server import Server

from bot import logs
from bot.config import load_settings
from bot.web import create_web
from bot.wiring import Standby, build


def create_app(standby: Standby | None = None) -> Flask:
    """The web application around a wired Standby; without one, wired from the environment."""
    return create_web(standby or build(load_settings()))


def main() -> None:
    """Serve on STANDBY_HOST and STANDBY_PORT until a signal. Granian: the fastest of the WSGI servers we tried."""
    logs.set_up()
    settings = load_settings()
    Server(
        "app:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=8,
        log_access=False,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main()
