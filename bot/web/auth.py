"""Signing in and out, and who may see which page."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from typing import ParamSpec, cast

from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.core.rota import Layer
from bot.duty import load_rota
from bot.models import Role, Staff
from bot.passwords import fits
from bot.people import note
from bot.web.standby import standby
from bot.web.tries import Tries, knocks_of

auth = Blueprint("auth", __name__)

FRAGMENT = "X-Fragment"  # what a page's own script sends when it asks for a part of it

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in, as Flask-Login wants it. A new password ends every session of the old one."""

    id: int
    name: str
    role: Role
    team: str
    on_call: bool
    stands_in_for: tuple[int, ...]
    seal: str
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return f"{self.id}.{self.seal}"


def set_up_sign_in(app: Flask) -> None:
    """Let staff sign in to this application."""
    manager = LoginManager(app)
    manager.user_loader(_load)
    manager.unauthorized_handler(_ask_to_sign_in)
    app.extensions["tries"] = Tries()


def me() -> SignedIn:
    """Who asks for this page; only where `roles` guards it."""
    return cast(SignedIn, current_user._get_current_object())


def roles(*allowed: Role) -> Callable[[View[P]], View[P]]:
    """Only staff in these roles see the page: others are asked to sign in, or told that it is not for them."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if not current_user.is_authenticated:
                return _ask_to_sign_in()
            if me().role not in allowed:
                abort(403)
            return view(*args, **kwargs)

        return guarded

    return guard


def _ask_to_sign_in() -> ResponseReturnValue:
    if FRAGMENT in request.headers:
        abort(401)
    wanted = request.full_path.removesuffix("?") if request.method == "GET" else None
    return redirect(url_for("auth.sign_in", next=wanted))


def _load(token: str) -> SignedIn | None:
    number, _, seal = token.partition(".")
    with standby().db.reading() as db_session:
        staff = db_session.get(Staff, int(number)) if number.isdecimal() else None
        if staff is None or not staff.active or _seal(staff) != seal:
            return None
        return _signed_in(db_session, staff)


def _signed_in(db_session: Session, staff: Staff) -> SignedIn:
    rota, now = load_rota(db_session, standby().settings.zone, standby().now()), standby().now()
    on_call = any(staff.id in rota.on_call(layer, now) for layer in Layer)
    stands_in_for = rota.stood_in_for(staff.id, now)
    return SignedIn(staff.id, staff.name, staff.role, staff.team, on_call, stands_in_for, _seal(staff))


def _seal(staff: Staff) -> str:
    return sha256((staff.password_hash or "").encode()).hexdigest()[:16]


@auth.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """The door. Everybody may see it."""
    if current_user.is_authenticated:
        return redirect(url_for("caseload.people"))
    return render_template("sign_in.html", next=request.args.get("next", ""), wrong=None)


@auth.post("/sign-in")
def take_sign_in() -> ResponseReturnValue:
    """In, or the same sentence for every reason why not."""
    now, tries = standby().now(), _tries()
    email = request.form.get("email", "").strip().lower()
    knocks = knocks_of(email, request.remote_addr or "")
    if tries.too_many(knocks, now):
        return _again("Too many tries. Wait ten minutes, then try again.", 429)
    staff = _staff_with(email, request.form.get("password", ""))
    if staff is None:
        tries.count(knocks, now)
        return _again("E-mail and password do not fit. Try again, or ask your supervisor for a new password.", 401)
    enter(staff)
    return redirect(_inside(request.form.get("next", "")))


def _tries() -> Tries:
    return cast(Tries, current_app.extensions["tries"])


def _again(wrong: str, status: int) -> ResponseReturnValue:
    return render_template("sign_in.html", next=request.form.get("next", ""), wrong=wrong), status


def _staff_with(email: str, password: str) -> Staff | None:
    """Takes as long for an e-mail address nobody has, so that the answer does not tell who works here."""
    with standby().db.reading() as db_session:
        staff = db_session.scalar(select(Staff).where(func.lower(Staff.email) == email, Staff.active))
    return staff if fits(staff.password_hash if staff is not None else None, password) else None


def enter(staff: Staff, detail: str = "") -> None:
    """Sign this member of staff in, on record, with a fresh session."""
    session.clear()
    session.permanent = True
    with standby().db.writing() as db_session:
        login_user(_signed_in(db_session, staff))
        note(db_session, "signed_in", standby().now(), staff.id, detail=detail)


def _inside(target: str) -> str:
    """Only to a page of ours: another site's address would be an open door for tricksters."""
    ours = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if ours else url_for("caseload.people")


@auth.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Out, and nothing of the session stays. Everybody may ask for it."""
    logout_user()
    session.clear()
    flash("You are signed out.")
    return redirect(url_for("auth.sign_in"))
