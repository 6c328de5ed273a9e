"""Figures as pictures and as files."""

import structlog
from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from bot.core.figure import Figure, Size, as_csv
from bot.figures.catalogue import named
from bot.figures.view import View
from bot.models import Role
from bot.pictures import PictureError, svg
from bot.reports.scope import ScopeProblem, check_weeks
from bot.web.asked import file_asked, scope_asked, view_asked
from bot.web.auth import me, roles
from bot.web.standby import standby

pictures = Blueprint("pictures", __name__)
log = structlog.get_logger()
# A picture turns dark by a style of its own; it asks nobody for anything and holds no script.
IN_A_PICTURE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
NOT_DRAWN = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="720" height="60" viewBox="0 0 720 60"><text x="4" y="36" '
    'font-family="system-ui, sans-serif" font-size="15" fill="#7a8794">The picture could not be drawn. The sentence '
    "and the table tell the same.</text></svg>"
)


@pictures.get("/figures/<name>.svg")
@roles(*Role)
def picture(name: str) -> ResponseReturnValue:
    """The figure drawn, for a laptop or with `size=phone`, for those who see it on its page."""
    size = Size.PHONE if request.args.get("size") == Size.PHONE else Size.LAPTOP
    try:
        drawn, status = svg(_figure(name, view_asked()), size), 200
    except ScopeProblem as problem:
        return _plain(problem)
    except PictureError as error:
        log.warning("picture_failed", figure=name, reason=str(error))
        drawn, status = NOT_DRAWN, 503
    return Response(drawn, status, mimetype="image/svg+xml", headers={"Content-Security-Policy": IN_A_PICTURE})


@pictures.get("/figures/<name>.csv")
@roles(*Role)
def table(name: str) -> ResponseReturnValue:
    """The figure's table as a file, for those who see it on its page. Files go from hand to hand: small counts are
    hidden in them, and so are single cases.
    """
    try:
        lines = as_csv(_figure(name, file_asked()).table)
    except ScopeProblem as problem:
        return _plain(problem)
    return Response(lines, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}.csv"'})


def _figure(name: str, view: View) -> Figure:
    """The figure that is asked for. Raises ScopeProblem."""
    with standby().db.reading() as session:
        scope = scope_asked(session)
        check_weeks(scope, view.smallest)
        made = named(name, session, scope, view, me().role)
    if made is None:
        abort(404)
    return made.figure


def _plain(problem: ScopeProblem) -> Response:
    return Response(str(problem), 400, mimetype="text/plain")
