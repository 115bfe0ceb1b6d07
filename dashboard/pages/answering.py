"""The route that takes an answer.

It is no callback: Dash tells every component on the page of a press before it asks the server,
and of the request before it looks at the response, which together take longer than storing the
answer. assets/answer.js sends it as the button is pressed.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from flask import Flask, Response, abort, request
from plotly.io.json import to_json_plotly
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError
from werkzeug.exceptions import BadRequest

from core.ecg import Lead, Superclass
from dashboard.components.answer import AGREE
from dashboard.components.shell import local_time, problem
from dashboard.context import context
from dashboard.pages.explain_callbacks import ask_ahead, explanation_on_screen
from dashboard.pages.read_callbacks import next_path
from dashboard.security import needs, person
from feedback import readings
from feedback.answers import Answer, Measurement
from feedback.db import now
from feedback.errors import FeedbackError
from feedback.policy import Action
from feedback.tables import Confidence, Reading, Stage, Verdict


def add_route(server: Flask) -> None:
    """Add the route to ``server``."""
    server.add_url_rule("/read/<int:ecg_id>/answer", "answer", submit, methods=["POST"])


@needs(Action.READ)
def submit(ecg_id: int) -> Response:
    """Store the answer, and say when it was saved and where to go; a refusal says why.

    ``next`` is null where the reader stays: the opinion is theirs to see, or they changed what
    stood.
    """
    try:
        sent = _Submission.model_validate(request.get_json())
    except ValidationError:
        abort(400)
    try:
        stored = sent.store(ecg_id)
    except FeedbackError as error:
        return _json({"refused": problem(f"Not saved: {error}")})
    if stored.stage is Stage.BLIND:
        ask_ahead(ecg_id)
        return _json(_saved(stored, "Blind answer saved "))
    if stored.sequence:
        return _json(_saved(stored, "Answer saved "))
    path, said = _onward(ecg_id, sent.query)
    return _json(_saved(stored, "Answer saved ", said) | {"next": path})


def _onward(ecg_id: int, query: dict[str, Any] | None) -> tuple[str, str]:
    """Where to go next; by now the answer is stored, whatever is wrong with the list."""
    try:
        return next_path(ecg_id, query)
    except (BadRequest, FeedbackError):
        return "/", "What comes next could not be found: choose it here."


def _saved(stored: Reading, what: str, more: str = "") -> dict[str, Any]:
    saved = local_time(stored.submitted_at, what)
    return {"said": [saved, f". {more}"] if more else saved, "next": None}


def _json(body: dict[str, Any]) -> Response:
    return Response(to_json_plotly(body), mimetype="application/json")


_Number = Annotated[int, Field(gt=0, lt=2**31)]  # of a row: what a database holds
_Started = Annotated[AwareDatetime, Field(gt=datetime(2000, 1, 1, tzinfo=UTC))]


class _Sent(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Measured(_Sent):
    """The numbers as such; whether they are a measurement is for the domain to say, in words."""

    lead: Lead
    start_s: FiniteFloat
    end_s: FiniteFloat
    millivolts: FiniteFloat


class _Entered(_Sent):
    """What stood in the form."""

    verdicts: dict[Superclass, Verdict]
    agreement: dict[Superclass, Literal["agree", "disagree"]]
    unreadable: bool
    confidence: Confidence | None
    comment: str
    measurements: tuple[_Measured, ...] = ()

    def answer(self) -> Answer:
        return Answer(
            verdicts=None if self.unreadable else self.verdicts,
            unreadable=self.unreadable,
            confidence=self.confidence,
            comment=self.comment,
            measurements=tuple(Measurement(**dict(one)) for one in self.measurements),
        )

    def agrees(self) -> dict[Superclass, bool] | None:
        """Where the reader agrees with the model, class by class; None for an unreadable ECG."""
        if self.unreadable:
            return None
        return {name: word == AGREE for name, word in self.agreement.items()}


class _Form(_Sent):
    """What the server knew when it made the form."""

    form: str
    record: _Number
    stage: Stage
    started: _Started
    opinion: str | None
    stands: _Number | None


class _Submission(_Sent):
    """An answer, the form it was given in, and what was on the page around it."""

    entered: _Entered
    form: _Form
    lies: dict[str, Any] | None = None  # over the trace
    held: _Number | None = None  # the worklist that holds the ECG for this reader
    query: dict[str, Any] | None = None  # the worklist's order and filters

    def store(self, ecg_id: int) -> Reading:
        form, answer, who = self.form, self.entered.answer(), (person().id, ecg_id)
        how: dict[str, Any] = {
            "key": form.form,
            "started_at": min(form.started, now()),
            "record_id": form.record,
        }
        with context().sessions.begin() as session:
            if form.stage is Stage.BLIND:
                return readings.submit_blind(session, *who, answer, **how, worklist_id=self.held)
            said = answer, self.entered.agrees()
            how["explanation"] = explanation_on_screen(session, ecg_id, self.lies)
            if form.stands:
                return readings.amend(session, *who, *said, stands=form.stands, **how)
            how |= {"opinion_digest": form.opinion, "worklist_id": self.held}
            return readings.submit_final(session, *who, *said, **how)
