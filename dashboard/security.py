"""Who gets in: one guard in front of every route and callback, and the headers of every answer."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from dash import Dash
from flask import Flask, Response, abort, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.wrappers import Response as AnyResponse

from dashboard.context import context
from dashboard.settings import Settings, secret_key
from feedback import ended_sessions, users
from feedback.policy import Action, allows
from feedback.tables import Role, User

P = ParamSpec("P")
R = TypeVar("R")

_PUBLIC_PATHS = frozenset({"/login", "/_favicon.ico", "/healthz"})
_PUBLIC_FOLDERS = ("/assets/", "/_dash-component-suites/")
_NAMES_ITS_RELEASE = re.compile(r"^/assets/vendor/[a-z-]+-\d+\.\d+\.\d+\.min\.js$")
YEAR_S = 365 * 24 * 3600
_FORMS = frozenset({"/password", "/logout"})  # for whoever is signed in, a new password or not
SESSION_HOURS = 12  # since a person last did anything: a page that is left open ticks on
_TICK = ".n_intervals"
_MARK = "mark"  # of a session, by which it ends on the server
_DRAWN_FOR = "X-TrustECG-Person"  # whose page has sent the request: assets/session.js

_POLICY = (
    "default-src 'self'; script-src 'self' {hashes}; "
    # plotly's mode bar and zoom layer write style attributes
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class _Sessions(SecureCookieSessionInterface):
    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the session's cookie, but not with scripts and sheets.

        They are the same for everybody; one that varies with a cookie that each answer renews is
        fetched and compiled anew with every page.
        """
        if not request.path.startswith(_PUBLIC_FOLDERS):
            super().save_session(app, session, response)


@dataclass(frozen=True, kw_only=True)
class Person(UserMixin):
    """The signed-in user as pages see them."""

    id: int
    email: str
    role: Role
    must_change_password: bool
    stamp: str
    preferences: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, user: User) -> "Person":
        """The person behind a row of the users table."""
        return cls(
            id=user.id,
            email=user.email,
            role=user.role,
            must_change_password=user.must_change_password,
            stamp=user.session_stamp,
            preferences=user.preferences or {},
        )

    def get_id(self) -> str:
        """What the cookie holds; a new password changes the stamp and ends older sessions."""
        return f"{self.id}:{self.stamp}"


def protect(server: Flask, settings: Settings) -> None:
    """Put sessions, the guard and CSRF protection in front of everything that ``server`` has."""
    server.config.update(
        SECRET_KEY=secret_key(settings),
        SESSION_COOKIE_NAME="trustecg_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        PERMANENT_SESSION_LIFETIME=SESSION_HOURS * 3600,
        SESSION_REFRESH_EACH_REQUEST=False,  # _guard renews it
        WTF_CSRF_TIME_LIMIT=None,  # lives with the session: a page may stay open for hours
        MAX_CONTENT_LENGTH=1024 * 1024,
    )
    server.session_interface = _Sessions()
    manager = LoginManager(server)
    manager.user_loader(_load_person)
    # before CSRFProtect, which would answer 400 to a lost session instead of 401
    server.before_request(_guard)
    CSRFProtect(server)


def add_headers(app: Dash, settings: Settings) -> None:
    """Give every response of ``app`` its security headers, and pages the CSRF cookie."""

    @app.server.after_request
    def harden(response: Response) -> Response:
        response.headers.update(_HEADERS)
        public = request.path.startswith(_PUBLIC_FOLDERS)
        if not public:
            response.headers["Cache-Control"] = "no-store"
        elif _NAMES_ITS_RELEASE.search(request.path):
            response.headers["Cache-Control"] = f"public, max-age={YEAR_S}"
        if response.mimetype == "text/html":
            # per response, since Dash adds inline scripts at the first request
            hashes = " ".join(app.csp_hashes())
            response.headers["Content-Security-Policy"] = _POLICY.format(hashes=hashes)
            if not public:  # its session would not be sent with it
                response.set_cookie(
                    "_csrf_token", generate_csrf(), samesite="Lax", secure=settings.secure_cookies
                )
        return response


def sign_in(user: User) -> None:
    """Begin a new session for ``user``; nothing of an earlier one remains."""
    _end_session()
    session.clear()
    session.permanent = True
    session[_MARK] = secrets.token_hex(16)
    login_user(Person.of(user))


def sign_out() -> None:
    """End the present session."""
    _end_session()
    logout_user()
    session.clear()


def _end_session() -> None:
    """End the present session on the server, if there is one."""
    # the cookie alone would come back with an answer that is on its way
    if mark := session.get(_MARK):
        with context().sessions.begin() as database:
            ended_sessions.end(database, mark)


def signed_in() -> bool:
    """Whether the request comes from a person with a session."""
    return bool(current_user.is_authenticated)


def person() -> Person:
    """Who asks; the guard has let nobody else in."""
    found: Person = current_user._get_current_object()
    return found


def permitted(action: Action) -> bool:
    """Whether the present user may do ``action``."""
    return signed_in() and allows(person().role, action)


def not_allowed(action: Action) -> str:
    """What is told to whoever may not do ``action``."""
    return f"Your role may not {action}. Ask an administrator."


def needs(action: Action) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Refuse a callback or route with 403 to whoever may not do ``action``.

    Each Dash callback is an endpoint of its own that any signed-in user can post to: a test
    fails on a callback without this mark.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            if not permitted(action):
                abort(403, not_allowed(action))
            return function(*args, **kwargs)

        checked.needs = action  # type: ignore[attr-defined]
        return checked

    return mark


def safe_next(target: str | None) -> str:
    """``target`` where it is a page of this application, else the first page."""
    if not target or "\\" in target or any(ord(letter) < 33 for letter in target):
        return "/"
    parts = urlsplit(target)
    local = not parts.scheme and not parts.netloc and target.startswith("/")
    return target if local and not target.startswith("//") else "/"


def _load_person(cookie: str) -> Person | None:
    number, _, stamp = cookie.partition(":")
    if not (number.isascii() and number.isdigit()):
        return None
    with context().sessions.read() as database:
        user = users.find_user(database, int(number), stamp)
        # without a mark it is of before 0015, and nobody could end it
        mark = session.get(_MARK)
        good = user and mark and not ended_sessions.has_ended(database, mark)
        return Person.of(user) if user and good else None


def _guard() -> AnyResponse | None:
    path = request.path
    if path in _PUBLIC_PATHS or path.startswith(_PUBLIC_FOLDERS):
        return None
    if not signed_in():
        return _turn_away(url_for("login", next=_wanted_page()), 401)
    if request.headers.get(_DRAWN_FOR, me := str(person().id)) != me:
        abort(401)  # drawn for whoever was signed in before: it is no word of this person's
    if person().must_change_password and path not in _FORMS:
        onward = _wanted_page()
        return _turn_away(url_for("password", next=None if onward == "/" else onward), 403)
    if not _ticks():
        session.modified = True  # which sends the cookie anew
    return None


def _wanted_page() -> str:
    """Where to come back to after a form, which a file or what takes forms alone would leave on."""
    first, _, file = request.path[1:].partition("/")
    if request.path == "/logout":
        return "/"
    return f"/{first}" if "." in file else safe_next(request.full_path.rstrip("?"))


def _ticks() -> bool:
    """Whether a timer of a page has sent the request, and nobody who sits before it."""
    sent = request.get_json(silent=True) if request.path == "/_dash-update-component" else None
    changed = sent.get("changedPropIds") if isinstance(sent, dict) else None
    return bool(changed) and all(str(name).endswith(_TICK) for name in changed)


def _turn_away(page: str, status: int) -> AnyResponse:
    """Whoever opens a page or sends a form is led to ``page``, a script gets the status."""
    if request.path in _FORMS or (request.method == "GET" and not request.path.startswith("/_")):
        return redirect(page)
    abort(status)
