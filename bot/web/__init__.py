"""The web application, put together: it reads as the list of what there is."""

from datetime import timedelta

from flask import Flask, has_request_context
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from bot.web.arrangements import arranging
from bot.web.auth import auth, set_up_sign_in
from bot.web.care import care
from bot.web.caseload import caseload
from bot.web.checkup import checkup
from bot.web.conversing import conversing
from bot.web.dashboard import dashboard
from bot.web.directory import directory
from bot.web.enrolling import enrolling
from bot.web.fields import set_up_paths
from bot.web.flags import flags
from bot.web.health import health
from bot.web.joining import joining
from bot.web.mass_texts import mass_texts
from bot.web.phones import phones
from bot.web.pictures import pictures
from bot.web.reasons import reasons
from bot.web.research import research
from bot.web.ringing import told_to
from bot.web.rota import rota
from bot.web.shield import set_up_shield
from bot.web.silences import known_of_silence
from bot.web.staff import staff
from bot.web.thread import thread
from bot.web.verdicts import verdicts
from bot.web.webhooks import webhooks
from bot.web.words import set_up_words
from bot.wiring import Standby


def create_web(standby: Standby) -> Flask:
    """The application around a wired Standby."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=standby.settings.secret_key,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=standby.settings.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=8),
        SESSION_REFRESH_EACH_REQUEST=False,  # else a page that polls would stay signed in for ever
        WTF_CSRF_TIME_LIMIT=None,  # a thread may stay open all day; the session ends its token
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        BOOTSTRAP_SERVE_LOCAL=True,
    )
    if standby.settings.behind_proxy:
        # Who asks, and nothing else: what the proxy says of scheme and host is not needed, so it is not believed.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=0)  # type: ignore[method-assign]
    app.extensions["standby"] = standby
    standby.db.is_for_page = has_request_context
    Bootstrap5(app)
    csrf = CSRFProtect(app)
    set_up_sign_in(app)
    set_up_words(app)
    app.add_template_filter(reasons)
    app.add_template_filter(known_of_silence)
    app.add_template_filter(told_to)
    set_up_shield(app)
    set_up_paths(app)
    for page in (
        health, webhooks, checkup, auth, caseload, thread, conversing, arranging, care, flags, joining, enrolling,
        mass_texts, verdicts, rota, directory, staff, dashboard, pictures, research,
    ):  # fmt: skip
        app.register_blueprint(page)
    for signed in (webhooks, checkup):  # the carrier signs instead, or the doctor
        csrf.exempt(signed)
    if standby.settings.simulated:
        app.register_blueprint(phones)
    return app
