"""How often a model is wrong on ECGs that were drawn at random."""

from dash import html
from dash.development.base_component import Component

from core.ecg import SUPERCLASSES
from dashboard.components.readers import rate_cell
from dashboard.components.table import row_head, table
from feedback.error_rates import ErrorRates, Estimate

_NONE = (
    "No ECG that a worklist drew at random is settled yet and has its opinion. It is estimated on "
    "random worklists, and on the random share of any other, where no label or finding chose them."
)
_NOTE = (
    "Settled by blind answers and adjudicators; patients whose answers it was taught are left out, "
    "and so are classes on which it makes no call. In brackets exact 95 % intervals."
)


def error_rates(found: Estimate) -> Component:
    """What a model misses and overcalls: on records it was taught, and on others."""
    groups = [
        ("folds 1-8, whose published labels it was taught", found.taught),
        ("other folds", found.held_out),
    ]
    shown = [_group(where, rates) for where, rates in groups if rates.records]
    said = _NOTE if shown else _NONE
    title = html.H2("How often it is wrong, on ECGs drawn at random")
    return html.Div([title, *shown, html.P(said, className="quiet")])


def _group(where: str, rates: ErrorRates) -> Component:
    rows = [
        html.Tr([row_head(name), rate_cell(rates.missed[name]), rate_cell(rates.overcalled[name])])
        for name in SUPERCLASSES
    ]
    ecgs = "1 ECG" if rates.records == 1 else f"{rates.records:,} ECGs"
    return html.Div([html.P(f"{ecgs} of {where}:"), table(("Class", "Missed", "Overcalled"), rows)])
