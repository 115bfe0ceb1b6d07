"""Text that no database can hold is made storable before anything sees it, whatever asks."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from dash import Dash
from flask import request
from sqlalchemy import event
from werkzeug.test import TestResponse

from dashboard.context import context
from feedback.tables import Reading, Role
from tests.factories import PASSWORD
from tests.integration import everything
from tests.integration.conftest import House
from tests.integration.everything import Everything
from tests.integration.reading import enter, form_of, open_ecg, submit
from tests.integration.visitor import Json, Visitor

NUL = "\x00"  # left out, so that the text is valid again and goes further in
BAD = f"{NUL}\ud800"
ROUTES = ("/login", "/release", "/password")


class Hostile(Visitor):
    """A visitor who puts what PostgreSQL refuses into every text that they send."""

    def __init__(self, app: Dash, end: str) -> None:
        super().__init__(app)
        self._end = end
        self.broken: list[str] = []  # callbacks that fail on this end, and not without it

    def post_callback(self, body: Json) -> TestResponse:
        spoiled = {part: _spoiled(body[part], self._end) for part in ("inputs", "state")}
        answer = super().post_callback(body | spoiled)
        # what is made up for want of a page may be no input of this callback at all
        if answer.status_code == 500 and super().post_callback(body).status_code != 500:
            self.broken.append(f"{body}: {answer.text}")
        return answer


def _spoiled(value: Any, end: str) -> Any:
    """The dependencies of a callback with a bad end to every text within their values."""
    if isinstance(value, list):
        return [_spoiled(one, end) for one in value]
    return value | {"value": _bad(value.get("value"), end)}


def _bad(value: Any, end: str) -> Any:
    if isinstance(value, str):
        return value + end
    if isinstance(value, list):
        return [_bad(one, end) for one in value]
    if isinstance(value, dict):
        return {key + end: _bad(one, end) for key, one in value.items()}
    return value


@pytest.fixture
def bound(house: House) -> Iterator[list[str]]:
    """What the application hands to its database as parameters, as one text a statement."""
    with house.app.server.app_context():
        engine = context().engine
    seen: list[str] = []

    def note(_c: Any, _k: Any, _statement: str, parameters: Any, *_: Any) -> None:
        seen.append(repr(parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("end", [NUL, BAD], ids=["nul", "half"])
@pytest.mark.parametrize("role", list(Role))
def test_nothing_that_postgresql_refuses_comes_to_the_database(
    house: House, bound: list[str], role: Role, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "TRIES", 4)
    visitor = Hostile(house.app, end)
    visitor.arrive_as(house.people[role])
    pages = [visitor.page(path) for path in ("/", "/read/1", "/export", "/worklists", "/readers")]
    Everything(visitor, 1, 1, pages).ask()
    for query in ("reader=a%00", "worklist=%00", "superclass=MI%00"):
        visitor.get(f"/export/labels.csv?{query}")
    fields = ("email", "password", "ecg", "old", "new", "again")
    for route in ROUTES:
        visitor.submit(route, **dict.fromkeys(fields, "1\x00"))
    assert len(bound) > 100
    refused = ("\\x00", "u0000", "ud800")  # as text, and within JSON
    assert not [one for one in bound if any(sign in one for sign in refused)]
    if end == NUL:  # the "?" of half a character makes another text, which may name nothing
        assert visitor.broken == []


@pytest.mark.parametrize("head", ['; name="note"; filename="a.txt"', ""])
def test_a_form_with_a_file_or_a_nameless_part_is_read_like_another(
    house: House, stranger: Visitor, head: str
) -> None:
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get("/login").text)
    assert token is not None
    fields = {"csrf_token": token[1], "email": house.people[Role.ADMIN].email}
    fields["password"] = f"{PASSWORD}{NUL}"
    parts = [_part(f'; name="{name}"', value) for name, value in fields.items()]
    body = "".join([*parts, _part(head, "x"), "--b--\r\n"])
    kind = "multipart/form-data; boundary=b"
    answer = stranger.client.post("/login", data=body, content_type=kind)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def _part(head: str, value: str) -> str:
    return f"--b\r\nContent-Disposition: form-data{head}\r\n\r\n{value}\r\n"


@pytest.mark.parametrize(("number", "status"), [(2**31 - 1, 200), (2**31, 400), (2**63, 400)])
def test_a_number_that_no_key_and_no_database_holds_is_refused(
    house: House, number: int, status: int
) -> None:
    reader = house.visitor(Role.CLINICIAN)
    assert reader.press("claim", {"act": "read", "worklist": number}).status_code == status


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_without_a_value_is_refused(house: House, number: float) -> None:
    reader = house.visitor(Role.CLINICIAN)
    assert reader.call("lay_out", {"ask": {"data": {"ecg": number}}}, 1).status_code == 400


def test_a_parameter_that_is_sent_twice_is_kept_twice(house: House) -> None:
    with house.app.server.test_request_context("/?a=1&a=2%00"):
        again = type(request.args)(request.args)
    assert again.getlist("a") == ["1", "2"]


def test_what_is_left_of_a_filter_is_asked(house: House, admin: Visitor) -> None:
    asked = admin.call("count_rows", {"export-reader": "admin@example.org\x00"})
    assert asked.json["response"]["export-message"]["children"] is None
    assert admin.get("/export/labels.csv?reader=admin%40example.org%00").status_code == 200
    wrong = admin.get("/export/labels.csv?worklist=Night%00shift")
    assert (wrong.status_code, wrong.text) == (
        400,
        "filter of worklist is 'Nightshift': no worklist has that name\n",
    )


def test_a_comment_with_a_nul_is_stored_without_it(house: House, reader: Visitor) -> None:
    form = form_of(open_ecg(reader, 1), 1)
    submit(reader, 1, form, enter(form, comment=f"old {BAD}infarct"))
    with house.sessions.read() as session:
        (stored,) = session.query(Reading)
    assert stored.comment == "old ?infarct"
