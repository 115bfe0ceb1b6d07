"""``evaluate``: how good a checkpoint is, the published network, or one against the other."""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.ecg import SUPERCLASSES
from core.errors import DatasetUnreadable
from dashboard.cli.options import Json
from dashboard.cli.output import emit, note, progress
from dashboard.cli.predictor import limit_threads, load_predictor
from dashboard.numbers import interval, number, signed

if TYPE_CHECKING:
    from core.measurement import Scored, Scorer
    from core.ptbxl import Ptbxl


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(evaluate)


def evaluate(
    data: Annotated[Path, typer.Option(help="Folder in the PTB-XL layout.")],
    fold: Annotated[str, typer.Option(help="1 to 10, 1-8, 1-9, 9a, 9b or all.")],
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a checkpoint; default, where no --reference is: TRUSTECG_CHECKPOINT, "
            "else what ships."
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.pt",
            help="Weights of the published network: measured alone, or against --checkpoint.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Write a page with plots as well."),
    ] = None,
    json: Json = False,
) -> None:
    """Measure a checkpoint on the labelled records of a fold."""
    from core.ptbxl import Ptbxl
    from core.roles import FOLDS
    from dashboard.report import Report, page

    if fold not in FOLDS:
        raise typer.BadParameter(f"fold {fold} is none of {', '.join(FOLDS)}")
    if html is not None and not html.absolute().parent.is_dir():
        raise typer.BadParameter(f"{html.parent} is no folder: make it first, or choose another")
    if html is not None and not os.access(html if html.exists() else html.parent, os.W_OK):
        raise typer.BadParameter(f"{html} cannot be written: choose another file")
    dataset = Ptbxl.open(data)
    scored = _scored(_scorers(checkpoint, reference), dataset, fold)
    report = Report.of(scored, fold=fold, simulated=dataset.simulated)
    if not report.role.held_out:
        note(f"fold {fold} is no test: {report.role.sentence}")
    figures = report.figures()
    emit(_finite(figures), json, "\n".join(_lines(figures)))
    if html is not None:
        html.write_text(page(report), encoding="utf-8")
        note(f"wrote {html}")


def _scorers(checkpoint: Path | None, reference: Path | None) -> "list[Scorer]":
    from core.reference import Reference

    limit_threads()
    scorers: list[Scorer] = []
    if checkpoint or not reference:
        scorers.append(load_predictor(checkpoint))
    if reference:
        scorers.append(Reference.load(reference))
    return scorers


def _scored(scorers: "list[Scorer]", dataset: "Ptbxl", fold: str) -> "list[Scored]":
    from core.measurement import score_fold

    with progress(f"Scoring fold {fold}", None) as advance:
        found = score_fold(
            scorers,
            dataset,
            fold,
            unread=lambda error: note(str(error)),
            progress=lambda done, total: advance(done=done, total=total),
        )
    for one in found:
        if not one.records:
            raise DatasetUnreadable(f"nothing to measure in {dataset.root}: {_why_none(one, fold)}")
    return found


def _why_none(scored: "Scored", fold: str) -> str:
    if not scored.refused:
        return f"none of {scored.n} records of fold {fold} is labelled, choose another fold"
    return (
        f"of {scored.refused} labelled records of fold {fold} {scored.name} has an opinion on "
        "none; 'trustecg data verify' and 'trustecg quality' tell why"
    )


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    simulated = "SIMULATED records, " if figures["simulated"] else ""
    yield (
        f"{figures['checkpoint']} on {simulated}fold {figures['fold']}: "
        f"{figures['n_labelled'] + figures['n_refused']} of {figures['n']} labelled, "
        f"{figures['n_labelled']} scored, {figures['n_refused']} refused"
    )
    yield (
        f"macro AUROC {number(figures['macro_auroc'], 4)} "
        f"{interval(figures['macro_auroc_ci'], 4)}  AUPRC {number(figures['macro_auprc'])}  "
        f"F1 {number(figures['macro_f1'])}"
    )
    yield (
        f"{'':5}{'with':>6}  {'AUROC':<20}  {'AUPRC':>6}{'F1':>7}{'sens.':>7}{'spec.':>7}"
        f"{'ECE':>7}{'chance':>8}{'Brier':>7}{'decided':>9}{'wrong':>7}"
    )
    for name in SUPERCLASSES:
        lane = figures["abstain"][name]
        area = f"{number(figures['auroc'][name])} {interval(figures['auroc_ci'][name])}"
        yield (
            f"{name:<5}{figures['confusion'][name]['n']:>6}  {area:<20}  "
            f"{number(figures['auprc'][name]):>6}{number(figures['f1'][name]):>7}"
            f"{number(figures['sensitivity'][name]['value']):>7}"
            f"{number(figures['specificity'][name]['value']):>7}"
            f"{number(figures['ece'][name]):>7}{number(figures['ece_floor'][name]):>8}"
            f"{number(figures['brier'][name]):>7}{number(lane['coverage']):>9}"
            f"{number(lane['error']):>7}"
        )
    yield "ruled out though there: " + ", ".join(
        f"{name} {missed['count']} of {missed['of']}"
        for name, missed in ((name, figures["abstain"][name]["missed"]) for name in SUPERCLASSES)
    )
    if "against_reference" in figures:
        yield from _against(figures["reference"]["checkpoint"], figures["against_reference"])


def _against(name: str, comparison: dict[str, Any]) -> Iterator[str]:
    yield f"AUROC above {name} on the {comparison['n']} records that both scored, by patient"
    yield (
        f"left out: {comparison['only_second']} that only {name} scored, "
        f"{comparison['only_first']} that only it did not"
    )
    first, second = comparison["first"], comparison["second"]
    yield from _versus("macro", first["macro_auroc"], second["macro_auroc"], comparison["macro"])
    for name, part in comparison["by_class"].items():
        yield from _versus(name, first["auroc"][name], second["auroc"][name], part)


def _versus(title: str, first: float, second: float, part: dict[str, float]) -> Iterator[str]:
    yield (
        f"{title:<5}{number(first, 4):>8}{number(second, 4):>8}"
        f"{signed(part['difference'], 4):>9} [{signed(part['low'], 4)}, {signed(part['high'], 4)}]"
    )


def _finite(value: Any) -> Any:
    """The same figures with null where one could not be computed: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value
