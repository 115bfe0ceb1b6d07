import json
import shutil
import sys
from subprocess import run

import pytest
import torch

from core.checkpoint import CARD, WEIGHTS, load, read_card, save_card
from core.ecg import SUPERCLASSES
from core.errors import CheckpointAltered, CheckpointNotFound, CheckpointOutdated
from tests.factories_model import labelled_set


@pytest.fixture
def checkpoint(checkpoint, tmp_path):
    """A copy to be spoilt."""
    return shutil.copytree(checkpoint, tmp_path / "checkpoint")


def test_says_where_it_comes_from(checkpoint):
    card = read_card(checkpoint)
    assert card.data.folds == (1, 2, 3, 4, 5, 6, 7, 8)
    assert card.data.simulated
    assert card.data.digest == labelled_set().digest
    assert set(card.metrics) == {"9", "9a", "9b"}
    assert list(card.thresholds) == list(SUPERCLASSES)
    named = {"python", "torch", "openvino", "numpy", "scipy", "scikit-learn", "wfdb"}
    assert set(card.software) == named


def test_gives_back_the_same_network(checkpoint):
    signal = torch.randn(2, 12, 1000)
    first, second = load(checkpoint).network, load(checkpoint).network
    assert not first.training
    assert torch.equal(first(signal).logits, second(signal).logits)


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
def test_a_missing_file_is_named(checkpoint, name):
    (checkpoint / name).unlink()
    with pytest.raises(CheckpointNotFound) as error:
        load(checkpoint)
    assert str(error.value) == (
        f"no {name} in {checkpoint}: restore the folder, or train one with 'trustecg train'"
    )


def test_altered_weights_are_refused(checkpoint):
    content = bytearray((checkpoint / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (checkpoint / WEIGHTS).write_bytes(content)
    with pytest.raises(CheckpointAltered, match="restore the file that belongs to the card"):
        load(checkpoint)


def test_an_altered_card_is_refused(checkpoint):
    card = json.loads((checkpoint / CARD).read_text())
    card["classes"]["MI"]["threshold"] = 0.99
    (checkpoint / CARD).write_text(json.dumps(card))
    with pytest.raises(CheckpointAltered, match="was changed after it was written: restore it"):
        read_card(checkpoint)


@pytest.mark.parametrize("text", ["", "{}", '{"version": 3}', "\x00"])
def test_an_unreadable_card_is_refused(checkpoint, text):
    (checkpoint / CARD).write_text(text)
    with pytest.raises(CheckpointAltered, match="does not parse as a card"):
        read_card(checkpoint)


def test_weights_of_another_network_are_refused_by_name(checkpoint):
    card = read_card(checkpoint)
    save_card(checkpoint, card.model_copy(update={"network": card.network | {"width": 16}}))
    with pytest.raises(CheckpointOutdated, match=f"holds {card.version}, which was written for"):
        load(checkpoint)


def test_the_card_is_read_without_torch(checkpoint):
    code = (
        "import sys; from pathlib import Path; from core.checkpoint import read_card;"
        "read_card(Path(sys.argv[1])); assert 'torch' not in sys.modules"
    )
    run([sys.executable, "-c", code, str(checkpoint)], check=True)
