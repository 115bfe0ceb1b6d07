"""The page of one ECG, put together from what this reader may see of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES
from core.errors import RecordError
from dashboard import ids
from dashboard.components.answer import EMPTY, Form, answer_form
from dashboard.components.claim import claim_line
from dashboard.components.comparison import comparison_choice
from dashboard.components.explanation import explanation_section
from dashboard.components.intervals import intervals_view
from dashboard.components.opinion import (
    form_cautions,
    opinion_view,
    published_view,
    uncertainty_line,
)
from dashboard.components.paper import paper
from dashboard.components.record import noise_flags, other_ecgs, patient_line
from dashboard.components.shell import local_time, sentence
from dashboard.components.similar import similar_view
from dashboard.components.still import still
from dashboard.context import context
from dashboard.evidence import evidence_of
from dashboard.preferences import paper_settings, theme
from feedback import catalogue, claims, readings
from feedback.catalogue import OtherEcg
from feedback.claims import Claim
from feedback.colleagues import refuse_held
from feedback.db import now
from feedback.errors import HeldByColleague, NotIndependent
from feedback.independence import refuse_who_knows
from feedback.opinions import OpinionShown
from feedback.readings import ReadingState
from feedback.similar import SimilarEcg, similar
from feedback.tables import ModelVersion, Reading, RecordRow, Source, Stage


def page(session: Session, record: RecordRow, reader_id: int) -> Component:
    """The whole page: who, the trace, and the reader's panel."""
    return still(_page(session, record, reader_id))


def _page(session: Session, record: RecordRow, reader_id: int) -> Component:
    source = catalogue.active_source(session)
    ecg_id, others = record.ecg_id, catalogue.same_patient(session, record)
    claim = claims.held(session, reader_id, record.id)
    return html.Div(
        [
            *(dcc.Store(id=ids.of_ecg(part, ecg_id)) for part in _STORES),
            dcc.Store(id=ids.of_ecg("hold", ecg_id), data=claim.worklist_id if claim else None),
            _head(record, others, claim),
            html.Div(
                [
                    html.Section(
                        [trace(source, record), comparison_choice(ecg_id, others)],
                        className="trace",
                        **{"aria-label": "The ECG"},
                    ),
                    html.Div(
                        _panel(session, record, reader_id),
                        id=ids.of_ecg("panel", ecg_id),
                        className="read-slot",
                    ),
                ],
                className="read-body",
            ),
        ],
        className="read",
        **{"data-ecg": str(ecg_id), "data-held": "yes" if claim else "no"},
    )


_STORES = ("stored", "noted", "moved", "went-back", "laid-over", "faded")


def panel(session: Session, record: RecordRow, reader_id: int) -> Component:
    """What the reader is asked now, with the model's opinion once they have answered."""
    return still(_panel(session, record, reader_id))


def _panel(session: Session, record: RecordRow, reader_id: int) -> Component:
    state = readings.state_of(session, reader_id, record.ecg_id)
    if state.stage is None and (refused := _refused(session, record, reader_id)):
        return refused
    if not state.revealed:
        return html.Div(_blind(record, reader_id, state), className="read-panel blind")
    shown = readings.opinion_for(session, reader_id, record.ecg_id)
    model = session.get(ModelVersion, shown.model_id) if shown.model_id else None
    return html.Div(
        [
            _evidence(record, shown, model, similar(session, reader_id, record, shown), state),
            _final(record, reader_id, state, shown),
        ],
        className="read-panel",
    )


def _refused(session: Session, record: RecordRow, reader_id: int) -> Component | None:
    """Why no answer of theirs would be taken, told before they have entered one."""
    try:
        refuse_who_knows(session, reader_id, record.id, record.ecg_id)
        refuse_held(session, reader_id, record)
    except (NotIndependent, HeldByColleague) as error:
        message = html.Span(id=ids.of_ecg("message", record.ecg_id))  # as every form has one
        told = [html.H2("Not yours to answer"), html.P(sentence(error), role="note"), message]
        return html.Div(html.Section(told, className="panel entry"), className="read-panel refused")
    return None


def _head(record: RecordRow, others: Sequence[OtherEcg], claim: Claim | None) -> Component:
    ecg_id = record.ecg_id
    moves = [
        _move("back", "Back", "k", ecg_id),
        _move("next", "Next unread", "j", ecg_id),
    ]
    subject = [
        html.H1(f"ECG {ecg_id}"),
        patient_line(record),
        *noise_flags(record),
        other_ecgs(others),
        html.Span(claim_line(claim), id=ids.of_ecg("held", ecg_id), className="quiet"),
    ]
    return html.Header(
        [html.Div(subject, className="subject"), html.Div(moves, className="moves")],
        className="read-head",
    )


def _move(part: str, label: str, key: str, ecg_id: int) -> Component:
    return html.Button(
        [label, " ", html.Kbd(key)],
        id=ids.of_ecg(part, ecg_id),
        className="btn btn-sm btn-outline-secondary",
        **{"data-key": key},
    )


def trace(source: Source, record: RecordRow) -> Component:
    """The ECG on its paper with its intervals; nothing of what a model makes of it."""
    try:
        ecg = context().samples.read(Path(source.root), record)
    except RecordError as error:
        return html.P(f"This ECG cannot be shown: {error}", className="problem", role="alert")
    sheet = paper(
        ecg, paper_settings(), simulated=source.simulated, ecg_id=record.ecg_id, theme=theme()
    )
    measured = context().measurements.of(ecg)
    paced = bool(record.pacemaker)
    return html.Div([sheet, intervals_view(measured, pacemaker=paced, theme=theme())])


def _blind(record: RecordRow, reader_id: int, state: ReadingState) -> Component:
    form = Form(
        ecg_id=record.ecg_id,
        record_id=record.id,
        reader_id=reader_id,
        stage=Stage.BLIND,
        answers=0,
        started_at=now(),
        submit="Submit and see the model's opinion",
        payload=_draft(state, Stage.BLIND) or dict(EMPTY),
    )
    return html.Section([html.H2("Your answer"), answer_form(form)], className="panel entry")


def _final(
    record: RecordRow, reader_id: int, state: ReadingState, shown: OpinionShown
) -> Component:
    stands = state.final
    form = Form(
        ecg_id=record.ecg_id,
        record_id=record.id,
        reader_id=reader_id,
        stage=Stage.FINAL,
        answers=1 if stands is None else 2 + stands.sequence,
        started_at=now(),
        submit="Save change" if stands else "Save and next",
        payload=_draft(state, Stage.FINAL) or _prefilled(state),
        opinion=shown,
        stands=stands.id if stands else None,
    )
    first = state.blind is None and stands is None  # assisted: the only answer
    note = _assisted(shown) if first else _note(stands, shown)
    title = "Your answer, assisted" if first else "Your final answer"
    return html.Section(
        [
            html.H2(title),
            form_cautions(shown, pacemaker=bool(record.pacemaker)),
            note,
            uncertainty_line(shown),
            answer_form(form),
        ],
        className="panel entry",
    )


def _assisted(shown: OpinionShown) -> Component:
    there = "No" if shown.unavailable else "The"
    text = f"{there} model's opinion is beside the ECG. Your answer is kept as an assisted one."
    return html.P(text, className="quiet")


def _note(stands: Reading | None, shown: OpinionShown) -> Component:
    text: Any
    if stands is None and shown.unavailable:
        text = "Filled with your own answer. There is no opinion to weigh it against."
    elif stands is None:
        text = "Filled with your own answer. Change what the model convinced you of."
    else:
        saved = local_time(stands.submitted_at, "Your answer stands, saved ", date=True)
        text = [saved, ". A change supersedes it, and both are kept."]
    return html.P(text, className="quiet")


def _draft(state: ReadingState, stage: Stage) -> dict[str, Any] | None:
    if state.draft is None or state.draft.stage is not stage:
        return None
    return {**EMPTY, **state.draft.payload}


def _prefilled(state: ReadingState) -> dict[str, Any]:
    """The reader's own last answer, never the model's."""
    own = state.final or state.blind
    if own is None:  # assisted: nothing of theirs is there yet, and the model fills no form
        return dict(EMPTY)
    return {
        "verdicts": {} if own.unreadable else _verdicts(own),
        "agreement": {},  # the form's own, from the verdicts
        "unreadable": own.unreadable,
        "confidence": own.confidence,
        "comment": own.comment,
        "measurements": own.measurements or [],
    }


def _verdicts(own: Reading) -> dict[str, str]:
    return {name.value: getattr(own, f"verdict_{name.lower()}").value for name in SUPERCLASSES}


def _evidence(
    record: RecordRow,
    shown: OpinionShown,
    model: ModelVersion | None,
    alike: Sequence[SimilarEcg],
    state: ReadingState,
) -> Component:
    card, evidence = (model.card, evidence_of(model)) if model else ({}, None)
    answered = state.stage is not None  # an assisted answer is assisted by the model alone
    published = published_view(shown) if answered else None
    opinion = opinion_view(shown, card, pacemaker=bool(record.pacemaker))
    said = [opinion, similar_view(alike), published]
    return html.Div(
        [
            html.Div(said, className="said"),
            explanation_section(record.ecg_id, shown, evidence),
        ],
        className="panel evidence",
    )
