"""Teaching a champion on: gentle, weighted, and the same again whatever interrupts it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoint import Checkpoint, load
from core.errors import TrainingError
from core.evaluation import auroc
from core.finetuning import (
    FinetuningConfig,
    FinetuningRun,
    TaughtSet,
    run_to_end,
    taught_set,
)
from core.model import BeatTrees
from core.network_config import NetworkConfig
from core.preprocess import TOKEN_SAMPLES
from core.training import STATE, EpochReport, logits
from core.trees import GrownTrees
from tests.factories_model import labelled_set

GENTLE = FinetuningConfig(epochs=3, batch=16, bfloat16=False, learning_rate=1e-3)


@pytest.fixture(scope="module")
def champion(checkpoint: Path) -> Checkpoint:
    return load(checkpoint)


def taught(said: bool = True, weight: float = 1.0) -> TaughtSet:
    """Sixteen readings and 32 replayed records."""
    read = labelled_set(16, seed=5, statements=0)
    return taught_set(
        read,
        np.full((16, 5), said),
        np.full(16, weight, dtype=np.float32),
        labelled_set(32, seed=6, statements=0),
        keep=0.7,
    )


def run(champion: Checkpoint, of: TaughtSet | None = None, **config: object) -> FinetuningRun:
    stopping = labelled_set(32, seed=1, statements=0)
    return FinetuningRun(of or taught(), stopping, replace(GENTLE, **config), champion)


def weights(of: FinetuningRun) -> dict[str, np.ndarray]:
    return {name: tensor.numpy().copy() for name, tensor in of.network.state_dict().items()}


def after_an_epoch(of: FinetuningRun) -> dict[str, np.ndarray]:
    of.run_epoch()
    return weights(of)


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_it_begins_as_the_champion(champion: Checkpoint) -> None:
    fresh, probe = run(champion), labelled_set(8, seed=9)
    assert np.array_equal(
        logits(fresh.network, probe.signal), logits(champion.network, probe.signal)
    )
    assert fresh.best_auroc > 0


def test_it_learns_and_leaves_the_champion_and_its_statistics_alone(champion: Checkpoint) -> None:
    before = {k: v.clone() for k, v in champion.network.state_dict().items()}
    made = run(champion)
    made.run_epoch()
    after = made.network.state_dict()
    assert all(torch.equal(v, before[k]) for k, v in champion.network.state_dict().items())
    statistics = [name for name in before if "running" in name]
    assert statistics and all(torch.equal(after[n], before[n]) for n in statistics)
    assert any(not torch.equal(after[n], before[n]) for n in before)


@pytest.mark.parametrize(("layers", "others"), [("last", False), ("all", True)])
def test_the_last_layer_alone_is_taught_unless_all_are_asked_for(
    champion: Checkpoint, layers: str, others: bool
) -> None:
    before, after = weights(run(champion)), after_an_epoch(run(champion, layers=layers))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert {"head.weight", "head.bias"} <= changed
    assert bool(changed - {"head.weight", "head.bias"}) is others


@pytest.mark.parametrize("bfloat16", [False, True])
def test_trees_stay_as_they_were_grown(champion: Checkpoint, bfloat16: bool) -> None:
    trees = GrownTrees(BeatTrees(NetworkConfig(trees=4)))
    with_trees = replace(champion, network=trees.beside(champion.network, 0.45))
    made = run(with_trees, layers="all", bfloat16=bfloat16)
    made.run_epoch()
    grown, network = trees.layer.state_dict(), made.shipped()
    assert all(torch.equal(part, grown[n]) for n, part in network.trees.state_dict().items())
    assert not torch.equal(network.head.weight, with_trees.network.head.weight)


def test_the_firmer_the_last_layer_is_held_the_less_it_goes(
    champion: Checkpoint, tmp_path: Path
) -> None:
    gone = []
    for l2_sp in (0.0, 300.0, 3e4):
        made = run(champion, l2_sp=l2_sp, epochs=8, learning_rate=1e-2)
        run_to_end(made, tmp_path / str(l2_sp), lambda _: None)
        step = made.network.head.weight - champion.network.head.weight
        gone.append(step.detach().norm().item())
    assert gone[0] > gone[1] > gone[2] > 0


def test_the_penalty_is_that_of_the_formula(champion: Checkpoint) -> None:
    made = run(champion, l2_sp=8.0)
    with torch.no_grad():
        made.network.head.weight[2] += 0.5  # of one class
    heard = [
        champion.network(torch.from_numpy(np.roll(made.taught.signal, places, -1))).features
        for places in (0, TOKEN_SAMPLES)
    ]
    std = torch.stack(heard).mean(0).std(0)[2].detach().numpy()
    assert made._l2_sp_penalty().item() == pytest.approx(
        8 / 2 * np.square(0.5 * std).sum() / 5 / 48, rel=1e-4
    )


def test_a_last_layer_takes_a_correction(champion: Checkpoint, tmp_path: Path) -> None:
    read, replayed = labelled_set(64, seed=5, statements=0), labelled_set(32, seed=6, statements=0)
    said = logits(champion.network, read.signal) > np.median(
        logits(champion.network, read.signal), axis=0
    )
    read.label[:] = said
    read.label[:, 1] = ~said[:, 1]  # of MI the readers say the opposite, throughout
    of = taught_set(read, np.ones((64, 5), bool), np.ones(64, np.float32), replayed, keep=1.0)
    made = run(champion, of, epochs=20, patience=20, learning_rate=2e-2, l2_sp=0.01, average=0.5)
    run_to_end(made, tmp_path, lambda _: None)
    areas = [
        auroc(logits(one, read.signal)[:, 1], read.label[:, 1])
        for one in (champion.network, made.average)
    ]
    assert areas[0] == 0 and areas[1] > 0.9


def test_the_same_seed_gives_the_same_weights_and_another_one_others(champion: Checkpoint) -> None:
    first, again, other = (after_an_epoch(run(champion, seed=seed)) for seed in (0, 0, 1))
    assert same(first, again) and not same(first, other)


@pytest.mark.parametrize("layers", ["last", "all"])
def test_a_run_cut_off_ends_with_the_weights_of_an_undisturbed_one(
    champion: Checkpoint, tmp_path: Path, layers: str
) -> None:
    whole = run(champion, layers=layers)
    run_to_end(whole, tmp_path / "whole", lambda _: None)

    class Killed(Exception):
        pass

    def kill(_: object) -> None:
        raise Killed

    for _ in range(4):  # each dies with an epoch taught and its state not yet saved
        with pytest.raises(Killed):
            run_to_end(run(champion, layers=layers), tmp_path / "cut", kill)
    cut = run(champion, layers=layers)
    run_to_end(cut, tmp_path / "cut", lambda _: None)
    assert same(weights(whole), weights(cut))
    assert (whole.best_epoch, whole.best_auroc) == (cut.best_epoch, cut.best_auroc)


def test_nothing_is_taken_from_a_state_that_does_not_fit(
    champion: Checkpoint, tmp_path: Path
) -> None:
    """Of other labels, of other settings such as an update brings, or torn."""
    for name, state in (("labels", taught(weight=0.5)), ("said", taught(said=False))):
        run_to_end(run(champion, state, epochs=1), tmp_path / name, lambda _: None)
    run_to_end(run(champion, noise_mv=0.0, epochs=1), tmp_path / "settings", lambda _: None)
    (tmp_path / "torn").mkdir()
    whole = (tmp_path / "labels" / STATE).read_bytes()
    (tmp_path / "torn" / STATE).write_bytes(whole[: len(whole) // 2])
    undisturbed = run(champion, epochs=1)
    run_to_end(undisturbed, tmp_path / "undisturbed", lambda _: None)
    for name in ("labels", "said", "settings", "torn"):
        begun: list[EpochReport] = []
        made = run(champion, epochs=1)
        run_to_end(made, tmp_path / name, begun.append)
        assert [epoch.epoch for epoch in begun] == [1]
        assert same(weights(made), weights(undisturbed))


def test_what_nobody_said_is_left_to_the_champion(champion: Checkpoint) -> None:
    turned = labelled_set(16, seed=5, statements=0)
    turned = replace(turned, label=~turned.label)
    replayed = labelled_set(32, seed=6, statements=0)
    ones = np.ones(16, dtype=np.float32)
    said = np.zeros((16, 5), dtype=bool)
    one, other = (
        after_an_epoch(run(champion, taught_set(read, said, ones, replayed, 0.7)))
        for read in (turned, replace(turned, label=~turned.label))
    )
    assert same(one, other)


def test_weight_nought_teaches_nothing_of_a_record(champion: Checkpoint) -> None:
    light = run(champion, taught(weight=0.0))
    rows = np.arange(48)
    torch.manual_seed(0)
    loss = light._loss(rows).detach()
    torch.manual_seed(0)
    light.taught.label[:16] = ~light.taught.label[:16]
    assert torch.equal(light._loss(rows).detach(), loss)


def test_a_batch_says_how_far_the_epoch_is_and_may_end_it(champion: Checkpoint) -> None:
    made, seen = run(champion), []
    made.between = lambda done, of: seen.append((done, of))
    made.run_epoch()
    asking, taught_on = seen[:3], seen[3:]  # the champion is asked first, in as many batches
    assert asking == [(0, 3)] * 3
    assert taught_on == [(1, 3), (2, 3), (3, 3)]


def test_the_champion_is_asked_once_of_each_record_at_two_places(champion: Checkpoint) -> None:
    made, heard = run(champion), []
    hook = champion.network.register_forward_pre_hook(lambda _, given: heard.append(given[0]))
    made.run_epoch()
    made.run_epoch()
    hook.remove()
    assert sum(map(len, heard)) == 2 * 48
    assert torch.equal(heard[1], heard[0].roll(TOKEN_SAMPLES, -1))


def test_without_a_better_epoch_the_last_weights_are_kept_to_be_looked_at(
    champion: Checkpoint,
) -> None:
    made = run(champion)
    made.best_auroc = 1.0  # no epoch can be better
    made.run_epoch()
    assert not made.improved
    best = {name: part.clone() for name, part in made.best.items()}
    kept = made.shipped().state_dict()
    assert all(torch.equal(made.best[name], best[name]) for name in best)  # of ``best_auroc``
    assert all(torch.equal(kept[name], made.average.state_dict()[name]) for name in kept)


def test_a_config_that_cannot_be_is_named() -> None:
    assert FinetuningConfig.of(GENTLE.plain, "") == replace(
        GENTLE, network=FinetuningConfig().network
    )
    with pytest.raises(TrainingError, match="fine-tuning sets epochs to 0"):
        FinetuningConfig.of({"epochs": 0}, "fine-tuning sets")


def test_a_setting_that_an_update_has_taken_away_does_not_stop_a_run() -> None:
    assert FinetuningConfig.of(GENTLE.plain | {"hold": 1000.0}, "") == FinetuningConfig.of(
        GENTLE.plain, ""
    )


@pytest.mark.parametrize(
    ("has", "taught_in_bfloat16"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, False),
        ({"avx2": True, "avx512_bf16": True, "amx_bf16": False}, True),
        ({"architecture": "aarch64", "bf16": True}, True),
    ],
)
def test_bfloat16_is_left_to_processors_that_have_it(
    monkeypatch: pytest.MonkeyPatch, has: dict[str, object], taught_in_bfloat16: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    assert FinetuningConfig().bfloat16 is taught_in_bfloat16


def test_a_run_keeps_the_precision_that_it_began_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    kept = FinetuningConfig().plain
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    assert FinetuningConfig.of(kept, "").bfloat16 is True
