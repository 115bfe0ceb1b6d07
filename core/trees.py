"""Boosted trees on the median beat: a teacher that looks at an ECG in another way.

Alone they rank worse than the network, beside it better than further networks do (decision 0006):
what a cardiologist measures lies open to them, voltages, ST, width, rate. They teach and are never
served.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from core.beats import BEFORE_S, find_beats
from core.ecg import LEADS, SUPERCLASSES, Signal
from core.errors import TrainingError
from core.labelled import LabelledSet
from core.preprocess import MODEL_RATE
from core.progress import Progress

Floats = NDArray[np.float32]
_PARTS = 4  # in which patients are kept out in turn
_PATIENTS = 10 * _PARTS  # with a class, and without, so that every part has some
_SURE = 8.0  # logit beyond which trees are not believed to know


def cross_fitted_logits(taught: LabelledSet, seed: int, progress: Progress | None = None) -> Floats:
    """What trees say of records that they have not seen, nor others of the same patient: (N, 5).

    A teacher that has seen the label would repeat it. Raises TrainingError where too few records
    have or lack a class.
    """
    _refuse_few(taught)
    features = np.stack([beat_features(signal) for signal in taught.signal])
    said = np.zeros(taught.label.shape, dtype=np.float32)
    folds = GroupKFold(_PARTS).split(features, groups=taught.patient)
    with threadpool_limits(torch.get_num_threads()):
        for number, (known, unseen) in enumerate(folds, 1):
            for k in range(len(SUPERCLASSES)):
                trees = _trees(seed).fit(features[known], taught.label[known, k])
                said[unseen, k] = trees.decision_function(features[unseen])
            if progress:
                progress(number, _PARTS)
    return np.clip(said, -_SURE, _SURE)


def _refuse_few(taught: LabelledSet) -> None:
    for k, name in enumerate(SUPERCLASSES):
        for has, word in ((True, "have"), (False, "lack")):
            patients = len(np.unique(taught.patient[taught.label[:, k] == has]))
            if patients < _PATIENTS:
                raise TrainingError(
                    f"{patients} patients {word} {name}, trees take {_PATIENTS}: "
                    "give more records, or set tree_share = 0"
                )


def beat_features(signal: Signal) -> Floats:
    """Rate and median beat of a prepared record (12, 1000) in mV, as (F,) for trees.

    The median beat stands above the level between P and QRS; where none lies whole within the
    record it is flat.
    """
    beats = find_beats(signal, MODEL_RATE)
    beat = beats.common - np.median(_span(beats.common, -0.12, -0.06), axis=1, keepdims=True)
    p, qrs = _span(beat, -0.22, -0.08), _span(beat, -0.08, 0.12)
    st, t = _span(beat, 0.08, 0.14), _span(beat, 0.12, 0.42)
    rr = np.diff(beats.peaks) / MODEL_RATE  # s
    by_lead = [
        qrs.max(1), qrs.min(1), np.ptp(qrs, axis=1), qrs.argmax(1), qrs.argmin(1),
        np.abs(qrs).sum(1), st.mean(1), t.max(1), t.min(1), p.max(1), p.min(1),
    ]  # fmt: skip
    r, s = dict(zip(LEADS, qrs.max(1), strict=True)), dict(zip(LEADS, -qrs.min(1), strict=True))
    rhythm = [len(beats.peaks), rr.mean(), rr.std()] if len(rr) else [0, 0, 0]
    voltage = [s["V1"] + max(r["V5"], r["V6"]), r["aVL"] + s["V3"], np.ptp(qrs, axis=1).sum()]
    return np.concatenate([rhythm, voltage, *by_lead, beat[:, ::2].ravel()]).astype(np.float32)


def _span(beat: NDArray[np.float64], first_s: float, last_s: float) -> NDArray[np.float64]:
    """The samples of the beat between two times from its QRS, in s."""
    first, last = (round((BEFORE_S + at) * MODEL_RATE) for at in (first_s, last_s))
    return beat[:, first:last]


def _trees(seed: int) -> HistGradientBoostingClassifier:
    # slow and small, each split among a fifth of the features: neighbouring samples say the same
    return HistGradientBoostingClassifier(
        max_iter=500,
        learning_rate=0.04,
        max_leaf_nodes=24,
        min_samples_leaf=40,
        l2_regularization=5.0,
        max_features=0.2,
        early_stopping=True,
        n_iter_no_change=40,
        random_state=seed,
    )
