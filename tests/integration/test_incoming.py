"""Text that no database can hold is left out before anything sees it, whatever asks."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from werkzeug.test import TestResponse

from dashboard.context import context
from feedback.tables import Reading, Role
from tests.integration import everything
from tests.integration.conftest import House
from tests.integration.everything import Everything
from tests.integration.reading import enter, form_of, open_ecg, submit
from tests.integration.visitor import Json, Visitor

BAD = "\x00\ud800"
ROUTES = ("/login", "/release", "/password")


class Hostile(Visitor):
    """A visitor who puts what PostgreSQL refuses into every text that they send."""

    def post_callback(self, body: Json) -> TestResponse:
        spoiled = {part: _spoiled(body[part]) for part in ("inputs", "state")}
        return super().post_callback(body | spoiled)


def _spoiled(value: Any) -> Any:
    """The dependencies of a callback with a bad end to every text within their values."""
    if isinstance(value, list):
        return [_spoiled(one) for one in value]
    return value | {"value": _bad(value.get("value"))}


def _bad(value: Any) -> Any:
    if isinstance(value, str):
        return value + BAD
    if isinstance(value, list):
        return [_bad(one) for one in value]
    if isinstance(value, dict):
        return {key + BAD: _bad(one) for key, one in value.items()}
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


@pytest.mark.parametrize("role", list(Role))
def test_nothing_that_postgresql_refuses_comes_to_the_database(
    house: House, bound: list[str], role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "TRIES", 4)
    visitor = Hostile(house.app).arrive_as(house.people[role])
    pages = [visitor.page(path) for path in ("/", "/read/1", "/export", "/worklists", "/readers")]
    Everything(visitor, 1, 1, pages).ask()
    for query in ("reader=a%00", "worklist=%00", "superclass=MI%00"):
        visitor.get(f"/export/labels.csv?{query}")
    fields = ("email", "password", "ecg", "old", "new", "again")
    for route in ROUTES:
        visitor.submit(route, **dict.fromkeys(fields, "1\x00"))
    assert len(bound) > 100
    assert not [one for one in bound if "\\x00" in one or "\\ud800" in one]


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
