"""A normal heart, drawn for an age, a sex and a rate."""

import numpy as np

from core.ptbxl import Sex
from core.simulate import atlas
from core.simulate.fiducials import qrs_span, span
from core.simulate.vcg import DOWER, Array, Beat, Dipole, Wave, rotation

_V1, _V5, _V6 = 2, 6, 7  # rows of DOWER
_AGE_SPAN = (18.0, 90.0)  # outside it the straight line of the atlas is not to be trusted
# Above this a normal heart of PTB-XL is rare, and the voltage alone would be called hypertrophy.
_NORMAL_SOKOLOW_LYON = 3.4  # mV

# Right, then left atrium: a compromise between the median P of NORM in folds 1-8 in the limb
# leads (0.06 mV in I, 0.09 mV in II) and in the chest leads (0.02 to 0.04 mV), which lie
# farther from the atria than Dower's matrix has it.
_ATRIA = ((30.0, 15.0, (0.038, 0.066, -0.030)), (60.0, 17.0, (0.060, 0.037, 0.042)))
_SQUARE_ROOT_RR_AT_70 = np.sqrt(60 / 70)


def draw_heart(rng: np.random.Generator, *, age: float, sex: Sex, heart_rate: float) -> Beat:
    """A normal beat at this rate (/min): no two hearts alike, each as PTB-XL's normals are."""
    moments = _moments(rng, age, sex)
    ventricles = _ventricles(moments, heart_rate)
    gain = _gain(rng, age, sex)
    beat = Beat(p=_atria(rng), **ventricles)
    beat = beat.each({Wave.QRS: beat.qrs.stretched(_qrs_stretch(rng), 0.0)})
    beat = beat.each({wave: beat.wave(wave).scaled(gain) for wave in Wave if wave != Wave.P})
    beat = _below_hypertrophy(beat)
    return with_pr(beat, _pr_interval(rng, age, heart_rate))


def _moments(rng: np.random.Generator, age: float, sex: Sex) -> Array:
    """Moments (13, 3) of one person: the mean of their age and sex, and what is their own."""
    decades = (np.clip(age, *_AGE_SPAN) - 54) / 10
    mean = atlas.MEAN + decades * atlas.PER_DECADE + _female(sex) * atlas.FEMALE
    scores = np.clip(rng.standard_normal(len(atlas.MODES)), -2.2, 2.2)
    own: Array = np.tensordot(scores, atlas.MODES, axes=1)
    moments = np.asarray(mean + own, dtype=np.float64)
    # the modes are directions: how large the heart is, only the gain says
    moments[atlas.QRS] *= atlas.QRS_MAGNITUDE / np.linalg.norm(moments[atlas.QRS])
    return moments


def _gain(rng: np.random.Generator, age: float, sex: Sex) -> float:
    """Voltage falls with age and is smaller in women: skin, chest and muscle."""
    decades = (np.clip(age, *_AGE_SPAN) - 54) / 10
    mean = decades * atlas.LOG_GAIN_PER_DECADE + _female(sex) * atlas.LOG_GAIN_FEMALE
    own = np.clip(rng.standard_normal(), -2.2, 2.2) * atlas.LOG_GAIN_SPREAD
    return float(np.exp(mean + own))


def _female(sex: Sex) -> float:
    return 0.5 if sex == "female" else -0.5


def _ventricles(moments: Array, heart_rate: float) -> dict[str, Dipole]:
    """QRS, ST, T and U; T and U come earlier and shorter at a higher rate."""
    centre = np.array([lobe[1] for lobe in atlas.LOBES]) / 1000
    width = np.array([lobe[2] for lobe in atlas.LOBES]) / 1000
    factor = qt_factor(heart_rate)
    late = centre >= 0.2
    centre = np.where(late, 0.06 + (centre - 0.06) * factor, centre)
    width = np.where(late, width * factor, width)
    parts = {"qrs": atlas.QRS, "st": atlas.ST, "t": atlas.T, "u": atlas.U}
    waves = {name: Dipole(centre[s], width[s], moments[s]) for name, s in parts.items()}
    return waves | {"qrs": _sharp(waves["qrs"])}


def _sharp(qrs: Dipole) -> Dipole:
    """QRS as it was before the filter and the median of the atlas: as large in area, narrower.

    Its first and last lobes stay: activation begins and ends in little muscle, and slowly.
    """
    blur = np.full(len(qrs.width), atlas.BLUR_S)
    blur[[0, -1]] = 0
    width = np.sqrt(qrs.width**2 - blur**2)
    return Dipole(qrs.centre, width, qrs.moment * (qrs.width / width)[:, None])


def qt_factor(heart_rate: float) -> float:
    """How much later T comes than at 70 /min: the square root of RR, as the atlas was fitted."""
    return float(np.clip(np.sqrt(60 / heart_rate) / _SQUARE_ROOT_RR_AT_70, 0.75, 1.3))


def _qrs_stretch(rng: np.random.Generator) -> float:
    """Brings QRS to 87 ms (80 to 93), as marked in 23 sinus records of LUDB without block."""
    return float(np.clip(rng.normal(1.06, 0.06), 0.94, 1.18))


def _atria(rng: np.random.Generator) -> Dipole:
    dipole = Dipole.of(_ATRIA)
    size = np.exp(0.22 * np.clip(rng.standard_normal(2), -2, 2))
    turned = dipole.rotated(rotation(2, rng.normal(0, 10)) @ rotation(1, rng.normal(0, 8)))
    return turned.scaled(size).stretched(rng.normal(1.0, 0.07), 0.0)


def _pr_interval(rng: np.random.Generator, age: float, heart_rate: float) -> float:
    """PR in s: longer with age, shorter with the rate; 120-200 ms in a normal heart."""
    mean = 0.156 + 0.00025 * (age - 50) - 0.00025 * (heart_rate - 70)
    return float(np.clip(rng.normal(mean, 0.017), 0.122, 0.195))


def with_pr(beat: Beat, interval: float) -> Beat:
    """The beat with P begun ``interval`` s before QRS."""
    begin = qrs_span(beat)[0] - interval
    return beat.each({Wave.P: beat.p.shifted(begin - span(beat.p)[0])})


def sokolow_lyon(beat: Beat) -> float:
    """S in V1 plus the taller R of V5 and V6, in mV (Sokolow and Lyon, Am Heart J 37:161, 1949)."""
    leads = DOWER @ beat.qrs.at(np.arange(-0.1, 0.2, 0.002))
    return float(-leads[_V1].min() + max(leads[_V5].max(), leads[_V6].max()))


def _below_hypertrophy(beat: Beat) -> Beat:
    excess = sokolow_lyon(beat) / _NORMAL_SOKOLOW_LYON
    if excess <= 1:
        return beat
    return beat.each({wave: beat.wave(wave).scaled(1 / excess) for wave in Wave if wave != Wave.P})
