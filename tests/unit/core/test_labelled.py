"""Records for training: what cannot be read is left out, and nothing is taught by it."""

import numpy as np
import pytest

from core import labelled
from core.ecg import Ecg
from core.errors import TrainingError
from core.finetuning import taught_set
from core.labelled import common_statements, joined, load_set, samples_digest
from core.ptbxl import Ptbxl
from tests.factories_ecg import ecg, row, write_index, write_record
from tests.factories_model import labelled_set


def opened(root, *rows):
    data = Ptbxl.open(write_index(root, *rows))
    for record in data.records.values():
        write_record(root / record.filename_lr)
    return data


def test_the_labelled_records_of_a_fold_in_the_order_of_the_index(tmp_path):
    data = opened(
        tmp_path,
        row(3, scp_codes="{'IMI': 80.0, 'SR': 0.0}"),
        row(1),
        row(2, scp_codes="{'SR': 0.0}"),
        row(4, strat_fold=9),
    )
    seen = []
    found = load_set(data, "1-8", ("IMI", "NORM"), lambda *done: seen.append(done))
    assert found.ecg_id.tolist() == [3, 1]
    assert found.patient.tolist() == [1003, 1001]
    assert found.label.tolist() == [[False, True, False, False, False], [True] + [False] * 4]
    assert found.statement.tolist() == [[True, False], [False, True]]
    assert found.signal.shape == (2, 12, 1000)
    assert seen == [(1, 2), (2, 2)]


def test_the_digest_is_of_ids_labels_statements_and_samples(tmp_path):
    data = opened(tmp_path, row(1), row(2))
    first = load_set(data, "all")
    assert load_set(data, "all").digest == first.digest
    assert load_set(data, "all", ("NORM",)).digest != first.digest
    signal = ecg().signal.copy()
    signal[0, 0] += 1
    write_record(tmp_path / data.record(2).filename_lr, signal)
    assert load_set(data, "all").digest != first.digest


def test_the_digest_is_the_same_where_a_processor_rounds_the_filter_otherwise(
    tmp_path, monkeypatch
):
    """A run that goes on on another machine would be told that its data are others."""
    data = opened(tmp_path, row(1), row(2))
    here = load_set(data, "all")
    prepare = labelled.prepare
    monkeypatch.setattr(labelled, "prepare", lambda ecg: np.nextafter(prepare(ecg), np.float32(9)))
    there = load_set(data, "all")
    assert not np.array_equal(there.signal, here.signal)
    assert there.digest == here.digest


def test_the_digest_is_another_where_the_filter_is_another(tmp_path, monkeypatch):
    """A run from before would go on on records that were prepared otherwise."""
    data = opened(tmp_path, row(1))
    here = load_set(data, "all").digest
    monkeypatch.setattr(labelled, "PREPARED", "100 Hz, (0.05, 40.0) Hz, order 2")
    assert load_set(data, "all").digest != here


def test_the_digest_of_samples_is_of_their_rate_too():
    same, other = (samples_digest(Ecg(signal=ecg().signal, rate=rate)) for rate in (100.0, 500))
    assert np.array_equal(samples_digest(ecg()), same)
    assert not np.array_equal(same, other)


def test_statements_that_are_rare_teach_nothing(tmp_path):
    both, one = "{'NORM': 80.0, 'SR': 0.0}", "{'NORM': 80.0, 'PVC': 100.0}"
    codes = [both] * 50 + [one] * 49
    data = Ptbxl.open(write_index(tmp_path, *(row(k, scp_codes=c) for k, c in enumerate(codes, 1))))
    assert common_statements(data) == ("NORM", "SR")


def test_a_record_with_a_hole_is_left_out(tmp_path):
    """One sample that is no number would make every weight one."""
    data = opened(tmp_path, row(1), row(2))
    holed = ecg().signal.copy()
    holed[3, 500] = np.nan
    write_record(tmp_path / data.record(1).filename_lr, holed)
    unread = []
    assert load_set(data, "all", unread=unread.append).ecg_id.tolist() == [2]
    assert list(map(str, unread)) == [
        "record 1: 1 samples are not numbers: export the record again"
    ]


def test_a_fold_without_a_readable_record_is_named(tmp_path):
    data = opened(tmp_path, row(1))
    (tmp_path / (data.record(1).filename_lr + ".dat")).unlink()
    with pytest.raises(TrainingError) as error:
        load_set(data, "1-8")
    assert str(error.value) == "no record of fold 1-8 can be read: run 'trustecg data verify'"


def test_records_of_a_mask_and_of_several_sets_keep_all_that_is_theirs():
    first, second = labelled_set(3), labelled_set(2, seed=1)
    both = joined([first, second])
    assert both.ecg_id.tolist() == [1, 2, 3, 1, 2]
    assert both.of(np.array([True] * 3 + [False] * 2)).digest == first.digest
    assert both.of(np.array([False] * 3 + [True] * 2)).digest == second.digest


def test_a_mask_of_taught_records_keeps_their_weight():
    read, replay = labelled_set(2), labelled_set(1, seed=1)
    weight = np.array([0.5, 2], dtype=np.float32)
    taught = taught_set(read, np.ones((2, 5), bool), weight, replay, keep=0.7)
    some = taught.of(np.array([False, True, True]))
    assert (some.weight.tolist(), some.ecg_id.tolist()) == ([2, 1], [2, 1])
    assert some.trust[1].tolist() == pytest.approx([0.3] * 5)
