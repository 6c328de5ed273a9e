"""The web: create_app(), and `python app.py` to serve it."""

import os
import socket
import sys

from flask import Flask

from bot import logs
from bot.config import ROOT, ConfigError, Settings, load_settings
from bot.core.flow import FlowError
from bot.db import Database
from bot.engines import is_there
from bot.flows import load_flows
from bot.web import create_web
from bot.wiring import Standby, build, check_database, check_keys, ready, settle_down
from scheduler import tick_beside

GRANIAN = "import multiprocessing as m; m.set_start_method('spawn'); from granian.cli import entrypoint; entrypoint()"
ENDS_WITHIN_S = 20  # what answers still is ended then
CLOCK_ENDS_WITHIN_S = 100  # jobs of a round that talk to the carrier need longer


def create_app(standby: Standby | None = None) -> Flask:
    """The web application around a wired Standby; without one, as in a server's process, wired from the environment."""
    if standby is not None:
        return create_web(standby)
    logs.set_up()
    standby = build(load_settings())
    web = create_web(standby)
    settle_down()
    if standby.settings.clock_in_web:
        tick_beside(ready(standby))
    return web


def main() -> None:
    """Serve on STANDBY_HOST and STANDBY_PORT until a signal."""
    logs.set_up()
    try:
        settings = load_settings()
        load_flows(settings.flows)
        _check_address(settings.host, settings.port)
        _check_database(settings)
    except (ConfigError, FlowError) as error:
        raise SystemExit(str(error)) from error
    within_s = CLOCK_ENDS_WITHIN_S if settings.clock_in_web else ENDS_WITHIN_S
    serve("app:create_app", settings.host, settings.port, within_s)


def _check_address(host: str, port: int) -> None:
    """Raises ConfigError. Two webs on one port would share what comes in, an old version and a new one too."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        why = f"{host} port {port} cannot be listened on: {error.strerror or error}."
        raise ConfigError(f"{why} Is another app.py running? Else set STANDBY_HOST and STANDBY_PORT.") from None


def _check_database(settings: Settings) -> None:
    """Raises ConfigError where there is no file, as to serve without it would make an empty one, and where our keys do
    not open it. What else is wrong may be mended while the web runs, unless it is the clock too; /readyz says the same
    until then.
    """
    database = Database(settings.database_url, settings.data_keys)
    try:
        check_database(database)
    except ConfigError as error:
        if settings.clock_in_web or not is_there(database.engine):
            raise
        print(f"{error} The web starts, and nothing works before that is mended.", file=sys.stderr)
    else:
        check_keys(database)  # what no other process can mend while this one runs
    finally:
        database.engine.dispose()


def serve(application: str, host: str, port: int, ends_within_s: int = ENDS_WITHIN_S) -> None:
    """Serve what this factory (MODULE:NAME) makes, until a signal, and so long after it at most. Granian: the fastest
    of the servers we tried.

    Its process takes our place: it only watches the one that serves, and need not hold Standby in memory too. That one
    is spawned: forked, it would not heed a signal while it starts.
    """
    how = ["--interface", "wsgi", "--factory", "--workers", "1", "--blocking-threads", "8"]
    quiet = ["--no-access-log", "--log-level", "error", "--workers-kill-timeout", str(ends_within_s)]
    where = ["--host", host, "--port", str(port), "--working-dir", str(ROOT)]
    os.execv(sys.executable, [sys.executable, "-c", GRANIAN, *how, *quiet, *where, application])


if __name__ == "__main__":
    main()
