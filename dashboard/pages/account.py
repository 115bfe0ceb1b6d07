"""Signing in and out and changing the password: plain forms that work before Dash is loaded."""

from flask import Flask, flash, get_flashed_messages, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from dashboard.components.shell import sentence
from dashboard.context import context
from dashboard.preferences import look
from dashboard.security import person, safe_next, sign_in, sign_out, signed_in
from feedback import catalogue, claims, users
from feedback.errors import FeedbackError, PeopleError


def register(server: Flask) -> None:
    """Add the routes to ``server``."""
    server.add_url_rule("/login", "login", login, methods=["GET", "POST"])
    server.add_url_rule("/logout", "logout", logout, methods=["POST"])
    server.add_url_rule("/password", "password", password, methods=["GET", "POST"])
    server.register_error_handler(CSRFError, _form_out_of_date)
    server.jinja_env.globals["look"] = look


def login() -> Response | str | tuple[str, int]:
    """Show the form, or sign in and go where the person wanted to go."""
    target = safe_next(request.values.get("next"))
    if request.method == "GET":
        # a page whose session is gone leads here also where somebody else has signed in since
        return redirect(target) if signed_in() and not _ended() else _login_form(target)
    try:
        user = users.authenticate(
            context().sessions,
            request.form.get("email", ""),
            request.form.get("password", ""),
            address=request.remote_addr or "",
        )
    except PeopleError as error:
        return _login_form(target, sentence(error)), 401
    sign_in(user)
    return redirect(target)


def logout() -> Response:
    """End the session; what is held of a worklist is given back."""
    with context().sessions.begin() as session:
        claims.release(session, person().id)
    sign_out()
    return redirect("/login")


def password() -> Response | str | tuple[str, int]:
    """Show the form, or change the password and keep this session alone."""
    if request.method == "GET":
        return _password_form(changed=bool(get_flashed_messages()))
    new = request.form.get("new", "")
    if new != request.form.get("again", ""):
        return _password_form("The new passwords differ. Type the same one twice."), 400
    try:
        user = users.change_password(
            context().sessions,
            person().id,
            request.form.get("old", ""),
            new,
            address=request.remote_addr or "",
        )
    except PeopleError as error:
        return _password_form(sentence(error)), 400
    was_given = person().must_change_password
    sign_in(user)
    if was_given:
        return redirect(safe_next(request.form.get("next")))
    flash("changed")
    return redirect("/password")


def _form_out_of_date(error: CSRFError) -> Response | tuple[str, int]:
    """A form that outlived its session is offered anew; a script gets the status.

    Who signed in elsewhere meanwhile is not signed out by a page of before.
    """
    if request.path == "/logout":
        return redirect("/")
    if request.path == "/password":
        return _password_form("This form was out of date. Fill it in again."), 400
    if request.path != "/login":
        return error.get_response()
    target = safe_next(request.values.get("next"))
    if signed_in() and users.as_stored(request.form.get("email", "")) == person().email:
        return redirect(target)  # in another window meanwhile
    return _login_form(target, "This form was out of date. Sign in again."), 400


def _ended() -> bool:
    """Whether a page has led here that found its session gone."""
    return "ended" in request.values


def _login_form(target: str, problem: str = "") -> str:
    email = request.form.get("email", "")
    return render_template(
        "login.html",
        target=target,
        problem=problem,
        ended=_ended(),
        other=person().email if signed_in() else "",
        email=email,
        simulated=_simulated(),
    )


def _password_form(problem: str = "", *, changed: bool = False) -> str:
    return render_template(
        "password.html",
        problem=problem,
        changed=changed,
        person=person(),
        target=safe_next(request.values.get("next")),
        simulated=_simulated(),
    )


def _simulated() -> bool:
    """Whether the records are simulated; no data set yet is no reason to refuse a login."""
    try:
        with context().sessions.read() as session:
            return catalogue.active_source(session).simulated
    except FeedbackError:
        return False
