"""What an adjudicator sees: the conflicts that wait, and one of them without names."""

import uuid
from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component
from sqlalchemy.orm import Session

from core.ecg import SUPERCLASSES, Superclass
from dashboard import ids
from dashboard.components.answer import CLASH, VERDICTS, buttons, class_name
from dashboard.components.reading import trace
from dashboard.components.record import noise_flags, patient_line
from dashboard.components.shell import heading, local_time
from dashboard.security import person
from feedback import catalogue
from feedback.adjudication import Case, Conflict, Waiting
from feedback.adjudications import verdicts_of
from feedback.answers import MAX_COMMENT, Answer
from feedback.db import now

LIST = "/adjudicate"


def waiting_page(waiting: Waiting) -> Component:
    """The conflicts that are this adjudicator's to settle."""
    found = waiting.conflicts
    count = f"{len(found):,} ECGs wait" if len(found) > 1 else f"{len(found) or 'No'} ECG waits"
    words = f"{count} for a verdict."
    return html.Div(
        [
            heading("Adjudicate"),
            html.P([html.Strong(words, id=ids.CONFLICTS), _seen(waiting.seen_by_them)]),
            html.P(
                "An ECG waits where readers who did not see the model's opinion gave opposite "
                "answers, or where half of them or more could not read what another has read. You "
                "see these answers without names, and nothing of the model or the published label.",
                className="quiet",
            ),
            _table(found) if found else None,
            _settled(waiting.settled),
        ],
        className="page narrow",
    )


def case_page(session: Session, case: Case, waiting: int) -> Component:
    """One conflict: the trace, the answers side by side, and what is asked."""
    record, ecg_id = case.record, case.record.ecg_id
    source = catalogue.active_source(session)
    return html.Div(
        [
            dcc.Store(id=ids.of_ecg("laid-over", ecg_id)),  # nothing is: no explanation here
            _head(case, waiting),
            html.Div(
                [
                    html.Section(
                        trace(source, record), className="trace", **{"aria-label": "The ECG"}
                    ),
                    html.Section(
                        [html.H2("What the readers said"), _answers(case), _form(case)],
                        className=_look(case),
                    ),
                ],
                className="read-body",
            ),
        ],
        className="read adjudicating",
        **{"data-ecg": str(ecg_id)},
    )


def _seen(count: int) -> str:
    if not count:
        return ""
    return f" {count:,} more for another adjudicator: you have read them or seen the opinion."


def _settled(last: Sequence[int]) -> Component | None:
    """The way back to a verdict that was a slip."""
    if not last:
        return None
    links = [dcc.Link(f"ECG {ecg_id}", href=f"{LIST}/{ecg_id}") for ecg_id in last]
    between = [part for link in links for part in (", ", link)][1:]
    return html.P(["You settled last, and may change: ", *between, "."])


def _table(found: Sequence[Conflict]) -> Component:
    head = ("ECG", "In dispute", "Answers")
    return dbc.Table(
        [
            html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
            html.Tbody([_row(one) for one in found]),
        ],
        className="panel-table",
    )


def _row(one: Conflict) -> Component:
    link = dcc.Link(f"ECG {one.ecg_id}", href=f"{LIST}/{one.ecg_id}")
    return html.Tr(
        [
            html.Th(link, scope="row"),
            html.Td(_in_dispute(one)),
            html.Td(str(one.answers), className="numbers"),
        ]
    )


def _in_dispute(one: Conflict) -> str:
    if one.could_not_read:
        return f"whether it can be read: {one.could_not_read} of {one.answers} could not"
    return ", ".join(name.title for name in one.classes)


def _head(case: Case, waiting: int) -> Component:
    subject = [html.H1(f"ECG {case.record.ecg_id}"), patient_line(case.record)]
    back = dcc.Link(
        f"All conflicts ({waiting:,})", href=LIST, className="btn btn-sm btn-outline-secondary"
    )
    return html.Header(
        [
            html.Div([*subject, *noise_flags(case.record)], className="subject"),
            html.Div(back, className="moves"),
        ],
        className="read-head",
    )


def _answers(case: Case) -> Component:
    head = [html.Th(""), *(html.Th(name, scope="col") for name, _ in case.answers)]
    given = [answer for _, answer in case.answers]
    rows = [_said(name, name in case.disputed, given) for name in SUPERCLASSES]
    more = [
        _told("Confidence", [str(one.confidence or "not given") for one in given]),
        _told("Comment", [_comment(name, one.comment) for name, one in case.answers]),
    ]
    table = dbc.Table(
        [html.Thead(html.Tr(head)), html.Tbody([*rows, *more])],
        className="panel-table answers",
        style={"--readers": len(given)},
    )
    return html.Div(table, className="wide")


def _comment(reader: str, text: str) -> Component | str:
    """A long one is moved in its place, with keys too."""
    if not text:
        return "none"
    label = f"Comment of {reader}"
    return html.Div(text, tabIndex=0, role="group", **{"aria-label": label})


def _said(name: Superclass, disputed: bool, given: Sequence[Answer]) -> Component:
    cells = ["unreadable" if one.verdicts is None else str(one.verdicts[name]) for one in given]
    return _told(name.title, cells, "disputed" if disputed else "quiet")


def _told(title: str, cells: Sequence[Component | str], look: str = "") -> Component:
    return html.Tr(
        [html.Th(title, scope="row"), *(html.Td(cell) for cell in cells)], className=look
    )


def _form(case: Case) -> Component:
    ecg_id, stands = case.record.ecg_id, case.stands
    verdicts = verdicts_of(stands) if stands and not stands.unreadable else {}
    return html.Div(
        [
            html.H2("Your verdict"),
            _note(case),
            _beside(case),
            dcc.Store(id=ids.of_ecg("settle-meta", ecg_id), data=_meta(case)),
            dcc.Store(id=ids.of_ecg("settle-draft", ecg_id), data=_draft(case)),
            _changed(ecg_id),
            html.Div(
                [_question(ecg_id, name, verdicts.get(name)) for name in case.classes],
                className="questions",
            ),
            html.Div(_ending(case), className="ending"),
        ],
        id=ids.of_ecg("settle-form", ecg_id),
        className="answer",
    )


def _meta(case: Case) -> dict[str, Any]:
    return {
        "record": case.record.id,
        "stands": case.stands.id if case.stands else None,
        "shown": case.shown,
        "key": uuid.uuid4().hex,  # of the submission: pressed twice it is stored once
        "started": now().isoformat(),
    }


def _draft(case: Case) -> dict[str, str]:
    """Where the browser keeps what is entered, and on what: see assets/adjudicate.js."""
    return {
        "form": uuid.uuid4().hex,
        "key": f"trustecg-draft:{person().id}:{case.record.id}:settle",
        "seen": f"{case.stands.id if case.stands else 0}:{case.shown}",
    }


def _changed(ecg_id: int) -> Component:
    """Where it is said that a draft was of the case as it was before."""
    place = ids.of_ecg("settle-changed", ecg_id)
    return html.P(id=place, className="warning changed", role="status")


def _note(case: Case) -> Component | None:
    if case.stands is None:
        return None
    saved = local_time(case.stands.submitted_at, "Settled ", date=True)
    return html.P([saved, ". A change supersedes it, and both are kept."], className="quiet")


def _beside(case: Case) -> Component | None:
    """Said, so that nobody calls an ECG normal and ill unawares."""
    if not case.beside:
        return None
    stays = ", ".join(name.title for name in case.beside)
    return html.P(f"Present beside your verdict: {stays}.", className="quiet beside")


def _look(case: Case) -> str:
    """What the sheet of styles asks: whether normal, or another class, is present already."""
    normal = Superclass.NORM in case.beside
    other = bool(set(case.beside) - {Superclass.NORM})
    marks = {"beside-normal": normal, "beside-other": other}
    return " ".join(["panel entry", *(mark for mark, there in marks.items() if there)])


def _question(ecg_id: int, name: Superclass, verdict: Any) -> Component:
    chosen = buttons(
        ids.of_class("settle-verdict", ecg_id, name.value),
        VERDICTS,
        verdict,
        label=name.title,
        className="verdict",
    )
    return html.Div(
        [
            class_name(name),
            chosen,
        ],
        className="question",
        **{"data-class": name.value},
    )


def _ending(case: Case) -> list[Component]:
    ecg_id, stands = case.record.ecg_id, case.stands
    unreadable = dbc.Checkbox(
        id=ids.of_ecg("settle-unreadable", ecg_id),
        label="Unreadable",
        value=bool(stands and stands.unreadable),
    )
    comment = dbc.Textarea(
        id=ids.of_ecg("settle-comment", ecg_id),
        value=stands.comment if stands else "",
        placeholder="Comment (t)",
        maxlength=MAX_COMMENT,
        title="Comment",
    )
    return [
        html.Div([unreadable, html.Kbd("x")], className="line unreadable-box"),
        html.Label(
            [html.Span("Comment", className="visually-hidden"), comment], className="comment"
        ),
        html.P(CLASH, className="quiet clash"),
        dbc.Button(
            "Settle and next",
            id=ids.of_ecg("settle", ecg_id),
            color="primary",
            className="submit",
        ),
        html.Div(html.Span(id=ids.of_ecg("settled", ecg_id)), className="under"),
    ]
