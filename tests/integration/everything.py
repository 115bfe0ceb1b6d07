"""Whatever a reader's browser, or a reader with a script, could ask about one ECG.

The callbacks are those that the application has: what a later page adds is asked too. Their
inputs come from pages that this reader may see, those of an ECG whose opinion is revealed
included, with the number of the ECG in question put in the place of its own.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from random import Random
from typing import Any

from core.ecg import SUPERCLASSES
from tests.integration.reading import components
from tests.integration.visitor import Json, Visitor

TRIES = 24  # combinations of inputs a callback
_STANDING_IN = {"class": "MI"}  # for wildcards that are no ECG; numbers for the rest


class Everything:
    """What there is to ask about the ECG ``ecg_id``, for a reader who may see ``pages``."""

    def __init__(self, visitor: Visitor, ecg_id: int, record_id: int, pages: list[str]) -> None:
        self._visitor = visitor
        self._ecg, self._record = ecg_id, record_id
        self._seen: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for page in pages:
            self._learn(json.loads(page))

    def _learn(self, page: Any) -> None:
        for props in components(page):
            name = _name(props.get("id"))
            for prop, value in props.items() if name else ():
                self._add(name, prop, value)
                if prop == "options":
                    for option in value:
                        self._add(name, "value", option["value"])

    def _add(self, name: str, prop: str, value: Any) -> None:
        known = self._seen[name, prop]
        forged = self._forged(value)
        if forged not in known and "figure" not in prop and not _answers_blind(forged):
            known.append(forged)

    def _forged(self, value: Any) -> Any:
        """The value as it would be on the page of the ECG in question."""
        if isinstance(value, dict):
            own = {"ecg": self._ecg, "record": self._record}
            return {key: own.get(key, self._forged(inner)) for key, inner in value.items()}
        return value

    def ask(self) -> Counter[str]:
        """Ask everything; for each callback, how many of its answers were no error."""
        answered: Counter[str] = Counter()
        for spec in self._visitor.app._callback_list:
            callback = self._visitor.app.callback_map[spec["output"]].get("callback")
            if callback is None:
                continue  # of the browser alone
            for body in self._bodies(spec):
                response = self._visitor.post_callback(body)
                answered[callback.__name__] += response.status_code < 400
        self._routes()
        answered["submit"] += self._answers()
        return answered

    def _routes(self) -> None:
        for rule in self._visitor.app.server.url_map.iter_rules():
            path = re.sub(r"<[^>]+>", str(self._ecg), rule.rule)
            if path != "/logout" and "GET" in rule.methods:
                self._visitor.get(path)

    def _answers(self) -> int:
        """Send forms that the server made, filled, as if they were of this ECG; how many it took
        for answers, be it to refuse them."""
        understood = 0
        for form in self._seen["meta", "data"]:
            for query in (None, {"worklist": 1}):
                body = {"entered": self._answer(), "form": form, "query": query}
                response = self._visitor.post(f"/read/{self._ecg}/answer", body)
                understood += response.status_code == 200
        return understood

    def _bodies(self, spec: Json) -> Iterator[Json]:
        asked = [*spec["inputs"], *spec["state"]]
        choices = [self._choices(dependency) for dependency in asked]
        chance = Random(spec["output"])  # the same combinations in every run
        for _ in range(TRIES):
            values = [chance.choice(known) for known in choices]
            filled = [self._filled(d, value) for d, value in zip(asked, values, strict=True)]
            first = filled[0][0] if isinstance(filled[0], list) else filled[0]
            yield {
                "output": spec["output"],
                "outputs": self._outputs(spec["output"]),
                "inputs": filled[: len(spec["inputs"])],
                "state": filled[len(spec["inputs"]) :],
                "changedPropIds": [_changed(first)],
            }

    def _choices(self, dependency: Json) -> list[Any]:
        name = _name(dependency["id"])
        if dependency["property"] == "n_clicks":
            return [1]
        made_up: list[Any] = [{"ecg": self._ecg, "n": 1}, f"/read/{self._ecg}", self._answer(), 1]
        return [*(self._seen[name, dependency["property"]] or made_up), None]

    def _answer(self) -> Json:
        verdicts = {name.value: "absent" for name in SUPERCLASSES}
        rest = {"unreadable": False, "confidence": None, "comment": ""}
        payload = {"verdicts": verdicts, "agreement": {}, **rest}
        return payload | {"payload": payload, "ecg": self._ecg}

    def _filled(self, dependency: Json, value: Any) -> Any:
        place = dependency["id"]
        many = "ALL" in place
        filled = {"id": self._place(place), "property": dependency["property"], "value": value}
        return [filled] if many else filled

    def _place(self, name: str) -> Any:
        if not name.startswith("{"):
            return name
        return {key: self._wild(key, value) for key, value in json.loads(name).items()}

    def _wild(self, key: str, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return self._ecg if key == "ecg" else _STANDING_IN.get(key, 1)

    def _outputs(self, output: str) -> Any:
        names = output.strip(".").split("...")
        places = [name.rpartition(".") for name in names]
        listed = [{"id": self._place(p), "property": prop.split("@")[0]} for p, _, prop in places]
        return listed if output.startswith("..") else listed[0]


def _name(place: Any) -> str:
    """What a component is called whatever ECG or class it belongs to; "" where it has no id."""
    if isinstance(place, str) and place.startswith("{"):
        place = json.loads(place)
    if isinstance(place, dict):
        return str(place.get("part") or place.get("act") or sorted(place))
    return place or ""


def _answers_blind(value: Any) -> bool:
    """Whether a callback that gets this would take it for the blind answer itself."""
    return isinstance(value, dict) and value.get("stage") == "blind"


def _changed(filled: Json) -> str:
    name = filled["id"]
    if isinstance(name, dict):
        name = json.dumps(name, sort_keys=True, separators=(",", ":"))
    return f"{name}.{filled['property']}"
