"""Headers that shield every page, and error pages that show nobody's data."""

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import NoResultFound
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound

SHIELD = {
    # Bootstrap draws its arrows and ticks as data: pictures.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
SENTENCES = {
    400: ("That did not go through", "The page was open too long, or something was missing. Go back and try again."),
    401: ("Please sign in", "You are not signed in any more."),
    403: ("This page is not for you", "Your role may not see it. Ask a supervisor if you need it."),
    404: ("Nothing here", "The page does not exist, or no longer does."),
    405: ("Nothing here", "The page cannot be opened like this."),
    413: ("Too long", "What you sent is too long. Shorten it and try again."),
    429: ("Too many tries", "Wait ten minutes, then try again."),
    500: ("Something went wrong", "It is our fault and was written down. No text was lost. Try again in a minute."),
}


def set_up_shield(app: Flask) -> None:
    """Guard every answer of the application."""
    app.after_request(_shield)
    app.register_error_handler(HTTPException, _say_what_is_wrong)
    app.register_error_handler(NoResultFound, _say_it_is_gone)


def _shield(response: Response) -> Response:
    for name, value in SHIELD.items():
        response.headers.setdefault(name, value)
    if not (request.endpoint or "").endswith("static"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _say_it_is_gone(_error: NoResultFound) -> ResponseReturnValue:
    """What was there when the page looked was merged or taken away by a colleague at that very moment."""
    return _say_what_is_wrong(NotFound())


def _say_what_is_wrong(error: HTTPException) -> ResponseReturnValue:
    """A sentence of ours; what a page adds to `abort(403, ...)` is ours too and is shown instead."""
    code = error.code or 500
    if code < 400:
        return error
    title, sentence = SENTENCES.get(code, SENTENCES[500 if code >= 500 else 400])
    own = error.description if code == 403 and not isinstance(error, InternalServerError) else None
    own = own if own and own != type(error).description else None
    return render_template("error.html", title=title, sentence=own or sentence), code
