"""The bars of the loop in small: planted corrections are learnt, planted poison is stopped."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core import gate
from core.appraisal import write_checkpoint
from core.checkpoint import Checkpoint, load
from core.finetuning import FinetuningConfig, FinetuningRun, taught_set
from core.gate import Contest, GateCheck
from core.labelled import LabelledSet
from core.training import TrainingRun, logits
from tests.factories_model import TINY, labelled_set

MI = 1
TAUGHT = replace(TINY, epochs=14, learning_rate=2e-2, average=0.9, batch=32)
GENTLE = FinetuningConfig(
    epochs=8,
    batch=32,
    bfloat16=False,
    learning_rate=1e-2,
    average=0.9,
    layers="all",  # the toy's last layer hears too little to take a correction
    l2_sp=0.0,
)


def waves(records: int, seed: int) -> LabelledSet:
    return labelled_set(records, seed=seed, statements=0)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads add in another order: what comes out must not hang on what ran before."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A network that was taught the opposite of one class, and the others as they are."""
    folder: Path = tmp_path_factory.mktemp("champion")
    taught = waves(320, seed=0)
    taught.label[:, MI] = ~taught.label[:, MI]
    stopping = waves(200, seed=1)
    stopping.label[:, MI] = ~stopping.label[:, MI]
    run = TrainingRun(taught, stopping, TAUGHT)
    while not run.finished:
        run.run_epoch()
    write_checkpoint(folder, run, waves(100, seed=2), simulated=True, digest="0" * 64)
    return load(folder)


def challenged(champion: Checkpoint, read: LabelledSet) -> tuple[FinetuningRun, Contest]:
    """The run on these readings, and both models on 600 records that nobody was taught."""
    replay = waves(160, seed=4)
    replay.label[:, MI] = ~replay.label[:, MI]  # what is published is wrong there too
    everything = np.ones((len(read.label), 5), dtype=bool)
    weight = np.ones(len(read.label), dtype=np.float32)
    taught = taught_set(read, everything, weight, replay, GENTLE.teacher_weight)
    run = FinetuningRun(taught, waves(200, seed=1), GENTLE, champion)
    while not run.finished:
        run.run_epoch()
    judging = waves(600, seed=5)
    said = [logits(network, judging.signal) for network in (champion.network, run.shipped())]
    return run, Contest(
        champion=champion.card.platt(said[0]),
        challenger=champion.card.platt(said[1]),
        label=judging.label,
        patient=judging.patient,
    )


def failed(checks: list[GateCheck]) -> list[str]:
    return [check.name for check in checks if check.passed is False]


def test_a_planted_correction_is_learnt_and_passes(champion: Checkpoint) -> None:
    run, both = challenged(champion, waves(160, seed=13))
    assert run.improved
    checks = gate.discrimination_checks(both)
    assert failed(checks) == []
    gained = {check.name: check.figures["difference"] for check in checks}
    assert gained["AUROC of MI on 9b"] > 0.1
    corrected = 160.0 * (np.arange(5) == MI)
    assert failed([gate.taught_check(both, np.ones((600, 5), dtype=bool), corrected)]) == []


def test_planted_poison_is_stopped_and_the_check_is_named(champion: Checkpoint) -> None:
    flipped = waves(160, seed=3)
    flipped.label[:] = ~flipped.label
    flipped.label[:, MI] = ~flipped.label[:, MI]  # as the champion has it: nothing is gained there
    run, both = challenged(champion, flipped)
    stopping = gate.stopping_check(run.best_auroc, run.best_auroc)  # the champion's: none better
    named = failed([stopping, *gate.discrimination_checks(both)])
    assert not run.improved
    assert {"early stopping on 9a", "AUROC of NORM on 9b"} <= set(named)
