"""Hypertrophy: more muscle, more voltage, and a wave that lasts longer."""

import numpy as np

from core.simulate import atlas
from core.simulate.heart import sokolow_lyon
from core.simulate.infarction import change_forces
from core.simulate.vcg import Array, Beat, Dipole, Wave, rotation

# Median differences of 86 records with LVH (likelihood >= 80) and no superclass but HYP from
# normals of their age, sex and QRS magnitude (PTB-XL folds 1-8), microvolts, rounded: forces
# grow to the back and left, T falls away from them.
_LEFT_VENTRICLE = (
    (-35, -5, -25), (0, 15, 20), (190, 90, 160), (110, 10, -40), (70, 25, -100), (40, 15, -45),
)  # fmt: skip
_LEFT_T = ((-18, -8, 11), (-56, -34, 30), (-21, -23, 27), (-6, -4, 11))
# Right ventricular hypertrophy is rare in PTB-XL (2 records pure enough to measure): placed so
# that V1 shows R > S, V5-V6 a deep S, and the axis lies beyond 90 degrees (AHA/ACC/HRS 2009).
_RIGHT_VENTRICLE = ((8, 13, (-0.55, 0.22, -0.55)), (30, 13, (-0.50, 0.10, -0.28)))
_RIGHT_T = ((0, -10, 60), (-20, -40, 170), (-10, -30, 120), (0, 0, 20))
_SOKOLOW_LYON = 3.5  # mV


def left_ventricle(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """Left ventricular hypertrophy: Sokolow-Lyon of 3.5 mV or more, forces left and back."""
    qrs = change_forces(beat, atlas.millivolts(_LEFT_VENTRICLE) * min(severity, 1.5))
    grown = beat.each({Wave.QRS: qrs.stretched(rng.uniform(1.0, 1.12), 0.0)})
    target = _SOKOLOW_LYON + 0.1 + abs(rng.normal(0, 0.75)) * severity
    factor = max(target / sokolow_lyon(grown), 1.0)
    return grown.each(
        {
            Wave.QRS: grown.qrs.scaled(factor),
            Wave.ST: beat.st.scaled(factor),
            Wave.T: beat.t.scaled(factor).moved(atlas.millivolts(_LEFT_T) * severity * factor),
        }
    )


def right_ventricle(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """Right ventricular hypertrophy: R > S in V1, axis to the right, deep S in V5-V6."""
    right = Dipole.of(_RIGHT_VENTRICLE).rotated(rotation(2, rng.normal(0, 8)))
    left = beat.qrs.scaled(0.75)
    return beat.each(
        {
            Wave.QRS: left.plus(right.scaled(np.clip(severity, 0.9, 1.6))),
            Wave.T: beat.t.moved(atlas.millivolts(_RIGHT_T) * severity),
        }
    )


def left_atrium(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """Left atrial enlargement: P of 120 ms or more, notched in II, its end deep in V1."""
    return beat.each({Wave.P: _atrium(beat.p, 1, (0.04, 0.02, 0.075), severity, later=0.034)})


def right_atrium(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """Right atrial enlargement: P of 0.25 mV or more in II, pointed."""
    delta = (0.005, 0.135, -0.05)
    return beat.each({Wave.P: _atrium(beat.p, 0, delta, severity, later=0.01)})


def _atrium(
    p: Dipole, lobe: int, delta: tuple[float, ...], severity: float, later: float
) -> Dipole:
    moment = p.moment.copy()
    moment[lobe] += np.array(delta) * np.clip(severity, 0.9, 1.6)
    centre: Array = p.centre.copy()
    centre[1] += later
    centre -= later / 2  # it grows to both sides
    return Dipole(centre, p.width, moment)
