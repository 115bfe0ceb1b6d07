"""Explanations held against the simulator's ground truth, beside baselines that ask no network."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from core.ecg import SUPERCLASSES, Superclass
from core.explain.evidence import Aiming, Estimate
from core.explain.explainer import Explainer
from core.explain.explanation import Method
from core.explain.ground_truth import Aim, aim, chance, r_peaks, regions
from core.explain.subjects import Subject
from core.preprocess import prepare
from core.ptbxl import Ptbxl, Record

RANDOM, R_PEAKS = "random", "r-peaks"
Key = tuple[str, int, str]  # source, ecg_id, class


@dataclass(frozen=True, slots=True, kw_only=True)
class Aimed:
    """How well one source, a method or a baseline, found one pathology of one record."""

    source: str
    ecg_id: int
    patient_id: int
    superclass: Superclass
    hit: float
    mass: float


def pathological(dataset: Ptbxl, count: int) -> list[Record]:
    """The first ``count`` records that hold a simulated pathology."""
    found = [r for r in dataset.records.values() if r.superclasses - {Superclass.NORM}]
    return found[:count]


def aims(
    explainer: Explainer,
    dataset: Ptbxl,
    subject: Subject,
    methods: Sequence[Method],
    done: Container[Key] = (),
) -> Iterator[Aimed]:
    """Every baseline and method on one subject, if its pathology is there; not what is done."""
    region = regions(dataset, subject.ecg_id).get(subject.superclass)
    if region is None:
        return
    ecg = dataset.read(subject.ecg_id)

    def measure(source: str) -> Aim:
        if source == RANDOM:
            return chance(region)
        if source == R_PEAKS:
            return r_peaks(prepare(ecg), region)
        found = explainer.attribute(ecg, subject.superclass, Method(source))
        return aim(found.attribution, region)

    for source in (RANDOM, R_PEAKS, *methods):
        if (source, subject.ecg_id, subject.superclass) not in done:
            yield _aimed(source, subject, measure(source))


def summarise(aimed: Iterable[Aimed]) -> dict[str, dict[Superclass, Aiming]]:
    """The rates of each source and class, with intervals by patient."""
    by: dict[str, dict[Superclass, list[Aimed]]] = defaultdict(lambda: defaultdict(list))
    for one in aimed:
        by[one.source][one.superclass].append(one)
    return {
        source: {name: _aiming(classes[name]) for name in SUPERCLASSES if name in classes}
        for source, classes in by.items()
    }


def _aimed(source: str, subject: Subject, found: Aim) -> Aimed:
    return Aimed(
        source=str(source),
        ecg_id=subject.ecg_id,
        patient_id=subject.patient_id,
        superclass=subject.superclass,
        hit=found.hit,
        mass=found.mass,
    )


def _aiming(of: Sequence[Aimed]) -> Aiming:
    patients = [one.patient_id for one in of]
    return Aiming(
        pointing=Estimate.by_patient([one.hit for one in of], patients),
        mass=Estimate.by_patient([one.mass for one in of], patients),
    )
