from collections import Counter

import pytest

from core.ecg import SUPERCLASSES, Superclass
from core.explain.subjects import Subject, balanced, called
from core.predict import Predictor
from core.ptbxl import Ptbxl
from core.simulate import simulate_dataset


def subject(ecg_id: int, superclass: Superclass) -> Subject:
    return Subject(ecg_id=ecg_id, patient_id=ecg_id, superclass=superclass)


def test_a_subject_is_a_class_that_is_called(tmp_path, checkpoint):
    dataset, predictor = (
        Ptbxl.open(simulate_dataset(tmp_path, 6, seed=4)),
        Predictor.load(checkpoint),
    )
    found = [(s.ecg_id, s.superclass) for s in called(predictor, dataset, dataset.records.values())]
    opinions = predictor.predict([dataset.read(i) for i in dataset.records])
    assert found == [
        (i, name)
        for i, opinion in zip(dataset.records, opinions, strict=True)
        for name in opinion.labels
    ]
    assert found


def test_a_record_that_cannot_be_read_is_left_out(tmp_path, checkpoint):
    dataset, predictor = (
        Ptbxl.open(simulate_dataset(tmp_path, 6, seed=4)),
        Predictor.load(checkpoint),
    )
    (tmp_path / (dataset.records[3].filename_lr + ".dat")).unlink()
    records = dataset.records.values()
    assert 3 not in {s.ecg_id for s in called(predictor, dataset, records)}


def test_rare_classes_get_their_share():
    common = [subject(i, Superclass.NORM) for i in range(900)]
    rare = [subject(1000 + i, Superclass.HYP) for i in range(30)]
    chosen = balanced(common + rare, 50)
    assert Counter(s.superclass for s in chosen) == {Superclass.NORM: 25, Superclass.HYP: 25}
    assert Counter(s.superclass for s in chosen[:10]) == {Superclass.NORM: 5, Superclass.HYP: 5}


def test_a_record_is_asked_about_once():
    chosen = balanced([subject(i, name) for i in range(20) for name in SUPERCLASSES], 20)
    assert sorted(s.ecg_id for s in chosen) == list(range(20))


@pytest.mark.parametrize("count", [0, 3, 99])
def test_no_more_are_chosen_than_there_are(count):
    assert len(balanced([subject(i, Superclass.MI) for i in range(7)], count)) == min(count, 7)
