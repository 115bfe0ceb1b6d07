"""Freed memory is kept where malloc can keep it."""

import ctypes
import subprocess
import sys

import pytest

from core.memory import keep_freed_memory

_LOOP = """
import resource
import torch
from core.memory import keep_freed_memory
from core.model import Network
{first}
network, signal = Network().eval(), torch.randn(16, 12, 1000)
with torch.inference_mode():
    for _ in range(8):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        network(signal)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(first: str) -> int:
    """How many pages the kernel clears for one batch, when several have gone before."""
    code = [sys.executable, "-c", _LOOP.format(first=first)]
    return int(subprocess.run(code, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not the GNU C library")
def test_a_batch_takes_the_place_of_the_one_before():
    kept, usual = faults("keep_freed_memory()"), faults("")
    assert kept < usual / 4


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert keep_freed_memory() is False
