"""The form that chooses which answers leave."""

from collections.abc import Iterable, Mapping, Sequence

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from core.ecg import SUPERCLASSES
from dashboard import ids
from dashboard.components.claim import MODES
from feedback.errors import InvalidFilter
from feedback.export_filter import ExportFilter
from feedback.tables import Stage

ANY = "any"  # a list shows no entry whose value is empty
FIELDS = tuple(ExportFilter.model_fields)
_TITLES = {
    "worklist": "Worklist",
    "reader": "Reader",
    "since": "From day (UTC)",
    "until": "To day (UTC)",
    "superclass": "Calls present",
    "mode": "Mode",
    "status": "Status",
}
_STATUS = {Stage.FINAL: "finished", Stage.BLIND: "first answer alone"}


def filter_form(readers: Sequence[str], worklists: Sequence[str]) -> Component:
    """One control a filter; nothing chosen lets everything out."""
    controls = [
        _chosen("worklist", [(name, name) for name in worklists]),
        _chosen("reader", [(email, email) for email in readers]),
        _day("since"),
        _day("until"),
        _chosen("superclass", [(name.title, name.value) for name in SUPERCLASSES]),
        _chosen("mode", [(said, mode.value) for mode, said in MODES.items()]),
        _chosen("status", [(said, stage.value) for stage, said in _STATUS.items()]),
    ]
    return html.Div(controls, className="row-of plan")


def in_words(asked: Mapping[str, str]) -> str:
    """'Reader a@b.org, Mode blind first': the filters that were set, as the form names them.

    One that the form no longer has keeps the name under which it was kept.
    """
    said = {mode.value: words for mode, words in MODES.items()}
    said |= {stage.value: words for stage, words in _STATUS.items()}
    return ", ".join(
        f"{_TITLES.get(name, name)} {said.get(value, value)}" for name, value in asked.items()
    )


def refusal(error: InvalidFilter) -> str:
    """Why the filter is refused, under the name that its control has in the form."""
    return f"{_TITLES[error.column]} cannot be '{error.value}': {error.remedy}"


def _chosen(field: str, options: Iterable[tuple[str, str]]) -> Component:
    offered = [{"label": ANY, "value": ANY}]
    offered += [{"label": label, "value": value} for label, value in options]
    return _labelled(
        field, dbc.Select(id=ids.of_export(field), options=offered, value=ANY, size="sm")
    )


def _day(field: str) -> Component:
    return _labelled(field, dbc.Input(id=ids.of_export(field), type="date", size="sm"))


def _labelled(field: str, control: Component) -> Component:
    label = html.Label(_TITLES[field], htmlFor=ids.of_export(field))
    return html.Div([label, control], className="field field-name")
