import re
import tomllib
from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core import training
from core.checkpoint import CARD, WEIGHTS
from core.errors import StateUnusable, TrainingError
from core.evaluation import auroc
from core.model import BeatTrees, Network
from core.network_config import NetworkConfig
from core.roles import TRAINING_FOLDS
from core.training import LOG, STATE, TrainingRun, claim, logits, run_to_end
from core.training_config import DEFAULTS, TrainingConfig
from core.trees import GrownTrees
from tests.factories_model import TINY, labelled_set, tiny_run
from tests.readme import CHECKPOINT


def weights(run):
    return weights_of(run.average)


def weights_of(network):
    return torch.cat([p.flatten() for p in network.state_dict().values()])


def test_the_same_seed_gives_the_same_weights():
    first = tiny_run()
    first_report = first.run_epoch()
    torch.manual_seed(99)  # what ran before must not matter
    second = tiny_run()
    assert second.run_epoch().loss == first_report.loss
    assert torch.equal(weights(first), weights(second))


def test_another_seed_gives_other_weights():
    assert not torch.equal(weights(tiny_run()), weights(tiny_run(replace(TINY, seed=1))))


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path):
    whole = tiny_run()
    whole.run_epoch()
    whole.run_epoch()
    killed = tiny_run()
    killed.run_epoch()
    killed.save(tmp_path / STATE)
    torch.manual_seed(5)
    run_to_end(resumed := tiny_run(), tmp_path, lambda _: None)
    assert resumed.epoch == 2
    assert torch.equal(weights(whole), weights(resumed))


def test_a_finished_run_is_not_taught_again(tmp_path):
    run_to_end(tiny_run(), tmp_path, lambda _: None)
    reports = []
    run_to_end(tiny_run(), tmp_path, reports.append)
    assert reports == []
    assert len((tmp_path / LOG).read_text().splitlines()) == 1 + TINY.epochs


class Killed(Exception):
    """What ends a run from outside."""


def kill(*_):
    raise Killed


@pytest.mark.parametrize("epochs", [1, 2])  # the last of them is cut off, or another
@pytest.mark.parametrize("at", ["save", "log"])
def test_a_run_killed_at_any_moment_has_each_epoch_once_in_its_log(
    tmp_path, monkeypatch, at, epochs
):
    """With its state saved and not its log, or neither."""
    config = replace(TINY, epochs=epochs)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(*{"save": (TrainingRun, "save"), "log": (training, "_log")}[at], kill)
        run_to_end(tiny_run(config), tmp_path, lambda _: None)
    claim(tmp_path)
    run_to_end(tiny_run(config), tmp_path, lambda _: None)
    lines = (tmp_path / LOG).read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch", "1", "2"][: 1 + epochs]


def test_a_run_that_goes_on_says_after_which_epoch(tmp_path):
    told = []
    run_to_end(tiny_run(), tmp_path, lambda _: None, told.append)
    assert told == []
    run_to_end(tiny_run(), tmp_path, lambda _: None, told.append)
    assert told == [TINY.epochs]


@pytest.mark.parametrize("names", [[LOG], [CARD, WEIGHTS], [LOG, CARD, WEIGHTS]])
def test_what_another_run_has_left_is_not_written_over(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("of another run")
    with pytest.raises(TrainingError) as error:
        claim(tmp_path)
    assert str(error.value) == (
        f"{tmp_path} holds {', '.join(names)} of a run that cannot go on: choose another --out, "
        "or empty it"
    )
    (tmp_path / STATE).touch()  # whose it is, is seen when it is read
    claim(tmp_path)


def test_every_batch_is_told(tmp_path):
    told, run = [], tiny_run()
    run.between = lambda *batches: told.append((run.epoch, *batches))
    run_to_end(run, tmp_path, lambda _: None)
    assert told == [(epoch, batch, 3) for epoch in (0, 1) for batch in (1, 2, 3)]


def test_the_state_of_another_run_is_refused(tmp_path):
    run_to_end(tiny_run(), tmp_path, lambda _: None)
    with pytest.raises(TrainingError, match="belongs to a run with another config or other data"):
        run_to_end(tiny_run(replace(TINY, learning_rate=1e-5)), tmp_path, lambda _: None)


def test_a_state_of_other_samples_is_refused(tmp_path):
    """Simulated anew under the same ids: the card must not name data that were not learned."""
    run_to_end(tiny_run(), tmp_path, lambda _: None)
    taught, stopping = labelled_set(), labelled_set(32, seed=1)
    for changed in (taught, stopping):
        changed.samples[0, 0] += 1
        with pytest.raises(TrainingError, match="another config or other data"):
            run_to_end(TrainingRun(taught, stopping, TINY), tmp_path, lambda _: None)
        changed.samples[0, 0] -= 1


@pytest.mark.parametrize("content", [b"", b"PK", b"no state at all"])
def test_a_broken_state_is_named(tmp_path, content):
    (tmp_path / STATE).write_bytes(content)
    with pytest.raises(TrainingError) as error:
        tiny_run().resume(tmp_path / STATE)
    assert str(error.value) == f"{tmp_path / STATE} does not load: empty its folder to start anew"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: [state],
        lambda state: {name: part for name, part in state.items() if name != "key"},
        lambda state: {name: part for name, part in state.items() if name != "random"},
        lambda state: state | {"average": tiny_run(OTHER).average.state_dict()},
    ],
    ids=["a list", "no key", "no random numbers", "another network"],
)
def test_a_state_that_is_not_one_is_named_and_leaves_the_run_fresh(tmp_path, spoil):
    """Fine-tuning goes on without it, from the first epoch."""
    (run := tiny_run()).run_epoch()
    run.save(tmp_path / STATE)
    torch.save(spoil(torch.load(tmp_path / STATE)), tmp_path / STATE)
    fresh, undisturbed = tiny_run(), tiny_run()
    with pytest.raises(StateUnusable, match="does not load: empty its folder to start anew"):
        fresh.resume(tmp_path / STATE)
    assert (fresh.epoch, fresh.best_epoch) == (0, 0)
    for one in (fresh.network, fresh.average):
        assert torch.equal(weights_of(one), weights_of(undisturbed.average))
    assert not fresh.optimiser.state


OTHER = replace(TINY, network=replace(TINY.network, width=4))


def test_a_loss_that_is_no_number_ends_the_run():
    run = tiny_run()
    with torch.no_grad():
        run.network.head.bias.fill_(float("nan"))
    with pytest.raises(TrainingError, match="^the loss of epoch 1 is nan: lower the learning rate"):
        run.run_epoch()


def test_a_9a_that_tells_no_epochs_apart_is_refused():
    """Else the untaught network would stay the best and be shipped."""
    stopping = labelled_set(32)
    stopping.label[:] = stopping.label[0]
    with pytest.raises(TrainingError, match="^of the 32 records of 9a all or none have each class"):
        TrainingRun(labelled_set(), stopping, TINY)


def test_stops_when_9a_no_longer_improves():
    run = tiny_run(replace(TINY, epochs=50, patience=3))
    run.best_auroc, run.epoch, run.best_epoch = 2.0, 0, 0  # nothing can be better
    while not run.finished:
        run.run_epoch()
    assert run.epoch == 3


def test_learns_what_the_labels_say():
    config = replace(TINY, epochs=12, learning_rate=1e-2, average=0.8, shift_s=0.0)
    run = TrainingRun(labelled_set(96), labelled_set(48, seed=1), config)
    while not run.finished:
        run.run_epoch()
    assert run.best_auroc > 0.8


def test_ships_the_network_without_its_auxiliary_head():
    run = tiny_run()
    assert run.network.statements is not None
    shipped = run.shipped()
    assert shipped.statements is None
    assert not shipped.training


def test_too_few_records_are_named():
    with pytest.raises(TrainingError, match="^5 training records do not fill one batch of 16"):
        TrainingRun(labelled_set(5), labelled_set(32), TINY)


def taught_network(seed):
    run = tiny_run(replace(TINY, seed=seed))
    run.run_epoch()
    return run.shipped()


def checkpoint(network, name, folds=TRAINING_FOLDS):
    data = SimpleNamespace(folds=folds)
    card = SimpleNamespace(weights_sha256=name, version=name, data=data)
    return SimpleNamespace(network=network, card=card)


def distil(network, *, weight, teachers):
    config = replace(TINY, teacher_weight=weight, epochs=8, learning_rate=1e-2)
    sets = labelled_set(), labelled_set(32, seed=1)
    run = TrainingRun(*sets, config, teachers=teachers, start=checkpoint(network, "start"))
    while run.epoch < config.epochs:
        run.run_epoch()
    return run.average


def test_what_the_teachers_say_is_learned():
    """The teachers call every class present, whatever the labels say."""
    teacher = taught_network(1)
    with torch.no_grad():
        teacher.head.weight.zero_()
        teacher.head.bias.fill_(5.0)
    signal = labelled_set(32, seed=2).signal
    alone = distil(taught_network(2), weight=0.7, teachers=[])
    led = distil(taught_network(2), weight=0.99, teachers=[checkpoint(teacher, "teacher")])
    assert logits(led, signal).mean() > logits(alone, signal).mean() + 0.5


def some_trees():
    """Trees that are sure of MI, and of no other class, whatever they measure."""
    layer = BeatTrees(NetworkConfig(trees=2)).eval()
    layer.leaf.zero_()
    layer.bias.copy_(torch.tensor([-6.0, 6.0, -6.0, -6.0, -6.0]))
    return GrownTrees(layer)


def run_with_trees(config=TINY, start=None):
    return TrainingRun(
        labelled_set(), labelled_set(32, seed=1), config, trees=some_trees(), start=start
    )


def test_trees_are_put_beside_what_was_taught():
    config, signal = replace(TINY, epochs=1, tree_share=0.25), labelled_set(8, seed=2).signal
    alone = tiny_run(config)
    alone.run_epoch()
    run = run_with_trees(config)
    run.run_epoch()
    both = 0.75 * logits(alone.shipped(), signal) + 0.25 * np.array([-6, 6, -6, -6, -6])
    np.testing.assert_allclose(logits(run.shipped(), signal), both, atol=1e-5)


def test_a_network_that_has_trees_is_taught_with_them_and_given_no_others(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    first = checkpoint(run_with_trees(replace(TINY, epochs=0)).shipped(), "first")
    with pytest.raises(TrainingError, match="^first has trees: set trees = 0, or start from one"):
        run_with_trees(start=first)
    for config in (TINY, replace(TINY, bfloat16=True)):
        run = TrainingRun(labelled_set(), labelled_set(32, seed=1), config, start=first)
        run.run_epoch()
        assert torch.equal(run.average.trees.bias, first.network.trees.bias)
        assert not torch.equal(run.average.head.weight, first.network.head.weight)


@pytest.mark.parametrize("native", [True, False])
def test_bfloat16_is_left_to_processors_that_have_it(monkeypatch, native):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": native})
    run = TrainingRun(labelled_set(), labelled_set(32, seed=1), replace(TINY, bfloat16=True))
    imitated = []
    run.network.head.register_forward_hook(
        lambda *_: imitated.append(torch.is_autocast_enabled("cpu"))
    )
    run.run_epoch()
    assert imitated and all(taught is native for taught in imitated)


def untaught():
    return checkpoint(Network(TINY.network).eval(), "untaught")


def test_teachers_are_spared_noise_and_each_hear_another_part_of_a_stride():
    heard = []

    class Listener(Network):
        def forward(self, signal):
            heard.append(signal)
            return super().forward(signal)

    teachers = [checkpoint(Listener(TINY.network).eval(), str(k)) for k in range(2)]
    config = replace(TINY, noise_mv=1.0, lead_dropout=0.9)
    run = TrainingRun(labelled_set(16), labelled_set(32, seed=1), config, teachers=teachers)
    run.run_epoch()
    assert torch.equal(heard[1], heard[0].roll(4, -1))
    assert not (heard[0] == 0).all(-1).any()
    assert heard[0].std() < 1


def test_starts_from_the_weights_that_are_given():
    start = taught_network(3)
    sets = labelled_set(), labelled_set(32, seed=1)
    run = TrainingRun(*sets, TINY, start=checkpoint(start, "start"))
    assert torch.equal(weights_of(run.shipped()), weights_of(start))


@pytest.mark.parametrize("other", [{"token": 8}, {"blocks": 2}, {"blocks": 0}])
def test_a_start_of_another_shape_is_refused(other):
    start = checkpoint(Network(replace(TINY.network, **other)), "2026.11-other")
    sets = labelled_set(), labelled_set(32, seed=1)
    with pytest.raises(TrainingError, match="^2026.11-other, to start from, has another shape"):
        TrainingRun(*sets, TINY, start=start)


def test_a_run_that_only_gets_worse_ships_what_it_started_from():
    start = taught_network(3)
    config = replace(TINY, learning_rate=1.0)
    sets = labelled_set(), labelled_set(32, seed=1)
    run = TrainingRun(*sets, config, start=checkpoint(start, "start"))
    run.best_auroc = 1.0  # nothing can be better
    run.run_epoch()
    assert torch.equal(weights_of(run.shipped()), weights_of(start))


def test_what_starts_a_run_is_judged_first():
    start = taught_network(3)
    sets = labelled_set(), labelled_set(32, seed=1)
    run = TrainingRun(*sets, TINY, start=checkpoint(start, "start"))
    score = logits(start, sets[1].signal).astype(float)
    expected = np.mean([auroc(score[:, k], sets[1].label[:, k]) for k in range(5)])
    assert run.best_auroc == pytest.approx(expected)


@pytest.mark.parametrize("role", ["teachers", "start"])
def test_a_checkpoint_that_learnt_a_judging_fold_is_refused(role):
    tainted = checkpoint(taught_network(1), "2026.11-tainted", folds=(8, 9, 10))
    lineage = {"teachers": [tainted]} if role == "teachers" else {"start": tainted}
    with pytest.raises(TrainingError, match="^2026.11-tainted was taught on fold 9, 10, which"):
        TrainingRun(labelled_set(), labelled_set(32, seed=1), TINY, **lineage)


@pytest.mark.parametrize(
    "lineage", [{}, {"start": "other"}, {"start": "start", "teachers": ["one"]}]
)
def test_a_state_of_another_lineage_is_refused(tmp_path, lineage):
    network = taught_network(1)
    sets = labelled_set(), labelled_set(32, seed=1)
    TrainingRun(*sets, TINY, start=checkpoint(network, "start")).save(tmp_path / STATE)
    start = checkpoint(network, lineage["start"]) if "start" in lineage else None
    teachers = [checkpoint(network, name) for name in lineage.get("teachers", [])]
    run = TrainingRun(*sets, TINY, start=start, teachers=teachers)
    with pytest.raises(TrainingError, match="belongs to a run with another config"):
        run.resume(tmp_path / STATE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs = ", "is no training config"),
        ("epoch = 3", f"sets 'epoch', which is no setting: {DEFAULTS} names them all"),
        ("[network]\nwidht = 3", "sets 'network.widht', which is no setting"),
        ("[networks]\nwidth = 3", "sets 'networks', which is no setting"),
        ("network = 3", "sets network to 3: write its settings below [network]"),
        ("[[network]]\nwidth = 3", "sets network to [{'width': 3}]: write its settings below"),
        ("[network]\ntrees = 400", "sets network.trees to 400, which the run counts itself"),
        ("[network]\nstatements = 3", "sets network.statements to 3, which the run counts itself"),
        *(
            (f"{name} = {value}", f"sets {name} to {said}: input should be {allowed}")
            for name, value, said, allowed in [
                ("epochs", "'three'", "'three'", "a valid integer"),
                ("epochs", "2.0", "2.0", "a valid integer"),
                ("epochs", "true", "True", "a valid integer"),
                ("epochs", "2026-11-30", "'2026-11-30'", "a valid integer"),
                ("epochs", "-1", "-1", "greater than or equal to 0"),
                ("seed", str(2**32), str(2**32), f"less than {2**32}"),
                ("trees", "10001", "10001", "less than or equal to 10000"),
                ("learning_rate", "'3'", "'3'", "a valid number"),
                ("learning_rate", "true", "True", "a valid number"),
                ("learning_rate", "inf", "inf", "a finite number"),
                ("learning_rate", "1e300", "1e+300", "less than or equal to 1000000"),
                ("weight_decay", "-1", "-1", "greater than or equal to 0"),
                ("average", "nan", "nan", "a finite number"),
                ("average", "2.0", "2.0", "less than 1"),
                ("statement_weight", "-1", "-1", "greater than or equal to 0"),
                ("shift_s", "-1", "-1", "greater than or equal to 0"),
                ("shift_s", "nan", "nan", "a finite number"),
                ("shift_s", "11", "11", "less than or equal to 10"),
                ("amplitude", "1.5", "1.5", "less than 1"),
                ("noise_mv", "-0.1", "-0.1", "greater than or equal to 0"),
                ("bfloat16", "'yes'", "'yes'", "a valid boolean"),
                ("bfloat16", "1", "1", "a valid boolean"),
                ("network.width", "'w'", "'w'", "a valid integer"),
                ("network.width", "0", "0", "greater than 0"),
                ("network.stem", "0", "0", "greater than 0"),
                ("network.hidden", "1025", "1025", "less than or equal to 1024"),
                ("network.blocks", "-1", "-1", "greater than or equal to 0"),
                ("network.dropout", "2.0", "2.0", "less than 1"),
                ("network.phases", "0", "0", "greater than 0"),
                ("network.phases", "-1", "-1", "greater than 0"),
                ("network.phases", "100", "100", "less than or equal to 8"),
                ("network.smooth", "'yes'", "'yes'", "a valid boolean"),
            ]
        ),
    ],
)
def test_a_wrong_config_is_named(tmp_path, text, message):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(TrainingError, match=re.escape(f"{path} {message}")):
        TrainingConfig.from_toml(path)


def test_whole_numbers_are_numbers(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("weight_decay = 0\n[network]\ndropout = 0\ntrees = 0\nstatements = 0\n")
    config = TrainingConfig.from_toml(path)
    assert (config.weight_decay, config.network.dropout) == (0.0, 0.0)


def test_a_warm_up_of_one_step_is_taught():
    """48 records, 3 steps of which one is the warm-up."""
    run = tiny_run(replace(TINY, epochs=1, warm_up=1 / 3))
    assert np.isfinite(run.run_epoch().loss)


def test_a_config_replaces_what_it_names(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("epochs = 3\n[network]\nwidth = 16\n")
    config = TrainingConfig.from_toml(path)
    assert (config.epochs, config.network.width) == (3, 16)
    assert config.batch == TrainingConfig().batch


RECIPES = sorted((CHECKPOINT.parent / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_can_be_read(path):
    TrainingConfig.from_toml(path)


def test_the_defaults_file_names_every_setting_with_its_default():
    path = CHECKPOINT.parent / "recipes" / "defaults.toml"
    assert TrainingConfig.from_toml(path) == TrainingConfig()
    given = tomllib.loads(path.read_text())
    assert list(given) == [f.name for f in fields(TrainingConfig)]
    assert list(given["network"]) == [f.name for f in fields(NetworkConfig)]


def test_a_run_of_no_epochs_ships_the_start_with_the_trees_beside_it():
    start = taught_network(1)
    run = run_with_trees(replace(TINY, epochs=0), start=checkpoint(start, "start"))
    assert run.finished
    shipped = run.shipped()
    assert torch.equal(shipped.leads.stem[0].weight, start.leads.stem[0].weight)
    assert torch.equal(shipped.trees.bias, some_trees().layer.bias)
