"""The checkpoint that a command was given, ready to score."""

from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.settings import load_settings

if TYPE_CHECKING:
    from core.predict import Predictor


def load_predictor(checkpoint: Path | None, threads: int | None = None) -> "Predictor":
    """Load a checkpoint, that of the settings by default, on the threads that are allowed."""
    from core.predict import Predictor

    limit_threads(threads)
    return Predictor.load(checkpoint or load_settings().checkpoint)


def limit_threads(threads: int | None = None) -> None:
    """Let torch have so many threads, else TRUSTECG_THREADS.

    Before a network is made ready: OpenVINO takes their number then, once and for all.
    """
    import torch

    torch.set_num_threads(threads or load_settings().threads)
