"""Samples for the screen: the best rate on disk, read once, and never an older file's."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.errors import RecordNotFound, RecordUnreadable
from dashboard.samples import SampleCache
from tests.factories_dataset import dataset, write_samples


@dataclass
class Stored:
    """A catalogue record, as far as its files go."""

    ecg_id: int

    @property
    def filename_lr(self) -> str:
        """Stem of the 100 Hz files."""
        return f"records100/00000/{self.ecg_id:05d}_lr"

    @property
    def filename_hr(self) -> str:
        """Stem of the 500 Hz files."""
        return f"records500/00000/{self.ecg_id:05d}_hr"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four records at 100 Hz."""
    return dataset(tmp_path, 4).root


def test_a_record_is_read_once(root: Path) -> None:
    cache = SampleCache()
    assert cache.read(root, Stored(1)) is cache.read(root, Stored(1))


def test_500_hz_is_shown_where_it_is_there(root: Path) -> None:
    import wfdb

    folder = root / "records500" / "00000"
    folder.mkdir(parents=True)
    wfdb.wrsamp(
        "00001_hr",
        fs=500,
        units=["mV"] * 12,
        sig_name=["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"],
        p_signal=np.zeros((5000, 12)) + 0.25,
        fmt=["16"] * 12,
        adc_gain=[1000.0] * 12,
        baseline=[0] * 12,
        write_dir=str(folder),
    )
    cache = SampleCache()
    assert cache.read(root, Stored(1)).rate == 500
    assert cache.read(root, Stored(2)).rate == 100


def test_a_file_that_changed_is_read_again(root: Path) -> None:
    cache = SampleCache()
    before = cache.read(root, Stored(1)).signal
    write_samples(root, 3)
    for suffix in (".dat", ".hea"):
        new = root / f"records100/00000/00003_lr{suffix}"
        text = new.read_bytes().replace(b"00003_lr", b"00001_lr")
        (root / f"records100/00000/00001_lr{suffix}").write_bytes(text)
    assert not np.array_equal(before, cache.read(root, Stored(1)).signal)


def test_the_oldest_record_gives_way(root: Path) -> None:
    cache = SampleCache(kept=2)
    first = cache.read(root, Stored(1))
    for ecg_id in (2, 3):
        cache.read(root, Stored(ecg_id))
    assert cache.read(root, Stored(1)) is not first


def test_what_cannot_be_read_is_not_remembered(root: Path) -> None:
    cache = SampleCache()
    path = root / "records100/00000/00001_lr.dat"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    with pytest.raises(RecordUnreadable):
        cache.read(root, Stored(1))
    path.write_bytes(whole)
    assert cache.read(root, Stored(1)).signal.shape == (12, 1000)


def test_missing_samples_are_named(root: Path) -> None:
    with pytest.raises(RecordNotFound) as told:
        SampleCache().read(root, Stored(9))
    assert str(told.value) == (
        f"the samples of ECG 9 are not in {root}: run 'trustecg data verify {root}'"
    )
