import numpy as np

from core.explain.background import draw_background
from core.preprocess import prepare
from core.ptbxl import Ptbxl
from core.simulate import simulate_dataset


def test_the_background_is_drawn_from_training_records_and_the_same_for_a_seed(tmp_path):
    simulate_dataset(tmp_path, 40, 1)
    dataset = Ptbxl.open(tmp_path)
    drawn = draw_background(dataset, seed=1, records=6)
    assert drawn.shape == (6, 12, 1000)
    assert np.array_equal(drawn, draw_background(dataset, seed=1, records=6))
    assert not np.array_equal(drawn, draw_background(dataset, seed=2, records=6))
    taught = [prepare(dataset.read(record.ecg_id)) for record in dataset.in_folds(range(1, 9))]
    assert all(any(np.allclose(one, other) for other in taught) for one in drawn)


def test_what_cannot_be_read_is_left_out(tmp_path):
    simulate_dataset(tmp_path, 20, 1)
    dataset = Ptbxl.open(tmp_path)
    taught = dataset.in_folds(range(1, 9))
    (tmp_path / f"{taught[0].filename_lr}.dat").unlink()
    assert len(draw_background(dataset, records=99)) == len(taught) - 1
