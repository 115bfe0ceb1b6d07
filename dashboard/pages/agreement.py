"""Agreement: how far the readers agree, by class, by reader and by pair, for administrators."""

import dash
from dash import Dash, html
from dash.development.base_component import Component

from dashboard.components.agreement import (
    classes_table,
    pairs_table,
    readers_table,
    states_table,
)
from dashboard.components.shell import forbidden, heading, message
from dashboard.context import context
from dashboard.security import permitted
from feedback.agreement_report import ENOUGH, AgreementReport, agreement_report
from feedback.errors import NoDataset
from feedback.policy import Action


def register(app: Dash) -> None:
    """Add the page to ``app``."""
    dash.register_page("agreement", path="/agreement", title="Agreement · TrustECG", layout=layout)


def layout(**_: object) -> Component:
    """Where every class stands, and the tables of agreement."""
    if not permitted(Action.SEE_AGREEMENT):
        return forbidden(Action.SEE_AGREEMENT)
    try:
        with context().sessions.read() as session:
            report = agreement_report(session)
    except NoDataset as error:
        return message("Agreement", str(error))
    if not report.records:
        return message("Agreement", "Nobody has answered an ECG blind yet.")
    return html.Div([heading("Agreement"), *_parts(report)], className="page")


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _parts(report: AgreementReport) -> list[Component]:
    return [
        html.P(
            [
                html.Strong(f"{report.records:,}", className="numbers"),
                f" ECG{_s(report.records)} with a blind answer, of {report.readers} "
                f"reader{_s(report.readers)}. Answers changed after "
                "the model's opinion was shown, and assisted ones, are no independent word and "
                f"are left out. Fewer than {ENOUGH} shared ECGs give no figures.",
            ]
        ),
        html.H2("Where each class stands"),
        states_table(report),
        html.P(
            [
                "ECGs in conflict on a class or more, which wait for an adjudicator: ",
                html.Strong(f"{report.waiting:,}", className="numbers"),
                ". Conflicts on gold ECGs wait for nobody: what is known of them judges their "
                "readers.",
            ],
            className="quiet",
        ),
        html.H2("All readers"),
        classes_table(report),
        html.P(
            "In brackets 95 % intervals, from resampling ECGs. Kappa is Cohen's where exactly two "
            "readers answered, else Fleiss'. Unsure and unreadable say neither present nor absent.",
            className="quiet",
        ),
        html.H2("Each reader against the majority of the others"),
        readers_table(report.by_reader),
        html.H2("Each pair of readers"),
        pairs_table(report.by_pair),
    ]
