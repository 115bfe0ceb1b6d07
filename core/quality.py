"""Whether an ECG can be read at all, and what to distrust where it can."""

from dataclasses import dataclass

import numpy as np

from core.ecg import DURATION_S, Ecg


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The verdict on one ECG: ``score`` from 0 (bad) to 1 (good).

    ``reasons`` say why it must not be scored (empty where ``acceptable``); ``warnings`` say
    what a reader should distrust in a record that can be read.
    """

    acceptable: bool
    score: float
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def assess(ecg: Ecg) -> Quality:
    """Say whether the first ten seconds of an ECG can be read, how well, and what is suspect."""
    reasons: list[str] = []
    if ecg.seconds < DURATION_S:
        reasons.append(
            f"The record lasts {ecg.seconds:.2f} s: ten seconds or more are needed. Record it again."
        )
    if not np.isfinite(ecg.signal).all():
        reasons.append("Samples are missing (not a number). Export the record again.")
    return Quality(
        acceptable=not reasons, score=0.0 if reasons else 1.0, reasons=tuple(reasons)
    )
