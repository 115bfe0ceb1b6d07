"""Leads that sit in the wrong place: exchanged electrodes, and rows under a wrong name.

Two kinds of mistake, two ways to see them. A row of the file under a wrong name breaks the
laws of Einthoven and Goldberger, which tie the six limb leads together whatever the heart does.
Exchanged electrodes keep those laws, but give a beat that hardly any heart makes: as in Kors &
van Herpen, "Accurate automatic detection of electrode interchange in the electrocardiogram",
Am J Cardiol 88:396 (2001), each lead is judged by how it goes with all the others, here by one
linear rule over the products of the leads within P, QRS and T.
"""

import json
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.arrays import Floats
from core.beats import BEFORE_S
from core.ecg import LEADS
from core.noise import INDEPENDENT

COEFFICIENTS = Path(__file__).with_name("interchange.json")
RATE = 100.0  # Hz, of the beats judged here
NONE = "none"
UNRELATED = "the limb leads do not belong together under these names"

# I + III - II, aVR + (I + II)/2, aVL - (I - III)/2, aVF - (II + III)/2: all zero by law
_LAWS = np.array(
    [[1, -1, 1, 0, 0, 0], [0.5, 0.5, 0, 1, 0, 0], [-0.5, 0, 0.5, 0, 1, 0], [0, -0.5, -0.5, 0, 0, 1]]
)
_SOURCES = ((2, 0, 1), (3, 0, 1), (4, 0, 2), (5, 1, 2))  # each law: what follows, and from what
_UNEXPLAINED = 0.1  # of the power of a lead
_TOLERANCE_MV = 0.02  # root mean square: recorders round, and filter lead by lead
_TOLERANCE = 0.10  # and as a share of the limb leads' own root mean square
_WAVES = ((-0.22, -0.06), (-0.05, 0.08), (0.10, 0.45))  # s around the QRS: P, QRS, T


def broken_laws(clean: NDArray[np.floating]) -> str | None:
    """Say which rows break the limb-lead laws, given (12, samples) without wander; else None."""
    covariance = np.asarray(clean @ clean.T / clean.shape[1], dtype=np.float64)
    if _lawful(covariance):
        return None
    for one, two in _row_swaps():
        order = np.arange(12)
        order[[one, two]] = two, one
        if _lawful(covariance[np.ix_(order, order)]):
            return f"{LEADS[one]} and {LEADS[two]} seem to be exchanged"
    for row in range(6):
        sign = np.ones(12)
        sign[row] = -1
        if _lawful(covariance * np.outer(sign, sign)):
            return f"{LEADS[row]} seems to be upside down"
    return UNRELATED


def ill_scaled(clean: NDArray[np.floating]) -> bool:
    """Whether the limb-lead laws fail in millivolts but hold once each lead has its own gain.

    ``clean`` is (12, samples) without wander. Headers do lie so: 85 of 100 records of the
    Lobachevsky University database have such gains.
    """
    limb = np.asarray(clean[:6] @ clean[:6].T / clean.shape[1], dtype=np.float64)
    if _lawful(limb):
        return False
    for law, (target, one, two) in zip(_LAWS, _SOURCES, strict=True):
        sources = [one, two]
        weights = np.linalg.lstsq(limb[np.ix_(sources, sources)], limb[sources, target])[0]
        unexplained = limb[target, target] - weights @ limb[sources, target]
        as_stated = -law[sources] * law[target]  # the law, solved for its target
        if unexplained > _UNEXPLAINED * limb[target, target] or (weights * as_stated <= 0).any():
            return False
    return True


def exchanged_electrodes(beat: Floats) -> str | None:
    """Name the exchange of electrodes that this common beat speaks for; None for no exchange.

    ``beat`` is (12, samples) in mV at 100 Hz, as ``core.beats`` cuts it.
    """
    rule = _rule()
    logits = rule.weights @ features(beat[None, list(INDEPENDENT)])[0] + rule.bias
    evidence = np.logaddexp.reduce(logits[1:]) - logits[0]
    return rule.names[1 + int(logits[1:].argmax())] if evidence > rule.limit else None


def transforms() -> dict[str, Floats]:
    """What each exchange does to (I, II, V1..V6): 8 x 8 matrices by the exchange's name.

    With the right leg's electrode on an arm, that arm reads what the left leg reads, since
    both legs see the same potential; Wilson's terminal moves with it.
    """
    limb = {
        "the arm electrodes (RA and LA)": [[-1, 0], [-1, 1]],
        "the left arm and left leg electrodes (LA and LL)": [[0, 1], [1, 0]],
        "the right arm and left leg electrodes (RA and LL)": [[1, -1], [0, -1]],
        "the limb electrodes (RA on the left arm, LA on the left leg, LL on the right arm)": [
            [-1, 1],
            [-1, 0],
        ],
        "the limb electrodes (RA on the left leg, LA on the right arm, LL on the left arm)": [
            [0, -1],
            [1, -1],
        ],
    }
    found = {NONE: np.eye(8)} | {name: _on_limbs(matrix) for name, matrix in limb.items()}
    found["the right arm and right leg electrodes (RA and RL)"] = _leg_on_arm(
        [[1, -1], [0, 0]], terminal=[0, -1 / 3]
    )
    found["the left arm and right leg electrodes (LA and RL)"] = _leg_on_arm(
        [[0, 1], [0, 1]], terminal=[1 / 3, -1 / 3]
    )
    for one, two in combinations(range(6), 2):
        order = np.arange(8)
        order[[2 + one, 2 + two]] = 2 + two, 2 + one
        found[f"V{one + 1} and V{two + 1}"] = np.eye(8)[order]
    found["the chest electrodes (V1 to V6 in reverse)"] = np.eye(8)[[0, 1, 7, 6, 5, 4, 3, 2]]
    return found


def features(beats: Floats) -> Floats:
    """What the rule weighs, from (beats, 8, samples) at 100 Hz: (beats, 156), no unit.

    For P, QRS and T each the products of all pairs of leads and the area of each lead, and the
    area of the beginning, middle and end of QRS; all relative to the size of that wave.
    """
    beats = beats - beats[:, :, _span(-0.08, -0.05)].mean(axis=2, keepdims=True)
    pairs = np.triu_indices(8)
    found: list[Floats] = []
    for wave in _WAVES:
        part = beats[:, :, _span(*wave)]
        products = part @ part.transpose(0, 2, 1)
        power = np.trace(products, axis1=1, axis2=2)[:, None] + 1e-6
        found += [
            8 * products[:, pairs[0], pairs[1]] / power,
            part.sum(axis=2) * np.sqrt(8 / power / part.shape[2]),
        ]
    qrs = beats[:, :, _span(*_WAVES[1])]
    size = np.sqrt((qrs**2).sum(axis=(1, 2)))[:, None] + 1e-3
    found += [third.sum(axis=2) / size for third in np.split(qrs, (5, 8), axis=2)]
    return np.concatenate(found, axis=1)


class _Rule:
    """The committed coefficients, as ``core.interchange_fit`` wrote them."""

    def __init__(self) -> None:
        stored = json.loads(COEFFICIENTS.read_text())
        self.names: list[str] = stored["names"]
        self.weights = np.array(stored["weights"])
        self.bias = np.array(stored["bias"])
        self.limit = float(stored["limit"])


@cache
def _rule() -> _Rule:
    return _Rule()


@cache
def _row_swaps() -> tuple[tuple[int, int], ...]:
    """Pairs of rows with a limb lead among them: only those can mend a limb-lead law."""
    return tuple((one, two) for one, two in combinations(range(12), 2) if one < 6)


def _lawful(covariance: Floats) -> bool:
    limb = covariance[:6, :6]
    broken = np.sqrt(np.maximum(np.einsum("li,ij,lj->l", _LAWS, limb, _LAWS), 0))
    allowed = _TOLERANCE_MV + _TOLERANCE * np.sqrt(np.trace(limb) / 6)
    return bool((broken <= allowed).all())


def _on_limbs(matrix: list[list[int]]) -> Floats:
    whole = np.eye(8)
    whole[:2, :2] = matrix
    return whole


def _leg_on_arm(matrix: list[list[int]], terminal: list[float]) -> Floats:
    whole = _on_limbs(matrix)
    whole[2:, :2] = terminal
    return whole


def _span(start: float, end: float) -> slice:
    return slice(round((start + BEFORE_S) * RATE), round((end + BEFORE_S) * RATE))
