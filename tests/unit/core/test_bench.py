import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core import bench as module
from core.bench import BATCH, Side, bench
from core.errors import DatasetUnreadable
from core.predict import Opinion, Predictor
from core.ptbxl import Ptbxl
from core.quality import Quality
from core.reference import Reference
from tests.factories_dataset import dataset
from tests.factories_ecg import ecg as an_ecg
from tests.factories_ecg import row, write_index, write_record


class Clock:
    """A clock that only work moves, so that the figures are exact."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Model:
    """Either side: ``network`` and ``gate`` are seconds a record, ``slow`` slows single calls."""

    name = "reference 01234567"
    runtime = "OpenVINO 2026.4"
    card = SimpleNamespace(version="2026.11-01234567")

    def __init__(self, clock, *, network, prepare=0.5, gate=0.0, slow=()):
        self.clock, self.network, self.prepare, self.gate = clock, network, prepare, gate
        self.slow, self.calls = slow, []

    def prepare_all(self, ecgs):
        self.clock.now += self.prepare * len(ecgs)
        return np.zeros((len(ecgs), 12, 1000), np.float32)

    def probabilities(self, prepared):
        self.calls.append(len(prepared))
        wholes = self.calls.count(BATCH)
        delay = 100 if len(prepared) == BATCH and wholes in self.slow else 1
        self.clock.now += self.network * len(prepared) * delay
        return np.zeros((len(prepared), 5))

    def predict(self, ecgs):
        self.clock.now += self.gate * len(ecgs)
        self.probabilities(self.prepare_all(ecgs))
        return [Opinion(quality=Quality(acceptable=True, score=1.0)) for _ in ecgs]


@pytest.fixture(autouse=True)
def one_thread():
    """Two of them wait for each other on a machine that is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "perf_counter", clock)
    return clock


@pytest.fixture
def records(tmp_path):
    return dataset(tmp_path)


@pytest.fixture
def timed(clock, records, monkeypatch):
    """Figures of ours, 0.25 + 0.25 s a record, against a reference of 0.5 + 1.5 s."""

    def timed(*, ours=(), rounds=3, limit=6, progress=lambda done, total: None):
        predictor = Model(clock, network=0.25, prepare=0.25, gate=0.5, slow=ours)
        monkeypatch.setattr(module.preprocess, "prepare_all", predictor.prepare_all)
        reference = Model(clock, network=1.5)
        return bench(predictor, reference, records, records=limit, rounds=rounds, progress=progress)

    return timed


def test_ratios_are_ours_over_the_reference(timed):
    figures = timed()
    assert (figures.ours, figures.reference) == ("2026.11-01234567", "reference 01234567")
    rows = [(row.name, row.unit, row.ours, row.reference, row.ratio) for row in figures.rows]
    assert rows == [
        ("preprocessing", "records/s", 4, 2, 2),
        ("single record", "ms", 500, 2000, 0.25),
        ("batch of 64", "records/s", 2, 0.5, 4),
        ("whole catalogue", "records/s", 1, 0.5, 2),
        ("opinion", "ms", 1000, None, None),
    ]


def test_one_slow_round_moves_no_median(timed):
    """The second call at this size is the first round: the one before it warms up."""
    assert timed(ours=(2,)).batch.ours == timed().batch.ours
    assert timed(ours=(2, 3)).batch.ours < timed().batch.ours


def test_the_first_call_of_a_shape_is_not_timed(timed):
    assert timed(ours=(1,), rounds=1) == timed(rounds=1)


def test_the_whole_catalogue_is_no_more_than_was_asked(timed):
    assert timed(limit=2).records == 2
    assert timed(limit=1000).records == 6


def test_says_how_many_rounds_each_row_has(timed):
    assert [row.rounds for row in timed(rounds=4).rows] == [4, 4, 4, 3, 4]


def test_progress_ends_at_its_total(timed):
    seen = []
    timed(rounds=2, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (1, 18)
    assert seen[-1] == (18, 18)
    assert len(seen) == 18


def test_goes_round_what_cannot_be_read(timed, records):
    (records.root / "records100/00000/00001_lr.dat").unlink()
    assert timed().records == 5


def test_a_data_set_without_a_record_to_score_is_refused(timed, records):
    for path in records.root.rglob("*.dat"):
        path.unlink()
    with pytest.raises(DatasetUnreadable) as error:
        timed()
    assert str(error.value) == (
        f"{records.root} has no record of ten seconds that can be read: fetch it again, or "
        "leave --data out to time simulated records"
    )


@pytest.fixture(params=["ours", "reference"])
def side(request, checkpoint):
    if request.param == "ours":
        return Side.ours(Predictor.load(checkpoint))
    return Side.published(Reference.untrained())


def test_scores_what_it_would_predict(side):
    ecgs = [an_ecg(seed=1), an_ecg(seed=2)]
    predicted = [opinion.probabilities for opinion in side.predict(ecgs)]
    assert side.score(ecgs) == pytest.approx(np.array(predicted), abs=1e-6)
    assert side.score([]).shape == (0, 5)


def test_times_the_real_ones_with_the_threads_that_are_set(checkpoint, records, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    figures = bench(Predictor.load(checkpoint), Reference.untrained(), records, records=3, rounds=1)
    assert figures.threads == 1
    assert all(row.ours > 0 for row in figures.rows)
    assert re.fullmatch(r"\d{4}\.\d\d-[0-9a-f]{8}", figures.ours)


def test_counts_what_our_gate_refused(checkpoint, tmp_path, monkeypatch):
    """A flat record is read, and scored by the reference, which has no gate."""
    write_record(tmp_path / "records100/00000/00001_lr", np.zeros((12, 1000)))
    write_record(tmp_path / "records100/00000/00002_lr")
    root = write_index(tmp_path, row(1), row(2))
    monkeypatch.setattr(module, "BATCH", 2)
    figures = bench(
        Predictor.load(checkpoint), Reference.untrained(), Ptbxl(root), records=9, rounds=1
    )
    assert (figures.records, figures.refused) == (2, 1)
