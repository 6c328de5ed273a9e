"""The wired Standby of the running application."""

from typing import cast

from flask import current_app

from bot.wiring import Standby


def standby() -> Standby:
    """What the current request works with."""
    return cast(Standby, current_app.extensions["standby"])
