"""Where the waves of a beat begin and end, and the frontal axis, read off the dipoles."""

from dataclasses import dataclass

import numpy as np

from core.simulate.vcg import DOWER, Beat, Dipole

_GRID = np.arange(-0.6, 1.0, 0.001)  # s from the R peak
# A wave is there while its vector exceeds this share of its largest size: 0.02 to 0.04 mV in
# QRS, about what is seen to leave the baseline on paper. T fades slowly, and its end is read
# where its steepest slope would meet the baseline.
_QRS_SHARE, _SHARE, _T_SHARE = 0.02, 0.06, 0.15


@dataclass(frozen=True)
class Fiducials:
    """Times in s from the R peak; ``p_on`` and ``p_off`` are None where no P leads the beat."""

    p_on: float | None
    p_off: float | None
    qrs_on: float
    qrs_off: float
    t_off: float


def span(dipole: Dipole, share: float = _SHARE) -> tuple[float, float]:
    """Begin and end of a wave in s from the R peak: it exceeds a share of its largest size."""
    size = np.linalg.norm(dipole.at(_GRID), axis=0)
    if size.max() == 0:
        return 0.0, 0.0
    there = np.flatnonzero(size > share * size.max())
    return float(_GRID[there[0]]), float(_GRID[there[-1]])


def qrs_span(beat: Beat) -> tuple[float, float]:
    """Begin and end of QRS in s from the R peak."""
    return span(beat.qrs, _QRS_SHARE)


def fiducials(beat: Beat) -> Fiducials:
    """The fiducial points of one beat."""
    p_on, p_off = span(beat.p) if len(beat.p.centre) else (None, None)
    qrs_on, qrs_off = qrs_span(beat)
    return Fiducials(p_on, p_off, qrs_on, qrs_off, t_off=span(beat.t, _T_SHARE)[1])


def frontal_axis(dipole: Dipole) -> float:
    """Electrical axis in degrees from the net areas in I and aVF, -180 to 180."""
    area = (dipole.moment * dipole.width[:, None]).sum(axis=0)
    one, two = DOWER[:2] @ area
    return float(np.rad2deg(np.arctan2((two - one / 2) * 2 / np.sqrt(3), one)))
