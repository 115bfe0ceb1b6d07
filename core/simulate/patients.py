"""Who comes to be recorded, and with what: patients, visits and findings in PTB-XL's proportions.

Shares are those of PTB-XL 1.0.3, folds 1-8 (17,084 labelled records).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from core.ecg import Superclass
from core.ptbxl import Sex
from core.simulate.findings import Finding

FOLDS = 10
_Choice = TypeVar("_Choice")
_F = Finding
_FIRST_DAY = datetime(1990, 1, 1)
_DAYS = 3650

_NORM, _MI, _STTC, _CD, _HYP = Superclass
# Records by set of superclasses. NORM with a second class (351) is left out: the simulator's
# normal ECG has no finding.
_SETS: tuple[tuple[tuple[Superclass, ...], int], ...] = (
    ((_NORM,), 7243),
    ((_MI,), 2043),
    ((_STTC,), 1903),
    ((_CD,), 1353),
    ((_MI, _CD), 1035),
    ((_STTC, _HYP), 650),
    ((_MI, _STTC), 474),
    ((_HYP,), 415),
    ((_STTC, _CD), 386),
    ((_MI, _STTC, _HYP), 282),
    ((_CD, _HYP), 235),
    ((_MI, _STTC, _CD), 177),
    ((_STTC, _CD, _HYP), 168),
    ((_MI, _HYP), 146),
    ((_MI, _STTC, _CD, _HYP), 122),
    ((_MI, _CD, _HYP), 99),
)
# Records by statement. Rarer relatives are counted with the statement that they resemble.
_STATEMENTS: dict[Superclass, dict[Finding, int]] = {
    _NORM: {_F.NORM: 1},
    _MI: {
        _F.IMI: 2143, _F.ASMI: 1887, _F.ILMI: 383, _F.AMI: 282, _F.ALMI: 232, _F.LMI: 161,
        _F.PMI: 80,
    },
    _STTC: {
        _F.NDT: 1461, _F.ISC: 1019, _F.ISCAL: 783, _F.NST: 615, _F.ISCIN: 318, _F.ISCAS: 170,
        _F.DIG: 145, _F.LNGQT: 94,
    },
    _CD: {
        _F.LAFB: 1298, _F.IRBBB: 894, _F.AVB1: 634, _F.IVCD: 630, _F.CRBBB: 432, _F.CLBBB: 490,
        _F.LPFB: 141,
    },
    _HYP: {_F.LVH: 1708, _F.LAE: 341, _F.RVH: 102, _F.RAE: 79},
}  # fmt: skip
# A left bundle block hides infarct, strain and voltage.
_EXCLUDES: dict[Finding, frozenset[Superclass]] = {
    _F.CLBBB: frozenset((_MI, _STTC, _HYP)),
}
# Quantiles of age at 0, 5, 25, 50, 75, 95 and 100 %: NORM, and any other class.
_QUANTILES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
_AGE_NORMAL = (16, 20, 40, 54, 65, 80, 92)
_AGE_OTHER = (18, 42, 57, 66, 75, 85, 94)
_FEMALE = {_NORM: 0.554, _MI: 0.361, _STTC: 0.50, _CD: 0.368, _HYP: 0.421}
_ECTOPIC = 0.05  # share of records with a ventricular premature complex
_VISITS = (1, 2, 3, 4)
_VISIT_SHARES = (0.885, 0.085, 0.02, 0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One recording to be simulated."""

    patient_id: int
    number: int  # of this patient's visits, from 0
    fold: int
    age: float
    sex: Sex
    findings: tuple[Finding, ...]
    heart_rate: float
    ectopics: int
    recorded_at: datetime


def draw_visits(rng: np.random.Generator, count: int) -> list[Visit]:
    """So many visits in the order of their date; a patient's visits share findings and fold."""
    visits: list[Visit] = []
    patient = 0
    while len(visits) < count:
        patient += 1
        visits.extend(_patient(rng, patient)[: count - len(visits)])
    return sorted(visits, key=lambda visit: (visit.recorded_at, visit.patient_id))


def _patient(rng: np.random.Generator, patient_id: int) -> list[Visit]:
    classes = _choose(rng, _SETS)
    findings = tuple(_statement(rng, name, classes) for name in classes)
    normal = classes == (_NORM,)
    age = float(np.interp(rng.random(), _QUANTILES, _AGE_NORMAL if normal else _AGE_OTHER))
    sex: Sex = "female" if rng.random() < np.mean([_FEMALE[c] for c in classes]) else "male"
    first = _FIRST_DAY + timedelta(days=int(rng.integers(_DAYS)))
    visits: list[Visit] = []
    for number in range(int(rng.choice(_VISITS, p=_VISIT_SHARES))):
        later = timedelta(days=90 * number, seconds=int(rng.integers(7 * 3600, 19 * 3600)))
        visits.append(
            Visit(
                patient_id=patient_id,
                number=number,
                fold=(patient_id - 1) % FOLDS + 1,
                age=age + number * 0.25,
                sex=sex,
                findings=findings,
                heart_rate=_heart_rate(rng, normal),
                ectopics=int(rng.integers(1, 4)) if rng.random() < _ECTOPIC else 0,
                recorded_at=first + later,
            )
        )
    return visits


def _statement(
    rng: np.random.Generator, name: Superclass, classes: Sequence[Superclass]
) -> Finding:
    others = set(classes) - {name}
    possible = tuple(
        (finding, records)
        for finding, records in _STATEMENTS[name].items()
        if not others & _EXCLUDES.get(finding, frozenset())
    )
    return _choose(rng, possible)


def _choose(rng: np.random.Generator, counts: Sequence[tuple[_Choice, int]]) -> _Choice:
    weights = np.array([count for _, count in counts], dtype=np.float64)
    return counts[int(rng.choice(len(counts), p=weights / weights.sum()))][0]


def _heart_rate(rng: np.random.Generator, normal: bool) -> float:
    """Median 69 /min in NORM, 74 in the rest; the whole span is 40 to 140."""
    median, spread = (69, 0.17) if normal else (74, 0.21)
    return float(np.clip(median * np.exp(rng.normal(0, spread)), 40, 140))
