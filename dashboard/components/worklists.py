"""The form for a new worklist, what it would pick, and the worklists that there are."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from core.ecg import SUPERCLASSES
from dashboard import ids
from dashboard.components.claim import MODES
from dashboard.components.shell import local_time
from feedback.pool import PoolFilter
from feedback.sampling import AUDIT_SHARE, Pick, Strategy
from feedback.strategy_choice import default_strategy, evidence
from feedback.worklists import MAX_READERS, MAX_RECORDS, Reason, Standing

SHOWN = 100  # reasons of a worklist, and picks of a preview
FIELDS = (
    *("name", "strategy", "records", "readers_each", "mode", "audit_share", "gold_share", "seed"),
    *("folds", "sex", "age_from", "age_to", "device", "labelled", "found"),
)
POOL = frozenset(PoolFilter.model_fields)
TITLES = {
    "name": "Name",
    "strategy": "Strategy",
    "records": "Records",
    "readers_each": "Readers a record",
    "mode": "Mode",
    "audit_share": "Audit share",
    "gold_share": "Gold share",
    "seed": "Seed",
    "folds": "Folds",
    "sex": "Sex",
    "age_from": "Age from",
    "age_to": "Age to",
    "device": "Device contains",
    "labelled": "Published label",
    "found": "Model finds",
}
ANY = "any"
_ANY = {"label": ANY, "value": ANY}
_CLASSES = [_ANY, *({"label": name.title, "value": name.value} for name in SUPERCLASSES)]


def plan_form() -> Component:
    """What a worklist is to be, with the defaults; the default strategy says why it is one."""
    first = default_strategy()
    return html.Div(
        [
            html.Div(_how(first), className="row-of"),
            html.P(
                [
                    html.Span(says(first), id=ids.WORKLISTS_STRATEGY_SAYS),
                    f" The default is {first}. {evidence()['why']}",
                ],
                className="quiet",
            ),
            html.H2("From the records with"),
            html.Div(_pool(), className="row-of"),
            html.Div(
                [
                    dbc.Button(
                        "Preview", id=ids.WORKLISTS_PREVIEW, outline=True, color="secondary"
                    ),
                    dbc.Button("Make", id=ids.WORKLISTS_MAKE, color="primary"),
                    html.Span(id=ids.WORKLISTS_MESSAGE, role="status"),
                ],
                className="row-of",
            ),
        ],
        className="panel plan",
    )


def says(strategy: Strategy) -> str:
    """What the strategy puts first."""
    return f"{strategy.value.capitalize()}: {strategy.sentence}."


def picks_view(picks: Sequence[tuple[int, Pick]], pool: str) -> Component:
    """What a plan would pick now: counts, and the first records with their reasons."""
    audits = sum(one.audit for _, one in picks)
    rows = [(n + 1, ecg_id, one.why, _yes(one.audit)) for n, (ecg_id, one) in enumerate(picks)]
    counted = f"{len(picks):,} records, {audits:,} of them drawn at random as audit{pool}."
    return html.Div(
        [
            html.P([counted, _cut(len(picks))]),
            _table(("Place", "ECG", "Why", "Audit"), rows[:SHOWN]),
        ]
    )


def worklists_table(
    standings: Sequence[Standing],
    readers: Mapping[int, Sequence[tuple[str, int]]],
    reasons: Mapping[int, Sequence[Reason]],
) -> Component:
    """Every worklist, the newest first, with who reads it and why each record is in it."""
    if not standings:
        return html.P("No worklist has been made yet.")
    return html.Div(
        [_one(each, readers[each.worklist.id], reasons[each.worklist.id]) for each in standings]
    )


def _how(first: Strategy) -> list[Component]:
    strategies = [{"label": each.value, "value": each.value} for each in Strategy]
    modes = [{"label": said, "value": mode.value} for mode, said in MODES.items()]
    return [
        _typed("name", type="text", maxLength=80, placeholder="Morning"),
        _chosen("strategy", strategies, first.value),
        _typed("records", type="number", value=100, min=1, max=MAX_RECORDS),
        _typed("readers_each", type="number", value=1, min=1, max=MAX_READERS),
        _chosen("mode", modes, modes[0]["value"]),
        _typed("audit_share", type="number", value=AUDIT_SHARE, min=0, max=1, step=0.01),
        _typed("gold_share", type="number", value=0, min=0, max=0.5, step=0.01),
        _typed("seed", type="number", value=0, step=1),
    ]


def _pool() -> list[Component]:
    folds = ", ".join(map(str, PoolFilter().folds))
    sexes = [_ANY, *({"label": word, "value": word} for word in ("female", "male"))]
    return [
        _typed("folds", type="text", value=folds),
        _chosen("sex", sexes, ANY),
        _typed("age_from", type="number", min=0),
        _typed("age_to", type="number", min=0),
        _typed("device", type="text"),
        _chosen("labelled", _CLASSES, ANY),
        _chosen("found", _CLASSES, ANY),
    ]


def _typed(field: str, **how: Any) -> Component:
    return _labelled(field, dbc.Input(id=ids.of_plan(field), size="sm", **how))


def _chosen(field: str, options: list[dict[str, str]], value: str) -> Component:
    control = dbc.Select(id=ids.of_plan(field), options=options, value=value, size="sm")
    return _labelled(field, control)


def _labelled(field: str, control: Component) -> Component:
    label = html.Label(TITLES[field], htmlFor=ids.of_plan(field))
    return html.Div([label, control], className=f"field field-{field}")


def _one(
    standing: Standing, readers: Sequence[tuple[str, int]], reasons: Sequence[Reason]
) -> Component:
    made = standing.worklist
    who = ", ".join(f"{email} {count}" for email, count in readers) or "nobody yet"
    facts = [
        f"{standing.done:,} of {standing.readings:,} readings done",
        f"{standing.held:,} held now",
        f"{MODES[made.mode]}, {made.readers_each} a record",
        f"{made.strategy}, audit {made.audit_share:.0%}",
        f"read by {who}",
    ]
    made_at = local_time(made.made_at, f"Made by {made.made_by}, ", date=True)
    end = _close(standing) if made.open else html.Span("closed", className="quiet")
    return html.Section(
        [
            html.Div([html.H2(made.name), end], className="made-head"),
            html.Div([*(html.Span(fact) for fact in facts), made_at], className="facts numbers"),
            html.Details([html.Summary("Why each record is in it"), _reasons(reasons)]),
        ],
        className="panel made",
    )


def _close(standing: Standing) -> Component:
    made, open_still = standing.worklist, standing.readings - standing.done
    button = dbc.Button(
        "Close", size="sm", outline=True, color="secondary", title=f"Close {made.name}"
    )
    return dcc.ConfirmDialogProvider(
        button,
        id=ids.of_worklist("close", made.id),
        message=f"Close {made.name}? Its {open_still:,} open readings are handed out no more, "
        "and it cannot be opened again.",
    )


def _reasons(reasons: Sequence[Reason]) -> Component:
    rows = [
        (each.position + 1, each.ecg_id, each.why, _yes(each.audit), f"{each.done} of {each.asked}")
        for each in reasons[:SHOWN]
    ]
    table = _table(("Place", "ECG", "Why", "Audit", "Read"), rows)
    return html.Div([html.P(_cut(len(reasons)), className="quiet"), table])


def _cut(count: int) -> str:
    return f" The first {SHOWN} are shown." if count > SHOWN else ""


def _yes(audit: bool) -> str:
    return "yes" if audit else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Component:
    return dbc.Table(
        [
            html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
            html.Tbody([html.Tr([html.Td(cell) for cell in row]) for row in rows]),
        ],
        className="numbers",
        size="sm",
    )
