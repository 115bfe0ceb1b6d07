"""``explain``: where the model's word on one class of one record comes from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from core.checkpoint import read_card
from core.ecg import LEADS, SUPERCLASSES, Ecg, Superclass
from core.errors import RecordError
from core.explain.evidence import first_method, load_evidence
from core.explain.explanation import Explanation, Method
from dashboard.cli.assess_explanations import BENCHMARK_RECORDS, assess, benchmark
from dashboard.cli.options import CheckpointPath, Json
from dashboard.cli.output import emit
from dashboard.cli.predictor import limit_threads
from dashboard.cli.targets import Data, read_targets
from dashboard.settings import load_settings

if TYPE_CHECKING:
    from core.ecg import Signal
    from core.explain.explainer import Explainer


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(explain)


def explain(
    target: Annotated[
        str | None, typer.Argument(help="ECG_ID with --data, or FILE.hea.", show_default=False)
    ] = None,
    data: Data = None,
    method: Annotated[
        Method | None,
        typer.Option(help="How it is computed; default: what the checkpoint's evidence names."),
    ] = None,
    superclass: Annotated[Superclass | None, typer.Option(help="What is asked about.")] = None,
    checkpoint: CheckpointPath = None,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it over the trace.")
    ] = None,
    judge: Annotated[bool, typer.Option(help="Measure how far it can be trusted.")] = True,
    measure: Annotated[
        bool, typer.Option("--benchmark", help="Hold methods against simulated records.")
    ] = False,
    appraise: Annotated[
        bool, typer.Option("--assess", help="Measure what methods are worth, for the checkpoint.")
    ] = False,
    methods: Annotated[
        list[Method] | None, typer.Option(help="With --benchmark or --assess; default: all.")
    ] = None,
    records: Annotated[
        int, typer.Option(min=1, help="With --benchmark: records at most.")
    ] = BENCHMARK_RECORDS,
    json: Json = False,
) -> None:
    """Explain one class of one record, or measure the methods themselves."""
    if measure or appraise:
        if data is None:
            raise typer.BadParameter("--benchmark and --assess need --data DIR")
        if method is not None:  # all methods take an hour, and nobody meant them
            raise typer.BadParameter("--method explains one record: name it with --methods here")
        background = _background(data, methods or list(Method))
        if measure:
            return benchmark(
                data, checkpoint, methods or (), background, records=records, json=json
            )
        return assess(data, checkpoint, methods or (), background, json=json)
    if target is None or superclass is None:
        raise typer.BadParameter("name a record and --superclass " + ", ".join(SUPERCLASSES))
    limit_threads()
    path = checkpoint or load_settings().checkpoint
    method = method or first_method(load_evidence(path, read_card(path)))
    ecg = _read(target, data)
    explainer = _explainer(path, data, method)
    found = explainer.attribute(ecg, superclass, method)
    result = _result(explainer, ecg, found, judge=judge)
    if png:
        _draw(png, ecg, found, result, simulated=_simulated(data))
    emit(result, json, _text(result))


def _read(target: str, data: Path | None) -> Ecg:
    ((_, ecg),) = read_targets([target], data)
    if isinstance(ecg, RecordError):
        raise ecg
    return ecg


def _explainer(path: Path, data: Path | None, method: Method) -> "Explainer":
    from core.explain.explainer import Explainer

    explainer = Explainer.load(path, _background(data, [method]))
    explainer.warm_up()
    return explainer


def _background(data: Path | None, methods: list[Method]) -> "Signal | None":
    """Training records, where a method compares with them."""
    from core.explain.background import draw_background
    from core.ptbxl import Ptbxl

    if data is None or Method.SHAP not in methods:
        return None
    return draw_background(Ptbxl.open(data))


def _simulated(data: Path | None) -> bool:
    from core.ptbxl import Ptbxl

    return data is not None and Ptbxl.open(data).simulated


def _result(explainer: "Explainer", ecg: Ecg, found: Explanation, *, judge: bool) -> dict[str, Any]:
    from core.explain.faithfulness import report
    from core.explain.segments import segment
    from core.explain.words import sentence

    probability = _probability(explainer, found)
    return {
        "id": ecg.ecg_id,
        "checkpoint": explainer.version,
        "superclass": found.superclass,
        "method": found.method,
        "probability": probability,
        "logit": found.logit,
        "sentence": sentence(found, segment(ecg), probability),
        "unit": found.unit,
        "baseline": found.baseline,
        "samples": found.samples,
        "seed": found.seed,
        "residual": found.residual,
        "seconds": found.seconds,
        "report": report(explainer, ecg, found).to_json() if judge else None,
        "leads": list(LEADS),
        "attribution": found.attribution.astype(float).tolist(),
    }


def _probability(explainer: "Explainer", found: Explanation) -> float:
    logits = np.full((1, len(SUPERCLASSES)), found.logit)
    return float(explainer.card.platt(logits)[0, SUPERCLASSES.index(found.superclass)])


def _text(result: dict[str, Any]) -> str:
    residual = "" if result["residual"] is None else f", {result['residual']:.1%} left over"
    return (
        f"{result['sentence']}\n"
        f"{result['method']} in {result['unit']}, against {result['baseline']}; "
        f"{result['samples']} evaluations{residual}, {result['seconds']:.2f} s"
    )


def _draw(
    path: Path, ecg: Ecg, found: Explanation, result: dict[str, Any], *, simulated: bool
) -> None:
    from core.preprocess import prepare
    from dashboard.figures.print import draw_explanation

    draw_explanation(path, prepare(ecg), found, result["sentence"], simulated=simulated)
