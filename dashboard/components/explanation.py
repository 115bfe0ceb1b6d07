"""Where the model's word comes from: what can be asked for, and what was found."""

from collections.abc import Iterator, Mapping
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from core.ecg import SUPERCLASSES, Superclass
from core.explain.evidence import Evidence, first_method
from core.explain.explanation import Explanation, Method, Unit
from dashboard import ids
from dashboard.components.answer import buttons
from dashboard.components.opinion import call_note, seen_note, still_chart
from dashboard.components.report_card import attention_words, report_card
from dashboard.evidence import reasons
from dashboard.figures.explanation import METHODS, OPACITY, color
from dashboard.figures.lead_bars import lead_bars
from dashboard.figures.strength import CELL, EDGES, even_share, is_signed
from dashboard.figures.theme import LIGHT, Theme
from feedback.db import now
from feedback.explanations import RETRY, Explained
from feedback.opinions import OpinionShown
from feedback.tables import JobState

OFF = "off"
TOLD, STALE = "explained", "explained stale"  # looks of the words: about what lies there, or not
TICK_MS = 200  # between two looks at what is being computed: what a reader waits on top of it
_SILENT_S = 1.0  # what is quicker than this has no need of progress
_UNHEARD_S = 20.0  # in which a worker would have taken it up
_ATTENTION = (Method.ATTENTION, Method.TEMPORAL_ATTENTION, Method.LEAD_ATTENTION)

Reasons = Mapping[Method, str]  # why a method is not offered


def explanation_section(ecg_id: int, shown: OpinionShown, evidence: Evidence | None) -> Component:
    """Which explanation to lay over the trace; nothing is laid over it at first."""
    if shown.unavailable:
        return html.Section(
            [html.H2("Explanation"), html.P(f"There is none. {shown.unavailable}")],
            className="explanation",
        )
    held_against = reasons(evidence, foremost(shown))
    return html.Section(
        [
            html.H2(["Explanation over the trace ", html.Kbd("o")]),
            _line("Class", "a", _classes(ecg_id, shown)),
            _line("Method", "m", _methods(ecg_id, held_against)),
            html.Div(reasons_view(held_against), id=ids.of_ecg("reasons", ecg_id)),
            opacity_control(ecg_id),
            html.Div(id=ids.of_ecg("explained", ecg_id), className=TOLD),
            dcc.Store(id=ids.of_ecg("told", ecg_id)),
            dcc.Interval(id=ids.of_ecg("explain-tick", ecg_id), interval=TICK_MS, disabled=True),
        ],
        className="explanation",
        **{"data-method": first_method(evidence).value},
    )


def _line(name: str, key: str, control: Component) -> Component:
    return html.Div([html.Span([name, " ", html.Kbd(key)]), control], className="line")


def _classes(ecg_id: int, shown: OpinionShown) -> Component:
    options = [{"label": name.value, "value": name.value} for name in SUPERCLASSES]
    return buttons(
        ids.of_ecg("explained-class", ecg_id),
        options,
        foremost(shown).value,
        label="Class to explain",
        className="classes",
    )


def foremost(shown: OpinionShown) -> Superclass:
    """The class that is explained first: the likeliest finding, else the likeliest class."""
    likely = shown.probabilities or {}
    findings = [name for name in shown.predicted if name is not Superclass.NORM]
    return max(findings or SUPERCLASSES, key=lambda name: likely.get(name, 0.0))


def _methods(ecg_id: int, held_against: Reasons) -> Component:
    control = ids.of_ecg("method", ecg_id)
    options = method_options(held_against)
    return buttons(control, options, OFF, label="Method", className="methods")


def method_options(held_against: Reasons) -> list[dict[str, Any]]:
    """The methods as choices; those that are not offered cannot be chosen."""
    return [
        {"label": "Off", "value": OFF},
        *(
            {"label": METHODS[method], "value": method.value, "disabled": method in held_against}
            for method in Method
        ),
    ]


def reasons_view(held_against: Reasons) -> list[Component]:
    """Why methods are not offered: one line a reason."""
    methods: dict[str, list[str]] = {}
    for method, why in held_against.items():
        methods.setdefault(why, []).append(METHODS[method])
    return [
        html.P(f"Not offered: {', '.join(names)} ({why}).", className="quiet")
        for why, names in methods.items()
    ]


def explained_view(
    found: Explained, shown: OpinionShown, evidence: Evidence | None, theme: Theme = LIGHT
) -> Component:
    """What there is of an explanation so far."""
    if found.explanation is not None:
        return html.Div([*_parts(found, found.explanation, shown, evidence, theme)])
    if found.state is JobState.FAILED:
        why = (found.error or "").rstrip(".")
        again = f"To try again, wait {RETRY.seconds} s, choose Off and then the method."
        return html.P(f"This method failed: {why}. {again}", className="warning")
    return html.P(_progress(found), className="quiet")


def _progress(found: Explained) -> str:
    seconds = (now() - found.requested_at).total_seconds()
    if found.state is JobState.QUEUED and seconds > _UNHEARD_S:
        return (
            f"Nothing has taken this up for {seconds:.0f} s. It is computed as soon as "
            "'trustecg worker' runs and has done what came before."
        )
    return f"Computing, {seconds:.0f} s so far." if seconds > _SILENT_S else ""


def _parts(
    found: Explained,
    explanation: Explanation,
    shown: OpinionShown,
    evidence: Evidence | None,
    theme: Theme,
) -> Iterator[Component]:
    method, superclass = explanation.method, explanation.superclass
    yield legend(explanation, theme)
    if found.sentence:
        yield html.P(found.sentence.replace(" %", "\u00a0%"), className="summary")
        if is_signed(explanation):
            yield html.P(f"Shares of what speaks for {superclass}.", className="quiet")
    if note := call_note(shown, superclass):
        yield html.P(note)
    if method in _ATTENTION:
        yield html.P(attention_words(evidence, method))
    yield still_chart(lead_bars(explanation, theme=theme), "lead-bars")
    if found.report:
        yield report_card(found.report, evidence, method, superclass)
    elif found.error:
        yield html.P(f"It could not be measured how far to trust it: {found.error}")
    else:
        yield html.P("Measuring how far it can be trusted.", className="quiet")
    yield html.P(provenance(explanation), className="quiet")
    yield html.P(seen_note(), className="quiet")


def provenance(explanation: Explanation) -> str:
    """How it was computed, and how well its parts add up."""
    times = "once" if explanation.samples == 1 else f"{explanation.samples:,} times"
    drawn = "" if explanation.seed is None else f", seed {explanation.seed}"
    sums = (
        ""
        if explanation.residual is None
        else " Its parts add up to what the logit differs from that of the baseline by, within "
        f"{explanation.residual:.1%}."
    )
    return (
        (
            f"Logit of {explanation.superclass}: {explanation.logit:.2f}. Baseline: "
            f"{explanation.baseline}. The network was asked {times}{drawn}, "
            f"in {explanation.seconds:.1f} s.{sums}"
        )
        .replace("%", "\u00a0%")
        .replace(": -", ": \u2212")
    )


def legend(explanation: Explanation, theme: Theme = LIGHT) -> Component:
    """The colours from weak to strong, and what they count."""
    signed = is_signed(explanation)
    sides = [("against", [-n for n in range(len(EDGES), 0, -1)])] if signed else []
    sides += [("for" if signed else "", list(range(1, len(EDGES) + 1)))]
    swatches = [
        html.Span(
            [html.Span(name, className="side")] * bool(name)
            + [_swatch(level, theme) for level in levels],
            className="side-of-scale",
        )
        for name, levels in sides
    ]
    return html.Div(
        [
            html.Div(swatches, className="scale"),
            html.P(scale_words(explanation), className="quiet"),
        ],
        className="legend",
    )


def _swatch(level: int, theme: Theme) -> Component:
    return html.Span(
        f"{EDGES[abs(level) - 1]:g}×",
        className="swatch",
        style={"backgroundColor": color(level, theme), "color": theme.trace},
    )


def scale_words(explanation: Explanation) -> str:
    """What a colour counts, in the unit of the method."""
    even, where = even_share(explanation), f"for {CELL * 10} ms of a lead"
    if explanation.unit is Unit.LOGIT:
        amount = f", {even:.2g} logits {where}"
    elif explanation.unit is Unit.ATTENTION:
        amount = f", {even:.2%} of the attention {where}".replace("%", "\u00a0%")
    else:
        amount = f" {where}; relevance ranks places and has no unit"
    return f"Multiples of an even share{amount}."


def opacity_control(ecg_id: int) -> Component:
    """How much of the colours is seen; the browser alone sees to it."""
    slider = dcc.Input(
        id=ids.of_ecg("opacity", ecg_id),
        type="range",
        min=10,
        max=100,
        step=10,
        value=round(100 * OPACITY),
    )
    return html.Label(["Opacity ", slider], className="opacity")
