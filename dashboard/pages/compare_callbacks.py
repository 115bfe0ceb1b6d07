"""What the read page does when another ECG of the patient is to be compared."""

from dataclasses import replace
from pathlib import Path

from dash import MATCH, Dash, Input, Output
from dash.development.base_component import Component
from flask import abort
from sqlalchemy.orm import Session

from core.ecg import Ecg
from core.errors import RecordError
from dashboard import ids
from dashboard.components.comparison import NONE, Compared, comparison, other_sheet
from dashboard.components.shell import problem
from dashboard.context import context
from dashboard.figures.sheets import PaperSettings
from dashboard.preferences import theme
from dashboard.security import needs
from dashboard.triggered import number_in_id
from feedback import catalogue
from feedback.catalogue import OtherEcg
from feedback.policy import Action
from feedback.tables import Json, RecordRow


def register(app: Dash) -> None:
    """Add the comparison to ``app``."""
    app.callback(
        Output(ids.of_ecg("compared", MATCH), "children"),
        Input(ids.of_ecg("compare", MATCH), "value"),
        # an ECG that cannot be read has no sheet, and why it is not compared is told
        Input(ids.of_ecg("shown", MATCH), "data", allow_optional=True),
        prevent_initial_call=True,
    )(compare)


@needs(Action.READ)
def compare(chosen: str | None, paper: Json | None) -> Component | None:
    """Lay another ECG of the same patient beside the one on screen; any other is refused.

    It is drawn on the sheet of the one on screen, whole where that shows one lead alone.
    """
    if chosen in (None, NONE):
        return None
    with context().sessions.read() as session:
        record = catalogue.find_record(session, number_in_id("ecg"))
        other = _of_same_patient(session, record, str(chosen))
        source = catalogue.active_source(session)
        there = catalogue.find_record(session, other.ecg_id)
    try:
        ecgs = [_samples(source.root, one) for one in (record, there)]
    except RecordError as error:
        return problem(f"the two cannot be compared: {error}")
    settings = replace(PaperSettings.of(paper), lead=None)
    sheet = other_sheet(ecgs[1], settings, simulated=source.simulated, theme=theme())
    both = (_compared(*pair) for pair in zip((record, there), ecgs, strict=True))
    return comparison(*both, sheet, theme=theme())


def _compared(record: RecordRow, ecg: Ecg) -> Compared:
    return Compared(
        ecg_id=record.ecg_id,
        recorded_at=record.recorded_at,
        measured=context().measurements.of(ecg),
        pacemaker=bool(record.pacemaker),
    )


def _of_same_patient(session: Session, record: RecordRow, chosen: str) -> OtherEcg:
    others = {str(other.ecg_id): other for other in catalogue.same_patient(session, record)}
    if chosen not in others:
        abort(400)
    return others[chosen]


def _samples(root: str, record: RecordRow) -> Ecg:
    return context().samples.read(Path(root), record)
