"""Explanations of a checkpoint, measured from the command line."""

import json
import shutil

import pytest

from core.checkpoint import read_card
from core.explain import appraisal
from core.explain.evidence import EVIDENCE, PATHOLOGIES, load_evidence
from core.explain.explanation import Method
from core.simulate import simulate_dataset
from dashboard.cli import assess_explanations
from dashboard.cli.assess_explanations import assess, benchmark

QUICK = Method.LEAD_OCCLUSION


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    return simulate_dataset(tmp_path_factory.mktemp("simulated"), 16, seed=4)


@pytest.fixture
def own(tmp_path, checkpoint):
    """A copy of the checkpoint, to be written beside."""
    return shutil.copytree(checkpoint, tmp_path / "own")


@pytest.fixture
def few(monkeypatch):
    """Few records, since each takes a second."""
    monkeypatch.setattr(appraisal, "SUBJECTS", 2)
    monkeypatch.setattr(appraisal, "RANDOMISED", 1)
    monkeypatch.setattr(assess_explanations, "_SIMULATED", 8)


def test_the_benchmark_sets_methods_beside_chance_and_r_peaks(simulated, checkpoint, capsys):
    benchmark(simulated, checkpoint, [QUICK], None, json=True)
    figures = json.loads(capsys.readouterr().out)
    assert figures["checkpoint"] == read_card(checkpoint).version
    assert set(figures["sources"]) == {"random", "r-peaks", "lead-occlusion"}
    assert figures["records"] > 0
    for classes in figures["sources"].values():
        assert set(classes) <= set(PATHOLOGIES)
        for aiming in classes.values():
            rate = aiming["pointing"]
            assert 0 <= rate["low"] <= rate["mean"] <= rate["high"] <= 1


def test_the_benchmark_is_a_table_for_a_person(simulated, checkpoint, capsys):
    benchmark(simulated, checkpoint, [QUICK], None)
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == list(PATHOLOGIES)
    assert [row.split()[0] for row in rows] == ["random", "r-peaks", "lead-occlusion"]


def test_evidence_is_written_beside_the_weights(simulated, own, few, capsys):
    assess(simulated, own, [QUICK], None, json=True)
    printed = json.loads(capsys.readouterr().out)
    stored = load_evidence(own, read_card(own))
    assert stored is not None
    assert stored.model_dump(mode="json") == printed
    assert set(stored.methods) == {QUICK}
    assert stored.methods[QUICK].better.of == 2
    assert stored.methods[QUICK].randomisation.of == 1
    assert stored.simulated
    assert sorted(path.name for path in own.glob("explanations*")) == [EVIDENCE]


def test_a_run_that_was_stopped_goes_on(simulated, own, few, monkeypatch, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(appraisal, "ask_simulated", stopped)
        with pytest.raises(KeyboardInterrupt):
            assess(simulated, own, [QUICK], None)
    assert not (own / EVIDENCE).exists()
    rows = (own / "explanations.partial.jsonl").read_text().splitlines()
    assert len(rows) == 1 + 2
    with monkeypatch.context() as patch:
        patch.setattr(appraisal.Judge, "judge", lambda *a, **k: iter(()))  # nothing is asked again
        assess(simulated, own, [QUICK], None)
    assert (own / EVIDENCE).is_file()


def test_every_method_is_told_why_it_is_not_the_default(simulated, own, few, capsys):
    assess(simulated, own, [QUICK], None)
    heading, method, *_ = capsys.readouterr().out.splitlines()
    assert heading == f"{read_card(own).version}, fold all; the default: none"
    assert method.startswith("lead-occlusion         random weights ")
    assert "no ground truth for HYP" in method
