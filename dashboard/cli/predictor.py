"""The checkpoint that a command was given, ready to score."""

from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.settings import load_settings

if TYPE_CHECKING:
    from core.predict import Predictor


def load_predictor(checkpoint: Path | None, threads: int | None = None) -> "Predictor":
    """Load the checkpoint asked for, else the served one, on the threads that are allowed.

    The number of threads is settled once, when the network is made ready.
    """
    import torch

    from core.predict import Predictor

    settings = load_settings()
    torch.set_num_threads(threads or settings.threads)
    return Predictor.load(checkpoint or settings.checkpoint)
