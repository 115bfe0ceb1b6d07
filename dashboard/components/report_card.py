"""How far one explanation can be trusted, as measured on this record and on its checkpoint."""

from collections.abc import Iterator, Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from core.ecg import Superclass
from core.explain.evidence import Estimate, Evidence
from core.explain.explanation import Method
from dashboard.figures.explanation import METHODS

Report = Mapping[str, Any]  # of core.explain.faithfulness
Row = tuple[str, str]


def report_card(
    report: Report, evidence: Evidence | None, method: Method, superclass: Superclass
) -> Component:
    """What was measured, a line each; on top whether it beats chance."""
    rows = [*_of_record(report), *_of_checkpoint(evidence, method, superclass)]
    return html.Div(
        [
            html.P(verdict(report), className="verdict"),
            html.Dl([part for name, text in rows for part in (html.Dt(name), html.Dd(text))]),
        ],
        className="report-card",
    )


def verdict(report: Report) -> str:
    """In a sentence, whether what it points at moves the network more than chance."""
    if report["better_than_random"]:
        return "What it points at moves the network's word more than random places do."
    if report["deletion"]["high"] < 0:
        return (
            "On this ECG it does worse than chance: what it points at moves the network's word "
            "less than random places do."
        )
    return (
        "On this ECG it is not shown to do better than chance: what it points at moves the "
        "network's word no more than random places do."
    )


def _of_record(report: Report) -> Iterator[Row]:
    orders = report["random_orders"]
    for name in ("deletion", "insertion"):
        yield f"{name.title()} against {orders} random orders", _advantage(report[name])
    agreement = report["agreement"].items()
    if agreement:
        said = ", ".join(f"{METHODS[Method(name)]} {_signed(value)}" for name, value in agreement)
        yield "Rank agreement", said
    yield "The same under 20 µV of noise", f"{_signed(report['stability'])} rank correlation"
    if report["residual"] is not None:
        yield "Left over of the sum", f"{report['residual']:.1%}".replace("%", "\u00a0%")


def _advantage(curve: Mapping[str, float]) -> str:
    low, high = _signed(curve["low"]), _signed(curve["high"])
    return f"{_signed(curve['advantage'])} logits (95\u00a0% {low} to {high})"


def _of_checkpoint(
    evidence: Evidence | None, method: Method, superclass: Superclass
) -> Iterator[Row]:
    if evidence is None or method not in evidence.methods:
        yield "On this checkpoint", "not measured"
        return
    found = evidence.methods[method]
    yield "With random weights", f"{_estimate(found.randomisation)} rank correlation"
    if superclass in found.classes:
        better = found.classes[superclass].better
        yield f"Better than chance on {superclass}", _share(better)
    if superclass in found.aiming:
        yield f"Points into simulated {superclass}", _share(found.aiming[superclass].pointing)


def _estimate(value: Estimate) -> str:
    return f"{_signed(value.mean)} ({_signed(value.low)} to {_signed(value.high)})"


def _share(value: Estimate) -> str:
    if value.mean in (0, 1) and value.of:  # no resample differs: the exact interval instead
        beyond = 0.025 ** (1 / value.of)  # Clopper & Pearson, Biometrika 26:404 (1934)
        low, high = (beyond, 1.0) if value.mean else (0.0, 1 - beyond)
        value = value.model_copy(update={"low": low, "high": high})
    text = f"{value.mean:.0%} of {value.of:,} ECGs ({value.low:.0%} to {value.high:.0%})"
    return text.replace("%", "\u00a0%")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def attention_words(evidence: Evidence | None, method: Method) -> str:
    """What attention is, and its measured relation to what moves the network."""
    said = "Attention is where the network looked, not why it concluded."
    relation = evidence and method in evidence.methods and evidence.methods[method].occlusion
    if not isinstance(relation, float):
        return said
    return (
        f"{said} Rank correlation with leaving waves out: {_signed(relation)} "
        "(median; 1 would be perfect agreement, 0 none)."
    )
