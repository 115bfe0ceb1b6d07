"""Myocardial infarction: the wall that died no longer pulls the heart vector towards itself.

A territory is what its loss does to the moments of the QRS lobes (the front crosses it at its
own time: septum first, then apex, free wall, base) and of T, which turns away from the scar. An
acute infarct adds the injury vector towards the wall: ST elevation in the leads that face it,
depression in those that look from behind, with no further rule.

``lost`` and ``turned`` are median differences, in microvolts, from normals of the same age and
sex at the same QRS magnitude, measured on PTB-XL folds 1-8 over the records with the statement
at likelihood >= 80 and no other superclass (IMI 358, ASMI 448, AMI 38, ALMI 75, LMI 20, ILMI
136; posterior: 38 with PMI, IPMI or IPLMI, any likelihood), rounded.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.simulate import atlas
from core.simulate.findings import Finding
from core.simulate.vcg import Array, Beat, Dipole, Wave


class Stage(StrEnum):
    """The age of an infarct, as PTB-XL's ``infarction_stadium1`` writes it."""

    ACUTE = "Stadium I"
    SUBACUTE = "Stadium II"
    OLD = "Stadium III"


@dataclass(frozen=True)
class Territory:
    """What one infarct takes away."""

    wall: Array  # unit vector towards the wall that died
    lost: Array  # (6, 3) mV, a row a QRS lobe: septal, apical, left, lateral, basal, terminal
    turned: Array  # (4, 3) mV, a row a T lobe: rise, shoulder, peak, fall


Rows = tuple[tuple[int, int, int], ...]


def _territory(wall: tuple[float, float, float], lost: Rows, turned: Rows) -> Territory:
    vector = np.array(wall)
    return Territory(vector / np.linalg.norm(vector), *map(atlas.millivolts, (lost, turned)))


TERRITORIES: dict[Finding, Territory] = {
    Finding.ASMI: _territory(
        (0.25, 0.1, -1.0),
        ((-20, 0, 70), (30, 35, 365), (-280, -10, 750), (-220, -125, 210), (95, -5, -145),
         (-20, 0, -30)),
        ((-40, -7, 10), (-150, -14, 75), (-90, -12, 60), (0, 0, 10)),
    ),
    Finding.AMI: _territory(
        (0.45, 0.1, -0.9),
        ((0, 20, 60), (40, 40, 280), (-120, 20, 450), (-120, -90, 150), (20, -50, -120),
         (-10, 0, -30)),
        ((-35, -5, 5), (-120, -25, 45), (-75, -15, 40), (-5, 0, 10)),
    ),
    Finding.ALMI: _territory(
        (0.85, -0.1, -0.6),
        ((-50, 0, 25), (-110, 0, 295), (-705, -5, 895), (-365, -200, 305), (205, -30, -125),
         (-20, 0, -20)),
        ((-45, -10, 5), (-230, -20, 40), (-120, -15, 25), (-10, 0, 20)),
    ),
    Finding.LMI: _territory(
        (1.0, -0.3, -0.1),
        ((-45, 65, 60), (-60, 150, 280), (-560, 85, 550), (-580, -50, 180), (165, -25, -140),
         (-30, 0, -30)),
        ((-36, -5, 5), (-195, 0, 60), (-125, 0, 80), (-20, 0, 20)),
    ),
    Finding.IMI: _territory(
        (0.0, 1.0, 0.15),
        ((-5, -25, 20), (15, -100, 70), (-10, -200, 335), (-95, -120, 80), (65, 25, -75),
         (-20, 0, -15)),
        ((-30, -13, 20), (-105, -60, 20), (-55, -36, 5), (0, 0, 0)),
    ),
    Finding.ILMI: _territory(
        (0.65, 0.75, 0.1),
        ((-80, -70, -5), (-75, -150, 80), (-400, -200, 550), (-205, -145, 105), (145, 35, -30),
         (-20, 0, -25)),
        ((-55, -20, 5), (-190, -95, 15), (-90, -50, 0), (0, 0, 10)),
    ),
    Finding.PMI: _territory(
        (0.15, 0.35, 1.0),
        ((-15, -10, 25), (-210, -80, -90), (-50, -300, -705), (185, -75, -400), (70, 75, 115),
         (35, 5, -25)),
        ((-47, -8, 56), (-167, -57, 70), (-86, -38, 0), (5, 5, 0)),
    ),
}  # fmt: skip

# How much of the loss shows as Q, how deep T turns, and the range of the injury vector in mV.
# Q waves take hours to form and T turns in days; PTB-XL's own stages give no voltages.
_COURSE = {
    Stage.ACUTE: (0.55, -0.25, (0.14, 0.32)),
    Stage.SUBACUTE: (0.9, 1.7, (0.04, 0.12)),
    Stage.OLD: (1.0, 1.0, (0.0, 0.03)),
}
# Three lobes that overlap to a plateau of their moment from the J point to the rise of T.
_PLATEAU = ((72.0, 24.0), (115.0, 28.0), (162.0, 32.0))


def infarct(
    beat: Beat, finding: Finding, stage: Stage, severity: float, rng: np.random.Generator
) -> Beat:
    """The beat of a heart with this infarct; severity 1 is the median of PTB-XL."""
    territory = TERRITORIES[finding]
    necrosis, turning, (least, most) = _COURSE[stage]
    injury = min(severity, 1.5) * rng.uniform(least, most)
    scarred = change_forces(beat, territory.lost * (necrosis * severity))
    # a scar turns the vector but gives no voltage: 10 % less at the median
    left = np.exp(-0.1 * necrosis * severity) * np.linalg.norm(beat.qrs.moment)
    return beat.each(
        {
            Wave.QRS: scarred.scaled(left / np.linalg.norm(scarred.moment)),
            Wave.ST: beat.st.plus(plateau(territory.wall * injury)),
            Wave.T: beat.t.moved(territory.turned * (turning * severity * t_size(beat))),
        }
    )


def plateau(vector: Array) -> Dipole:
    """A level shift of the ST segment by ``vector`` (3,) in mV."""
    lobes = Dipole.of([(centre, width, (0.0, 0.0, 0.0)) for centre, width in _PLATEAU])
    return lobes.moved(np.tile(vector * 0.68, (len(_PLATEAU), 1)))  # 0.68: they overlap


def change_forces(beat: Beat, table: Array) -> Dipole:
    """QRS with a table of the atlas (6, 3; mV) added at this beat's size.

    What the atlas gives to its wide lobes goes to narrower ones as the same area.
    """
    taller = atlas.QRS_WIDTH_S / beat.qrs.width[: len(table)]
    return beat.qrs.moved(table * taller[:, None] * relative_size(beat))


def relative_size(beat: Beat) -> float:
    """QRS magnitude, as areas of its lobes, in units of the atlas."""
    areas = beat.qrs.moment * beat.qrs.width[:, None]
    return float(np.linalg.norm(areas) / (atlas.QRS_MAGNITUDE * atlas.QRS_WIDTH_S))


def t_size(beat: Beat) -> float:
    """T magnitude in units of the atlas, halfway to one: a tall T takes more to be turned."""
    relative = np.linalg.norm(beat.t.moment) / np.linalg.norm(atlas.MEAN[atlas.T])
    return float(np.clip(np.sqrt(relative), 0.7, 1.6))
