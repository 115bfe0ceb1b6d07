"""People: who may sign in, for administrators."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_bootstrap_components as dbc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids
from dashboard.components.shell import forbidden, heading, local_time, problem
from dashboard.context import context
from dashboard.security import needs, permitted, person
from dashboard.triggered import number_in_id, parsing, typed, word_in_id
from feedback import users
from feedback.errors import PeopleError
from feedback.policy import Action
from feedback.tables import Role, User

_SAID = (ids.PEOPLE_SECRET, ids.PEOPLE_MESSAGE)
# a one-time password, what was done, and the table after it; a password that is shown this once
# stays until there is another one
Change = tuple[Any, Component | None, Component]


def register(app: Dash) -> None:
    """Add the page and its callbacks to ``app``."""
    dash.register_page("people", path="/people", title="People · TrustECG", layout=layout)
    after = [Output(place, "children", allow_duplicate=True) for place in (*_SAID, ids.PEOPLE_LIST)]
    entered = State(ids.PEOPLE_EMAIL, "value"), State(ids.PEOPLE_ROLE, "value")
    for button, do in ((ids.PEOPLE_ADD, add), (ids.PEOPLE_GIVE_ROLE, give_role)):
        app.callback(
            *after,
            Input(button, "n_clicks"),
            *entered,
            prevent_initial_call=True,
            running=[(Output(button, "disabled"), True, False)],
        )(do)
    app.callback(
        *after, Input(ids.of_person(ALL, ALL), "submit_n_clicks"), prevent_initial_call=True
    )(act)


def layout(**_: object) -> Component:
    """The accounts and a form for a new one."""
    if not permitted(Action.MANAGE_PEOPLE):
        return forbidden(Action.MANAGE_PEOPLE)
    return html.Div(
        [
            heading("People"),
            _form(),
            html.Div([html.Div(id=place, role="status") for place in _SAID], className="outcome"),
            html.Div(_table(), id=ids.PEOPLE_LIST),
        ],
        className="page narrow",
    )


@needs(Action.MANAGE_PEOPLE)
def add(_clicks: int, email: Any, role: Any) -> Change:
    """Make an account and show its one-time password, this once."""
    address, chosen = typed(email), _role(role)
    try:
        with context().sessions.begin() as session:
            made = users.add_user(session, address, chosen, actor=person().email)
    except PeopleError as error:
        return no_update, problem(error), _table()
    dash.set_props(ids.PEOPLE_EMAIL, {"value": ""})  # Enter again would be refused: it is there
    return _password_of(made), None, _table()


@needs(Action.MANAGE_PEOPLE)
def give_role(_clicks: int, email: Any, role: Any) -> Change:
    """Give the account of this address another role, from its next press on."""
    address, chosen = typed(email), _role(role)
    try:
        with context().sessions.begin() as session:
            user = users.by_email(session, address)
            users.set_role(session, user.id, chosen, actor=person().email)
    except PeopleError as error:
        return no_update, problem(error), _table()
    return no_update, html.Span(f"{user.email} is {chosen} now."), _table()


def _role(chosen: Any) -> Role:
    with parsing():
        return Role(chosen)


@needs(Action.MANAGE_PEOPLE)
def act(_clicks: Sequence[int | None]) -> Change:
    """Do what the pressed button of a row says, once that was confirmed."""
    if not ctx.triggered or not ctx.triggered[0]["value"]:
        raise PreventUpdate  # the table was drawn, nobody pressed anything
    do = _ACTS[word_in_id("act", _ACTS)]
    try:
        secret, said = do(number_in_id("person"))
    except PeopleError as error:
        secret, said = no_update, problem(error)
    return secret, said, _table()


def _reset(person_id: int) -> tuple[Any, Component | None]:
    with context().sessions.begin() as session:
        user = users.get_user(session, person_id)
        made = users.reset_password(session, user.email, actor=person().email)
        return _password_of(made), None


def _set_active(person_id: int, active: bool) -> tuple[Any, Component | None]:
    with context().sessions.begin() as session:
        user = users.set_active(session, person_id, active, actor=person().email)
        return no_update, html.Span(f"{user.email} may {'' if active else 'not '}sign in.")


_ACTS = {
    "reset": _reset,
    "deactivate": lambda person_id: _set_active(person_id, False),
    "activate": lambda person_id: _set_active(person_id, True),
}


_OWN = "Deactivate your own account? You are signed out: only another admin lets you in."
_QUESTIONS = {
    "reset": "Reset the password of {}? The present one stops working at once.",
    "deactivate": "Deactivate {}? They are signed out and may not sign in.",
    "activate": "Let {} sign in again?",
}


def _question(act: str, user: User) -> str:
    own = act == "deactivate" and user.id == person().id
    return _OWN if own else _QUESTIONS[act].format(user.email)


def _password_of(made: users.NewUser) -> Component:
    return html.Span(
        [
            f"One-time password of {made.user.email}: ",
            html.Code(made.password, className="secret"),
            ". It is shown this once, and is to be changed at a first login before ",
            local_time(made.until, date=True),
            ".",
        ]
    )


def _form() -> Component:
    return html.Div(
        [
            html.Div(
                [
                    html.Label("E-mail", htmlFor=ids.PEOPLE_EMAIL),
                    dbc.Input(id=ids.PEOPLE_EMAIL, type="email", autocomplete="off"),
                ]
            ),
            html.Div(
                [
                    html.Label("Role", htmlFor=ids.PEOPLE_ROLE),
                    dbc.Select(
                        id=ids.PEOPLE_ROLE,
                        options=[{"label": role, "value": role} for role in Role],
                        value=Role.CLINICIAN,
                    ),
                ]
            ),
            dbc.Button("Add person", id=ids.PEOPLE_ADD, color="primary"),
            dbc.Button(
                "Change role",
                id=ids.PEOPLE_GIVE_ROLE,
                outline=True,
                color="secondary",
                title="Give this role to whoever has an account with this address",
            ),
        ],
        className="row-of",
        **{"data-enter": ids.PEOPLE_ADD},
    )


def _table() -> Component:
    with context().sessions.read() as session:
        people = users.list_users(session)
    head = ("E-mail", "Role", "Since", "State", "")
    return dbc.Table(
        [
            html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
            html.Tbody([_row(user) for user in people]),
        ],
        className="panel-table",
    )


def _row(user: User) -> Component:
    return html.Tr(
        [
            html.Th(user.email, scope="row"),
            html.Td(user.role),
            html.Td(local_time(user.created_at, date=True)),
            html.Td(_state(user)),
            html.Td([_new_password(user), _toggle(user)], className="acts"),
        ]
    )


def _state(user: User) -> str:
    if not user.active:
        return "may not sign in"
    if users.has_run_out(user):
        return "one-time password has run out"
    return "has a one-time password" if user.must_change_password else "active"


def _new_password(user: User) -> Component:
    if user.id != person().id:
        return _button("reset", "Reset password", user)
    # a reset would sign out whoever has just been shown the new one
    look = "btn btn-sm btn-outline-secondary"
    return html.A("Change password", href="/password", className=look)


def _toggle(user: User) -> Component:
    if user.active:
        return _button("deactivate", "Deactivate", user)
    return _button("activate", "Activate", user)


def _button(act: str, label: str, user: User) -> Component:
    return dcc.ConfirmDialogProvider(
        dbc.Button(
            label, size="sm", outline=True, color="secondary", title=f"{label}: {user.email}"
        ),
        id=ids.of_person(act, user.id),
        message=_question(act, user),
    )
