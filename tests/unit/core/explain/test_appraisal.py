from dataclasses import asdict

import numpy as np
import pytest

from core.checkpoint import load
from core.ecg import SUPERCLASSES, Superclass
from core.explain.appraisal import Trial, ask_real, ask_simulated, evidence_of
from core.explain.benchmark import R_PEAKS, RANDOM, aims, pathological, summarise
from core.explain.case import Attribution
from core.explain.explainer import ATTRIBUTORS
from core.explain.explanation import Method, Unit
from core.explain.ground_truth import regions
from core.explain.judging import Judge, Judged
from core.explain.ledger import Ledger
from core.explain.subjects import Subject
from core.preprocess import prepare_all
from core.ptbxl import Ptbxl
from core.simulate import simulate_dataset

EDGES, TRUTH, QUICK = Method.GRAD_CAM, Method.LEAD_OCCLUSION, Method.OCCLUSION


class Edges:
    """Where the signal is steep, whatever the network says: survives any weights."""

    method, unit = EDGES, Unit.RELEVANCE

    def attribute(self, case):
        steep = np.abs(np.gradient(case.signal, axis=1))
        return Attribution(values=steep, baseline="none", samples=0)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return Ptbxl.open(simulate_dataset(tmp_path_factory.mktemp("simulated"), 12, seed=4))


@pytest.fixture(autouse=True)
def _edges(monkeypatch):
    monkeypatch.setitem(ATTRIBUTORS, EDGES, Edges())


@pytest.fixture(scope="module")
def judge(checkpoint, dataset):
    probes = prepare_all([dataset.read(ecg_id) for ecg_id in (1, 2, 3, 4)])
    return Judge(load(checkpoint), probes)


def subjects(dataset: Ptbxl) -> list[Subject]:
    """Every simulated pathology, called or not."""
    return [
        Subject(ecg_id=record.ecg_id, patient_id=record.patient_id, superclass=name)
        for record in pathological(dataset, 99)
        for name in regions(dataset, record.ecg_id)
    ]


@pytest.fixture
def trial(dataset):
    return Trial(fold="9b", dataset=dataset, subjects=subjects(dataset)[:3])


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl", {})


def test_what_no_weights_move_survives_and_what_they_make_does_not(judge, dataset, trial):
    found = [
        one
        for subject in trial.subjects
        for one in judge.judge(dataset, subject, [EDGES, QUICK], randomise=True)
    ]
    survival = {m: np.mean([f.randomised for f in found if f.method is m]) for m in (EDGES, QUICK)}
    assert survival[EDGES] == pytest.approx(1)
    assert abs(survival[QUICK]) < 0.4


def test_random_weights_are_asked_only_where_told(judge, dataset, trial):
    (found,) = judge.judge(dataset, trial.subjects[0], [QUICK], randomise=False)
    assert found.randomised is None
    assert found.occlusion == pytest.approx(1)  # it is occlusion itself


def test_a_run_that_was_stopped_asks_only_what_is_missing(judge, trial, ledger, monkeypatch):
    ask_real(judge, trial, [QUICK], ledger, lambda: None)
    asked = []
    occlude = judge.judge

    def counted(dataset, subject, methods, *, randomise):
        asked.extend(methods)
        return occlude(dataset, subject, methods, randomise=randomise)

    monkeypatch.setattr(judge, "judge", counted)
    found = ask_real(judge, trial, [QUICK, EDGES], ledger, lambda: None)
    assert asked == [EDGES] * 3
    assert [one.method for one in found] == [QUICK] * 3 + [EDGES] * 3
    assert all(isinstance(one, Judged) for one in found)


def test_progress_is_told_after_every_subject(judge, trial, ledger):
    steps = []
    ask_simulated(judge, trial, [QUICK], ledger, lambda: steps.append(1))
    assert len(steps) == 3


def test_the_right_map_wins_the_pointing_game_and_baselines_stand_beside_it(
    judge, dataset, monkeypatch
):
    class Truth:
        """What the simulator put there."""

        method, unit = TRUTH, Unit.RELEVANCE

        def attribute(self, case):
            where = regions(dataset, case.ecg.ecg_id)[case.superclass]
            return Attribution(values=where.astype(float), baseline="none", samples=0)

    monkeypatch.setitem(ATTRIBUTORS, TRUTH, Truth())
    found = [a for s in subjects(dataset) for a in aims(judge.explainer, dataset, s, [TRUTH])]
    sources = summarise(found)
    assert set(sources) == {RANDOM, R_PEAKS, TRUTH}
    for name, aiming in sources[TRUTH].items():
        assert (aiming.pointing.mean, aiming.mass.mean) == (1.0, pytest.approx(1.0))
        assert sources[RANDOM][name].pointing.mean < 0.5


def test_a_class_that_was_not_simulated_is_not_asked_about(judge, dataset):
    normal = next(r for r in dataset.records.values() if r.superclasses == {Superclass.NORM})
    subject = Subject(ecg_id=normal.ecg_id, patient_id=1, superclass=Superclass.MI)
    assert list(aims(judge.explainer, dataset, subject, [QUICK])) == []


def judged(**fields) -> Judged:
    of = {"method": QUICK, "ecg_id": 1, "patient_id": 1, "superclass": Superclass.MI}
    figures = {"deletion": 1.0, "insertion": 1.0, "occlusion": 1.0, "residual": None}
    return Judged(**of | figures | {"randomised": 0.0} | fields)


def test_evidence_counts_records_classes_and_random_weights(checkpoint, trial):
    answers = [
        judged(ecg_id=i, patient_id=i, superclass=name, deletion=-1.0 if i % 10 == 0 else 1.0)
        for name in SUPERCLASSES
        for i in range(40)
    ] + [judged(method=EDGES, occlusion=0.25, residual=0.02, randomised=0.5)]
    found = evidence_of(load(checkpoint).card, trial, answers, [])
    assert found.methods[QUICK].better.mean == 0.9
    assert found.methods[QUICK].classes[Superclass.HYP].deletion.mean == pytest.approx(0.8)
    assert found.methods[QUICK].classes[Superclass.HYP].deletion.of == 40
    assert found.methods[QUICK].occlusion is None
    assert found.methods[EDGES].occlusion == 0.25
    assert found.methods[EDGES].residual == 0.02
    assert found.standing(EDGES, Superclass.MI).reason == "survives random weights: Spearman 0.50"
    assert found.standing(QUICK, Superclass.HYP).offered
    assert found.default is QUICK  # the other survives random weights
    assert found.weights_sha256 == load(checkpoint).card.weights_sha256


def test_random_weights_count_where_they_were_asked(checkpoint, trial):
    answers = [judged(randomised=0.3), judged(ecg_id=2, patient_id=2, randomised=None)]
    found = evidence_of(load(checkpoint).card, trial, answers, [])
    assert (found.methods[QUICK].randomisation.mean, found.methods[QUICK].randomisation.of) == (
        0.3,
        1,
    )


def test_rows_come_back_as_what_they_were(judge, trial, ledger):
    first = ask_real(judge, trial, [QUICK], ledger, lambda: None)
    again = ask_real(judge, trial, [QUICK], ledger, lambda: None)
    assert [asdict(one) for one in first] == [asdict(one) for one in again]
