"""Small networks, sets and checkpoints that tests teach in a second."""

from pathlib import Path

import numpy as np

from core.appraisal import write_checkpoint
from core.checkpoint import Card
from core.ecg import Ecg
from core.labelled import LabelledSet, samples_digest
from core.network_config import NetworkConfig
from core.training import TrainingRun
from core.training_config import TrainingConfig

TINY = TrainingConfig(
    epochs=2,
    batch=16,
    bfloat16=False,
    network=NetworkConfig(stem=4, token=4, width=8, blocks=1, hidden=8),
)


def labelled_set(records: int = 48, *, seed: int = 0, statements: int = 3) -> LabelledSet:
    """Noise in which class k is a 1 mV wave of k + 2 Hz in lead k."""
    rng = np.random.default_rng(seed)
    label = rng.random((records, 5)) < 0.4
    label[~label.any(1), 0] = True
    signal = 0.1 * rng.standard_normal((records, 12, 1000)).astype(np.float32)
    time = np.arange(1000) / 100
    for k in range(5):
        signal[:, k] += label[:, k, None] * np.sin(2 * np.pi * (k + 2) * time)
    signal = signal.astype(np.float32)
    return LabelledSet(
        signal=signal,
        label=label,
        statement=rng.random((records, statements)) < 0.5,
        patient=np.arange(records, dtype=np.int64),
        ecg_id=np.arange(1, records + 1, dtype=np.int64),
        samples=np.stack([samples_digest(Ecg(signal=one, rate=100)) for one in signal]),
    )


def tiny_run(config: TrainingConfig = TINY) -> TrainingRun:
    """A run that is ready for its first epoch."""
    return TrainingRun(labelled_set(), labelled_set(32, seed=1), config)


def tiny_checkpoint(out: Path) -> Card:
    """Teach one epoch and write the checkpoint into ``out``."""
    run = tiny_run()
    run.run_epoch()
    return write_checkpoint(
        out, run, labelled_set(32, seed=2), simulated=True, digest=run.taught.digest
    )
