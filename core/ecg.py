"""The words of the domain: leads, superclasses, and an ECG with its unit and rate."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.errors import SignalInvalid


class Lead(StrEnum):
    """The twelve leads, in the order in which they are always shown."""

    I = "I"  # noqa: E741  the field's name for it
    II = "II"
    III = "III"
    AVR = "aVR"
    AVL = "aVL"
    AVF = "aVF"
    V1 = "V1"
    V2 = "V2"
    V3 = "V3"
    V4 = "V4"
    V5 = "V5"
    V6 = "V6"


class Superclass(StrEnum):
    """The five diagnostic superclasses of PTB-XL, in the order in which they are always shown."""

    NORM = "NORM"
    MI = "MI"
    STTC = "STTC"
    CD = "CD"
    HYP = "HYP"

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title is of no use on a class name
        """The class in words, as a clinician would say it."""
        return _TITLES[self]

    @property
    def holds(self) -> str:
        """What belongs to it, by the SCP statements that PTB-XL gathers under it."""
        return _HOLDS[self]


_TITLES = {
    Superclass.NORM: "Normal ECG",
    Superclass.MI: "Myocardial infarction",
    Superclass.STTC: "ST/T change",
    Superclass.CD: "Conduction disturbance",
    Superclass.HYP: "Hypertrophy",
}

_HOLDS = {
    Superclass.NORM: "None of the other four. Rhythm is no part of it: an ECG in atrial "
    "fibrillation may be normal otherwise.",
    Superclass.MI: "Myocardial infarction of any place and age; subendocardial injury.",
    Superclass.STTC: "Change of ST or T: ischaemic, non-specific, by digitalis or electrolytes; "
    "long QT; aneurysm.",
    Superclass.CD: "AV block of any degree; bundle branch block, complete or not; fascicular "
    "block; non-specific intraventricular delay; WPW.",
    Superclass.HYP: "Hypertrophy of either ventricle or of the septum; overload or enlargement "
    "of an atrium.",
}

LEADS: tuple[Lead, ...] = tuple(Lead)
SUPERCLASSES: tuple[Superclass, ...] = tuple(Superclass)
DURATION_S = 10.0

Signal = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ecg:
    """A 12-lead ECG: ``signal`` is (12, samples) float32 in mV, ``rate`` in Hz.

    Rows follow ``LEADS``. Raises SignalInvalid for another shape or an impossible rate.
    NaN is let in: whether a signal can be read is for ``core.quality`` to say.
    """

    signal: Signal
    rate: float
    ecg_id: int | None = None

    def __post_init__(self) -> None:
        if self.signal.ndim != 2 or self.signal.shape[0] != len(LEADS):
            raise SignalInvalid(
                f"signal has shape {self.signal.shape}, not (12, samples): "
                "give one row a lead, in the order I II III aVR aVL aVF V1-V6"
            )
        if not 0 < self.rate < 100_000:
            raise SignalInvalid(f"rate {self.rate} Hz is not possible: give samples per second")

    @property
    def seconds(self) -> float:
        """Duration in s."""
        return float(self.signal.shape[1] / self.rate)

    @property
    def duration(self) -> str:
        """Duration in words, never rounded up: what is too short by a sample shows it."""
        return f"{math.floor(round(100 * self.seconds, 6)) / 100:.2f} s"

    def lead(self, lead: Lead) -> Signal:
        """One lead, (samples,) in mV."""
        row: Signal = self.signal[LEADS.index(lead)]
        return row
