"""The shipped checkpoint follows what is known to have been done to a real record."""

from collections.abc import Sequence

import numpy as np
import pytest

from core.arrays import Floats
from core.changes import UNREADABLE
from core.checkpoint import load
from core.ecg import SUPERCLASSES, Ecg
from core.metamorphic import (
    RELATIONS,
    REVERSALS,
    all_checks,
    network_score,
    probes,
    recorded_twice_check,
    relation_checks,
)
from core.predict import Predictor
from core.ptbxl import Ptbxl
from tests.conftest import unpack
from tests.readme import CHECKPOINT

pytestmark = pytest.mark.real
RECORDS = 300


@pytest.fixture(scope="module")
def checkpoint():
    return load(CHECKPOINT)


@pytest.fixture(scope="module")
def found(pytestconfig):
    """Records that nothing was taught, stopped or tuned on."""
    found = probes(Ptbxl.open(unpack(pytestconfig, "ptbxl-fold-9", "--fold", "9")), RECORDS)
    assert found.role == "9b"
    assert len(found.ecgs) >= 0.99 * RECORDS
    return found


@pytest.fixture(scope="module")
def checks(checkpoint, found):
    return {check.name: check for check in all_checks(checkpoint, found)}


BARS = (
    {relation.name: 0.95 for relation in RELATIONS}
    | {"one lead zeroed": 0.95, "leads in their places": 0.98}
    | dict.fromkeys(REVERSALS, 0.95)
    | dict.fromkeys(UNREADABLE, 1.0)
)


@pytest.mark.parametrize("name", BARS)
def test_the_bar_is_reached(checks, name):
    assert checks[name].records >= 0.99 * RECORDS
    assert checks[name].held >= BARS[name], checks[name].sentence


def test_every_check_has_its_bar_here(checks):
    assert {name: check.bar for name, check in checks.items()} == pytest.approx(BARS)


def test_what_was_recorded_at_500_hz_is_read_as_at_100_hz(checkpoint, ptbxl_root, pytestconfig):
    fine = Ptbxl.open(unpack(pytestconfig, "ptbxl-500-hz", "--rate", "500", "--limit", "120"))
    coarse = Ptbxl.open(ptbxl_root)
    pairs = [(coarse.read(ecg_id), fine.read(ecg_id, rate=500)) for ecg_id in fine.records]
    check = recorded_twice_check(network_score(Predictor(checkpoint)), pairs)
    assert check.records == 120
    assert check.passed, check.sentence


@pytest.mark.parametrize("relation", [r for r in RELATIONS if r.moves], ids=lambda r: r.name)
def test_a_user_is_told_something_else_as_well(checkpoint, found, relation):
    """Past the quality gate, which may refuse a change but must not hide it."""
    predictor = Predictor(checkpoint)

    def told(ecgs: Sequence[Ecg]) -> Floats:
        """NaN where the quality gate refuses."""
        given = [opinion.probabilities for opinion in predictor.predict(ecgs)]
        refused = np.full(len(SUPERCLASSES), np.nan)
        return np.array([refused if p is None else p for p in given])

    (check,) = relation_checks(told, found.ecgs[:100], [relation])
    assert check.passed, check.sentence
