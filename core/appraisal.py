"""What the card says of a freshly trained network: calibrated on 9a, judged on 9b and fold 9."""

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata

from core.arrays import Bools, Floats
from core.calibration import (
    CONFIDENCE,
    MISS_RATE,
    Platt,
    best_f1_threshold,
    fit_platt,
    rule_out_threshold,
)
from core.checkpoint import (
    AttentionCheck,
    Card,
    ClassCard,
    DataCard,
    OcclusionCheck,
    save_card,
    save_weights,
)
from core.ecg import LEADS, SUPERCLASSES, Signal, Superclass
from core.evaluation import evaluate
from core.labelled import LabelledSet
from core.model import Network
from core.rates import Rate
from core.roles import TRAINING_FOLDS
from core.training import TrainingRun, logits

_PROBES = 200  # records of 9b on which attention and occlusion are compared


def write_checkpoint(
    out: Path, run: TrainingRun, gate: LabelledSet, *, simulated: bool, digest: str
) -> Card:
    """Calibrate and judge the run's best network, and write weights and card into ``out``."""
    network = run.shipped()
    weights = save_weights(out, network)
    now = datetime.now(UTC)
    on_9a, on_9b = logits(network, run.stopping.signal), logits(network, gate.signal)
    platt = fit_platt(on_9a, run.stopping.label)
    classes = _classes(platt, (on_9a, run.stopping.label), (on_9b, gate.label))
    thresholds = np.array([classes[name].threshold for name in SUPERCLASSES])
    card = Card(
        version=f"{now:%Y.%m}-{weights[:8]}",
        created=now.isoformat(timespec="seconds"),
        network=network.describe(),
        data=DataCard(
            digest=digest,
            simulated=simulated,
            folds=TRAINING_FOLDS,
            records=len(run.taught.label),
            patients=len(np.unique(run.taught.patient)),
        ),
        seed=run.config.seed,
        training=_training(run),
        classes=classes,
        miss_rate=MISS_RATE,
        confidence=CONFIDENCE,
        metrics=_metrics(platt, thresholds, run.stopping, gate, on_9a, on_9b),
        attention_check=attention_check(network, gate.signal[:_PROBES]),
        occlusion_check=occlusion_check(network, platt, thresholds, gate.signal[:_PROBES]),
        software=_software(),
        weights_sha256=weights,
    )
    return save_card(out, card)


def attention_check(network: Network, signal: Signal) -> AttentionCheck:
    """Compare lead attention with what zeroing each lead does, on (N, 12, 1000) records.

    Spearman's rank correlation over the twelve leads, for every record and class; the median
    of them all. Attention is no explanation, and this is how far from one it is.
    """
    attention = _lead_attention(network, signal)  # (N, 5, 12)
    drop = np.abs(logits(network, signal)[..., None] - _occluded_logits(network, signal))
    ranks = rankdata(attention, axis=-1), rankdata(drop, axis=-1)
    centred = [r - r.mean(-1, keepdims=True) for r in ranks]
    norm = np.sqrt((centred[0] ** 2).sum(-1) * (centred[1] ** 2).sum(-1))
    spearman = (centred[0] * centred[1]).sum(-1) / np.where(norm > 0, norm, np.inf)
    entropy = -(attention * np.log(attention + 1e-12)).sum(-1) / np.log(len(LEADS))
    return AttentionCheck(
        records=len(signal),
        spearman=float(np.median(spearman)),
        entropy=float(np.median(entropy)),
    )


def occlusion_check(
    network: Network, platt: Platt, thresholds: Floats, signal: Signal
) -> OcclusionCheck:
    """Zero every lead of the records that are called NORM alone, and count new abnormal calls."""
    called = platt(logits(network, signal)) >= thresholds
    normal = called[:, 0] & ~called[:, 1:].any(axis=1)
    if not normal.any():
        return OcclusionCheck(trials=0, new_calls=0)
    occluded = _occluded_logits(network, signal[normal])  # (N, 5, 12)
    now = platt(np.moveaxis(occluded, 2, 1)) >= thresholds  # (N, 12, 5)
    new = now[..., 1:].any(axis=-1)
    return OcclusionCheck(trials=int(new.size), new_calls=int(new.sum()))


def _occluded_logits(network: Network, signal: Signal) -> NDArray[np.float32]:
    """Logits with each lead zeroed, which training has shown the network: (N, 5, 12)."""
    results = []
    for lead in range(len(LEADS)):
        without = signal.copy()
        without[:, lead] = 0
        results.append(logits(network, without))
    return np.stack(results, axis=-1)


@torch.no_grad()
def _lead_attention(network: Network, signal: Signal) -> NDArray[np.float32]:
    parts = [network(torch.from_numpy(s[None])).attention.sum(-1) for s in signal]
    return np.asarray(torch.cat(parts).numpy())


def _classes(
    platt: Platt,
    tuning: tuple[NDArray[np.float32], Bools],
    gate: tuple[NDArray[np.float32], Bools],
) -> dict[Superclass, ClassCard]:
    p_9a, p_9b = platt(tuning[0]), platt(gate[0])
    return {
        name: _class_card(
            float(platt.slope[k]),
            float(platt.offset[k]),
            (p_9a[:, k], tuning[1][:, k]),
            (p_9b[:, k], gate[1][:, k]),
        )
        for k, name in enumerate(SUPERCLASSES)
    }


def _class_card(
    slope: float, offset: float, tuning: tuple[Floats, Bools], gate: tuple[Floats, Bools]
) -> ClassCard:
    threshold = best_f1_threshold(*tuning)
    certified = rule_out_threshold(*tuning)
    p, label = gate
    missed = Rate.of_counts(int((p[label] < threshold).sum()), int(label.sum()))
    return ClassCard(
        slope=slope,
        offset=offset,
        threshold=threshold,
        rule_out=None if certified is None else min(certified, threshold),
        missed=missed.count,
        positives=missed.of,
        missed_low=missed.low,
        missed_high=missed.high,
    )


def _metrics(
    platt: Platt,
    thresholds: Floats,
    tuning: LabelledSet,
    gate: LabelledSet,
    on_9a: NDArray[np.float32],
    on_9b: NDArray[np.float32],
) -> dict[str, Any]:
    both = (
        np.concatenate([on_9a, on_9b]),
        np.concatenate([tuning.label, gate.label]),
        np.concatenate([tuning.patient, gate.patient]),
    )
    sets = {
        "9a": (on_9a, tuning.label, tuning.patient),
        "9b": (on_9b, gate.label, gate.patient),
        "9": both,
    }
    return {
        name: asdict(evaluate(platt(z), label, patient, thresholds))
        for name, (z, label, patient) in sets.items()
    }


def _training(run: TrainingRun) -> dict[str, Any]:
    config = {k: v for k, v in asdict(run.config).items() if k not in ("network", "seed")}
    return {
        "config": config,
        "teachers": [teacher.card.version for teacher in run.teachers],
        "start": run.start and run.start.card.version,
        "epochs_run": run.epoch,
        "best_epoch": run.best_epoch,
        "seconds": round(run.seconds + (run.trees.seconds if run.trees else 0)),
        "threads": torch.get_num_threads(),
    }


def _software() -> dict[str, str]:
    always = ("torch", "numpy", "scipy", "scikit-learn", "wfdb")
    names = (*always, *(name for name in ("openvino",) if find_spec(name)))
    return {"python": platform.python_version(), **{name: version(name) for name in names}}
