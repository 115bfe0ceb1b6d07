"""The model's opinion in words, and how far to trust it; its figures stand in the answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from core.ecg import DURATION_S, SUPERCLASSES, Superclass
from feedback.opinions import OpinionShown

Card = Mapping[str, Any]

_PACED = (
    "Pacemaker noted: in paced beats none of the five classes can be judged as in conducted ones, "
    "and the model has not been measured on paced ECGs alone."
)
_CLASH = "Normal ECG and another class are above threshold: they contradict each other."
_RHYTHM = (
    "Rhythm is in none of the five classes: the model, and the published label, may call an ECG in "
    "atrial fibrillation normal."
)


def cautions(shown: OpinionShown, *, pacemaker: bool = False) -> Component | None:
    """What speaks against an opinion, where there is one.

    It stands in the form and above the opinion, and is seen in one of them: as the screen is.
    """
    if shown.unavailable:
        return None
    return _cautions(shown.warnings, pacemaker)


def form_cautions(shown: OpinionShown, *, pacemaker: bool = False) -> Component:
    """The same in the form, and what the opinion has to say of itself: it may be out of sight.

    A form along the lower edge lies over it. So the form says why there is no opinion, and that
    one calls an ECG normal and ill.
    """
    if shown.unavailable:
        return _cautions([shown.unavailable], pacemaker=False)
    clash = [_CLASH] if _contradicts(shown) else []
    return _cautions([*shown.warnings, *clash], pacemaker)


def _cautions(warnings: Iterable[str], pacemaker: bool) -> Component:
    said = [html.P(text, className="warning") for text in warnings]
    paced = [html.P(_PACED, className="quiet")] if pacemaker else []
    return html.Div([*said, *paced], className="cautions")


def opinion_view(shown: OpinionShown, card: Card, *, pacemaker: bool = False) -> Component:
    """What the model says of one ECG, after what speaks against it; with no opinion, why."""
    if shown.unavailable:
        return html.Section(
            [html.H2("Model's opinion"), html.P(shown.unavailable, className="warning")],
            className="opinion",
        )
    return html.Section(
        [
            html.H2("Model's opinion"),
            cautions(shown, pacemaker=pacemaker),
            html.P(summary(shown), className="summary"),
            _abstention(shown, card),
            html.P(_miss_rates(card), className="quiet"),
            html.P(_RHYTHM, className="quiet"),
            html.P(f"Model {shown.model_version}.", className="quiet"),
        ],
        className="opinion",
    )


def summary(shown: OpinionShown) -> str:
    """The opinion in a sentence or two; nothing above a threshold is never called normal.

    Nor is a finding introduced by the word normal where both are above their thresholds.
    """
    if not shown.predicted:
        return "No finding above its threshold. This does not mean that the ECG is normal."
    if not _contradicts(shown):
        return f"Above threshold: {_titles(shown.predicted)}."
    findings = [name for name in shown.predicted if name is not Superclass.NORM]
    clash = "the two contradict each other" if len(findings) == 1 else "it contradicts them"
    return (
        f"Above threshold: {_titles(findings)}. "
        f"{Superclass.NORM.title} is above its threshold too: {clash}."
    )


def _contradicts(shown: OpinionShown) -> bool:
    """Whether it calls an ECG normal and something else."""
    return Superclass.NORM in shown.predicted and len(shown.predicted) > 1


def _abstention(shown: OpinionShown, card: Card) -> Component | None:
    """On which classes the model makes no call, and why."""
    if not shown.abstained:
        return None
    rate, sure = percent(card["miss_rate"]), percent(card["confidence"])
    why = (
        "It abstains where the probability is below the threshold, but not so low that a miss "
        f"rate of at most {rate} is certified (confidence {sure})."
    )
    never = [name for name in shown.abstained if card["classes"][name]["rule_out"] is None]
    if never:
        why += f" For {', '.join(never)} no probability could be certified."
    return html.Div(
        [
            html.P(f"It abstains, neither found nor ruled out: {_titles(shown.abstained)}."),
            html.P(why, className="quiet"),
        ]
    )


def still_chart(figure: dict[str, Any], className: str) -> Component:
    """A small chart that nobody zooms."""
    return dcc.Graph(figure=figure, config={"staticPlot": True}, className=className)


def uncertainty_line(shown: OpinionShown) -> Component | None:
    """How unsure the model is of this ECG as a whole."""
    if shown.uncertainty is None:
        return None
    # no probability of an error: docs/decisions/0002-uncertainty-from-calibrated-calls
    doubt = f"The model's uncertainty is {shown.uncertainty:.2f}, from 0 (sure) to 1."
    return html.P(doubt, className="quiet")


def _miss_rates(card: Card) -> str:
    """How often the model misses what is there, as counted on records it was not taught on."""
    classes: Mapping[str, Mapping[str, Any]] = card["classes"]
    rates = [
        f"{name} in {percent(classes[name]['missed'] / positives)} of {positives:,}"
        for name in SUPERCLASSES
        if (positives := classes[name]["positives"])
    ]
    return (
        f"Of the ECGs that have it, on records that it was not taught on, the model misses "
        f"{', '.join(rates)}."
    )


def percent(share: float) -> str:
    """A share as whole percent, on one line."""
    return f"{share:.0%}".replace("%", "\u00a0%")


def seen_note() -> str:
    """How much of the ECG the network sees, whatever the chosen sheet shows."""
    return (
        f"Opinion and explanation use all {DURATION_S:g} s of every lead; "
        "a sheet with columns shows less of most leads."
    )


def call_note(shown: OpinionShown, name: Superclass) -> str | None:
    """What must be known of a class whose explanation is on the trace: that it was not found."""
    if name in shown.predicted:
        return None
    abstains = ", and the model abstains on it" if name in shown.abstained else ""
    return f"{name} is below its threshold{abstains}."


def _titles(names: Iterable[Superclass]) -> str:
    return ", ".join(name.title for name in names)


def published_view(shown: OpinionShown) -> Component:
    """What the data set says of this ECG, folded away."""
    codes = [
        f"{code} {likelihood:g}\u00a0%" if likelihood else code  # 0 stands for unknown
        for code, likelihood in shown.scp_codes.items()
    ]
    return html.Details(
        [
            html.Summary("Published label and report"),
            html.P(", ".join(name.title for name in shown.published) or "no superclass"),
            html.P(", ".join(codes), className="quiet"),
            html.P(shown.report, className="quiet"),
        ],
        className="published",
    )
