"""What the page of models is made of: versions, the report of the gate, a run and its plan."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from core.ecg import SUPERCLASSES
from core.reliability import Bin
from dashboard import ids
from dashboard.components.error_rates import error_rates
from dashboard.components.job import cancel_button, is_open
from dashboard.components.shell import local_time, sentence
from dashboard.figures.lineage import Node, lineage_chart, metrics_chart
from dashboard.figures.reliability import reliability_chart
from dashboard.figures.theme import Theme
from dashboard.numbers import number
from feedback import registry
from feedback.error_rates import Estimate
from feedback.registry import SHORTEST
from feedback.reliability import FEWEST, Reliability
from feedback.tables import Job, JobState, Json, ModelVersion

_MARKS = {True: "passed", False: "failed", None: "not asked"}


def versions_table(models: Sequence[ModelVersion], chosen: str | None) -> Component:
    """Every version, the latest first, with a link to its report."""
    names = {model.id: model.version for model in models}
    head = ("Version", "State", "From", "Entered", "By", "Macro AUROC, 9b", "The gate says")
    return dbc.Table(
        [
            html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
            html.Tbody([_version_row(model, names, chosen) for model in models]),
        ],
        className="numbers versions",
    )


def _version_row(model: ModelVersion, names: Mapping[int, str], chosen: str | None) -> Component:
    link = report_link(model.version, model.version, again=model.version == chosen)
    said = model.gate["sentence"] if model.gate else "It was not asked."
    return html.Tr(
        [
            html.Th(link, scope="row"),
            html.Td(_state(model)),
            html.Td(names.get(model.parent_id or 0, "-")),
            html.Td(local_time(model.registered_at, date=True)),
            html.Td(model.registered_by),
            html.Td(_area(model.card)),
            html.Td(said),
        ],
        className="chosen" if model.version == chosen else "",
    )


def report_link(words: str, version: str, *, again: bool = False) -> Component:
    """The way to a version's report; ``again`` where its page is, or may be, this one.

    A link of Dash's does nothing at its own address, and what is shown there may be of before.
    """
    kind = html.A if again else dcc.Link
    return kind(words, href=f"/models?version={version}", title=f"Report of {version}")


def _state(model: ModelVersion) -> list[Component | str]:
    """Its state, and whether it was promoted past the gate."""
    state = html.Strong("champion") if model.active else str(model.state)
    return [state, *([", against the gate"] if model.justification else [])]


def _area(card: Json) -> str:
    """The macro AUROC on 9b, and of how many records: 9b is not the same in every data set."""
    area = registry.macro_auroc(card)
    if area is None:
        return number(area, 4)
    return f"{number(area, 4)} on {card['metrics']['9b'].get('n_labelled', 0):,} ECGs"


def charts(models: Sequence[ModelVersion], theme: Theme) -> list[Component]:
    """The lineage, and the classes over the versions, the oldest first."""
    names = {model.id: model.version for model in models}
    nodes = [_node(model, names) for model in reversed(models)]
    figures = (lineage_chart(nodes, theme=theme), metrics_chart(nodes, theme=theme))
    return [_graph(figure) for figure in figures]


def _node(model: ModelVersion, names: Mapping[int, str]) -> Node:
    on_9b = model.card.get("metrics", {}).get("9b", {})
    low_high = on_9b.get("macro_auroc_ci")
    return Node(
        version=model.version,
        state=str(model.state),
        parent=names.get(model.parent_id or 0),
        macro_auroc=on_9b.get("macro_auroc"),
        interval=tuple(low_high) if low_high else None,
        records=on_9b.get("n_labelled", 0),
        auroc=on_9b.get("auroc", {}),
    )


def report(
    told: Json,
    objection: str | None,
    measured: Reliability | None,
    errors: Estimate | None,
    theme: Theme,
) -> Component:
    """One version: how it was judged, what can be done with it, and where it comes from.

    ``measured`` are its curves on the active data set, and ``errors`` how often it is wrong there;
    None without one.
    """
    parts = [html.H2(f"{told['version']}, {told['state']}"), *_gate(told)]
    parts.append(_curves(told, measured, theme))
    if errors:
        parts.append(error_rates(errors))
    if told["justification"]:
        parts.append(html.P(f"Promoted all the same: {told['justification']}", className="warning"))
    if told["state"] != "champion":
        parts.append(_promotion(objection))
    said = html.Div(id=ids.MODELS_OUTCOME, role="status")
    chosen = dcc.Store(id=ids.MODELS_CHOSEN, data=told["version"])
    return html.Div([*parts, said, chosen, _origin(told)], className="panel report")


def overtaken(version: str) -> Component:
    """What stands over a report that somebody else's change has made one of before."""
    said = "What is served, or this version's state, has changed since this report was drawn. "
    again = report_link("Draw it anew", version, again=True)
    return html.P([said, again], className="warning")


def _gate(told: Json) -> list[Component]:
    gate = told["gate"]
    if gate is None:
        return [html.P("The gate was not asked about this version.")]
    parts = [
        html.P(f"Against {gate['champion']}: {gate['sentence']}"),
        dbc.Table(
            html.Tbody([_check_row(check) for check in gate["checks"]]),
            className="numbers checks",
        ),
    ]
    if gate.get("earlier"):
        parts.append(_earlier(gate["earlier"]))
    return parts


def _earlier(reports: Sequence[Json]) -> Component:
    """What the gate said of it before, the last first."""
    said = [
        html.Li(
            [
                local_time(datetime.fromisoformat(one["judged_at"]), date=True),
                f" Against {one['champion']}: {one['sentence']}",
            ]
        )
        for one in reports
    ]
    return html.Details([html.Summary("What the gate said before"), html.Ul(said)])


def _check_row(check: Json) -> Component:
    word, failed = _MARKS[check["passed"]], check["passed"] is False
    return html.Tr(
        [
            html.Td(html.Span(word, className="problem" if failed else "quiet")),
            html.Th(check["name"], scope="row"),
            html.Td(check["sentence"]),
        ]
    )


def _curves(told: Json, measured: Reliability | None, theme: Theme) -> Component:
    """The reliability curves that the gate kept, else those of what it has scored here."""
    if judged := (told["gate"] or {}).get("reliability"):
        stored = judged["challenger"]
        bins = {name: [Bin(**one) for one in stored[str(name)]] for name in SUPERCLASSES}
        ece = told["card"].get("metrics", {}).get("9b", {}).get("ece", {})
        errors = {name: ece.get(str(name), float("nan")) for name in SUPERCLASSES}
        return _reliability("9b", reliability_chart(bins, errors, theme=theme))
    scored = measured.records if measured else 0
    if measured is None or scored < FEWEST:
        return html.P(
            "No curves of its probabilities: the gate has kept none, and to draw them here takes "
            f"{FEWEST} labelled records of 9b that it has scored, where there are {scored}.",
            className="quiet",
        )
    figure = reliability_chart(measured.bins, measured.ece, theme=theme)
    return _reliability(f"{scored:,} records of 9b that it has scored here", figure)


def _reliability(where: str, figure: Json) -> Component:
    figure["layout"]["height"] = 260
    title = html.H2(f"Calibration on {where}")
    return html.Div([title, _graph(figure)])


def _promotion(objection: str | None) -> Component:
    """A button, and where the gate objects a place to say why all the same."""
    button = dbc.Button(
        "Promote all the same" if objection else "Promote",
        id=ids.MODELS_PROMOTE,
        color="secondary" if objection else "primary",
        outline=bool(objection),
    )
    why = html.Label(
        [
            "Justification",
            dbc.Textarea(
                id=ids.MODELS_WHY,
                placeholder=f"Why it shall be served all the same: {SHORTEST} characters or more",
            ),
        ],
        hidden=not objection,
    )
    words = [html.P(sentence(objection), className="warning")] if objection else []
    return html.Div([*words, why, button], className="promotion")


def _origin(told: Json) -> Component:
    run = told["run"]
    rows: list[tuple[str, Any]] = [
        ("Taught from", told["parent"] or "no registered version"),
        ("Weights", told["card"].get("weights_sha256", "-")),
        ("Data digest", told["card"].get("data", {}).get("digest", "-")),
        ("Entered by", told["registered_by"]),
        ("Files", told["path"]),
    ]
    if run:
        rows += [
            ("Run", f"{run['id']}, asked for by {run['asked_by']}"),
            ("Labels", f"{_labels(run['labels'])}, sha256 {run['labels_digest']}"),
            ("Config", ", ".join(f"{k} {v}" for k, v in run["config"].items())),
        ]
    table = html.Table(
        html.Tbody([html.Tr([html.Th(name, scope="row"), html.Td(value)]) for name, value in rows]),
        className="table origin",
    )
    return html.Details([html.Summary("Where it comes from"), table])


def _labels(labels: Json) -> str:
    return (
        f"{len(labels['taught'])} taught, {len(labels['held_out'])} held out, "
        f"{labels['replay']} replayed"
    )


def plan(told: Json, mark: str) -> Component:
    """The dry run: what would be taught, by class, source and reader, and the way to start it.

    ``mark`` tells this plan from others, so that no other one is started from here.
    """
    head = ("", *map(str, SUPERCLASSES))
    rows = [
        html.Tr(
            [
                html.Th(kind, scope="row"),
                *(html.Td(told["by_class"][str(n)][kind]) for n in SUPERCLASSES),
            ]
        )
        for kind in ("present", "absent", "open")
    ]
    sources = ", ".join(f"{n} by {name}" for name, n in told["by_source"].items())
    readers = ", ".join(f"{email} {n}" for email, n in told["by_reader"].items())
    assisted = "" if told["include_assisted"] else "not "
    return html.Div(
        [
            html.P(
                f"{told['parent']} would be taught {told['taught']} records that are settled, by "
                f"readers who agree or by one alone, and {told['replay']} of folds 1-8 again so "
                "that it forgets nothing. "
                f"{told['held_out']} more are held out, for the gate to ask about."
            ),
            dbc.Table(
                [
                    html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
                    html.Tbody(rows),
                ],
                className="numbers planned",
            ),
            html.P(
                f"Settled: {sources}. Answers: {readers}. Assisted ones are {assisted}taught.",
                className="quiet",
            ),
            dcc.Store(id=ids.MODELS_MARK, data=mark),
            dbc.Button("Start retraining", id=ids.MODELS_START, color="primary"),
        ],
        className="panel",
    )


def run_panel(job: Job | None) -> Component:
    """The last run. What a tick redraws closes itself, so its log lies beside it, not within."""
    log = html.Details(
        [html.Summary("Log"), html.Div(epochs(job), id=ids.MODELS_RUN_EPOCHS)],
        id=ids.MODELS_RUN_LOG,
        hidden=not has_epochs(job),
    )
    progress = html.Div(run_progress(job), id=ids.MODELS_RUN)
    return html.Div(
        [progress, log], id=ids.MODELS_RUN_PANEL, hidden=job is None, className="panel run"
    )


def run_progress(job: Job | None) -> list[Component]:
    """How far the last run is, and a button that ends it."""
    if job is None:
        return []
    open_ = is_open(job)
    state = "stopping" if job.cancel_requested and open_ else str(job.state)
    cancelled = job.state is JobState.CANCELLED  # its message says how long it would have taken
    said = "" if cancelled else job.error or job.message
    parts = [html.H2(f"Retraining, job {job.id}: {state}")]
    if open_:
        parts.append(dbc.Progress(value=round(100 * job.progress), label=f"{job.progress:.0%}"))
    parts.append(html.P(said, className="problem" if job.error else ""))
    if open_ and not job.cancel_requested:
        parts.append(cancel_button("cancel-run", job))
    return parts


def has_epochs(job: Job | None) -> bool:
    """Whether there is a log to open."""
    return bool(_reported(job))


def epochs(job: Job | None) -> Component:
    """The log of a run: a row for each epoch that is done."""
    head = ("Epoch", "Loss", "Macro AUROC, 9a", "Seconds")
    return html.Table(
        [
            html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
            html.Tbody([_epoch(one) for one in _reported(job)]),
        ],
        className="table numbers",
    )


def _reported(job: Job | None) -> Sequence[Json]:
    return (job.checkpoint or {}).get("epochs", []) if job else []


def _epoch(one: Json) -> Component:
    cells = (one["epoch"], number(one["loss"], 4), number(one["auroc_9a"], 4))
    return html.Tr([*(html.Td(cell) for cell in cells), html.Td(number(one["seconds"], 0))])


def _graph(figure: Json) -> Component:
    return dcc.Graph(figure=figure, config={"displayModeBar": False})
