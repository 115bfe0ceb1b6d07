"""Conduction disturbances: the same muscle, reached late or by another way."""

import numpy as np

from core.simulate import atlas
from core.simulate.fiducials import frontal_axis, qrs_span
from core.simulate.heart import with_pr
from core.simulate.infarction import change_forces, relative_size
from core.simulate.vcg import Array, Beat, Dipole, Wave, rotation

Vector = tuple[float, float, float]
Lobe = tuple[float, float, Vector]

# Left bundle branch block: the septum is crossed from right to left, then the left ventricle
# slowly, away from V1. Medians of 337 records with CLBBB and no superclass but CD (PTB-XL folds
# 1-8), on lobes 20 ms apart; their overlap makes the plateau and the notch of I, aVL, V5-V6.
_LEFT_BLOCK = (
    (-38, 14, (0.30, 0.04, 0.38)),
    (-18, 14, (0.38, 0.06, 0.95)),
    (2, 14, (0.40, 0.06, 1.32)),
    (22, 14, (0.34, -0.04, 1.04)),
    (42, 14, (0.30, -0.14, 0.68)),
    (62, 14, (0.14, -0.14, 0.35)),
)
# ST and T against the main deflection, in microvolts, rows of the atlas from "early ST" on.
_LEFT_BLOCK_ST_T = (
    ((-90, -40, -150), (-85, -15, -180)),
    ((-120, -25, -270), (-140, 5, -400), (-40, 30, -280), (20, 28, -70)),
)
# Right bundle branch block: after the left ventricle, the right one alone, slowly, to the right
# and forwards. Medians of 148 records with CRBBB, less what the left ventricle has left.
_RIGHT_LATE = ((46, 12, (-0.22, -0.04, -0.32)), (66, 14, (-0.26, -0.03, -0.36)))
# The right ventricle no longer cancels, nor its front S, what the left does in the middle.
_RIGHT_MISSING = (
    (0, 0, 0), (-40, -20, -20), (-60, -90, -330), (-60, -110, -520), (-30, -20, -320),
    (-90, -30, -60),
)  # fmt: skip
_RIGHT_T = ((-40, 0, 150), (-30, -20, 235), (30, -10, 105), (55, 18, -20))
_INCOMPLETE_MISSING = (
    (0, 0, 0), (-40, -5, 0), (20, -60, -140), (-20, -110, -240), (-95, -40, -190),
    (-90, -45, -60),
)  # fmt: skip
_INCOMPLETE_LATE = ((47, 9, (-0.13, -0.05, -0.13)),)


def left_bundle(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """Complete left bundle branch block: QRS >= 120 ms, no septal Q, ST and T discordant."""
    # the block adds voltage of its own; the person's gain counts by its root
    gain = np.sqrt(relative_size(beat)) * float(np.exp(rng.normal(0, 0.15)))
    begin = qrs_span(beat)[0]
    qrs = Dipole.of(_LEFT_BLOCK).scaled(gain * np.exp(rng.normal(0, 0.12, len(_LEFT_BLOCK))))
    qrs = qrs.rotated(_small_turn(rng)).stretched(rng.uniform(0.84, 1.04), 0.0)
    qrs = qrs.shifted(begin - qrs_span(beat.each({Wave.QRS: qrs}))[0])
    st, t = (atlas.millivolts(rows) * gain * np.sqrt(severity) for rows in _LEFT_BLOCK_ST_T)
    late = 0.03
    changed = {
        Wave.QRS: qrs,
        Wave.ST: _first(beat.st, st).shifted(late),
        Wave.T: _first(beat.t, t).shifted(late),
    }
    return beat.each(changed)


def _first(dipole: Dipole, moment: Array) -> Dipole:
    """The dipole with its first lobes given new moments; an injury that came before stays."""
    return Dipole(dipole.centre, dipole.width, np.vstack([moment, dipole.moment[len(moment) :]]))


def right_bundle(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """Complete right bundle branch block: QRS >= 120 ms, rSR' in V1, wide S in I and V6."""
    strength = np.clip(severity, 0.8, 1.5) * np.sqrt(relative_size(beat))
    late = Dipole.of(_RIGHT_LATE).scaled(strength).rotated(_small_turn(rng))
    late = late.stretched(rng.uniform(0.95, 1.15), 0.03)
    qrs = change_forces(beat, atlas.millivolts(_RIGHT_MISSING)).plus(late)
    turned = beat.t.moved(atlas.millivolts(_RIGHT_T) * min(severity, 1.4))
    return beat.each({Wave.QRS: qrs, Wave.T: turned}).repolarisation_later(0.02)


def incomplete_right_bundle(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """Incomplete right bundle branch block: rSr' in V1 with QRS of 100-119 ms."""
    strength = np.clip(severity, 0.8, 1.4) * np.sqrt(relative_size(beat))
    late = Dipole.of(_INCOMPLETE_LATE).scaled(strength).rotated(_small_turn(rng))
    qrs = change_forces(beat, atlas.millivolts(_INCOMPLETE_MISSING)).plus(late)
    turned = beat.t.moved(atlas.millivolts(_RIGHT_T) * 0.4 * min(severity, 1.4))
    return beat.each({Wave.QRS: qrs, Wave.T: turned})


def left_anterior_fascicle(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """Left anterior fascicular block: axis -45 to -80 degrees, rS in II, III and aVF."""
    first = (-0.02, 0.13, -0.02)  # down and right by the posterior fascicle
    last = (42.0, 11.0, (-0.20, -0.14, 0.06))  # the upper wall, far from V5 and V6: S there
    axis = float(np.clip(rng.normal(-57, 7), -78, -50))
    return _fascicle(beat, first, last, axis, severity)


def left_posterior_fascicle(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """Left posterior fascicular block: axis 100 to 130 degrees, rS in I and aVL, qR in III."""
    first = (0.10, -0.12, -0.02)  # up and left by the anterior fascicle
    last = (42.0, 11.0, (-0.12, 0.14, 0.04))  # the lower wall
    axis = float(np.clip(rng.normal(112, 7), 102, 128))
    return _fascicle(beat, first, last, axis, severity)


def _fascicle(beat: Beat, first: Vector, last: Lobe, axis: float, severity: float) -> Beat:
    """Start by the fascicle that conducts, then turn the rest to ``axis`` about Z, end late."""
    begin = np.zeros_like(beat.qrs.moment)
    begin[:2] = np.array(first) * np.clip(severity, 0.8, 1.5)
    turn = np.array([0.0, 0.3, 0.85, 1.0, 1.0, 0.8] + [1.0] * (len(begin) - 6))[: len(begin)]
    qrs = beat.qrs
    for _ in range(6):  # the early lobes turn less, so approach the axis in steps
        missing = (axis - frontal_axis(qrs) + 180) % 360 - 180
        moments = [rotation(2, missing * t) @ m for t, m in zip(turn, qrs.moment, strict=True)]
        qrs = Dipole(qrs.centre, qrs.width, np.array(moments))
    qrs = qrs.scaled(0.8).moved(begin).plus(Dipole.of([last]))
    return beat.each({Wave.QRS: qrs})


def first_degree_block(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """First-degree AV block: PR above 200 ms."""
    return with_pr(beat, float(np.clip(0.235 + 0.03 * rng.standard_normal(), 0.208, 0.32)))


def slow_ventricles(beat: Beat, severity: float, rng: np.random.Generator) -> Beat:
    """Non-specific intraventricular delay: QRS above 110 ms, notched, of neither bundle's form."""
    begin, end = qrs_span(beat)
    target = rng.uniform(0.114, 0.135)
    notches = np.exp(rng.normal(0, 0.3, len(beat.qrs.centre)))
    # a lobe narrower than its distance to the next leaves a notch between them
    notched = Dipole(beat.qrs.centre, beat.qrs.width * 0.85, beat.qrs.moment * 1.1).scaled(notches)
    first, last = qrs_span(beat.each({Wave.QRS: notched}))
    qrs = notched.stretched(target / (last - first), first)
    later = target - (end - begin)
    return beat.each({Wave.QRS: qrs}).repolarisation_later(later / 2)


def _small_turn(rng: np.random.Generator) -> Array:
    return rotation(2, rng.normal(0, 12)) @ rotation(1, rng.normal(0, 7))
