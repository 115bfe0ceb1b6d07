"""A reader's hands: open an ECG, fill its form, send it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from werkzeug.test import TestResponse

from core.ecg import SUPERCLASSES, Superclass
from tests.integration.visitor import Json, Visitor

_TAG = re.compile("<[^>]*>")  # of what components/still.py makes


@dataclass(frozen=True)
class OpenForm:
    """What the browser holds of a form: its meta data and what it was filled with."""

    meta: Json
    payload: Json


def open_ecg(visitor: Visitor, ecg_id: int) -> str:
    """The page of an ECG, as JSON."""
    return visitor.page(f"/read/{ecg_id}")


def form_of(sent: str, ecg_id: int) -> OpenForm:
    """The form within a page or panel."""
    stores = {
        props["id"]["part"]: props.get("data")
        for props in components(json.loads(sent))
        if isinstance(props.get("id"), dict) and props["id"].get("ecg") == ecg_id
    }
    return OpenForm(stores["meta"], stores["payload"])


def enter(form: OpenForm, present: Sequence[Superclass] = (), **more: Any) -> Json:
    """The answer with these classes present and the others absent."""
    verdicts = {name.value: "present" if name in present else "absent" for name in SUPERCLASSES}
    agreement = {
        name: "agree" if (name in present) == (name in form.meta["predicted"]) else "disagree"
        for name in form.meta["agreeing"]
    }
    return form.payload | {"verdicts": verdicts, "agreement": agreement} | more


def send(
    visitor: Visitor, ecg_id: int, form: OpenForm, payload: Json, **around: Any
) -> TestResponse:
    """Send an answer, with what the page has around its form: ``query``, ``lies``, ``held``."""
    body = {"entered": payload, "form": form.meta, **around}
    return visitor.post(f"/read/{ecg_id}/answer", body)


def submit(visitor: Visitor, ecg_id: int, form: OpenForm, payload: Json, **around: Any) -> Json:
    """Press the form's button and return what the page is told, with its new panel if any."""
    answer = send(visitor, ecg_id, form, payload, **around)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json
    if "refused" not in told and told["next"] is None:
        panel = visitor.call("show_panel", {"stored": form.meta["form"]}, ecg_id)
        told["panel"] = panel.json["response"]
    return told


def answer_blind(visitor: Visitor, ecg_id: int, *present: Superclass, **more: Any) -> OpenForm:
    """Answer an ECG blind; the form of the final answer."""
    form = form_of(open_ecg(visitor, ecg_id), ecg_id)
    shown = submit(visitor, ecg_id, form, enter(form, present, **more))
    return form_of(json.dumps(shown), ecg_id)


def components(node: Any) -> Iterator[Json]:
    """The properties of every component within a layout or response."""
    if isinstance(node, dict):
        if "props" in node:
            yield node["props"]
        for value in node.values():
            yield from components(value)
    elif isinstance(node, list):
        for value in node:
            yield from components(value)


def words(node: Any) -> str:
    """The text that a person reads in a layout or response."""
    return " ".join(_words(node if not isinstance(node, str) else json.loads(node)))


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for value in node:
            yield from _words(value)
    elif isinstance(node, dict) and "props" in node:
        yield from _words(node["props"].get("children"))
        yield from map(unescape, filter(None, _TAG.split(node["props"].get("inside", ""))))
        yield from _words(node["props"].get("label"))
    elif isinstance(node, dict):
        for value in node.values():
            yield from _words(value)
