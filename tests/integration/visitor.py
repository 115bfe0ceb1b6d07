"""A browser without a screen: forms, pages and Dash callbacks over the WSGI interface."""

import json
import re
from secrets import token_hex
from typing import Any

from dash import Dash
from werkzeug.test import TestResponse

from feedback.tables import User
from tests.factories import PASSWORD

Json = dict[str, Any]


class Visitor:
    """One person's session with an application; ``traffic`` is all that the server sent."""

    def __init__(self, app: Dash) -> None:
        self.app = app
        self.client = app.server.test_client()
        self.traffic: list[str] = []

    def get(self, path: str) -> TestResponse:
        """Ask for a page or file."""
        return self._heard(self.client.get(path))

    def submit(self, path: str, **fields: str) -> TestResponse:
        """Send a form with the token that its page holds."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).text)
        token = found.group(1) if found else self._token()
        return self._heard(self.client.post(path, data={"csrf_token": token, **fields}))

    def log_in(self, email: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        """Sign in by the form."""
        return self.submit("/login", email=email, password=password, **fields)

    def arrive_as(self, user: User) -> "Visitor":
        """Have a session of ``user``, without the third of a second that a password takes."""
        with self.client.session_transaction() as session:
            session["_user_id"] = f"{user.id}:{user.session_stamp}"
            session["_fresh"] = True
            session["mark"] = token_hex(16)
        self.get("/")  # which sets the CSRF cookie
        return self

    def page(self, pathname: str, search: str = "") -> str:
        """What the page at ``pathname`` holds, as the JSON that the browser gets."""
        answer = self.call("update", {"_pages_location": {"pathname": pathname, "search": search}})
        assert answer.status_code == 200, answer.text
        return answer.text

    def call(
        self, function: str, values: Json, ecg: int | None = None, *, by: int = 0
    ) -> TestResponse:
        """Run the callback whose function has this name, as if its input number ``by`` changed.

        ``values`` maps a component's id, or its part on the page of ``ecg``, to its value, or to
        a dict of its properties.
        """
        spec = self._spec(function)
        inputs = [_filled(i, values, ecg) for i in spec["inputs"]]
        body = {
            "output": spec["output"],
            "outputs": _outputs(spec["output"], ecg),
            "inputs": inputs,
            "state": [_filled(state, values, ecg) for state in spec["state"]],
            "changedPropIds": [_prop_id(inputs[by])],
        }
        return self.post_callback(body)

    def press(self, function: str, button: Json, clicks: int = 1) -> TestResponse:
        """Run a callback that listens to many buttons, as if this one was pressed."""
        spec = self._spec(function)
        (given,) = spec["inputs"]
        pressed = {"id": button, "property": given["property"], "value": clicks}
        body = {
            "output": spec["output"],
            "outputs": _outputs(spec["output"], None),
            "inputs": [[pressed]],
            "state": [],
            "changedPropIds": [_prop_id(pressed)],
        }
        return self.post_callback(body)

    def post_callback(self, body: Json) -> TestResponse:
        """Send a callback's request as Dash's renderer does."""
        return self.post("/_dash-update-component", body)

    def post(self, path: str, body: Json) -> TestResponse:
        """Send JSON as a script of the page does."""
        headers = {"X-CSRFToken": self._token()}
        return self._heard(self.client.post(path, json=body, headers=headers))

    def _spec(self, function: str) -> Json:
        for spec in self.app._callback_list:
            callback = self.app.callback_map[spec["output"]].get("callback")
            if getattr(callback, "__name__", None) == function:
                return spec
        raise LookupError(f"no callback {function!r}")

    def _token(self) -> str:
        cookie = self.client.get_cookie("_csrf_token")
        return cookie.value if cookie else ""

    def _heard(self, response: TestResponse) -> TestResponse:
        self.traffic.append(response.get_data().decode("utf-8", "replace"))  # icons too
        response.close()  # of a file that was served
        return response


def _outputs(output: str, ecg: int | None) -> Any:
    """The outputs as the renderer lists them, from the callback's own name for them."""
    many = output.startswith("..")
    names = output.strip(".").split("...") if many else [output]
    listed = [_component(name.rpartition(".")[0], ecg, name.rpartition(".")[2]) for name in names]
    return listed if many else listed[0]


def _component(name: str, ecg: int | None, prop: str) -> Json:
    return {"id": _id(name, ecg), "property": prop}


def _id(name: str, ecg: int | None) -> Any:
    if not name.startswith("{"):
        return name
    return {key: ecg if value == ["MATCH"] else value for key, value in json.loads(name).items()}


def _filled(dependency: Json, values: Json, ecg: int | None) -> Json:
    found = _component(dependency["id"], ecg, dependency["property"])
    name = found["id"]
    key = name.get("part", name.get("act")) if isinstance(name, dict) else name
    value = values.get(key)
    if isinstance(value, dict) and dependency["property"] in value:
        value = value[dependency["property"]]
    return found | {"value": value}


def _prop_id(filled: Json) -> str:
    name = filled["id"]
    if isinstance(name, dict):
        name = json.dumps(name, sort_keys=True, separators=(",", ":"))
    return f"{name}.{filled['property']}"
