"""Each lead on its own row: where one lies far off as a whole, it is moved, and that is said."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.ecg import LEADS, Ecg, Lead, Signal

# 5 mm: a median nearer than this is of waves and wander. 11 of 3,000 PTB-XL records have a lead
# farther off, and such a lead stands beside another one's name.
_FAR_MV = 0.5
_TOLD = 2  # leads that are named; more would run into what else stands on the line


def on_their_rows(ecg: Ecg) -> tuple[Ecg, dict[Lead, float]]:
    """The ECG as a machine's AC-coupled input would draw it, and the mV by which leads moved.

    A lead keeps its shape: all of its samples are moved by one number, in whole tenths of a mV.
    """
    moves = {lead: _move(ecg.lead(lead)) for lead in LEADS}
    if not any(moves.values()):
        return ecg, {}
    shift = np.array(list(moves.values()), dtype=np.float32)[:, None]
    moved = {lead: by for lead, by in moves.items() if by}
    return replace(ecg, signal=ecg.signal + shift), moved


def _move(wave: Signal) -> float:
    finite = wave[np.isfinite(wave)]
    median = float(np.median(finite)) if finite.size else 0.0
    return round(-median, 1) if abs(median) > _FAR_MV else 0.0


def moved_words(moves: Mapping[Lead, float]) -> str:
    """Which leads moved by how many mV, such as ``V5, V6 moved by +0.6, +2.3 mV``."""
    if not moves:
        return ""
    if len(moves) > _TOLD:
        return f"{len(moves)} leads moved by up to {max(map(abs, moves.values())):.1f} mV"
    return f"{', '.join(moves)} moved by {', '.join(map(_signed, moves.values()))} mV"


def _signed(millivolts: float) -> str:
    return f"{millivolts:+.1f}".replace("-", "\u2212")
