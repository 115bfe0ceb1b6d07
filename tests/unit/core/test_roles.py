import pytest

from core.errors import DatasetUnreadable
from core.ptbxl import Ptbxl
from core.roles import FOLDS, Role, in_first_half, role_of, select


def test_the_halves_of_fold_9_part_its_patients_about_evenly():
    assert 450 < sum(map(in_first_half, range(1000))) < 550


def test_every_fold_has_the_role_that_its_records_play():
    assert {fold: str(role_of(fold)) for fold in FOLDS} == {
        **{str(fold): "taught" for fold in range(1, 9)},
        "1-8": "taught",
        "1-9": "mixed",
        "9": "mixed",
        "9a": "tuned",
        "9b": "gate",
        "10": "test",
        "all": "mixed",
    }


def test_only_the_gate_and_the_test_count_as_held_out():
    assert [fold for fold in FOLDS if role_of(fold).held_out] == ["10", "9b"]
    assert len({role.sentence for role in Role}) == len(Role)


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
