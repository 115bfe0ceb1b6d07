import json
import os
import shutil
import sys
from dataclasses import fields, replace
from subprocess import run

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.checkpoint import (
    CARD,
    WEIGHTS,
    Card,
    load,
    network_config,
    read_card,
    save_card,
    save_weights,
)
from core.digests import sha256_of
from core.ecg import SUPERCLASSES
from core.errors import CheckpointAltered, CheckpointNotFound, CheckpointOutdated
from core.model import Network
from core.network_config import NetworkConfig
from tests.factories_model import TINY, labelled_set
from tests.readme import CHECKPOINT


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


def resealed(checkpoint, **changes):
    """A card that is changed and whose digests agree with it."""
    card = Card.model_validate_json((checkpoint / CARD).read_bytes())
    return save_card(checkpoint, card.model_copy(update=changes))


def test_a_card_without_a_class_is_refused(checkpoint):
    classes = read_card(checkpoint).classes
    resealed(checkpoint, classes={n: part for n, part in classes.items() if n != "MI"})
    with pytest.raises(CheckpointAltered) as error:
        load(checkpoint)
    assert str(error.value) == (
        f"{checkpoint / CARD} does not parse as a card (classes: Value error, MI is missing): "
        "restore it"
    )


@pytest.mark.parametrize("content", [b"", b"no weights at all", b"\xff" * 64])
def test_a_file_that_holds_no_weights_is_refused(checkpoint, content):
    (checkpoint / WEIGHTS).write_bytes(content)
    resealed(checkpoint, weights_sha256=sha256_of(checkpoint / WEIGHTS))
    with pytest.raises(CheckpointAltered) as error:
        load(checkpoint)
    assert str(error.value).startswith(f"{checkpoint / WEIGHTS} holds no weights (")


def test_whoever_may_read_the_card_may_read_the_weights(tmp_path):
    before = os.umask(0o027)
    try:
        save_weights(tmp_path, Network(TINY.network))
    finally:
        os.umask(before)
    assert (tmp_path / WEIGHTS).stat().st_mode & 0o777 == 0o640


OTHER_NETWORKS = {
    "gated": (True, "it sets 'gated', which is unknown here"),
    "stem": (8, "leads.gain is (12, 4, 1), its card says (12, 8, 1)"),
    "token": (8, "head.of_token.weight is (8, 4), its card says (8, 8)"),
    "width": (16, "head.gate.weight is (8, 8), its card says (8, 16)"),
    "blocks": (2, "context.blocks.1.body.3.weight is None, its card says (8,)"),
    "hidden": ("8", "it sets hidden to '8'"),
    "phases": (100, "it sets phases to 100"),
    "reads_context": (True, "head.weight is (5, 8), its card says (5, 16)"),
    "trees": (3, "head.weight is (5, 8), its card says (5, 9)"),
    "statements": (3, "statements.weight is None, its card says (3, 8)"),
}


def of_another_network(checkpoint, **settings):
    card = read_card(checkpoint)
    return save_card(checkpoint, card.model_copy(update={"network": card.network | settings}))


@pytest.mark.parametrize("name", OTHER_NETWORKS)
def test_weights_of_another_network_are_refused_by_name(checkpoint, name):
    value, why = OTHER_NETWORKS[name]
    card = of_another_network(checkpoint, **{name: value})
    for refuse in (load, lambda path: network_config(path, card)):
        with pytest.raises(CheckpointOutdated) as error:
            refuse(checkpoint)
        assert str(error.value) == (
            f"{checkpoint} holds {card.version}, which was written for another version of the "
            f"network ({why}): install that version, or train anew with 'trustecg train'"
        )


def test_weights_that_only_torch_finds_to_be_of_another_network_are_refused(checkpoint):
    card, state = read_card(checkpoint), load_file(checkpoint / WEIGHTS)
    save_file({n: part for n, part in state.items() if n != "head.bias"}, checkpoint / WEIGHTS)
    written = {"weights_sha256": sha256_of(checkpoint / WEIGHTS)}
    save_card(checkpoint, card.model_copy(update=written))
    with pytest.raises(CheckpointOutdated, match="its weights have other names or shapes"):
        load(checkpoint)


def test_a_setting_of_before_it_was_one_has_its_default(checkpoint):
    card = read_card(checkpoint)
    before = {name: value for name, value in card.network.items() if name != "phases"}
    save_card(checkpoint, card.model_copy(update={"network": before}))
    assert load(checkpoint).network.config.phases == 1


def test_what_ships_can_be_loaded():
    assert network_config(CHECKPOINT, read_card(CHECKPOINT)) == load(CHECKPOINT).network.config


@pytest.mark.parametrize(
    "more", [{}, {"statements": 3}, {"trees": 2}, {"reads_context": True, "trees": 2, "blocks": 1}]
)
def test_every_size_can_be_seen_in_the_weights(more):
    config = NetworkConfig(stem=4, token=4, width=8, hidden=8, **more)
    state = Network(config).state_dict()
    found = {name: tuple(state[name].shape) if name in state else None for name in config.shown}
    assert found == config.shown
    unseen = {f.name for f in fields(config) if _changed(config, f.name).shown == config.shown}
    assert unseen == {"dropout", "smooth", "phases"}  # of which the weights are the same


def _changed(config, name):
    value = getattr(config, name)
    return replace(config, **{name: not value if isinstance(value, bool) else value + 1})


def test_the_card_and_its_settings_are_read_without_torch(checkpoint):
    code = (
        "import sys; from pathlib import Path;"
        "from core.checkpoint import network_config, read_card;"
        "path = Path(sys.argv[1]); network_config(path, read_card(path));"
        "assert 'torch' not in sys.modules"
    )
    run([sys.executable, "-c", code, str(checkpoint)], check=True)
