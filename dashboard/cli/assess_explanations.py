"""``explain --benchmark`` and ``explain --assess``: explanations of a checkpoint, measured."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from core.explain.evidence import PATHOLOGIES
from core.explain.explanation import Method
from dashboard.cli.output import emit, note, progress
from dashboard.cli.predictor import limit_threads
from dashboard.numbers import MISSING, interval, number
from dashboard.settings import load_settings

if TYPE_CHECKING:
    from core.checkpoint import Checkpoint
    from core.ecg import Signal, Superclass
    from core.explain.appraisal import Trial
    from core.explain.evidence import Aiming, Evidence

BENCHMARK_RECORDS = 300
_SIMULATED = 500  # records, of which two thirds hold a pathology
_PROBES = 64  # records from which random networks take their statistics
_PARTIAL = "explanations.partial.jsonl"


def benchmark(
    data: Path,
    checkpoint: Path | None,
    methods: Sequence[Method],
    background: "Signal | None",
    *,
    records: int = BENCHMARK_RECORDS,
    json: bool = False,
) -> None:
    """Hold methods against the truth of simulated records: pointing game and mass in region."""
    from core.checkpoint import load
    from core.explain.benchmark import aims, summarise
    from core.explain.explainer import Explainer

    limit_threads()
    judged = load(checkpoint or load_settings().checkpoint)
    explainer = Explainer(judged, background)
    asked = methods or explainer.methods
    trial = _simulated_trial(judged, data, records)
    found = []
    with progress("Pointing", len(trial.subjects)) as advance:
        for subject in trial.subjects:
            found.extend(aims(explainer, trial.dataset, subject, asked))
            advance()
    sources = summarise(found)
    whole = {
        "checkpoint": judged.card.version,
        "records": len({one.ecg_id for one in found}),
        "sources": {
            source: {name: aiming.model_dump() for name, aiming in classes.items()}
            for source, classes in sources.items()
        },
    }
    emit(whole, json, "\n".join(_pointing_lines(sources)))


def assess(
    data: Path,
    checkpoint: Path | None,
    methods: Sequence[Method],
    background: "Signal | None",
    *,
    json: bool = False,
) -> None:
    """Measure methods and write the evidence beside the checkpoint; goes on after a stop.

    What an earlier run found of other methods stays.
    """
    from core.checkpoint import load
    from core.explain.evidence import EVIDENCE, save_evidence
    from core.memory import keep_freed_memory

    limit_threads()
    keep_freed_memory()
    path = checkpoint or load_settings().checkpoint
    judged = load(path)
    evidence = _measured(judged, path / _PARTIAL, data, methods, background)
    if (earlier := _earlier(path, judged)) is not None:
        evidence = evidence.beside(earlier)
    save_evidence(path, evidence)
    note(f"wrote {path / EVIDENCE}")
    emit(evidence.model_dump(mode="json"), json, "\n".join(_evidence_lines(evidence)))


def _earlier(path: Path, judged: "Checkpoint") -> "Evidence | None":
    from core.errors import CheckpointAltered
    from core.explain.evidence import load_evidence

    try:
        return load_evidence(path, judged.card)
    except CheckpointAltered as error:  # this run is the remedy
        note(str(error))
        return None


def _measured(
    judged: "Checkpoint",
    partial: Path,
    data: Path,
    methods: Sequence[Method],
    background: "Signal | None",
) -> "Evidence":
    from core.explain.appraisal import ask_real, ask_simulated, evidence_of
    from core.explain.judging import Judge
    from core.explain.ledger import Ledger

    real, probes = _real_trial(judged, data)
    judge = Judge(judged, probes, background)
    asked = methods or judge.explainer.methods
    ledger = Ledger(partial, _run(judged, real))
    with TemporaryDirectory() as folder:
        simulated = _simulated_trial(judged, _simulate(Path(folder)), BENCHMARK_RECORDS)
        total = len(real.subjects) + len(simulated.subjects)
        with progress("Assessing explanations", total) as advance:
            answers = ask_real(judge, real, asked, ledger, advance)
            aimed = ask_simulated(judge, simulated, asked, ledger, advance)
    evidence = evidence_of(judged.card, real, answers, aimed)
    ledger.close()
    return evidence


def _real_trial(judged: "Checkpoint", data: Path) -> "tuple[Trial, Signal]":
    """Subjects of 9b, or of all records where there is no 9b, and some of them prepared."""
    from core.explain.appraisal import SUBJECTS, Trial
    from core.explain.subjects import balanced, called
    from core.predict import Predictor
    from core.preprocess import prepare_all
    from core.ptbxl import Ptbxl
    from core.roles import FOLDS

    dataset = Ptbxl.open(data)
    gate = [record for record in dataset.records.values() if FOLDS["9b"](record)]
    fold, records = ("9b", gate) if gate else ("all", list(dataset.records.values()))
    subjects = balanced(list(called(Predictor(judged), dataset, records)), SUBJECTS)
    probes = prepare_all([dataset.read(subject.ecg_id) for subject in subjects[:_PROBES]])
    return Trial(fold=fold, dataset=dataset, subjects=subjects), probes


def _simulated_trial(judged: "Checkpoint", data: Path, records: int) -> "Trial":
    """Every simulated pathology that is called, of so many pathological records."""
    from core.explain.appraisal import Trial
    from core.explain.benchmark import pathological
    from core.explain.ground_truth import regions
    from core.explain.subjects import called
    from core.predict import Predictor
    from core.ptbxl import Ptbxl

    dataset = Ptbxl.open(data)
    found = called(Predictor(judged), dataset, pathological(dataset, records))
    there = [one for one in found if one.superclass in regions(dataset, one.ecg_id)]
    return Trial(fold="all", dataset=dataset, subjects=there)


def _simulate(folder: Path) -> Path:
    from core.explain.appraisal import SIMULATED_SEED
    from core.simulate import simulate_dataset

    return simulate_dataset(folder, _SIMULATED, seed=SIMULATED_SEED)


def _run(judged: "Checkpoint", real: "Trial") -> dict[str, Any]:
    """What must be the same for answers of an earlier run to be taken over."""
    from core.digests import sha256_of
    from core.explain.appraisal import REVISION
    from core.ptbxl import INDEX

    return {
        "revision": REVISION,
        "weights": judged.card.weights_sha256,
        "records": sha256_of(real.dataset.root / INDEX),
    }


def _pointing_lines(sources: "dict[str, dict[Superclass, Aiming]]") -> Iterator[str]:
    yield f"{'':22}" + "".join(f"{name:>22}" for name in PATHOLOGIES)
    for source, classes in sources.items():
        cells = (_aiming(classes.get(name)) for name in PATHOLOGIES)
        yield f"{source:22}" + "".join(f"{cell:>22}" for cell in cells)


def _aiming(aiming: "Aiming | None") -> str:
    if aiming is None:
        return MISSING
    pointing = aiming.pointing
    return f"{number(pointing.mean, 2)} {interval((pointing.low, pointing.high), 2)}"


def _evidence_lines(evidence: "Evidence") -> Iterator[str]:
    yield f"{evidence.checkpoint}, fold {evidence.fold}; the default: {evidence.default or 'none'}"
    for method, found in evidence.methods.items():
        failings = "; ".join(evidence.failings(method)) or "meets every bar"
        yield (
            f"{method:22} random weights {number(found.randomisation.mean, 2)}, "
            f"with occlusion {number(found.occlusion, 2)}, "
            f"better than random order {found.better.mean:.0%} of {found.better.of}: {failings}"
        )
    yield from _pointing_lines(
        evidence.baselines
        | {method.value: found.aiming for method, found in evidence.methods.items()}
    )
