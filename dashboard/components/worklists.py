"""The form for a new worklist, what it would pick, and the worklists that there are."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from core.ecg import SUPERCLASSES
from core.ptbxl import AGE_OVER_89
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
NUMBERS: dict[str, tuple[float, float]] = {  # the least and the most, as the plan takes them
    "records": (1, MAX_RECORDS),
    "readers_each": (1, MAX_READERS),
    "audit_share": (0, 1),
    "gold_share": (0, 0.5),
    "seed": (0, 2**31 - 1),
    "folds": (1, 10),  # each of them
    "age_from": (0, AGE_OVER_89),
    "age_to": (0, AGE_OVER_89),
}
SHARES = frozenset({"audit_share", "gold_share"})  # the other numbers are whole
ANY = "any"
_UNNAMED = (
    "Which they are is not listed: chosen by label or opinion, they would be known to whoever may "
    "read them blind. Who makes the worklist reads them assisted."
)
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
                    f" The default is {first.words}. {evidence()['why']}",
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
        # nobody makes a worklist by a key too many: it is open to all readers at once
        **{"data-enter": ids.WORKLISTS_PREVIEW},
    )


def says(strategy: Strategy) -> str:
    """What the strategy puts first."""
    words = strategy.words  # of which BALD stays in capitals
    return f"{words[0].upper()}{words[1:]}: {strategy.sentence}."


def may_be(field: str) -> str:
    """What a field for numbers takes."""
    low, high = NUMBERS[field]
    return f"{low} to {high}, " + ("such as 0.15" if field in SHARES else "a whole number")


def picks_view(picks: Sequence[tuple[int, Pick]], pool: str, *, telling: bool) -> Component:
    """What a plan would pick now: counts, and the first records.

    Not why: a reason tells of the model's opinion, and nothing would note who has seen it. Nor
    which, where the pool is ``telling`` of that.
    """
    audits = sum(one.audit for _, one in picks)
    rows = [(n + 1, ecg_id, _yes(one.audit)) for n, (ecg_id, one) in enumerate(picks)]
    counted = f"{len(picks):,} records, {audits:,} of them drawn at random as audit{pool}."
    if telling:
        return html.P([counted, " ", _UNNAMED])
    return html.Div(
        [
            html.P([counted, _cut(len(picks))]),
            _table(("Place", "ECG", "Audit"), rows[:SHOWN]),
        ]
    )


def worklists_table(
    standings: Sequence[Standing],
    readers: Mapping[int, Sequence[tuple[str, int]]],
    gold: Mapping[int, tuple[int, int]],
) -> Component:
    """Every worklist, the newest first, with who reads it and how much of it is gold."""
    if not standings:
        return html.P("No worklist has been made yet.")
    return html.Div(
        [_one(each, readers[each.worklist.id], *gold[each.worklist.id]) for each in standings]
    )


def _how(first: Strategy) -> list[Component]:
    strategies = [{"label": each.words, "value": each.value} for each in Strategy]
    modes = [{"label": said, "value": mode.value} for mode, said in MODES.items()]
    return [
        _typed("name", type="text", maxLength=80, placeholder="Morning"),
        _chosen("strategy", strategies, first.value),
        _number("records", value=100),
        _number("readers_each", value=1),
        _chosen("mode", modes, modes[0]["value"]),
        _number("audit_share", value=AUDIT_SHARE),
        _number("gold_share", value=0),
        _number("seed", value=0),
    ]


def _pool() -> list[Component]:
    folds = ", ".join(map(str, PoolFilter().folds))
    sexes = [_ANY, *({"label": word, "value": word} for word in ("female", "male"))]
    return [
        _typed("folds", type="text", value=folds),
        _chosen("sex", sexes, ANY),
        _number("age_from"),
        _number("age_to"),
        _typed("device", type="text"),
        _chosen("labelled", _CLASSES, ANY),
        _chosen("found", _CLASSES, ANY),
    ]


def _typed(field: str, **how: Any) -> Component:
    return _labelled(field, dbc.Input(id=ids.of_plan(field), size="sm", **how))


def _number(field: str, **how: Any) -> Component:
    """A field whose text the server reads as a number.

    One of type "number" has no value for what is out of its range, as if nothing were typed.
    """
    keys = {} if field in SHARES else {"inputmode": "numeric"}  # which may lack the point
    return _typed(field, type="text", **keys, **how)


def _chosen(field: str, options: list[dict[str, str]], value: str) -> Component:
    control = dbc.Select(id=ids.of_plan(field), options=options, value=value, size="sm")
    return _labelled(field, control)


def _labelled(field: str, control: Component) -> Component:
    label = html.Label(TITLES[field], htmlFor=ids.of_plan(field))
    return html.Div([label, control], className=f"field field-{field}")


def _one(
    standing: Standing, readers: Sequence[tuple[str, int]], gold: int, records: int
) -> Component:
    made = standing.worklist
    who = ", ".join(f"{email} {count}" for email, count in readers) or "nobody yet"
    facts = [
        f"{standing.done:,} of {standing.readings:,} readings done",
        f"{standing.held:,} held now",
        f"{MODES[made.mode]}, {made.readers_each} a record",
        f"{_strategy(made.strategy)}, audit {made.audit_share:.0%}{_gold(gold, records)}",
        f"read by {who}",
    ]
    made_at = local_time(made.made_at, f"Made by {made.made_by}, ", date=True)
    end = _close(standing) if made.open else html.Span("closed", className="quiet")
    return html.Section(
        [
            html.Div([html.H2(made.name), end], className="made-head"),
            html.Div([*(html.Span(fact) for fact in facts), made_at], className="facts numbers"),
            html.Div(_ask_why(made.id), id=ids.of_worklist("reasons", made.id)),
        ],
        className="panel made",
    )


def _strategy(key: str) -> str:
    """Its name in words; one that there is no longer keeps its key."""
    return next((each.words for each in Strategy if each == key), key)


def _gold(count: int, total: int) -> str:
    """The share of gold records, in numbers too: few of many would round to none."""
    return f", gold {count / total:.0%} ({count:,} of {total:,})" if count else ""


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


def _ask_why(worklist_id: int) -> list[Component]:
    return [
        dbc.Button(
            "Why each record is in it",
            id=ids.of_worklist("why", worklist_id),
            size="sm",
            outline=True,
            color="secondary",
        ),
        html.Span(
            " A reason gives away what the model found: whoever has seen it does not read that "
            "ECG blind.",
            className="quiet",
        ),
    ]


def reasons_view(reasons: Sequence[Reason], total: int) -> Component:
    """Why each of the first records of a worklist is in it."""
    rows = [
        (each.position + 1, each.ecg_id, each.why, _yes(each.audit), f"{each.done} of {each.asked}")
        for each in reasons
    ]
    table = _table(("Place", "ECG", "Why", "Audit", "Read"), rows)
    return html.Div([html.P(_cut(total), className="quiet"), table])


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
