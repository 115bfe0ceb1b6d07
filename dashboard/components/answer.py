"""The form of a reader's answer: five classes, or unreadable, with confidence and comment."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from core.ecg import SUPERCLASSES, Superclass
from dashboard import ids
from dashboard.components.calipers import kept_measurements
from dashboard.components.call import abstains, call_view
from feedback.answers import MAX_COMMENT
from feedback.opinions import OpinionShown
from feedback.tables import Confidence, Stage, Verdict

EMPTY: Mapping[str, Any] = {
    "verdicts": {},
    "agreement": {},
    "unreadable": False,
    "confidence": None,
    "comment": "",
    "measurements": [],
}
CLASH = "Normal ECG is present together with another class. Is that meant?"
_STORES = ("unsaved", "saved")  # assets/session.js looks at what comes into the second
VERDICTS = [{"label": verdict.title(), "value": verdict.value} for verdict in Verdict]
_CONFIDENCES = [{"label": c.title(), "value": c.value} for c in Confidence]
AGREE, DISAGREE = "agree", "disagree"  # with the model, on one class
_AGREEMENTS = [{"label": word.title(), "value": word} for word in (AGREE, DISAGREE)]


@dataclass(frozen=True, kw_only=True)
class Form:
    """What a form starts from."""

    ecg_id: int
    record_id: int  # of the catalogue: two data sets may both have an ECG 1
    reader_id: int
    stage: Stage
    answers: int  # stored so far by this reader: a draft of an earlier one is of no use now
    started_at: datetime
    submit: str  # what its button says
    payload: Mapping[str, Any] = field(default_factory=lambda: dict(EMPTY))
    opinion: OpinionShown | None = None  # on screen; None while the reader answers blind
    stands: int | None = None  # the final answer that stands already, which this one supersedes

    def __post_init__(self) -> None:
        """A word on the model follows from the verdict, whatever an old draft says."""
        words = {name.value: word for name in self.agreeing if (word := self._word(name))}
        object.__setattr__(self, "payload", {**self.payload, "agreement": words})

    @property
    def agreeing(self) -> Sequence[Superclass]:
        """The classes on which there is an opinion to agree with."""
        return self.opinion.decided if self.opinion else ()

    @property
    def predicted(self) -> Sequence[Superclass]:
        """Those that the model called present."""
        return self.opinion.predicted if self.opinion else ()

    def _word(self, name: Superclass) -> str | None:
        verdict = self.payload["verdicts"].get(name.value)
        if verdict not in (Verdict.PRESENT, Verdict.ABSENT):
            return None
        return AGREE if verdict == self.call(name) else DISAGREE

    def call(self, name: Superclass) -> Verdict | None:
        """What the model says of a class; None where it abstains or has no opinion."""
        if name not in self.agreeing:
            return None
        return Verdict.PRESENT if name in self.predicted else Verdict.ABSENT

    def meta(self) -> dict[str, Any]:
        """What the browser and the callbacks must know about the form."""
        return {
            "ecg": self.ecg_id,
            "record": self.record_id,
            "stage": self.stage.value,
            "form": uuid.uuid4().hex,  # also the idempotency key of its submission
            "key": self._storage_key(self.answers),
            "forget": [self._storage_key(n) for n in range(self.answers)],
            "classes": [name.value for name in SUPERCLASSES],
            "agreeing": [name.value for name in self.agreeing],
            "started": self.started_at.isoformat(),
            "predicted": [name.value for name in self.predicted],
            "opinion": self.opinion.digest if self.opinion else None,
            "stands": self.stands,
        }

    def _storage_key(self, answers: int) -> str:
        return f"trustecg-draft:{self.reader_id}:{self.record_id}:{answers}"


def answer_form(form: Form) -> Component:
    """The form itself, filled from its payload."""
    meta = form.meta()
    return html.Div(
        [
            dcc.Store(id=ids.of_ecg("meta", form.ecg_id), data=meta),
            dcc.Store(id=ids.of_ecg("payload", form.ecg_id), data=dict(form.payload)),
            *(dcc.Store(id=ids.of_ecg(part, form.ecg_id)) for part in _STORES),
            html.Div([_question(form, name) for name in SUPERCLASSES], className="questions"),
            html.Div(_ending(form), className="ending"),
        ],
        id=ids.of_ecg("answer", form.ecg_id),
        className="answer unreadable" if form.payload["unreadable"] else "answer",
        **{"data-form": meta["form"]},
    )


def _question(form: Form, superclass: Superclass) -> Component:
    marks = {"data-class": superclass.value}
    if call := form.call(superclass):
        marks["data-call"] = call.value
    parts = [class_name(superclass), _verdict(form, superclass), *_opinion(form, superclass)]
    return html.Div(parts, className="question", **marks)


def class_name(superclass: Superclass) -> Component:
    """A class with its key, the same wherever it is asked about."""
    number = SUPERCLASSES.index(superclass) + 1
    title = [html.Kbd(str(number)), superclass.title]
    return html.Div(title, className="name", title=superclass.holds)


def _opinion(form: Form, superclass: Superclass) -> Iterator[Component]:
    """What the model says of a class, and the reader's word on it."""
    if form.opinion is None or form.opinion.unavailable:
        return
    yield call_view(form.opinion, superclass)
    yield _agreement(form, superclass) if form.call(superclass) else abstains()


def _verdict(form: Form, superclass: Superclass) -> Component:
    return buttons(
        ids.of_class("verdict", form.ecg_id, superclass.value),
        VERDICTS,
        form.payload["verdicts"].get(superclass.value),
        label=superclass.title,
        className="verdict",
    )


def _agreement(form: Form, superclass: Superclass) -> Component:
    return buttons(
        ids.of_class("agree", form.ecg_id, superclass.value),
        _AGREEMENTS,
        form.payload["agreement"].get(superclass.value),
        label=f"With the model on {superclass.title}",
        className="agree",
    )


def _ending(form: Form) -> list[Component]:
    ecg_id = form.ecg_id
    notes = [
        html.Span(id=ids.of_ecg("message", ecg_id)),  # what comes in is an alert
        html.Span(id=ids.of_ecg("draft-note", ecg_id), className="quiet"),
    ]
    return [
        _unreadable(form),
        _confidence(form),
        _comment(form),
        kept_measurements(ecg_id, list(form.payload["measurements"])),
        # shown by the sheet of styles, as the answer stands
        html.P(CLASH, className="quiet clash"),
        dbc.Button(
            form.submit, id=ids.of_ecg("submit", ecg_id), color="primary", className="submit"
        ),
        html.Div(notes, className="under"),
    ]


def _unreadable(form: Form) -> Component:
    return html.Div(
        [
            dbc.Checkbox(
                id=ids.of_ecg("unreadable", form.ecg_id),
                label="Unreadable",
                value=form.payload["unreadable"],
            ),
            html.Kbd("x"),
        ],
        className="line unreadable-box",
    )


def _confidence(form: Form) -> Component:
    chosen = buttons(
        ids.of_ecg("confidence", form.ecg_id),
        _CONFIDENCES,
        form.payload["confidence"],
        label="Confidence",
        className="confidence",
    )
    return html.Div([html.Span("Confidence"), chosen], className="line")


def _comment(form: Form) -> Component:
    box = dbc.Textarea(
        id=ids.of_ecg("comment", form.ecg_id),
        value=form.payload["comment"],
        placeholder="Comment (t)",
        maxlength=MAX_COMMENT,
        title="Comment",
    )
    # neither placeholder nor title is a label
    return html.Label([html.Span("Comment", className="visually-hidden"), box], className="comment")


def buttons(
    control: dict[str, Any],
    options: list[dict[str, str]],
    value: str | None,
    *,
    label: str,
    className: str = "",
) -> Component:
    """A row of buttons of which one is chosen: radio buttons to keyboard and screen reader."""
    return html.Div(
        dbc.RadioItems(
            id=control,
            options=options,
            value=value,
            inline=True,
            input_class_name="btn-check",
            label_class_name="btn",
        ),
        className=f"choices {className}".strip(),
        role="radiogroup",
        **{"aria-label": label},
    )
