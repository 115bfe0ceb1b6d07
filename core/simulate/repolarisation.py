"""ST-T change: the ventricles are reached as ever and recover otherwise.

Tables are median differences, in microvolts, of the ST and T lobes (rows of the atlas: early ST,
late ST, T rise, shoulder, peak, fall) from normals of the same age, sex and QRS magnitude, on
PTB-XL folds 1-8, records with the statement at likelihood >= 80 and no superclass but STTC (NDT
848, NST_ 244, ISC_ 29, ISCAL 112, ISCAS 48, ISCIN 67, DIG 47, LNGQT 45), rounded. Ischaemia under
the endocardium gives an injury vector away from the wall: ST falls in the leads that face it.
"""

from dataclasses import dataclass

import numpy as np

from core.simulate import atlas
from core.simulate.findings import Finding
from core.simulate.infarction import plateau, t_size
from core.simulate.vcg import Array, Beat, Wave

_ST = slice(0, 2)
_T = slice(2, 6)


@dataclass(frozen=True)
class Change:
    """How ST and T differ in one statement."""

    table: Array  # (6, 3) mV
    depression: tuple[float, float, float] = (0.0, 0.0, 0.0)  # mV, of the whole ST segment


def _change(
    rows: tuple[tuple[int, int, int], ...],
    depression: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Change:
    return Change(atlas.millivolts(rows), depression)


# The medians hold every grade from a hint to a strain pattern; ``depression`` adds to ST what
# the median hides and the statement means: 0.05 mV and more in the leads that it names.
CHANGES: dict[Finding, Change] = {
    Finding.NDT: _change(
        ((-15, -5, 12), (-20, -8, 12), (-41, -17, 33),
         (-135, -58, 61), (-76, -36, 24), (3, 2, 2))
    ),
    Finding.NST: _change(
        ((-24, -14, 19), (-27, -14, 15), (-47, -23, 41),
         (-139, -63, 72), (-88, -40, 38), (-3, 0, 4)),
        (-0.02, -0.02, 0.01),
    ),
    Finding.ISC: _change(
        ((-32, -14, 22), (-33, -17, 19), (-47, -19, 35),
         (-128, -64, 96), (-126, -64, 48), (2, 6, 12)),
        (-0.03, -0.02, 0.01),
    ),
    Finding.ISCAL: _change(
        ((-32, -14, 16), (-40, -15, 12), (-74, -29, 37),
         (-216, -73, 64), (-126, -55, 37), (-2, 3, 7)),
        (-0.04, -0.005, 0.015),
    ),
    Finding.ISCAS: _change(
        ((-14, 1, 37), (-27, -6, 32), (-52, -5, 68),
         (-192, -63, 136), (-132, -37, 100), (-8, 4, 5)),
        (-0.015, 0.0, 0.04),
    ),
    Finding.ISCIN: _change(
        ((-32, -25, 24), (-34, -31, 15), (-54, -55, 39),
         (-147, -121, 58), (-97, -65, 36), (-4, 3, 7)),
        (-0.01, -0.04, 0.0),
    ),
    Finding.DIG: _change(
        ((-38, -10, 30), (-41, -16, 30), (-54, -22, 40),
         (-139, -63, 88), (-98, -52, 44), (3, 7, 5)),
        (-0.03, -0.02, 0.01),
    ),
    Finding.LNGQT: _change(
        ((-19, -15, 23), (-23, -12, 19), (-46, -22, 52),
         (-110, -60, 70), (-40, -30, 0), (60, 25, -40))
    ),
}  # fmt: skip
# QT against the normal one: digitalis shortens it, a long QT is 460 ms or more at 60 /min.
_QT = {Finding.DIG: 0.93, Finding.LNGQT: 1.17}


def recover_otherwise(
    beat: Beat, finding: Finding, severity: float, rng: np.random.Generator
) -> Beat:
    """The beat with this ST-T change; severity 1 is the median of PTB-XL."""
    change = CHANGES[finding]
    size = t_size(beat)
    depth = severity * rng.uniform(0.7, 1.3)
    st = beat.st.moved(change.table[_ST] * severity * size)
    changed = {
        Wave.ST: st.plus(plateau(np.array(change.depression) * depth)),
        Wave.T: beat.t.moved(change.table[_T] * severity * size),
    }
    return _with_qt(beat.each(changed), _QT.get(finding, 1.0))


def _with_qt(beat: Beat, factor: float) -> Beat:
    if factor == 1:
        return beat
    late = (Wave.T, Wave.U)
    return beat.each({wave: beat.wave(wave).stretched(factor, -0.04) for wave in late})
