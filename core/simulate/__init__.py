"""A physiological simulator of 12-lead ECGs that writes data sets in the PTB-XL layout."""

from core.simulate.dataset import GENERATOR_VERSION, simulate_dataset
from core.simulate.findings import Finding
from core.simulate.infarction import Stage
from core.simulate.record import Simulated, simulate_record
from core.simulate.truth import BeatTruth, Region, Truth

__all__ = [
    "BeatTruth",
    "GENERATOR_VERSION",
    "Finding",
    "Region",
    "Simulated",
    "Stage",
    "Truth",
    "simulate_dataset",
    "simulate_record",
]
