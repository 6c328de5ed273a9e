"""Parts of pages that are asked for again every few seconds, and answered 304 while nothing changed."""

from hashlib import sha256

from flask import Response, make_response, render_template, request
from flask_wtf.csrf import generate_csrf


def fragment(template: str, **values: object) -> Response:
    """The part, or 304. The tag leaves the form token out: it is another one each time, and as good as the last."""
    html = render_template(template, **values)
    response = make_response(html)
    response.set_etag(sha256(html.replace(generate_csrf(), "").encode()).hexdigest()[:32])
    response.make_conditional(request)
    return response
