"""Features of records that did not teach the network which gives them."""

import numpy as np
import pytest

from core import embedding
from core.embedding import POOL_FOLDS, STOPPING_FOLD, TAUGHT_FOLDS, Embeddings
from core.errors import DatasetUnreadable
from core.ptbxl import Ptbxl
from core.roles import FOLDS
from core.simulate import simulate_dataset
from tests.factories_model import TINY


def test_no_fold_has_two_parts_to_play():
    assert not {*TAUGHT_FOLDS, STOPPING_FOLD} & set(POOL_FOLDS)
    assert {*TAUGHT_FOLDS, STOPPING_FOLD, *POOL_FOLDS} == set(range(1, 9))


def some() -> Embeddings:
    return Embeddings(
        {name: np.ones((2, 3), np.float32) for name in ("pool", "9a", "9b")},
        {name: np.eye(2, 5, dtype=bool) for name in ("pool", "9a", "9b")},
    )


def test_what_is_kept_is_what_comes_back(tmp_path):
    made = some()
    made.save(tmp_path / "kept.npz")
    kept = Embeddings.load(tmp_path / "kept.npz")
    assert kept.features["9b"].tolist() == made.features["9b"].tolist()
    assert kept.label["pool"].tolist() == made.label["pool"].tolist()


def test_another_file_is_refused(tmp_path):
    (tmp_path / "kept.npz").write_bytes(b"PK nothing of the kind")
    with pytest.raises(DatasetUnreadable, match="holds no embeddings"):
        Embeddings.load(tmp_path / "kept.npz")


@pytest.mark.parametrize("left", [0, 1, 40, 400, -1])
def test_half_a_file_is_refused(tmp_path, left):
    some().save(tmp_path / "kept.npz")
    (tmp_path / "kept.npz").write_bytes((tmp_path / "kept.npz").read_bytes()[:left])
    with pytest.raises(DatasetUnreadable, match="delete it, and it is made anew"):
        Embeddings.load(tmp_path / "kept.npz")


def test_writing_that_is_cut_off_leaves_what_was_there(tmp_path, monkeypatch):
    def cut_off(file, **_):
        file.write(b"PK")
        raise OSError("no space left on device")

    some().save(tmp_path / "kept.npz")
    monkeypatch.setattr(np, "savez", cut_off)
    with pytest.raises(OSError, match="no space left"):
        some().save(tmp_path / "kept.npz")
    assert Embeddings.load(tmp_path / "kept.npz").label["pool"].shape == (2, 5)


def test_every_record_of_the_pool_and_of_fold_9_has_features(tmp_path, monkeypatch):
    monkeypatch.setattr(embedding, "TrainingConfig", lambda epochs: TINY)
    dataset = Ptbxl.open(simulate_dataset(tmp_path / "data", records=120, seed=1))
    made = embedding.embed(dataset, epochs=1)
    labelled = [record for record in dataset.records.values() if record.labelled]
    assert len(made.label["pool"]) == sum(record.fold in POOL_FOLDS for record in labelled)
    for half in ("9a", "9b"):
        assert len(made.features[half]) == sum(map(FOLDS[half], labelled))
    assert made.features["pool"].ndim == 2
    assert np.isfinite(made.features["pool"]).all()
