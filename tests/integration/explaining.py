"""A reader's wish for an explanation, and what the explainer makes of it."""

from typing import Any

from werkzeug.test import TestResponse

from feedback import explanation_queue as queue
from tests.factories_explanations import explanation
from tests.integration.conftest import House
from tests.integration.visitor import Json, Visitor

KIB = 1024
LAID_OVER = '{"ecg":1,"part":"laid-over"}'
SENTENCE = "ST segments of V2 carry 100 %."  # as it is stored
ON_SCREEN = "ST segments of V2 carry 100\u00a0%."
LIES = {"method": "shap", "class": "MI", "drawn": True}  # over the trace, as the browser keeps it


def ask(
    visitor: Visitor,
    method: str = "shap",
    superclass: str = "MI",
    *,
    lies: Json | None = None,
    told: Json | None = None,
) -> Json:
    """Choose an explanation of ECG 1, or look whether it is there; what the page then shows.

    As the browser does it: the colours first, then what is said of them. ``lies`` over the trace
    before, and was ``told``.
    """
    chosen = {"method": method, "explained-class": superclass, "laid-over": lies}
    laid = answered(visitor.call("lay_explanation_over", chosen, 1))
    chosen |= {"laid-over": laid[LAID_OVER]["data"], "told": told}  # without it none would be told
    return laid | answered(visitor.call("tell_explanation", chosen, 1))


def answered(answer: TestResponse) -> Json:
    """What a callback changes of the page; nothing where it says so."""
    assert answer.status_code in (200, 204), answer.text
    assert len(answer.text) < 40 * KIB
    changed: Json = answer.json["response"] if answer.status_code == 200 else {}
    return changed


def compute(house: House, **facts: Any) -> None:
    """What the explainer does with the next request, without its report."""
    claimed = queue.claim(house.sessions, "a")
    assert claimed is not None
    found = explanation(claimed.method, claimed.superclass, **facts)
    assert queue.store(house.sessions, claimed.id, "a", found, SENTENCE)


def report(house: House, said: Json | None = None) -> None:
    """What it does with the next request for a report."""
    claimed = queue.claim(house.sessions, "a", reports=True)
    assert claimed is not None and claimed.explanation is not None
    assert queue.finish(house.sessions, claimed.id, "a", said or {})
