import pytest

from core.errors import DatasetUnreadable
from core.ptbxl import Ptbxl
from core.roles import FOLDS, in_first_half, select


def test_the_halves_of_fold_9_part_its_patients_about_evenly():
    assert 450 < sum(map(in_first_half, range(1000))) < 550


@pytest.mark.real
def test_every_record_has_one_role_and_no_patient_two(ptbxl_root):
    dataset = Ptbxl.open(ptbxl_root)
    roles = {
        name: {r.patient_id for r in dataset.records.values() if FOLDS[name](r)}
        for name in ("1-8", "9a", "9b", "10")
    }
    names = list(roles)
    for k, one in enumerate(names):
        for other in names[k + 1 :]:
            assert not roles[one] & roles[other]


@pytest.mark.real
def test_a_missing_fold_is_named(ptbxl_root):
    dataset = Ptbxl.open(ptbxl_root)
    with pytest.raises(DatasetUnreadable, match="has no record of fold 10: it holds the folds 1, "):
        select(dataset, "10")
