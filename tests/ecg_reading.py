"""Reads a noiseless ECG as one would with calipers: from the samples, not from the dipoles."""

import numpy as np
from numpy.typing import NDArray

from core.ecg import LEADS, Lead
from core.simulate import Simulated

RATE = 500


class Reading:
    """One sinus beat of a simulated record.

    What changes slower than ``steady`` times the steepest slope is not QRS; the tall T of a
    bundle branch block asks for more than the 4 % of other beats.
    """

    def __init__(self, simulated: Simulated, steady: float = 0.04) -> None:
        beats = [beat for beat in simulated.truth.beats if not beat.ectopic]
        self.beat = next(beat for beat in beats if beat.r > 1.0)
        self.signal = simulated.clean
        self._on, self._off = self._qrs(steady)
        pq = slice(self._on - 8, self._on - 4)
        self.signal = self.signal - self.signal[:, pq].mean(axis=1, keepdims=True)

    def _qrs(self, steady: float) -> tuple[int, int]:
        r = round(self.beat.r * RATE)
        around = slice(r - 70, r + 90)
        speed = np.sqrt((np.diff(self.signal[:, around], axis=1) ** 2).sum(axis=0))
        fast = np.flatnonzero(speed > steady * speed.max())
        fast = fast[_one_run(fast)]
        return int(fast[0]) + r - 70, int(fast[-1]) + 1 + r - 70

    @property
    def qrs_ms(self) -> float:
        return (self._off - self._on) * 1000 / RATE

    @property
    def pr_ms(self) -> float:
        assert self.beat.p_on is not None
        return (self._on / RATE - self.beat.p_on) * 1000

    def qrs(self, lead: Lead) -> NDArray[np.float64]:
        return self._lead(lead)[self._on : self._off]

    def r(self, lead: Lead) -> float:
        return float(self.qrs(lead).max())

    def s(self, lead: Lead) -> float:
        """Depth below the baseline, as a positive number."""
        return float(-self.qrs(lead).min())

    def q(self, lead: Lead) -> float:
        """Depth of what comes before the first R of 0.05 mV or more, as a positive number."""
        wave = self.qrs(lead)
        up = np.flatnonzero(wave > 0.05)
        first = up[0] if len(up) else len(wave)
        return float(max(-wave[:first].min(), 0)) if first else 0.0

    def late(self, lead: Lead, part: float = 0.45) -> NDArray[np.float64]:
        """The last part of QRS."""
        wave = self.qrs(lead)
        return wave[int((1 - part) * len(wave)) :]

    def st(self, lead: Lead, after_ms: float = 60) -> float:
        """Level so many ms after the end of QRS."""
        return float(self._lead(lead)[self._off + round(after_ms / 1000 * RATE)])

    def t(self, lead: Lead) -> float:
        """The T wave's largest deflection, with its sign."""
        begin = self._off + round(0.1 * RATE)
        wave = self._lead(lead)[begin : round((self.beat.t_off) * RATE)]
        return float(wave[np.abs(wave).argmax()])

    def p(self, lead: Lead) -> NDArray[np.float64]:
        """The P wave against the level before it."""
        assert self.beat.p_on is not None and self.beat.p_off is not None
        on, off = round(self.beat.p_on * RATE), round(self.beat.p_off * RATE)
        wave: NDArray[np.float64] = self._lead(lead)[on:off]
        return wave - wave[0]

    def axis(self) -> float:
        one, foot = self.qrs(Lead.I).sum(), self.qrs(Lead.AVF).sum()
        return float(np.rad2deg(np.arctan2(foot * 2 / np.sqrt(3), one)))

    def _lead(self, lead: Lead) -> NDArray[np.float64]:
        row: NDArray[np.float64] = self.signal[LEADS.index(lead)]
        return row


def _one_run(fast: NDArray[np.intp]) -> slice:
    """The run of fast samples around the fastest, gaps of 30 ms or less bridged."""
    gaps = np.flatnonzero(np.diff(fast) > 0.03 * RATE)
    edges = [0, *(gaps + 1), len(fast)]
    runs = [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]
    return max(runs, key=lambda run: run.stop - run.start)
