import numpy as np
import pytest

from feedback.attributions import pack, unpack

KIB = 1024


@pytest.mark.parametrize("largest", [1e-7, 0.3, 4e5])
def test_what_was_packed_comes_back_to_three_digits(largest: float) -> None:
    attribution = largest * np.random.default_rng(1).uniform(-1, 1, (12, 1000))
    found = unpack(pack(attribution))
    assert found.dtype == np.float32
    assert found == pytest.approx(attribution, abs=1e-3 * largest)


def test_nothing_comes_back_as_nothing() -> None:
    assert not unpack(pack(np.zeros((12, 1000)))).any()


def test_it_is_small() -> None:
    assert len(pack(np.random.default_rng(1).standard_normal((12, 1000)))) <= 25 * KIB
